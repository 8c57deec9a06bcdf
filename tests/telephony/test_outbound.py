"""A sub-campaign over real calls: what it says of each is what the carrier did, and it holds what it promises
when it is paused, when Asterisk dies, and when the link to it is cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from accounts import Ledger, check_accounts, compare_one_by_one, ledger, of_kind, settle, states
from harness import Harness
from relay import Relay
from secondpass_server import Server, make_site, person, until

from strategies.store import Store

SUB = "demo/1"
REACHED = "connected_agent"
# Mobile and home, the results in order, and what the person ended by.
BEHAVIOUR = {
    ("215", ""): (["delivered_person"], "success"),
    ("216", ""): (["delivered_no_success"], "opt_out"),
    ("217", ""): (["delivered_no_success"], "wrong_party"),
    ("224", ""): ([REACHED], REACHED),
    ("203", "202"): (["busy", "busy", REACHED], REACHED),
    ("205", "202"): (["no_answer", REACHED], REACHED),
    ("206", ""): (["congestion", "congestion"], "no_pass_left"),
    ("207", "202"): (["bad_device", REACHED], REACHED),
    ("213", ""): (["machine_message"], "no_pass_left"),
    ("226", ""): (["fax"], "no_pass_left"),
    ("214", "202"): (["hangup_in_script", REACHED], REACHED),
    ("225", "202"): (["hangup_in_script", REACHED], REACHED),
    ("219", ""): (["busy", "delivered_person", REACHED], REACHED),
    ("218", ""): (["delivered_person", REACHED], REACHED),
    ("202", ""): (["delivered_person", REACHED], REACHED),
}
RESPONSES = {
    "215": ["pressed_1"], "216": ["pressed_8"], "217": ["pressed_9"], "224": ["pressed_0"],
    "218": ["said_nothing"], "202": ["said_nothing"], "219": ["said_nothing"],
}  # fmt: skip
RECOVERED = {
    ("203", "202"): "not_connected",
    ("205", "202"): "not_connected",
    ("207", "202"): "not_connected",
    ("214", "202"): "hangup_in_script",
    ("225", "202"): "hangup_in_script",
    ("219", ""): "no_input",
    ("218", ""): "no_input",
    ("202", ""): "no_input",
}


def areas(row: dict[str, str]) -> tuple[str, str]:
    return row["mobile"][2:5], row["home"][2:5]


async def test_what_is_said_of_each_call_is_what_the_carrier_did(harness: Harness) -> None:
    site = make_site(harness, "calls", segments=True)
    site.change("settings.yaml", "countries: [US]", "countries: [US, CA]")  # the fax is in Ontario
    rows = await site.imports([person(*who) for who in BEHAVIOUR])
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=90)
            lines = await check_accounts(site, store, SUB)
            ended_by = {who: state.ended for who, state in (await states(store, SUB, rows)).items()}
            refused = {row["mobile"] for row in rows if row["mobile"][2:5] == "216"}
            assert set(await store.suppressed([row["mobile"] for row in rows])) == refused
        assert await server.stop() == 0
    calls = of_kind(lines, "attempt_ended")
    by_contact = {row["contact_id"]: [c for c in calls if c["contact"] == row["contact_id"]] for row in rows}
    results = {areas(row): [call["result"] for call in by_contact[row["contact_id"]]] for row in rows}
    assert results == {who: results for who, (results, _) in BEHAVIOUR.items()}
    assert {areas(row): ended_by[row["contact_id"]] for row in rows} == {
        who: reason for who, (_, reason) in BEHAVIOUR.items()
    }
    said = {areas(row)[0]: by_contact[row["contact_id"]] for row in rows}
    assert {area: said[area][-1 - (len(said[area]) > 1)]["responses"] for area in RESPONSES} == RESPONSES
    triggers = {
        areas(row): [c["trigger"] for c in by_contact[row["contact_id"]] if "trigger" in c] for row in rows
    }
    assert {who: told for who, told in triggers.items() if told} == {w: [t] for w, t in RECOVERED.items()}
    compare_one_by_one(lines, site.carrier())
    check_agents(harness, lines)


def check_agents(harness: Harness, lines: Ledger) -> None:
    """Who is said to have reached an agent did, by Asterisk's own queue log."""
    ended = of_kind(lines, "attempt_ended")
    connected = {entry.call for entry in harness.queue_log() if entry.event == "CONNECT"}
    attempts = {line["attempt"] for line in ended}
    assert {line["attempt"] for line in ended if line["result"] == REACHED} == connected & attempts


async def started(store: Store) -> int:
    return len(of_kind(await ledger(store), "attempt_started"))


def more_than(store: Store, count: int) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        return await started(store) > count

    return so


async def test_paused_and_stopped_campaigns_start_no_attempt(harness: Harness) -> None:
    site = make_site(harness, "pause")
    site.change("campaigns/demo.yaml", "calls_per_minute: 120", "calls_per_minute: 60")
    rows = await site.imports([person("203") for _ in range(40)])
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(more_than(store, 1), 20, "two are called")
            await site.does("campaign", "pause", "demo")
            await asyncio.sleep(2)  # were it not paused, two more would be called
            await site.does("campaign", "resume", "demo")
            await until(more_than(store, await started(store)), 20, "somebody is called again")
            await site.does("campaign", "stop", "demo")
            await asyncio.sleep(2)  # the same
            await until(lambda: harness.channels() == 0, 10, "no channel is left")
            lines = await check_accounts(site, store, SUB)
            assert await store.live() == []
    state, states_seen = "", []
    for line in lines:
        if line["kind"] == "run_state":
            state = line["result"]
            states_seen.append(state)
        if line["kind"] == "attempt_started":
            assert state == "running"
    assert states_seen == ["running", "paused", "running", "stopped"]
    assert len(of_kind(lines, "attempt_started")) < len(rows)


MIXED = (("215", ""), ("216", ""), ("202", ""), ("224", ""), ("203", "202"))


async def test_attempts_outlive_an_asterisk_that_dies(harness: Harness) -> None:
    site = make_site(harness, "dies")
    rows = await site.imports([person(*who) for who in MIXED])
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(more_than(store, 4), 20, "most of them are called")
            up = {intent.attempt for intent, _ in await store.live()}
            await asyncio.to_thread(harness.kill, "asterisk")
            # The carrier would hold these calls until its own limits: nobody told it that they are over.
            await asyncio.to_thread(harness.carrier, "channel request hangup all")
            await asyncio.to_thread(harness.start, "asterisk")
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
    results = {line["attempt"]: line["result"] for line in of_kind(lines, "attempt_ended")}
    assert any(results[attempt] == "unknown" for attempt in up)


async def test_attempts_are_accounted_for_when_the_link_is_cut(harness: Harness) -> None:
    site = make_site(harness, "cut")
    own = f"{harness.net}.4"
    site.change("settings.yaml", f"host: {harness.net}.1, port: 5038", f"host: {own}, port: 5038")
    rows = await site.imports([person(*who) for who in MIXED])
    async with Relay(own, f"{harness.net}.1").laid(5038) as wire, site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(more_than(store, 3), 20, "most of them are called")
            wire.refuses = True
            wire.cut()
            before = await started(store)
            await until(lambda: '"event": "ami.down"' in server.logged(), 10, "the bridge has noticed")
            cut_at = time.time()
            await until(lambda: any(call.end > cut_at for call in site.carrier()), 20, "a call ends unseen")
            assert await started(store) == before
            wire.refuses = False
            await settle(site, store, SUB, rows, within=60)
            await check_accounts(site, store, SUB)
