"""Two dialers on one store, in any order of steps, on states they may have read long ago: a person has at
most one live attempt, no cap is exceeded, nobody who opted out is dialled, every figure is the ledger's."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_server import Server

from strategies.attempts import Intent, Outcome, Stage
from strategies.campaign import Campaign, Limits, Pass
from strategies.contacts import Contact, Device
from strategies.ledger import recount
from strategies.state import ContactState, Ended, Move, SubCampaign, Wait
from strategies.store import Claim, StaleState, Store
from strategies.vocabulary import Kind, Medium, Refusal, Result, RunState

NOON = 1_784_131_200.0  # 2026-07-15 12:00 in New York
PER_CONTACT, PER_DAY = 2, 3
# Overlaps on purpose: a and b share a number, b and c another, d stands alone.
NUMBERS = {"a": (1, 2), "b": (2, 3), "c": (3,), "d": (4,)}
PEOPLE = {
    name: Contact(
        name, tuple(Device("mobile" if i == 0 else "home", f"+1202555010{n}") for i, n in enumerate(own))
    )
    for name, own in NUMBERS.items()
}
SUBS = ("spring/1", "autumn/1")
RESULTS = (Result.BUSY, Result.NO_ANSWER, Result.CONNECTED_AGENT, Result.DELIVERED_PERSON)
# Not shrunk: each step is a conversation with a real server, and a failure tells its steps as they were.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
_tenants, _attempts = count(1), count(1)
names, subs, dialers = st.sampled_from(sorted(PEOPLE)), st.sampled_from(SUBS), st.integers(0, 1)


@dataclass
class Attempt:
    """What the model knows of an attempt."""

    intent: Intent
    stage: Stage = Stage.INTENT


class TwoDialers(RuleBasedStateMachine):
    """The store against a model of what it may allow."""

    server: Server

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.tenant = f"t{next(_tenants)}"
        self.run = self.server.run
        self.stores = [self._open(), self._open()]
        self.run_state = dict.fromkeys(SUBS, RunState.RUNNING)
        self.attempts: list[Attempt] = []
        self.opted_out: set[str] = set()
        self.lines: list[dict[str, Any]] = []
        self.read_to = "-"
        self.run(self._fill(self.stores[0]))
        # Each dialer's idea of each contact's state, as old as the last time it looked.
        self.seen: list[dict[tuple[str, str], ContactState]] = [{}, {}]
        for dialer in (0, 1):
            for sub in SUBS:
                for name in PEOPLE:
                    self.look(dialer, sub, name)

    def _open(self) -> Store:
        return self.run(Store.open(None, self.server.directory, self.tenant, clock=lambda: self.now))

    async def _fill(self, store: Store) -> None:
        await store.import_contacts("all", list(PEOPLE.values()))
        for name in SUBS:
            defined = Campaign(
                name.split("/", maxsplit=1)[0],
                "service",
                "US",
                "+12125550100",
                "collections",
                (Pass("calls", Medium.AVM), Pass("more", Medium.DIALER)),
                "America/New_York",
                limits=Limits(PER_CONTACT, PER_DAY),
                groups={"opt_out": ("pressed_8",)},
            )
            sub = SubCampaign(name, defined, ("all",), RunState.RUNNING, NOON)
            await store.create_sub(sub)
            await store.enrol(sub, sorted(PEOPLE))

    # what happens

    @rule(dialer=dialers, sub=subs, name=names)
    def look(self, dialer: int, sub: str, name: str) -> None:
        self.seen[dialer][sub, name] = self.run(self.stores[dialer].state(sub, name))

    @rule(
        dialer=dialers, wanted=st.lists(st.tuples(subs, names), min_size=1, max_size=4), allowed=st.booleans()
    )
    def claim(self, dialer: int, wanted: list[tuple[str, str]], allowed: bool) -> None:
        claims = [self._claim(self.seen[dialer][sub, name], sub, name, allowed) for sub, name in wanted]
        states = {key: self._state(*key) for key in wanted}
        answers = self.run(self.stores[dialer].claim(claims, self.now))
        for claim, answer in zip(claims, answers, strict=True):
            key = claim.intent.sub, claim.contact.id
            assert answer == self._expected(claim, states[key])
            if answer is None:
                states[key] = replace(claim.state, version=states[key].version + 1)
                self.attempts.append(Attempt(claim.intent))

    @rule(dialer=dialers, sub=subs, name=names)
    def look_and_claim(self, dialer: int, sub: str, name: str) -> None:
        self.look(dialer, sub, name)
        self.claim(dialer, [(sub, name)], True)

    @rule(dialer=dialers, sub=subs, name=names)
    def call_in_vain(self, dialer: int, sub: str, name: str) -> None:
        """A whole call, so that caps are reached."""
        before = len(self.attempts)
        self.look_and_claim(dialer, sub, name)
        if len(self.attempts) > before:
            self._end(dialer, self.attempts[-1], Result.NO_ANSWER, opts_out=False, again=60.0)

    @precondition(lambda self: self.attempts)
    @rule(dialer=dialers, data=st.data())
    def placed(self, dialer: int, data: st.DataObject) -> None:
        attempt = data.draw(st.sampled_from(self.attempts))
        assert self.run(self.stores[dialer].placed(attempt.intent.attempt)) == (attempt.stage is Stage.INTENT)
        if attempt.stage is Stage.INTENT:
            attempt.stage = Stage.PLACED

    @precondition(lambda self: self.attempts)
    @rule(
        dialer=dialers,
        data=st.data(),
        result=st.sampled_from(RESULTS),
        opts_out=st.integers(0, 19).map(lambda n: n == 0),
        again=st.one_of(st.none(), st.floats(0, 90_000)),
    )
    def end(
        self, dialer: int, data: st.DataObject, result: Result, opts_out: bool, again: float | None
    ) -> None:
        self._end(dialer, data.draw(st.sampled_from(self.attempts)), result, opts_out=opts_out, again=again)

    def _end(
        self, dialer: int, attempt: Attempt, result: Result, *, opts_out: bool, again: float | None
    ) -> None:
        intent = attempt.intent
        state = self._state(intent.sub, intent.contact)
        outcome = Outcome(intent.attempt, result, ("pressed_8",) if opts_out else (), at=self.now)
        after = replace(state, live=None, last_result=result, ended="done" if again is None else None)
        move = Move(after, Ended("done") if again is None else Wait(self.now + again, "retry"))
        due_at = None if again is None else self.now + again
        recorded = self.run(self.stores[dialer].record(intent, outcome, move, due_at, state.version))
        assert recorded == (attempt.stage is not Stage.ENDED)
        if recorded:
            attempt.stage = Stage.ENDED
            self.opted_out |= _of_person(intent.contact) if opts_out else set()

    @precondition(lambda self: any(a.stage is not Stage.ENDED for a in self.attempts))
    @rule(dialer=dialers, data=st.data())
    def end_on_an_old_state(self, dialer: int, data: st.DataObject) -> None:
        going = [a.intent for a in self.attempts if a.stage is not Stage.ENDED]
        intent = data.draw(st.sampled_from(going))
        state = self._state(intent.sub, intent.contact)
        move = Move(replace(state, live=None, ended="done"), Ended("done"))
        outcome = Outcome(intent.attempt, Result.BUSY, at=self.now)
        try:
            self.run(self.stores[dialer].record(intent, outcome, move, None, state.version - 1))
        except StaleState:
            return
        raise AssertionError("an old state was written over a newer one")

    @precondition(lambda self: self.attempts)
    @rule(dialer=dialers, data=st.data())
    def release(self, dialer: int, data: st.DataObject) -> None:
        attempt = data.draw(st.sampled_from(self.attempts))
        released = self.run(self.stores[dialer].release(attempt.intent.attempt, "never asked"))
        assert released == (attempt.stage is not Stage.ENDED)
        if released:
            self.attempts.remove(attempt)

    @rule(dialer=dialers, sub=subs, name=names, reason=st.sampled_from(["outside_window", "no_consent"]))
    def pass_over(self, dialer: int, sub: str, name: str, reason: str) -> None:
        mine, kept = self.seen[dialer][sub, name], self._state(sub, name)
        move = Move(mine, Wait(self.now + 60, reason), ({"kind": Kind.SKIPPED, "reason": reason},))
        written = self.run(self.stores[dialer].put(sub, name, mine.version, move, self.now + 60))
        assert written == (mine.version == kept.version and kept.live is None)

    @rule(sub=subs, state=st.sampled_from([RunState.RUNNING, RunState.RUNNING, RunState.PAUSED]))
    def set_run_state(self, sub: str, state: RunState) -> None:
        assert self.run(self.stores[0].set_run_state(sub, state, by="eve"))
        self.run_state[sub] = state

    @rule(hours=st.integers(1, 8))
    def wait(self, hours: int) -> None:
        self.now += hours * 3600.0

    @rule(dialer=dialers)
    def restart(self, dialer: int) -> None:
        """A dialer is killed and comes back: nothing it knew is needed."""
        self.run(self.stores[dialer].close())
        self.stores[dialer] = self._open()

    # what must hold

    @invariant()
    def one_live_attempt_per_person(self) -> None:
        live = self.run(self.stores[0].live())
        assert {intent.attempt: stage for intent, stage in live} == {
            known.intent.attempt: known.stage for known in self.attempts if known.stage is not Stage.ENDED
        }
        held = Counter(number for intent, _ in live for number in PEOPLE[intent.contact].numbers())
        assert all(times == 1 for times in held.values())

    @invariant()
    def no_cap_is_exceeded(self) -> None:
        for number in {n for contact in PEOPLE.values() for n in contact.numbers()}:
            assert self._on_day(number) <= PER_DAY
            assert all(self._in_sub(sub, number) <= PER_CONTACT for sub in SUBS)

    @invariant()
    def every_figure_is_the_ledgers(self) -> None:
        for self.read_to, line in self.run(self.stores[0].ledger(self.read_to)):  # noqa: B020
            self.lines.append(line)
        for sub in SUBS:
            own = [line for line in self.lines if line.get("campaign") == sub]
            assert asdict(self.run(self.stores[1].counters(sub))) == asdict(recount(own))

    def teardown(self) -> None:
        for store in getattr(self, "stores", []):
            self.run(store.close())

    # the model

    def _state(self, sub: str, name: str) -> ContactState:
        return self.run(self.stores[0].state(sub, name))

    def _claim(self, state: ContactState, sub: str, name: str, allowed: bool) -> Claim:
        attempt, contact = f"sp-{next(_attempts)}", PEOPLE[name]
        intent = Intent(
            attempt,
            sub,
            name,
            "calls",
            Medium.AVM,
            contact.devices[0],
            "collections",
            "+12125550100",
            self.now,
        )
        claimed = replace(state, live=attempt, attempts=state.attempts + 1)
        return Claim(intent, contact, claimed, state.version, allowed=allowed)

    def _expected(self, claim: Claim, state: ContactState) -> Refusal | None:
        sub, numbers = claim.intent.sub, claim.contact.numbers()
        held = {
            n for a in self.attempts if a.stage is not Stage.ENDED for n in PEOPLE[a.intent.contact].numbers()
        }
        checks = (
            (self.run_state[sub] is not RunState.RUNNING, Refusal.NOT_RUNNING),
            (claim.expected_version != state.version or state.live is not None, Refusal.STALE),
            (bool(self.opted_out & set(numbers)), Refusal.DO_NOT_CALL),
            (not claim.allowed, Refusal.NOT_ALLOWED_NUMBER),
            (bool(held & set(numbers)), Refusal.PERSON_BUSY),
            (any(self._in_sub(sub, n) >= PER_CONTACT for n in numbers), Refusal.PERSON_USED_UP),
            (any(self._on_day(n) >= PER_DAY for n in numbers), Refusal.CAP_PERSON),
        )
        return next((refusal for holds, refusal in checks if holds), None)

    def _of(self, number: str) -> list[Intent]:
        return [a.intent for a in self.attempts if number in PEOPLE[a.intent.contact].numbers()]

    def _in_sub(self, sub: str, number: str) -> int:
        return sum(intent.sub == sub for intent in self._of(number))

    def _on_day(self, number: str) -> int:
        day = (self.now + 12 * 3600 - NOON) // 86_400  # New York keeps its clocks in these weeks
        return sum((intent.at + 12 * 3600 - NOON) // 86_400 == day for intent in self._of(number))


def _of_person(name: str) -> set[str]:
    """The numbers of a contact, and of those who share one with it."""
    own = set(PEOPLE[name].numbers())
    return {n for one in PEOPLE.values() if own & set(one.numbers()) for n in one.numbers()}


def test_two_dialers_never_break_the_promises() -> None:
    runs = int(os.environ.get("SECONDPASS_MACHINE_RUNS", "12"))
    machine = type("Machine", (TwoDialers,), {"server": Server()})
    machine.TestCase.settings = settings(  # type: ignore[attr-defined]
        max_examples=runs, stateful_step_count=50, suppress_health_check=list(HealthCheck), phases=PHASES
    )
    try:
        machine.TestCase().runTest()  # type: ignore[attr-defined]
    finally:
        machine.server.close()  # type: ignore[attr-defined]
