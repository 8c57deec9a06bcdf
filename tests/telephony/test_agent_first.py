"""Callbacks whose agent is on the line before the person is called: nobody who answers waits, and nobody who
came later is served first."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from accounts import check_accounts, compare_one_by_one, of_kind, settle
from harness import Harness
from secondpass_server import Server, Site, make_site, person, until
from telephony_wire import Ami
from test_recoveries import LINES, PERSON, RESCUES_CALLERS, SUB, calls_in, told

from strategies.attempts import FactName
from strategies.callbacks import Wish
from strategies.state import Callback
from strategies.store import Store
from strategies.store.promises import promise

QUEUE, ADA = "nobody", "Local/s@ada"  # an agent who answers at once, and talks until the other hangs up
EVERY_LOCAL, THE_PERSON = "/^Local\\//", "/^PJSIP\\/carrier-/"  # channels, by their names
WITH_ADA = f"""{LINES}
[ada]
exten => s,1,Answer()
 same => n,Wait(120)
"""


@asynccontextmanager
async def one_agent_works(ami: Ami) -> AsyncIterator[None]:
    """Ada alone works in the queue for that long, with one call at a time; no call of the test is left."""
    await ami.send("QueueAdd", Queue=QUEUE, Interface=ADA)
    await ami.send("QueueMemberRingInUse", Queue=QUEUE, Interface=ADA, RingInUse="false")
    try:
        yield
    finally:
        await ami.send("QueueRemove", Queue=QUEUE, Interface=ADA)
        await ami.send("Hangup", Channel=EVERY_LOCAL)


@asynccontextmanager
async def running(
    harness: Harness, ami: Ami, name: str
) -> AsyncIterator[tuple[Site, Store, list[dict[str, str]]]]:
    """A campaign for callers of the queue and for callbacks, in which one person is."""
    harness.add_dialplan("callers", WITH_ADA)
    site = make_site(harness, name)
    text = RESCUES_CALLERS.replace("agents: collections", f"agents: {QUEUE}")
    (site.config / "campaigns" / "demo.yaml").write_text(text, encoding="utf-8")
    rows = await site.imports([person(PERSON)])
    async with one_agent_works(ami), site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await settle(site, store, SUB, rows, within=30)
            yield site, store, rows


async def check_reached_at_once(site: Site, store: Store, rows: list[dict[str, str]]) -> None:
    await settle(site, store, SUB, rows, within=60)
    lines = await check_accounts(site, store, SUB)
    [call] = of_kind(lines, "attempt_ended")
    assert (call["result"], [line["result"] for line in of_kind(lines, "callback_ended")]) == (
        "connected_agent",
        ["reached"],
    )
    silence = 0.8  # after which the detection knows the person's greeting to be over
    assert call["waited"] == pytest.approx(silence + 0.1, abs=0.6)
    compare_one_by_one(lines, site.carrier())


async def test_the_one_agent_who_promised_is_on_the_line_first(harness: Harness, ami: Ami) -> None:
    async with running(harness, ami, "first") as (site, store, rows):
        sub = await store.sub(SUB)
        assert sub is not None
        wish = Wish(time.time() + 1, "test", ADA)
        assert isinstance(await promise(store, sub, "P0", wish, time.time), Callback)
        await until(told(store, "attempt_started"), 30, "the person is called")
        assert harness.channels() >= 2  # the agent, who is there already
        await until(lambda: connected(store), 40, "they talk")
        assert harness.channels() <= 3  # the person, and one call of the agent's: nobody was rung once more
        await ami.send("Hangup", Channel=THE_PERSON)
        await check_reached_at_once(site, store, rows)


async def connected(store: Store) -> bool:
    for intent, _ in await store.live():
        if any(fact.name is FactName.AGENT_CONNECTED for fact in await store.facts(intent.attempt)):
            return True
    return False


async def test_a_kept_place_comes_before_who_came_later(harness: Harness, ami: Ami) -> None:
    async with running(harness, ami, "place") as (site, store, rows):
        begun = time.time()
        talks = await calls_in(ami, "calls-nobody", "+12025550177")
        await until(lambda: waiting(harness) == 0 and harness.channels() >= 2, 20, "Ada talks to somebody")
        await calls_in(ami, "asks-to-be-called", rows[0]["mobile"], "presses-one")
        await until(told(store, "callback_set"), 30, "the call is promised")
        later = await calls_in(ami, "calls-nobody", "+12025550188")
        await until(lambda: waiting(harness) == 2, 20, "who came later waits, and so does the kept place")
        await ami.send("Hangup", Channel=talks)
        await until(lambda: connected(store), 60, "they talk")
        served = [e.call for e in harness.queue_log() if e.event == "CONNECT" and e.time >= int(begun)]
        assert served[1].startswith("leg-")
        assert later not in served
        await ami.send("Hangup", Channel=later)
        await ami.send("Hangup", Channel=THE_PERSON)
        await check_reached_at_once(site, store, rows)


def waiting(harness: Harness) -> int:
    """Callers who wait in the queue."""
    return harness.asterisk(f"queue show {QUEUE}").count("(wait:")
