"""Whatever breaks under real calls: no attempt is made twice, nothing hangs, nobody is dialled while we are
blind, every figure is its recount, and afterwards the campaign goes on to its end."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable

from accounts import Ledger, check_accounts, compare_one_by_one, ledger, of_kind, settle
from harness import Harness
from relay import Relay
from secondpass_server import Server, Site, until
from telephony_wire import Ami
from test_agents_paced import BUSY, LASTS, PERSON, SUB, paced, people

from strategies.abandonment import is_abandoned, is_live
from strategies.store import Store

POWER = "{method: power, ratio: 2}"
PROGRESSIVE = "{method: progressive}"
AGENTS = tuple(f"PJSIP/agent0{number}" for number in range(1, 7))


def site_of(harness: Harness, name: str, pacing: str = POWER) -> Site:
    """A site that may read what its Asterisk writes, and hears abandon messages of nine seconds."""
    site = paced(harness, name, "service", pacing)
    written = harness.state_dir / "asterisk"
    files = f"  queue_log: {written}/queue_log\n  cdr: {written}/cdr-custom/secondpass.csv\n"
    site.change("settings.yaml", "  trunks:\n", f"{files}  trunks:\n")
    return site


def begun(store: Store, more_than: int) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        return len(of_kind(await ledger(store), "attempt_started")) > more_than

    return so


async def started(store: Store) -> int:
    return len(of_kind(await ledger(store), "attempt_started"))


def logged(server: Server, event: str, times: int = 1) -> Callable[[], bool]:
    return lambda: server.logged().count(f'"event": "{event}"') >= times


def check_by_records(harness: Harness, lines: Ledger) -> None:
    """Who answered, who had an agent and who was lost: by Asterisk's queue log as by the ledger."""
    ended = {line["attempt"]: line for line in of_kind(lines, "attempt_ended")}
    log = [entry for entry in harness.queue_log() if entry.call in ended]
    joined = {entry.call for entry in log if entry.event == "ENTERQUEUE"}
    served = {entry.call for entry in log if entry.event == "CONNECT"}
    connected = {call for call, line in ended.items() if line["result"] == "connected_agent"}
    abandoned = {call for call, line in ended.items() if is_live(line) and is_abandoned(line)}
    assert joined <= {call for call, line in ended.items() if is_live(line)}
    assert connected == served
    assert joined - served <= abandoned


async def report(site: Site) -> list[dict[str, str]]:
    text = await site.does("results", "abandonment", "demo", "--csv")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


async def recounted(site: Site) -> None:
    assert "every figure equals its recount" in await site.does("results", "demo", "--recount")


async def test_asterisk_is_restarted_in_the_middle(harness: Harness) -> None:
    site = site_of(harness, "restart")
    rows = await site.imports(people(*[PERSON] * 14))
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 7), 20, "most of them are called")
            await asyncio.to_thread(harness.stop, "asterisk")
            before = await started(store)
            # The carrier would hold these calls until its own limits: nobody told it that they are over.
            await asyncio.to_thread(harness.carrier, "channel request hangup all")
            await until(logged(server, "ami.down"), 20, "the bridge has noticed")
            assert await started(store) <= before + 1
            await asyncio.to_thread(harness.start, "asterisk")
            await settle(site, store, SUB, rows, within=60)
            check_by_records(harness, await check_accounts(site, store, SUB))
            await recounted(site)


async def test_the_link_is_cut_while_people_are_abandoned(harness: Harness) -> None:
    site, own = site_of(harness, "cut"), f"{harness.net}.4"
    site.change("settings.yaml", f"host: {harness.net}.1, port: 5038", f"host: {own}, port: 5038")
    rows = await site.imports(people(*[PERSON] * 16, BUSY))
    async with Relay(own, f"{harness.net}.1").laid(5038) as link, site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 11), 20, "more are called than there are agents")
            link.refuses = True
            link.cut()
            await until(logged(server, "ami.down"), 10, "the bridge has noticed")
            blind_since, before = time.time(), await started(store)
            await until(
                lambda: sum(call.end > blind_since for call in site.carrier()) >= 8, 40, "ends unseen"
            )
            assert await started(store) == before
            link.refuses = False
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    results = [line["result"] for line in of_kind(lines, "attempt_ended")]
    assert "unknown" not in results
    compare_one_by_one(lines, site.carrier())
    check_by_records(harness, lines)
    assert any(result.startswith("abandoned") for result in results)


async def test_the_link_is_half_open(harness: Harness) -> None:
    site, own = site_of(harness, "deaf", PROGRESSIVE), f"{harness.net}.4"
    site.change("settings.yaml", f"host: {harness.net}.1, port: 5038", f"host: {own}, port: 5038")
    rows = await site.imports(people(*[PERSON] * 10))
    async with Relay(own, f"{harness.net}.1").laid(5038) as link, site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 3), 20, "some are called")
            link.deafen()
            await until(logged(server, "ami.down"), 25, "the silence is noticed")
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    called = {call.number for call in site.carrier()}
    for line in of_kind(lines, "attempt_ended"):
        assert (line["result"] == "unknown") == (line["address"] not in called), line
    check_by_records(harness, lines)


async def test_a_bridge_that_was_frozen_takes_nobody_from_the_agent_they_talk_to(harness: Harness) -> None:
    """It hears of who answered by the store and of their agents by the link, both late and in no order."""
    site = site_of(harness, "frozen", PROGRESSIVE)
    rows = await site.imports(people(*[PERSON] * len(AGENTS)))
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(lambda: harness.channels() >= len(AGENTS), 20, "everybody is called")
            bridge = process_of(server, "bridge")
            os.kill(bridge, signal.SIGSTOP)
            calls = {line["attempt"] for line in of_kind(await ledger(store), "attempt_started")}
            await until(lambda: connected(harness, calls) == calls, 20, "everybody talks to an agent")
            os.kill(bridge, signal.SIGCONT)
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    assert {line["result"] for line in of_kind(lines, "attempt_ended")} == {"connected_agent"}
    compare_one_by_one(lines, site.carrier())
    check_by_records(harness, lines)
    assert max(call.billsec for call in site.carrier()) < LASTS, "nobody was led to the message"


def process_of(server: Server, name: str) -> int:
    started = [json.loads(line) for line in server.logged().splitlines() if "up.process_started" in line]
    return int(next(line["pid"] for line in started if line["process"] == name))


def connected(harness: Harness, calls: set[str]) -> set[str]:
    return {entry.call for entry in harness.queue_log() if entry.event == "CONNECT"} & calls


async def test_the_store_is_cut(harness: Harness) -> None:
    site, own = site_of(harness, "store", PROGRESSIVE), f"{harness.net}.4"
    site.change("settings.yaml", f"redis://{harness.net}.3:6379", f"redis://{own}:6379")
    async with Relay(own, f"{harness.net}.3").laid(6379) as link, site.store() as store:
        rows = await site.imports(people(*[PERSON] * 12))
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 5), 20, "some are called")
            link.refuses = True
            link.cut()
            await until(logged(server, "dialer.store_unavailable"), 10, "the bridge has noticed")
            before = len(site.carrier()) + harness.channels()
            await until(lambda: harness.channels() == 0, 30, "nothing hangs")
            assert len(site.carrier()) <= before
            link.refuses = False
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    compare_one_by_one(lines, site.carrier())
    check_by_records(harness, lines)
    # Who answered while nobody could decide was hung up on: an abandoned call.
    hung_up_on = [line for line in of_kind(lines, "attempt_ended") if line["result"] == "abandoned_no_agent"]
    assert all(is_live(line) for line in hung_up_on)


async def test_all_agents_leave_and_come_back(harness: Harness, ami: Ami) -> None:
    site = site_of(harness, "leave")
    rows = await site.imports(people(*[PERSON] * 16))
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 5), 20, "some are called")
            await paused(ami, "true")
            before = await started(store)
            await until(lambda: harness.channels() == 0, 40, "the calls on their way are over")
            assert await started(store) <= before + 1  # a claim that was under way in that moment
            await paused(ami, "false")
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    compare_one_by_one(lines, site.carrier())
    check_by_records(harness, lines)


async def paused(ami: Ami, how: str) -> None:
    """Every agent of the queue works no more, or works again."""
    for agent in AGENTS:
        await ami.send("QueuePause", Queue="collections", Interface=agent, Paused=how)


async def test_the_carrier_refuses_everything(harness: Harness) -> None:
    site = site_of(harness, "refuses", PROGRESSIVE)
    retry = "retry: {congestion: {after: [2s, 4s, 8s], then: end_pass}}"
    site.change("campaigns/demo.yaml", "pacing:", f"{retry}, pacing:")
    rows = await site.imports(people(*[PERSON] * 6))
    harness.carrier("database put fault refuses 1")
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(begun(store, 8), 20, "everybody is called, and somebody again")
            harness.carrier("database del fault refuses")
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
            await recounted(site)
    compare_one_by_one(lines, site.carrier())
    results = [line["result"] for line in of_kind(lines, "attempt_ended")]
    assert results[:6] == ["congestion"] * 6
    assert results.count("connected_agent") == len(rows)


async def test_the_store_is_lost_and_every_abandonment_is_known_again(harness: Harness) -> None:
    site = site_of(harness, "lost")
    rows = await site.imports(people(*[PERSON] * 14))
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=60)
            lines = of_kind(await ledger(store), "attempt_ended")
        before = await report(site)
        site.lose_store()
        await until(logged(server, "ledger.rebuilt", 2), 30, "the ledger is told what it lost")
        assert [figures(row) for row in await report(site)] == [figures(row) for row in before]
        assert await server.stop() == 0
    async with site.store() as store:
        again = {line["attempt"]: line for line in of_kind(await ledger(store), "attempt_ended")}
    for line in lines:
        rebuilt = again[line["attempt"]]
        assert (rebuilt["day"], is_abandoned(rebuilt)) == (line["day"], is_abandoned(line))
        assert abs(rebuilt["live_at"] - line["live_at"]) < 0.2
        if line["result"] == "connected_agent":
            assert abs(rebuilt["waited"] - line["waited"]) < 0.2


def figures(row: dict[str, str]) -> tuple[str, ...]:
    names = ("campaign", "from", "to", "live_answers", "abandoned", "connected")
    return tuple(row[name] for name in names)
