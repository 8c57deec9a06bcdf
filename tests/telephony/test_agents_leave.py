"""When the last agent leaves, nobody else is called: by the carrier's clock a tick later at most. Who rings
then and answers hears the abandon message in time, and counts; once agents are back, the campaign goes on to
its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from accounts import Ledger, check_accounts, compare_one_by_one, ledger, of_kind, settle
from harness import Harness
from secondpass_server import Server, Site, until
from telephony_wire import Ami, Message
from test_agents_paced import BUSY, SUB, paced, people
from test_faults import AGENTS, begun, check_by_records, recounted

from ami_bridge.dialer import TICK
from strategies.abandonment import PATIENCE, is_abandoned, is_live

PICKS_UP_LATE = "229"  # rings for 1 to 4.6 s, by the number's last digit
TOLD = 0.2  # seconds that Asterisk's word may take to the bridge, and a look that has begun to its end
SENT = 0.5  # seconds from a decision to the carrier's record of its INVITE; two cores make all of these calls


@dataclass(frozen=True)
class Way:
    """How agents of a queue leave: the actions by which they go and come, and the event that tells of one."""

    queue: str
    goes: tuple[str, str]
    comes: tuple[str, str]
    event: str

    async def all(self, ami: Ami, how: tuple[str, str]) -> None:
        action, paused = how
        more = {"Paused": paused} if paused else {}
        for agent in AGENTS:
            await ami.send(action, Queue=self.queue, Interface=agent, **more)


PAUSE = Way("collections", ("QueuePause", "true"), ("QueuePause", "false"), "QueueMemberPause")
LOG_OUT = Way("nobody", ("QueueRemove", ""), ("QueueAdd", ""), "QueueMemberRemoved")


@asynccontextmanager
async def at_work(ami: Ami, way: Way) -> AsyncIterator[None]:
    """The agents are there; afterwards they are as the queue has them."""
    try:
        if way is LOG_OUT:
            await way.all(ami, way.comes)
        yield
    finally:
        await way.all(ami, way.goes if way is LOG_OUT else way.comes)


def wall_clock(event: Message) -> float:
    """When an event was received, in seconds since 1970."""
    return float(event["Received"]) + time.time() - asyncio.get_running_loop().time()


def ringing(ami: Ami) -> set[str]:
    """Attempts that ring out just now."""
    began = {event["DestUniqueid"] for event in ami.seen("DialBegin")}
    over = {event["DestUniqueid"] for event in ami.seen("DialEnd")}
    return {call for call in began - over if call.startswith("sp-")}


def check_nobody_was_called_after(site: Site, lines: Ledger, gone: float) -> None:
    """By what was decided and by what the carrier saw."""
    decided = sorted(line["at"] for line in of_kind(lines, "attempt_started"))
    invites = sorted(call.start for call in site.carrier())
    assert len(invites) == len(decided)
    print(f"last decision {decided[-1] - gone:+.3f} s, last INVITE {invites[-1] - gone:+.3f} s")
    assert decided[-1] <= gone + TICK + TOLD
    assert invites[-1] <= gone + TICK + TOLD + SENT
    assert sum(gone - 5 < moment <= gone for moment in invites) >= 5, "dialling was under way"


@pytest.mark.parametrize("way", [PAUSE, LOG_OUT], ids=["pause", "log out"])
async def test_dialling_stops_within_a_tick_of_the_last_agent(harness: Harness, ami: Ami, way: Way) -> None:
    site = paced(harness, f"left-{way.queue}", "nonprofit", "{method: predictive}")
    site.change("campaigns/demo.yaml", "agents: collections", f"agents: {way.queue}")
    mix = [PICKS_UP_LATE if place % 3 == 0 else BUSY for place in range(75)]
    rows = await site.imports(people(*mix))
    async with at_work(ami, way), site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 15), 30, "dialling is under way")
            await until(lambda: len(ringing(ami)) >= 2, 30, "some ring")
            before = len(ami.events)
            await way.all(ami, way.goes)
            gone = wall_clock(await ami.event(way.event, before, Interface=AGENTS[-1]))
            rang = ringing(ami)
            await until(lambda: harness.channels() == 0, 60, "the calls on their way are over")
            await until(lambda: not ringing(ami), 5, "and told of")
            seen = await ledger(store)
            check_nobody_was_called_after(site, seen, gone)
            assert len(of_kind(seen, "attempt_started")) < len(rows), "more were to be called"
            await way.all(ami, way.comes)
            await settle(site, store, SUB, rows, within=120)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    compare_one_by_one(lines, site.carrier())
    check_by_records(harness, lines)
    check_who_rang(lines, rang)


def check_who_rang(lines: Ledger, rang: set[str]) -> None:
    """Nobody is hung up on while it rings; who answered was told within two seconds that nobody is there, and
    is an abandoned call."""
    ended = [line for line in of_kind(lines, "attempt_ended") if line["attempt"] in rang]
    answered = [line for line in ended if is_live(line)]
    assert answered
    for line in answered:
        assert line["result"] == "abandoned_no_agent", line
        assert is_abandoned(line)
        assert line["waited"] <= PATIENCE, line
    assert {line["result"] for line in ended} <= {"abandoned_no_agent", "busy"}
