"""Campaigns over twenty agents of the harness each: with telephones that ring, and with legs."""

from __future__ import annotations

import asyncio
import csv
import itertools
import time
import wave
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from harness import Harness
from people import noon_zone
from secondpass_server import Site, make_site, until
from telephony_wire import Ami

LEGS = tuple(str(agent) for agent in range(201, 221))
LOGIN = "2000"  # the extension an agent calls to log in
PROBATION = 12  # seconds from the call to the login until a leg is ready: the pool waits five

CAMPAIGN = """
campaign: {name}
purpose: nonprofit
country: US
caller_id: "+12125550100"
agents: {queue}
lists: [{name}]
zone: America/New_York
ring: 15s
wrap_up: {wrap_up}
priority: {priority}
consent: {{basis: express, source: the test's people are a dialplan, date: 2026-01-01}}
caps: {{channels: 150, calls_per_second: {calls_per_second}}}
abandon_message: {{say: "This is Example Bank, on 212 555 0100. Press 8 for no more calls.", opt_out_key: 8}}
response_groups: {{success: [agent_paid]}}
strategy:
  passes:
    - {{name: live, medium: dialer, devices: [mobile], pacing: {pacing}}}
"""

_numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1000))


def people(*areas: str) -> list[dict[str, str]]:
    """Rows of a list, with a number nobody else of this session has; the area says what the carrier does."""
    zone = noon_zone(datetime.fromtimestamp(time.time(), UTC))
    return [
        {"first_name": "Ada", "mobile": f"+1{area}{_own(area)}", "home": "", "zone": zone} for area in areas
    ]


def _own(area: str) -> str:
    return f"559{next(_numbers[area]):04}"


def floor(harness: Harness, name: str, message: int) -> Site:
    """A site without campaigns, whose trunk is wide, and whose every prompt takes `message` seconds."""
    site = make_site(harness, name)
    (site.config / "campaigns" / "demo.yaml").unlink()
    long = site.folder / "message.wav"
    with wave.open(str(long), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * message))
    site.change("settings.yaml", str(site.folder / "prompt.wav"), str(long))
    site.change("settings.yaml", "channels: 100, calls_per_second: 10", "channels: 200, calls_per_second: 30")
    return site


async def campaign(
    site: Site,
    name: str,
    rows: Sequence[dict[str, str]],
    *,
    queue: str,
    pacing: str,
    calls_per_second: int = 20,
    wrap_up: str = "0s",
    priority: int = 5,
) -> list[dict[str, str]]:
    """A campaign of these people for this queue; the rows with their contact ids. It is not started."""
    text = CAMPAIGN.format(
        name=name,
        queue=queue,
        pacing=pacing,
        calls_per_second=calls_per_second,
        wrap_up=wrap_up,
        priority=priority,
    )
    (site.config / "campaigns" / f"{name}.yaml").write_text(text, encoding="utf-8")
    listed = [{"contact_id": f"{name}{nth}", **row} for nth, row in enumerate(rows)]
    file = site.folder / f"{name}.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    await site.does("list", "import", name, file)
    return listed


@asynccontextmanager
async def on_the_line(harness: Harness, ami: Ami, agents: Sequence[str]) -> AsyncIterator[None]:
    """These agents call in, log in and stay on the line; at the end they are logged off."""
    shift = asyncio.create_task(
        asyncio.to_thread(harness.call_in, agents, rate=10, limit=600, extension=LOGIN, behaving="legs")
    )
    try:
        await until(lambda: _ready(ami, agents), PROBATION + len(agents), "all legs are ready")
        yield
    finally:
        for agent in agents:
            await ami.send("AgentLogoff", Agent=agent)
        await shift


async def _ready(ami: Ami, agents: Sequence[str]) -> bool:
    members = [
        event for event in await ami.listed("QueueStatus", Queue="legs") if event["Event"] == "QueueMember"
    ]
    free = {event["StateInterface"].removeprefix("Agent:") for event in members if event["Status"] == "1"}
    return set(agents) <= free
