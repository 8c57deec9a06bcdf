"""Decisions on real calls: what each case changes, what the agent is told, and that the next call is decided
by what came of the last ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest
from accounts import Ledger, ledger, of_kind
from harness import Harness
from harness_records import CallsIn
from people import LIKELY, UNLIKELY
from secondpass_server import Server, Site, make_site, own_number, person, until
from telephony_wire import Ami, Message

from models.registry import current_version
from strategies.store.learning import Example

HOOK = """
; An admin's IVR and queue around the hook, telling what an agent's screen is told.
exten => 5010,1,Answer()
 same => n,Set(SP_INTENT=savings)
 same => n,Gosub(secondpass-segment,s,1)
 same => n,Set(WAS=${SP_FIRST_SEGMENT} ${SP_SEGMENT} ${SP_OBJECTIVE} ${SP_PRIORITY} ${SP_QUEUE} ${SP_OFFER})
 same => n,Set(WHO=${SP_CUSTOMER},Call: ${SP_DECISION})
 same => n,UserEvent(Screen,Who: ${WHO},Was: ${WAS},Prompt: ${SP_PROMPT},Why: ${SP_WHY})
 same => n,Set(QUEUE_PRIO=0${FILTER(0-9,${SP_PRIORITY})})
 same => n,Queue(${FILTER(A-Za-z0-9,${SP_QUEUE})})
; The same where the IVR asks for the account.
exten => 5011,1,Set(SP_ACCOUNT=P1)
 same => n,Goto(5010,1)
"""
KNOWN = {
    "marital": "married",
    "education": "university.degree",
    "default": "no",
    "housing": "no",
    "loan": "no",
    "contact": "cellular",
}
PROMPT = "Likely to open a term deposit. Ask about maturity dates first."


@dataclass
class Told:
    """What the dialplan was told of a call."""

    who: str
    call: str
    was: str
    prompt: str
    why: str


@dataclass
class Desk:
    """A site, and calls from its people."""

    harness: Harness
    ami: Ami
    site: Site
    likely: str
    unlikely: str

    async def call(self, *numbers: str, extension: str = "5010") -> list[Told]:
        """Real calls, one after the other, answered by agents."""
        before = len(self.ami.events)
        counted = await asyncio.to_thread(self.harness.call_in, numbers, 2, 3, extension)
        assert counted == CallsIn(len(numbers), len(numbers), 0)

        def screens() -> list[Message]:
            return self.ami.seen("UserEvent", before, UserEvent="Screen")

        await until(lambda: len(screens()) == len(numbers), 5, "every call is told of")
        events = screens()
        return [Told(*(e[name] for name in ("Who", "Call", "Was", "Prompt", "Why"))) for e in events]

    async def edit(self, old: str, new: str) -> None:
        """Change segments.yaml while the server runs, and wait until it goes by it."""
        async with self.site.store() as store:
            since = (await store.configurations())["agi"].since
            self.site.change("segments.yaml", old, new)

            async def taken() -> bool:
                return (await store.configurations())["agi"].since > since

            await until(taken, 20, "the server goes by the new segments")

    async def ledger(self) -> Ledger:
        async with self.site.store() as store:
            return await ledger(store)


@pytest.fixture(scope="module")
def site(harness: Harness) -> Site:
    harness.add_dialplan("decisions", HOOK)
    site = make_site(harness, "decisions", segments=True)
    site.change("segments.yaml", "deadline: 150ms", "deadline: 150ms\nfactors: {age: number, job: category}")
    return site


@pytest.fixture(scope="module")
async def people(site: Site) -> list[dict[str, str]]:
    return await site.imports(
        [person("202", **KNOWN, **LIKELY), person("202", **KNOWN, **UNLIKELY), person("202", **KNOWN)]
    )


@pytest.fixture(scope="module")
async def serving(site: Site, people: list[dict[str, str]]) -> AsyncIterator[Server]:
    with Server(site) as server:
        await server.ready()
        yield server


@pytest.fixture
async def desk(harness: Harness, ami: Ami, site: Site, people: list[dict[str, str]], serving: Server) -> Desk:
    return Desk(harness, ami, site, people[0]["mobile"], people[1]["mobile"])


async def test_a_likely_customer_goes_to_sales_and_is_standard_again_afterwards(desk: Desk) -> None:
    [told] = await desk.call(desk.likely)
    assert told.was == "standard prospect grow_revenue 10 sales term_deposit"
    assert (told.who, told.prompt) == ("P0", PROMPT)
    assert told.why.startswith("better segment accepts_offer ")
    entered = [entry.queue for entry in desk.harness.queue_log() if entry.call == told.call]
    assert set(entered) == {"sales"}
    async with desk.site.store() as store:
        assert (await store.caller(desk.likely)).segment == "standard"

        async def over() -> bool:
            return (await store.caller(desk.likely)).past.calls == 1

        await until(over, 10, "the call's end is known to the next one")
    [again] = await desk.call(desk.likely)
    assert again.was.split()[:2] == ["standard", "prospect"]
    [ended] = [line for line in of_kind(await desk.ledger(), "call_over") if line["interaction"] == told.call]
    assert (ended["result"], ended["customer"], ended["queue"]) == ("connected", "P0", "sales")


async def test_below_the_threshold_nothing_changes(desk: Desk) -> None:
    [told] = await desk.call(desk.unlikely)
    assert told.was.split() == ["standard", "standard", "contain_cost", "0", "service"]
    assert (told.prompt, told.why.partition(" accepts")[0]) == ("", "no candidate")
    [decision] = [
        line for line in of_kind(await desk.ledger(), "decision") if line["interaction"] == told.call
    ]
    assert decision["decision"]["second"] is None


async def test_who_keys_in_an_account_is_that_customer_and_what_was_known_is_logged(desk: Desk) -> None:
    [told] = await desk.call(desk.likely, extension="5011")
    assert told.who == "P1"
    lines = of_kind(await desk.ledger(), "call_entered")
    [factors] = [line["factors"] for line in lines if line["interaction"] == told.call]
    assert (factors["intent"], factors["channel"], factors["dialled"]) == ("savings", "inbound", "5011")
    assert factors["age"] == 38
    assert {"hour", "queue_waiting", "queue_agents_free", "calls"} <= factors.keys()


async def test_to_a_segment_of_the_same_objective_the_change_is_recorded_and_routing_stays(
    desk: Desk,
) -> None:
    await desk.edit("objective: grow_revenue", "objective: contain_cost")
    try:
        [told] = await desk.call(desk.likely)
    finally:
        await desk.edit("rank: 3\n    objective: contain_cost", "rank: 3\n    objective: grow_revenue")
    assert told.was.split() == ["standard", "standard", "contain_cost", "0", "service"]
    [moved] = [
        line for line in of_kind(await desk.ledger(), "re_associated") if line["interaction"] == told.call
    ]
    assert (moved["decision"]["reason"], moved["decision"]["second"]) == ("same_objective", "prospect")


async def test_while_the_guard_is_full_customers_stay_where_they_are(desk: Desk) -> None:
    await desk.edit("{limit: 100%, per: 5m}", "{limit: 0%, per: 5m}")
    try:
        [told] = await desk.call(desk.likely)
    finally:
        await desk.edit("{limit: 0%, per: 5m}", "{limit: 100%, per: 5m}")
    assert told.was.split()[:2] == ["standard", "standard"]
    assert told.why.startswith("share reached")


async def test_outcomes_come_in_a_renewal_is_published_and_the_next_call_is_decided_by_it(desk: Desk) -> None:
    async with desk.site.store() as store:
        upto = await store.read_upto() or "0-1"
        await store.keep_examples([("live_offers", one) for one in earlier(1_999)], upto)
    await desk.edit("model: accepts_offer", "model: live_offers")
    try:
        [told] = await desk.call(desk.likely)
        assert told.was.split()[:2] == ["standard", "standard"], "no model foretells anything yet"
        await desk.site.does("agent", "note", told.call, "--achieved", "yes", "--agent", "PJSIP/agent01")
        registry = [desk.site.data / "models"]
        await until(lambda: current_version("live_offers", registry), 60, "a renewal is published")
        version = current_version("live_offers", registry)
        await until(lambda: swapped(desk.site, version), 10, "the server answers with it")
        likely, unlikely = await desk.call(desk.likely, desk.unlikely)
    finally:
        await desk.edit("model: live_offers", "model: accepts_offer")
    assert likely.was.split()[:2] == ["standard", "prospect"]
    assert unlikely.was.split()[:2] == ["standard", "standard"]
    lines = [
        line["decision"]
        for line in await desk.ledger()
        if line.get("interaction") == likely.call and "decision" in line
    ]
    assert lines[0]["predictions"]["accepts_offer"]["version"] == version


def swapped(site: Site, version: str) -> bool:
    lines = site.log.read_text(encoding="utf-8").splitlines()
    return any('"event": "model.swapped"' in line and version in line for line in lines)


def earlier(rows: int) -> list[Example]:
    """Calls in which those who are retired accept six times in ten, and the others next to never."""
    rng = np.random.default_rng(5)
    jobs = rng.choice(["blue-collar", "retired"], rows)
    said = rng.random(rows) < np.where(jobs == "retired", 0.6, 0.03)
    return [
        Example(f"old.{n}", float(n), {"job": str(job), "channel": "inbound"}, bool(yes))
        for n, (job, yes) in enumerate(zip(jobs, said, strict=True))
    ]


async def test_nobody_unknown_is_taken_for_a_customer(desk: Desk) -> None:
    number = own_number("202")
    [told] = await desk.call(number)
    assert (told.who, told.was.split()[0]) == (number, "standard")


async def test_a_person_we_called_is_decided_when_they_answer(desk: Desk) -> None:
    await desk.site.does("campaign", "start", "demo")

    async def decided() -> bool:
        return any(line["customer"] == "P0" for line in answered(await desk.ledger()))

    await until(decided, 40, "the likely one has answered")
    await desk.site.does("campaign", "stop", "demo")
    lines = await desk.ledger()
    [entered] = [line for line in answered(lines) if line["customer"] == "P0"]
    assert (entered["factors"]["channel"], entered["factors"]["dialled"]) == ("outbound", "demo")
    decisions = [
        line for line in of_kind(lines, "re_associated") if line["interaction"] == entered["interaction"]
    ]
    assert [line["decision"]["second"] for line in decisions] == ["prospect"]
    started = {line["attempt"]: line["contact"] for line in of_kind(lines, "attempt_started")}
    assert started[entered["interaction"]] == "P0"


def answered(lines: Ledger) -> Ledger:
    """What was known of people we called when they answered."""
    return [line for line in of_kind(lines, "call_entered") if line["interaction"].startswith("sp-")]
