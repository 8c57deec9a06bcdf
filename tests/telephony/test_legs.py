"""Agents who stay on the line: what they are at is known exactly, through calls, pauses, a crash of ours and
the loss of the line; and how agents are shared between campaigns and callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts import check_accounts, compare_one_by_one, ledger, of_kind, settle
from floors import LEGS, campaign, floor, on_the_line, people
from harness import Harness
from secondpass_server import Server, until
from telephony_calls import Calls
from telephony_wire import Ami

from strategies.attempts import FactName
from strategies.store import Store

HANGS_UP, STAYS = "231", "229"  # both take a while to pick up
LEG = "Local/201@secondpass-leg"
TICK = 0.2  # seconds between two looks at who is due
SLACK = 0.4  # seconds in which Asterisk tells of an agent, and a busy machine gets round to it
ONE_EACH = {"queue": "legs", "pacing": "{method: progressive}"}
CALLS_LEGS = """
[calls-legs]
exten => s,1,Answer()
 same => n,Queue(legs)
 same => n,Hangup()
"""


async def state_of(store: Store, agent: str) -> str:
    told = await store.seats()
    return "" if told is None else next((one.state for one in told.seats if one.interface == agent), "")


@asynccontextmanager
async def watched(store: Store, agent: str) -> AsyncIterator[list[str]]:
    """Every state that is told of the agent meanwhile, in order."""
    seen: list[str] = []

    async def watch() -> None:
        while True:
            state = await state_of(store, agent)
            if state and (not seen or seen[-1] != state):
                seen.append(state)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()


def is_at(store: Store, state: str, agent: str = LEG) -> Callable[[], object]:
    async def so() -> bool:
        return await state_of(store, agent) == state

    return so


async def test_what_an_agent_on_the_line_is_at_is_told_through_a_whole_shift(
    harness: Harness, ami: Ami
) -> None:
    site = floor(harness, "states", message=3)
    rows = await campaign(
        site, "one", people(HANGS_UP), queue="legs", pacing="{method: progressive}", wrap_up="4s"
    )
    member = {"Queue": "legs", "Interface": LEG}
    with Server(site) as server:
        await server.ready()
        async with site.store() as store, watched(store, LEG) as seen:
            await until(is_at(store, "gone"), 5, "nobody is on the line")
            async with on_the_line(harness, ami, ["201"]):
                await until(is_at(store, "ready"), 5, "the agent is ready")
                await site.does("campaign", "start", "one")
                await settle(site, store, "one/1", rows, within=60, channels=1)
                await until(is_at(store, "ready"), 10, "the after-call work is done")
                for paused, state in (("true", "paused"), ("false", "ready")):
                    await ami.send("QueuePause", **member, Paused=paused)
                    await until(is_at(store, state), 5, f"the agent is {state}")
            await until(is_at(store, "gone"), 5, "the agent has left")
            lines = await check_accounts(site, store, "one/1")
        assert await server.stop() == 0
    # Ringing takes a leg some milliseconds, which nobody looks at twice a second.
    assert [state for state in seen if state != "ringing"] == [
        *("gone", "ready", "busy", "after_call", "ready", "paused", "ready", "gone")
    ]
    assert [line["result"] for line in of_kind(lines, "attempt_ended")] == ["connected_agent"]
    compare_one_by_one(lines, site.carrier())


async def test_a_callback_for_an_agent_on_the_line_is_theirs_though_no_queue_tells_of_it(
    harness: Harness, ami: Ami
) -> None:
    site = floor(harness, "promised", message=3)
    rows = await campaign(site, "one", people(HANGS_UP), queue="legs", pacing="{method: progressive}")
    with Server(site) as server:
        await server.ready()
        async with site.store() as store, watched(store, LEG) as seen:
            await site.does("campaign", "start", "one")  # nobody is there to take the call yet
            now = datetime.fromtimestamp(time.time(), ZoneInfo("America/New_York")).isoformat()
            whose = ("--campaign", "one", "--at", now, "--agent", LEG)
            await site.does("callback", "add", rows[0]["contact_id"], *whose)
            async with on_the_line(harness, ami, ["201", "202"]):
                await settle(site, store, "one/1", rows, within=60, channels=2)
                await until(is_at(store, "ready"), 5, "the agent is ready again")
                [attempt] = [line["attempt"] for line in of_kind(await ledger(store), "attempt_ended")]
                facts = await store.facts(attempt)
            lines = await check_accounts(site, store, "one/1")
        assert await server.stop() == 0
    assert [fact.value for fact in facts if fact.name is FactName.AGENT_CONNECTED] == [LEG]
    assert [line["result"] for line in of_kind(lines, "callback_ended")] == ["reached"]
    assert not [entry for entry in harness.queue_log() if entry.call == attempt]
    talked = seen.index("busy")  # called the moment they are there: a look may not see them ready before
    assert (seen[0], seen[talked + 1]) == ("gone", "ready")
    assert set(seen[1:talked]) <= {"ready"}


async def test_after_a_crash_in_the_middle_of_a_call_the_agent_on_the_line_is_known_to_talk(
    harness: Harness, ami: Ami
) -> None:
    site = floor(harness, "crash", message=3)
    rows = await campaign(site, "one", people(STAYS), queue="legs", pacing="{method: progressive}")
    async with on_the_line(harness, ami, ["201"]), site.store() as store:
        with Server(site) as first:
            await first.ready()
            await site.does("campaign", "start", "one")
            await until(is_at(store, "busy"), 30, "the agent talks")
            first.kill9()
        site.lease_runs_out()
        with Server(site) as second:
            await second.ready()
            assert await state_of(store, LEG) == "busy"
            assert (await store.caller(None)).queues["legs"].agents_free == 0
            await ami.send("AgentLogoff", Agent="201")  # who loses the line loses the person
            await until(is_at(store, "gone"), 5, "the agent has left")
            await settle(site, store, "one/1", rows, within=30)
            lines = await check_accounts(site, store, "one/1")
            assert await second.stop() == 0
    assert [line["result"] for line in of_kind(lines, "attempt_ended")] == ["connected_agent"]


async def started(store: Store, sub: str) -> list[float]:
    lines = of_kind(await ledger(store), "attempt_started")
    return [line["at"] for line in lines if line["campaign"] == sub]


async def test_when_all_agents_leave_dialling_stops_within_a_tick_and_goes_on_when_they_are_back(
    harness: Harness, ami: Ami
) -> None:
    site = floor(harness, "leaving", message=3)
    rows = await campaign(site, "many", people(*[HANGS_UP] * 40), queue="legs", pacing="{method: predictive}")
    with Server(site) as server:
        await server.ready()
        async with site.store() as store:
            async with on_the_line(harness, ami, LEGS[:6]):
                await site.does("campaign", "start", "many")

                async def some_are_called() -> bool:
                    return len(await started(store, "many/1")) >= 12

                await until(some_are_called, 60, "the campaign dials")
                for agent in LEGS[:6]:
                    await ami.send("AgentLogoff", Agent=agent)
                left = time.time()
            await until(lambda: harness.channels() == 0, 30, "calls under way have ended")
            before = await started(store, "many/1")
            assert len(before) < len(rows)
            assert max(before) <= left + TICK + SLACK
            async with on_the_line(harness, ami, LEGS[:6]):
                await settle(site, store, "many/1", rows, within=120, channels=6)
            lines = await check_accounts(site, store, "many/1")
        assert await server.stop() == 0
    compare_one_by_one(lines, site.carrier())


async def test_callers_come_before_calls_and_campaigns_in_their_order(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    harness.add_dialplan("calls-legs", CALLS_LEGS)
    site = floor(harness, "sharing", message=3)
    named = {"low": 1, "high": 9}
    rows = {
        name: await campaign(site, name, people(*[HANGS_UP] * 3), **ONE_EACH, priority=priority)
        for name, priority in named.items()
    }
    with Server(site) as server:
        await server.ready()
        async with site.store() as store, on_the_line(harness, ami, LEGS[:1]):
            callers = [await calls.quiet("s", "calls-legs")]
            await ami.event("AgentConnect", Uniqueid=callers[0])
            callers.append(await calls.quiet("s", "calls-legs"))
            await ami.event("QueueCallerJoin", Uniqueid=callers[1])
            for name in named:
                await site.does("campaign", "start", name)
            for caller in callers:  # who waits has the agent as soon as the other one is gone
                await ami.event("AgentConnect", Uniqueid=caller)
                await asyncio.sleep(1)
                assert await ledger_of_calls(store) == []
                served = time.time()
                await ami.send("Hangup", Channel=caller)
            for name, listed in rows.items():
                await settle(site, store, f"{name}/1", listed, within=120, channels=1)
            begun = await ledger_of_calls(store)
        assert await server.stop() == 0
    assert [sub for sub, _ in begun] == ["high/1"] * 3 + ["low/1"] * 3
    assert begun[0][1] >= served


async def ledger_of_calls(store: Store) -> list[tuple[str, float]]:
    """Sub-campaign and moment of each attempt, in order."""
    return [(line["campaign"], line["at"]) for line in of_kind(await ledger(store), "attempt_started")]
