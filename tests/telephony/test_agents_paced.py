"""Pacing by agents over real calls: who answers to nobody hears the abandon message in time, and is counted
alike by the ledger, Asterisk's queue log and the carrier."""

from __future__ import annotations

import itertools
import time
import wave
from datetime import UTC, datetime

from accounts import (
    Ledger,
    check_accounts,
    check_one_at_a_time,
    check_report,
    compare_one_by_one,
    of_kind,
    settle,
)
from harness import Harness
from people import noon_zone
from secondpass_server import Server, Site, make_site

from strategies.abandonment import PATIENCE, is_abandoned, is_live

SUB = "demo/1"
CAP = 0.03
PERSON, BUSY, PRESSES_8 = "202", "203", "216"
MESSAGE = 9  # seconds of the abandon message: longer than any conversation with an agent of the harness
LASTS = 11.0  # seconds a call is answered, at least, whose person hears the message; an agent talks for 4

_numbers = itertools.count(4000)

CAMPAIGN = """
campaign: demo
purpose: {purpose}
country: US
caller_id: "+12125550100"
agents: collections
lists: [demo]
zone: America/New_York
ring: 15s
wrap_up: 0s
consent: {{basis: express, source: the test's people are a dialplan, date: 2026-01-01}}
caps: {{channels: 40, calls_per_second: 10}}
abandon_message: {{say: "This is Example Bank, on 212 555 0100. Press 8 for no more calls.", opt_out_key: 8}}
response_groups: {{success: [agent_paid]}}
strategy:
  passes:
    - {{name: live, medium: dialer, devices: [mobile], pacing: {pacing}}}
"""


def people(*areas: str) -> list[dict[str, str]]:
    zone = noon_zone(datetime.fromtimestamp(time.time(), UTC))
    return [
        {"first_name": "Ada", "mobile": f"+1{area}556{next(_numbers)}", "home": "", "zone": zone}
        for area in areas
    ]


def paced(harness: Harness, name: str, purpose: str, pacing: str) -> Site:
    """A site whose campaign is paced so, and whose every prompt takes MESSAGE seconds."""
    site = make_site(harness, name)
    (site.config / "campaigns" / "demo.yaml").write_text(
        CAMPAIGN.format(purpose=purpose, pacing=pacing), encoding="utf-8"
    )
    long = site.folder / "message.wav"
    with wave.open(str(long), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * MESSAGE))
    site.change("settings.yaml", str(site.folder / "prompt.wav"), str(long))
    return site


async def ran(harness: Harness, site: Site, rows: list[dict[str, str]], within: float) -> Ledger:
    """The ledger once everybody was called, and the accounts agree."""
    listed = await site.imports(rows)
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, listed, within=within)
            lines = await check_accounts(site, store, SUB)
        assert await server.stop() == 0
    assert harness.channels() == 0
    return lines


def check_counted_alike(harness: Harness, site: Site, lines: Ledger) -> tuple[int, int]:
    """People who answered, and those of them for whom no agent was there: by three ways."""
    ended = of_kind(lines, "attempt_ended")
    lost = {line["attempt"] for line in ended if str(line["result"]).startswith("abandoned")}
    served = {line["attempt"] for line in ended if line["result"] == "connected_agent"}
    log = [entry for entry in harness.queue_log() if entry.call in {line["attempt"] for line in ended}]
    assert {entry.call for entry in log if entry.event in {"ABANDON", "EXITWITHTIMEOUT"}} == lost
    assert {entry.call for entry in log if entry.event == "CONNECT"} == served
    answered = [call for call in site.carrier() if call.answer is not None]
    assert sum(call.billsec >= LASTS for call in answered) == len(lost)
    assert sum(call.billsec < LASTS for call in answered) == len(served)
    compare_one_by_one(lines, site.carrier())
    check_one_at_a_time(log)
    return len(lost) + len(served), len(lost)


async def test_power_pacing_abandons_and_every_count_of_it_agrees(harness: Harness) -> None:
    site = paced(harness, "power", "service", "{method: power, ratio: 3}")
    lines = await ran(harness, site, people(*[PERSON] * 36), within=120)
    live, lost = check_counted_alike(harness, site, lines)
    assert live == 36
    assert lost >= 12  # of the first eighteen, six found an agent
    ended = of_kind(lines, "attempt_ended")
    told = [line for line in ended if line["result"] == "abandoned_no_agent"]
    assert all(is_live(line) and is_abandoned(line) for line in told)
    await check_report(site, "demo", live, lost)
    in_time = [line for line in told if line["waited"] <= PATIENCE]
    assert len(in_time) >= 0.9 * len(told), sorted(line["waited"] for line in told)[-6:]


async def test_predictive_pacing_abandons_hardly_anybody(harness: Harness) -> None:
    site = paced(harness, "predictive", "nonprofit", "{method: predictive}")
    mix = [PERSON if place % 3 == 0 else BUSY for place in range(60)]
    lines = await ran(harness, site, people(*mix), within=200)
    live, lost = check_counted_alike(harness, site, lines)
    assert live == 20
    assert lost <= CAP * live


async def test_the_key_in_the_abandon_message_ends_all_calls(harness: Harness) -> None:
    site = paced(harness, "opting", "service", "{method: power, ratio: 2}")
    rows = people(*[PRESSES_8] * 12)
    lines = await ran(harness, site, rows, within=90)
    ended = of_kind(lines, "attempt_ended")
    lost = [line for line in ended if line["result"] == "abandoned_no_agent"]
    assert lost
    assert all(line["responses"] == ["call_stop"] for line in lost)
    async with site.store() as store:
        barred = await store.suppressed([row["mobile"] for row in rows])
    assert set(barred) == {line["address"] for line in lost}
