"""Whatever is done with lists while a campaign calls their people, in any order: nobody of a paused or
detached list is taken, everybody waits in one place or is called or has ended, and every figure is the
ledger's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from machine_server import Server

from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign, Limits, Pass, Retry
from strategies.contacts import Contact, Device
from strategies.engine import advance, claimed, ended, refused
from strategies.ledger import recount
from strategies.state import ContactState, Dial, SubCampaign, due_at
from strategies.store import Claim, Store, StoreError
from strategies.vocabulary import Medium, Result, RunState

NOON = 1_784_131_200.0  # 2026-07-15 12:00 in New York
LISTS = ("red", "green", "blue")
PEOPLE = [Contact(f"{n:02}", (Device("mobile", f"+120255501{n:02}"),)) for n in range(12)]
MEMBERS = {"red": PEOPLE[:5], "green": PEOPLE[4:9], "blue": PEOPLE[8:]}  # some are on two lists
CAMPAIGN = Campaign(
    "spring",
    "service",
    "US",
    "+12125550100",
    "collections",
    (
        Pass("call", Medium.AVM, retry={Result.BUSY: Retry((60.0,), "end_pass")}),
        Pass("again", Medium.DIALER, start="contact"),
    ),
    "America/New_York",
    limits=Limits(unknown_cool_down=600.0),
)
RESULTS = (Result.BUSY, Result.NO_ANSWER, Result.CONNECTED_AGENT, Result.UNKNOWN)
lists = st.sampled_from(LISTS)
steps = st.one_of(
    st.tuples(st.just("attach"), lists, st.sampled_from((None, 0.5, 3.0))),
    st.tuples(st.sampled_from(("detach", "pause", "resume", "turn", "rouse", "wait")), lists, st.none()),
    st.tuples(st.just("move"), lists, lists),
    st.tuples(st.just("call"), st.none(), st.integers(1, 3)),
    st.tuples(st.sampled_from(("end", "undo")), st.sampled_from(RESULTS), st.integers(0, 5)),
)
NOT_THERE = re.compile("attach it first|is over")
# Not shrunk: each step is a conversation with a real server, and a failure tells its steps as they were.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
_tenants, _attempts = count(1), count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


class Play:
    """One sub-campaign, its lists, and who is being called."""

    def __init__(self, store: Store, sub: SubCampaign) -> None:
        self.store, self.name, self.now = store, sub.name, NOON
        self.live: list[Intent] = []

    async def sub(self) -> SubCampaign:
        found = await self.store.sub(self.name)
        assert found is not None
        return found

    async def step(self, what: str, first: Any, second: Any) -> None:
        try:
            await getattr(self, what)(first, second)
        except StoreError as error:
            assert NOT_THERE.search(str(error)), error  # noqa: PT017  the refusals there are here

    async def attach(self, name: str, weight: float | None) -> None:
        ids = await self.store.list_members(name)
        await self.store.attach(self.name, name, ids, weight=weight, by="eve")

    async def detach(self, name: str, _: None) -> None:
        await self.store.detach(self.name, name, by="eve")

    async def pause(self, name: str, _: None) -> None:
        await self.store.set_attachment(self.name, name, paused=True, by="eve")

    async def resume(self, name: str, _: None) -> None:
        await self.store.set_attachment(self.name, name, paused=False, by="eve")

    async def move(self, old: str, new: str) -> None:
        if old != new and old in (await self.sub()).attached:
            who = (await self.store.list_members(old))[:2]
            await self.store.know_list(self.name, new)
            await self.store.relist(self.name, old, new, who)
            await self.store.move_members(old, new, who)

    async def turn(self, _: str, __: None) -> None:
        subs = SubCampaigns(self.store)
        await subs.refresh()
        await subs.turn(self.now)

    async def rouse(self, _: str, __: None) -> None:
        await self.store.rouse(self.name, self.now, 100)

    async def wait(self, _: str, __: None) -> None:
        self.now += 700

    async def call(self, _: None, how_many: int) -> None:
        sub = await self.sub()
        for contact, state in await self.store.due(self.name, self.now, how_many):
            move = advance(contact, state, sub, self.now)
            if isinstance(move.step, Dial) and not move.lines:
                await self._claim(sub, contact, replace(move.state, version=state.version), move.step)
            else:
                await self.store.put(self.name, contact.id, state.version, move, due_at(move.step, self.now))

    async def _claim(self, sub: SubCampaign, contact: Contact, state: ContactState, dial: Dial) -> None:
        attempt = f"sp-{next(_attempts):026}"
        medium = sub.campaign.find(dial.pass_name).medium
        intent = Intent(
            attempt, self.name, contact.id, dial.pass_name, medium, dial.device, "collections", "", self.now
        )
        claim = Claim(intent, contact, claimed(state, dial, attempt, self.now, sub), state.version)
        [refusal] = await self.store.claim([claim], self.now)
        if refusal is None:
            how = sub.attachment(state.list)
            assert how is not None
            assert not how.paused
            assert not how.detached
            self.live.append(intent)
        else:
            move = refused(contact, state, sub, refusal, self.now)
            await self.store.put(self.name, contact.id, state.version, move, due_at(move.step, self.now))

    async def end(self, result: Result, which: int) -> None:
        if self.live:
            intent = self.live.pop(which % len(self.live))
            contact, state = PEOPLE[int(intent.contact)], await self.store.state(self.name, intent.contact)
            assert state is not None
            outcome = Outcome(intent.attempt, result, at=self.now)
            move = ended(contact, state, await self.sub(), intent, outcome, self.now)
            assert await self.store.record(intent, outcome, move, due_at(move.step, self.now), state.version)

    async def undo(self, _: Result, which: int) -> None:
        if self.live:
            assert await self.store.release(self.live.pop(which % len(self.live)).attempt, "not_sent")

    async def check(self) -> None:
        figures = await self.store.counters(self.name)
        told = [line for _, line in await self.store.ledger(count=10_000)]
        assert recount(told) == figures
        ids = [contact.id for contact in PEOPLE]
        states = dict(zip(ids, await self.store.states(self.name, ids), strict=True))
        here = {identity: state for identity, state in states.items() if state is not None}
        waiting = Counter(contact.id for contact, _ in await self.store.waiting(self.name, 100))
        assert waiting == Counter(i for i, s in here.items() if s.ended is None and s.live is None)
        assert {i for i, s in here.items() if s.live} == {intent.contact for intent in self.live}
        assert figures.in_progress == len(self.live)
        assert (figures.contacts, figures.ended) == (len(here), sum(bool(s.ended) for s in here.values()))


async def played(store: Store, plan: list[tuple[str, Any, Any]]) -> None:
    for name, members in MEMBERS.items():
        await store.import_contacts(name, members)
    sub = SubCampaign("spring/1", CAMPAIGN, ("red",), RunState.RUNNING, created=NOON)
    await store.create_sub(sub)
    await store.enrol(sub, [contact.id for contact in MEMBERS["red"]])
    play = Play(store, sub)
    for step in plan:
        await play.step(*step)
        await play.check()
    while play.live:
        await play.end(Result.NO_ANSWER, 0)
    await store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    for _ in range(2):
        await play.turn("", None)
    await play.check()
    assert await store.open_subs() == []
    figures = await store.counters(sub.name)
    assert figures.contacts == figures.ended == sum(figures.ended_by.values())
    await store.close()


@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(plan=st.lists(steps, max_size=25))
def test_lists_change_hands_in_any_order(server: Server, plan: list[tuple[str, Any, Any]]) -> None:
    store = server.run(Store.open(None, server.directory, f"t{next(_tenants)}", clock=lambda: NOON))
    server.run(played(store, plan))
