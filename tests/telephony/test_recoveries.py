"""Real calls for each way of losing a person and reaching them again, and for each kind of callback."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from accounts import Ledger, check_accounts, compare_one_by_one, ledger, of_kind, settle
from harness import Harness
from secondpass_server import Server, Site, make_site, person, until
from telephony_wire import Ami

from strategies.attempts import FactName
from strategies.callbacks import Wish
from strategies.state import Callback
from strategies.store import Store
from strategies.store.promises import promise

SUB = "demo/1"
PERSON, ASKS_AND_LEAVES = "202", "228"
TRIGGERS = (
    "triggers: [not_connected, hangup_in_script, no_input, asked_for_agent_but_lost, abandoned_in_queue]"
)
# Callers from outside: the number they call from is what is dialled here.
LINES = """
[calls-nobody]
exten => _X.,1,Answer()
 same => n,Set(CALLERID(num)=+${FILTER(0-9,${EXTEN})})
 same => n,Queue(nobody)
 same => n,Hangup()
[asks-to-be-called]
exten => _X.,1,Answer()
 same => n,Set(CALLERID(num)=+${FILTER(0-9,${EXTEN})})
 same => n,Set(SP_QUEUE=nobody)
 same => n,Set(SP_ENTERED=${EPOCH})
 same => n,Queue(nobody)
 same => n,Hangup()
[presses-one]
exten => s,1,Answer()
 same => n,Wait(3)
 same => n,SendDTMF(1,,200)
 same => n,Wait(60)
[calls-service]
exten => _X.,1,Answer()
 same => n,Set(CALLERID(num)=+${FILTER(0-9,${EXTEN})})
 same => n,Queue(service)
 same => n,Hangup()
"""
RESCUES_CALLERS = """
campaign: demo
purpose: service
country: US
caller_id: "+12125550100"
agents: collections
lists: [demo]
zone: America/New_York
ring: 15s
consent: {basis: express, source: the test's people are a dialplan, date: 2026-01-01}
strategy:
  passes:
    - {name: back, medium: dialer, recovers: {queue: nobody}, delay: 8s, ttl: 2m, devices: [mobile, home]}
"""
_callers = itertools.count(1)


@asynccontextmanager
async def an_agent(ami: Ami, queue: str) -> AsyncIterator[None]:
    """Somebody works in the queue for that long."""
    await ami.send("QueueAdd", Queue=queue, Interface="PJSIP/agent01")
    try:
        yield
    finally:
        await ami.send("QueueRemove", Queue=queue, Interface="PJSIP/agent01")


async def calls_in(ami: Ami, context: str, number: str, behaves: str = "quiet") -> str:
    """Somebody calls from this number; the call's unique id."""
    call = f"in-{next(_callers)}"
    await ami.originate(f"Local/s@{behaves}/n", call, Context=context, Exten=number.removeprefix("+"))
    return call


def told(store: Store, kind: str) -> Callable[[], Awaitable[Ledger]]:
    async def lines() -> Ledger:
        return of_kind(await ledger(store), kind)

    return lines


def results(lines: Ledger) -> list[tuple[str, str]]:
    return [(line["pass"], line["result"]) for line in of_kind(lines, "attempt_ended")]


async def dialled_through(site: Site, rows: list[dict[str, str]], within: float) -> Ledger:
    """The campaign from its start until everybody is settled; the ledger, whose accounts agree."""
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await settle(site, store, SUB, rows, within=within)
            return await check_accounts(site, store, SUB)


@pytest.mark.parametrize("trigger", ["asked_for_agent_but_lost", "abandoned_in_queue"])
async def test_who_is_lost_waiting_for_an_agent_is_called_again_once_one_is_free(
    harness: Harness, ami: Ami, trigger: str
) -> None:
    site = make_site(harness, "waits")
    site.change("campaigns/demo.yaml", TRIGGERS, f"triggers: [{trigger}]")
    site.change("campaigns/demo.yaml", "agents: collections", "agents: nobody")
    rows = await site.imports([person(ASKS_AND_LEAVES)])
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(told(store, "recovery_triggered"), 40, "the person is lost")
            await asyncio.sleep(2)  # were nobody's agent needed, the person would be called by now
            assert len(await told(store, "attempt_started")()) == 1
            async with an_agent(ami, "nobody"):
                await settle(site, store, SUB, rows, within=40)
            lines = await check_accounts(site, store, SUB)
    assert results(lines) == [("reminder", "abandoned_in_queue"), ("rescue", "connected_agent")]
    [lost], [over] = of_kind(lines, "recovery_triggered"), of_kind(lines, "recovery_ended")
    assert (lost["trigger"], over["result"]) == (trigger, "reached")
    assert lost["recovers"] == of_kind(lines, "attempt_ended")[0]["attempt"]
    compare_one_by_one(lines, site.carrier())


async def in_call(harness: Harness, name: str) -> tuple[Site, list[dict[str, str]]]:
    """A site whose script has an agent stand by, and somebody who says nothing."""
    site = make_site(harness, name)
    site.change("campaigns/demo.yaml", TRIGGERS, "triggers: [no_input]")
    site.change("campaigns/demo.yaml", "mode: recall", "mode: in_call")
    return site, await site.imports([person(PERSON)])


async def test_who_presses_nothing_talks_to_an_agent_in_the_same_call(harness: Harness) -> None:
    site, rows = await in_call(harness, "silent")
    lines = await dialled_through(site, rows, within=60)
    check_in_call(lines, "no_input", ["said_nothing"])
    compare_one_by_one(lines, site.carrier())


def sounds_vanish(site: Site, server: Server) -> None:
    for sound in (site.data / "speech").rglob("*.wav"):
        sound.unlink()


def player_dies(site: Site, server: Server) -> None:
    """The process that plays the script, killed; its parent starts another."""
    started = [json.loads(line) for line in server.logged().splitlines() if "up.process_started" in line]
    os.kill(next(line["pid"] for line in started if line["process"] == "agi"), signal.SIGKILL)


@pytest.mark.parametrize("breaks", [sounds_vanish, player_dies])
async def test_who_hears_the_script_break_talks_to_an_agent_in_the_same_call(
    harness: Harness, breaks: Callable[[Site, Server], None]
) -> None:
    site, rows = await in_call(harness, "breaks")
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(lambda: script_began(store), 30, "the script plays")
            breaks(site, server)
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
    check_in_call(lines, "script_failed", None)
    compare_one_by_one(lines, site.carrier())


async def script_began(store: Store) -> bool:
    live = [intent.attempt for intent, _ in await store.live()]
    facts = [fact.name for attempt in live for fact in await store.facts(attempt)]
    return FactName.SCRIPT_STARTED in facts


def check_in_call(lines: Ledger, why: str, responses: list[str] | None) -> None:
    """One call, one recovery on its line, with both its lines."""
    [call] = of_kind(lines, "attempt_ended")
    assert (call["pass"], call["result"], call.get("responses")) == ("reminder", "connected_agent", responses)
    [begun], [over] = of_kind(lines, "recovery_triggered"), of_kind(lines, "recovery_ended")
    assert begun["recovers"] == over["recovers"] == call["attempt"]
    assert (begun["mode"], begun["reason"], over["result"]) == ("in_call", why, "reached")
    assert call["at"] == pytest.approx(over["at"])
    assert begun["at"] < over["at"]


@asynccontextmanager
async def for_callers(
    harness: Harness, name: str, *areas: str
) -> AsyncIterator[tuple[Site, Store, list[dict[str, str]]]]:
    """A campaign that runs for callers a queue loses, and for callbacks; its people are done at once."""
    harness.add_dialplan("callers", LINES)
    site = make_site(harness, name)
    (site.config / "campaigns" / "demo.yaml").write_text(RESCUES_CALLERS, encoding="utf-8")
    rows = await site.imports([person(area) for area in areas])
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await settle(site, store, SUB, rows, within=20)
            yield site, store, rows


async def test_callers_a_queue_lost_are_called_back_unless_they_got_through_by_themselves(
    harness: Harness, ami: Ami
) -> None:
    async with for_callers(harness, "callers", PERSON, PERSON) as (site, store, rows):
        lost, came_back = (row["mobile"] for row in rows)
        for number in (lost, came_back):
            call = await calls_in(ami, "calls-nobody", number)
            await until(lambda: str(harness.asterisk("queue show nobody")).count("Local/") == 1, 10, "waits")
            await ami.send("Hangup", Channel=call)
            await until(lambda: "No Callers" in harness.asterisk("queue show nobody"), 10, "has left")
        await until(lambda: both(store, "recovery_triggered"), 10, "both are lost")
        await calls_in(ami, "calls-service", came_back)
        await until(lambda: both(store, "recovery_ended"), 60, "both recoveries are over")
        await settle(site, store, SUB, rows, within=40)
        lines = await check_accounts(site, store, SUB)
    ends = {line["contact"]: line["result"] for line in of_kind(lines, "recovery_ended")}
    assert ends == {"P0": "reached", "P1": "came_back"}
    assert {line["trigger"] for line in of_kind(lines, "recovery_triggered")} == {"abandoned_in_queue"}
    assert [line["address"] for line in of_kind(lines, "attempt_ended")] == [lost]
    assert results(lines) == [("back", "connected_agent")]
    compare_one_by_one(lines, site.carrier())


async def both(store: Store, kind: str) -> bool:
    return len(of_kind(await ledger(store), kind)) == 2


async def test_callbacks_are_made_at_their_moment_by_anyone_or_by_one_agent(harness: Harness) -> None:
    async with for_callers(harness, "promises", PERSON, PERSON) as (site, store, rows):
        sub, soon = await store.sub(SUB), time.time() + 3
        assert sub is not None
        for contact, agent in (("P0", ""), ("P1", "PJSIP/agent04"), ("P0", "")):
            wish = Wish(soon, "test", agent)
            assert isinstance(await promise(store, sub, contact, wish, time.time), Callback)
        await until(lambda: settled_twice(store), 60, "both are called")
        facts = {
            line["contact"]: await store.facts(line["attempt"])
            for line in of_kind(await ledger(store), "attempt_started")
        }
        await settle(site, store, SUB, rows, within=40)
        lines = await check_accounts(site, store, SUB)
    assert results(lines) == [("back", "connected_agent")] * 2
    ends = [(line["contact"], line["result"]) for line in of_kind(lines, "callback_ended")]
    assert sorted(ends) == [("P0", "called_off"), ("P0", "reached"), ("P1", "reached")]
    own = [fact.value for fact in facts["P1"] if fact.name is FactName.AGENT_CONNECTED]
    assert own == ["PJSIP/agent04"]
    assert FactName.QUEUE_JOINED not in {fact.name for fact in facts["P1"]}
    assert FactName.QUEUE_JOINED in {fact.name for fact in facts["P0"]}
    for line in of_kind(lines, "attempt_started"):
        assert line["at"] >= soon
    compare_one_by_one(lines, site.carrier())


async def test_a_caller_who_presses_one_keeps_the_place_and_is_called_when_it_comes(
    harness: Harness, ami: Ami
) -> None:
    async with for_callers(harness, "places", PERSON) as (site, store, rows):
        await calls_in(ami, "asks-to-be-called", rows[0]["mobile"], "presses-one")
        await until(told(store, "callback_set"), 20, "the call is promised")
        await settle(site, store, SUB, rows, within=60)
        lines = await check_accounts(site, store, SUB)
    [promised], [over] = of_kind(lines, "callback_set"), of_kind(lines, "callback_ended")
    assert (promised["by"], promised["address"], over["result"]) == ("caller", rows[0]["mobile"], "reached")
    assert results(lines) == [("back", "connected_agent")]
    compare_one_by_one(lines, site.carrier())


NOTES = """
[notes]
exten => s,1,Answer()
 same => n,UserEvent(SecondpassDisposition,Attempt: {attempt},Disposition: call_again,At: {at},Agent: {agent})
 same => n,Hangup()
"""


async def test_an_agent_who_notes_call_again_is_kept_to_it(harness: Harness, ami: Ami) -> None:
    async with for_callers(harness, "notes", PERSON) as (site, store, rows):
        now = datetime.fromtimestamp(time.time(), ZoneInfo("America/New_York")).isoformat()
        await site.does("callback", "add", "P0", "--campaign", "demo", "--at", now)
        await until(lambda: talks(store), 40, "the person talks to an agent")
        [attempt] = [intent.attempt for intent, _ in await store.live()]
        again = int(time.time()) + 12
        harness.add_dialplan("notes", NOTES.format(attempt=attempt, at=again, agent="PJSIP/agent02"))
        await ami.originate("Local/s@quiet/n", f"in-{next(_callers)}", Context="notes", Exten="s")
        await until(lambda: settled_twice(store), 60, "the person was called again")
        await settle(site, store, SUB, rows, within=40)
        lines = await check_accounts(site, store, SUB)
    assert results(lines) == [("back", "connected_agent")] * 2
    promised = of_kind(lines, "callback_set")
    assert [(line["by"], line.get("agent")) for line in promised][1:] == [("disposition", "PJSIP/agent02")]
    assert of_kind(lines, "attempt_ended")[0]["responses"] == ["agent_call_again"]
    assert of_kind(lines, "attempt_started")[1]["at"] >= again
    assert [line["result"] for line in of_kind(lines, "callback_ended")] == ["reached", "reached"]
    compare_one_by_one(lines, site.carrier())


async def talks(store: Store) -> bool:
    live = [intent.attempt for intent, _ in await store.live()]
    facts = [fact.name for attempt in live for fact in await store.facts(attempt)]
    return FactName.AGENT_CONNECTED in facts


async def settled_twice(store: Store) -> bool:
    return len(of_kind(await ledger(store), "attempt_ended")) == 2
