"""Two sub-campaigns over the same people, run by the engine and the real functions of the store through two
dialers that look and claim at any distance, while people opt out, lists are paused, overrides come and go:
no limit is ever exceeded, nobody is reached outside their hours, an override leaves no trace, and everybody
ends with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time
from itertools import count
from zoneinfo import ZoneInfo

from campaign_stage import (
    DEVICES,
    LIMITS,
    LISTS,
    MONDAY,
    PEOPLE,
    SUBS,
    Worker,
    filled,
    overridden,
    sub_campaign,
)
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_server import Server

from strategies.attempts import Intent, Outcome
from strategies.ledger import recount
from strategies.overrides import Override
from strategies.store import Store
from strategies.vocabulary import VOICE, Kind, Medium, Result, RunState, Trigger

HOUR, DAY = 3600.0, 86_400.0
CALLS = (
    Result.BUSY,
    Result.NO_ANSWER,
    Result.BAD_DEVICE,
    Result.HANGUP_IN_SCRIPT,
    Result.CONNECTED_AGENT,
    Result.MACHINE_HANGUP,
    Result.UNKNOWN,
)
NEVER_CONNECTED = (Result.BUSY, Result.CONGESTION, Result.BAD_DEVICE, Result.FAILED)
NEW_YORK = ZoneInfo("America/New_York")
HOURS = {SUBS[0]: (time(8), time(21)), SUBS[1]: (time(9), time(17))}
_tenants, _attempts = count(1), count(1)
names, subs, dialers = st.sampled_from(sorted(PEOPLE)), st.sampled_from(SUBS), st.integers(0, 1)


@dataclass
class Attempt:
    """What the model knows of an attempt; `result` None while it is live."""

    intent: Intent
    result: Result | None = None


class TwoDialers(RuleBasedStateMachine):
    """The engine and the store against a model of what may happen."""

    server: Server

    @initialize(hours=st.integers(-6, 6))
    def begin(self, hours: int) -> None:
        self.now = MONDAY + hours * HOUR
        self.run = self.server.run
        tenant = f"t{next(_tenants)}"
        self.workers = [self._worker(tenant) for _ in range(2)]
        self.store = self.workers[0].store
        self.run(filled(self.store))
        self.run_state = dict.fromkeys(SUBS, RunState.RUNNING)
        self.paused: set[tuple[str, str]] = set()
        self.detached: set[tuple[str, str]] = set()
        self.overrides: list[Override] = []
        self.attempts: list[Attempt] = []
        self.suppressed: set[str] = set()
        self.of_campaign: set[tuple[str, str]] = set()
        self.prefixes: set[str] = set()
        self.unwilling: set[str] = set()
        self.spoken: list[tuple[frozenset[str], str | None, float]] = []

    def _worker(self, tenant: str) -> Worker:
        store = self.run(Store.open(None, self.server.directory, tenant, clock=lambda: self.now))
        return Worker(store, lambda: self.now, lambda: f"sp-{next(_attempts)}")

    # what the dialers do

    @rule(dialer=dialers)
    def look(self, dialer: int) -> None:
        self.run(self.workers[dialer].look())

    @rule(dialer=dialers)
    def claim(self, dialer: int) -> None:
        for intent in self.run(self.workers[dialer].claim()):
            self._check(intent)
            self.attempts.append(Attempt(intent))

    @rule(dialer=dialers)
    def look_and_claim(self, dialer: int) -> None:
        self.look(dialer)
        self.claim(dialer)

    @rule(dialer=dialers, between=st.integers(0, 7), name=names, sub=subs, minutes=st.integers(30, 600))
    def claim_what_holds_no_more(self, dialer: int, between: int, name: str, sub: str, minutes: int) -> None:
        """Something comes between a decision, once there is one to take, and its claim."""
        for _ in range(24):
            self.look(dialer)
            if self.workers[dialer].decided:
                break
            self.now += HOUR
        happenings: list[Callable[[], object]] = [
            lambda: self.wait(minutes),
            lambda: self.override(0, 2),
            lambda: (self.override(1, 2), self.wait(90)),
            lambda: self.pause_list(sub, LISTS[0], True),
            lambda: self.set_run_state(sub, RunState.PAUSED),
            lambda: self.do_not_call(name, sub),
            lambda: self.withdraw_consent(name),
            lambda: self.forbid_prefix("+12025550102", False),
        ]
        happenings[between]()
        self.claim(dialer)

    @precondition(lambda self: self._live())
    @rule(dialer=dialers, data=st.data(), seconds=st.integers(1, 300), result=st.sampled_from(CALLS))
    def end(self, dialer: int, data: st.DataObject, seconds: int, result: Result) -> None:
        said = data.draw(st.sampled_from([(), (), (), (), ("pressed_1",), ("pressed_8",)]))
        self._end(dialer, data.draw(st.sampled_from(self._live())), result, said, seconds)

    @precondition(lambda self: self._live())
    @rule(dialer=dialers, data=st.data())
    def release(self, dialer: int, data: st.DataObject) -> None:
        attempt = data.draw(st.sampled_from(self._live()))
        assert self.run(self.workers[dialer].store.release(attempt.intent.attempt, "never asked"))
        self.attempts.remove(attempt)

    @rule(minutes=st.sampled_from([1, 10, 60, 180, 720, 1440]))
    def wait(self, minutes: int) -> None:
        self.now += minutes * 60.0

    # what people do

    @rule(name=names, of=st.sampled_from([None, None, *SUBS]))
    def do_not_call(self, name: str, of: str | None) -> None:
        address = DEVICES[name][-1][1]
        campaign = None if of is None else of.partition("/")[0]
        self.run(self.store.do_not_call([address], reason="a letter", by="eve", campaign=campaign))
        if of is None:
            self.suppressed.add(address)
        else:
            self.of_campaign.add((of, address))

    @rule(prefix=st.sampled_from(["+1213", "+12025550102"]), away=st.booleans())
    def forbid_prefix(self, prefix: str, away: bool) -> None:
        if away:
            self.run(self.store.allow_prefixes([prefix], reason="over", by="eve"))
            self.prefixes.discard(prefix)
        else:
            self.run(self.store.forbid_prefixes([prefix], reason="a storm", by="eve"))
            self.prefixes.add(prefix)

    @rule(name=names)
    def withdraw_consent(self, name: str) -> None:
        listed = LISTS[sorted(PEOPLE).index(name) // 2]
        self.run(self.store.import_contacts(listed, [replace(PEOPLE[name], consent={"basis": "none"})]))
        self.unwilling.add(name)

    @rule(name=st.sampled_from(["ann", "bea", "cy"]))
    def calls_in_and_speaks(self, name: str) -> None:
        self.run(self.store.spoke(DEVICES[name][0][1], self.now))
        self.spoken.append((_numbers(name), None, self.now))

    @rule(sub=subs, state=st.sampled_from([RunState.RUNNING, RunState.PAUSED]))
    def set_run_state(self, sub: str, state: RunState) -> None:
        if self.run(self.store.set_run_state(sub, state, by="eve")):
            self.run_state[sub] = state

    @rule(sub=subs, listed=st.sampled_from(LISTS), paused=st.booleans())
    def pause_list(self, sub: str, listed: str, paused: bool) -> None:
        if (sub, listed) not in self.detached and not self._over(sub):
            self.run(self.store.set_attachment(sub, listed, paused=paused, by="eve"))
            (self.paused.add if paused else self.paused.discard)((sub, listed))

    @rule(sub=subs, rare=st.integers(0, 3))
    def detach_list(self, sub: str, rare: int) -> None:
        if rare == 0 and (sub, LISTS[1]) not in self.detached and not self._over(sub):
            self.run(self.store.detach(sub, LISTS[1], by="eve"))
            self.detached.add((sub, LISTS[1]))

    @rule(begins=st.integers(0, 3), hours=st.integers(1, 5))
    def override(self, begins: int, hours: int) -> None:
        at = self.now + begins * HOUR
        made = self.run(overridden(self.store, SUBS[0], at, at + hours * HOUR, self.now))
        self.overrides += [made] if made is not None else []

    # what must hold

    @invariant()
    def one_live_attempt_per_person(self) -> None:
        live = [intent for intent, _ in self.run(self.store.live())]
        assert {one.attempt for one in live} == {one.intent.attempt for one in self._live()}
        held = [mark for intent in live for mark in _marks(intent.contact)]
        assert len(held) == len(set(held))

    @invariant()
    def an_override_holds_for_its_time_and_no_longer(self) -> None:
        sub = self.run(self.workers[1].store.sub(SUBS[0]))
        medium = Medium.TEXT if self._in_force(self.now) else Medium.AVM
        assert sub.overrides == self._in_force(self.now)
        assert sub.campaign.find("calls").medium is medium
        if medium is Medium.AVM:
            assert sub.campaign == sub_campaign(SUBS[0]).campaign

    def teardown(self) -> None:
        try:
            if hasattr(self, "spoken"):  # the last thing that `begin` makes
                self._to_the_end()
        finally:
            for worker in getattr(self, "workers", []):
                self.run(worker.store.close())

    def _to_the_end(self) -> None:
        """Whatever was in the way is taken out of it; then everybody comes to an end, each with a reason."""
        for sub in SUBS:
            self.set_run_state(sub, RunState.RUNNING)
            for listed in LISTS:
                self.pause_list(sub, listed, False)
        for step in range(400):
            for attempt in self._live():
                self._end(0, attempt, Result.NO_ANSWER, (), 30)
            self.look_and_claim(step % 2)
            if not self._live() and not self._waiting():
                break
            self.now += 600.0 if self._live() or step % 8 else 6 * HOUR
        assert self._waiting() == []
        self._recount()

    def _waiting(self) -> list[tuple[str, str]]:
        states = {sub: self.run(self.store.states(sub, sorted(PEOPLE))) for sub in SUBS}
        return [
            (sub, name)
            for sub, found in states.items()
            for name, state in zip(sorted(PEOPLE), found, strict=True)
            if not state.ended
        ]

    def _recount(self) -> None:
        """Every figure is the ledger's, and each contact's last end says why."""
        lines, after = [], "-"
        while page := self.run(self.store.ledger(after)):
            lines += [line for _, line in page]
            after = page[-1][0]
        for sub in SUBS:
            own = [line for line in lines if line.get("campaign") == sub]
            assert asdict(self.run(self.store.counters(sub))) == asdict(recount(own))
            ends = {line["contact"]: line["reason"] for line in own if line["kind"] == Kind.CONTACT_ENDED}
            states = self.run(self.store.states(sub, sorted(PEOPLE)))
            assert {name: s.ended for name, s in zip(sorted(PEOPLE), states, strict=True)} == ends
        begun = [line["override"] for line in lines if line["kind"] == Kind.OVERRIDE_BEGAN]
        over = [line["override"] for line in lines if line["kind"] == Kind.OVERRIDE_ENDED]
        assert len(begun) == len(set(begun))
        assert len(over) == len(set(over))
        assert set(over) <= set(begun)  # one in force when its sub-campaign was over ended with it

    # the model

    def _over(self, sub: str) -> bool:
        return self.run(self.store.sub(sub)).run_state in (RunState.STOPPED, RunState.COMPLETED)

    def _live(self) -> list[Attempt]:
        return [one for one in self.attempts if one.result is None]

    def _in_force(self, at: float) -> tuple[str, ...]:
        lasting = sorted(self.overrides, key=lambda one: one.at)
        return tuple(one.id for one in lasting if one.at <= at < one.until)

    def _end(
        self, dialer: int, attempt: Attempt, result: Result, said: tuple[str, ...], seconds: int
    ) -> None:
        intent, at = attempt.intent, self.now + seconds
        voice = intent.medium in VOICE
        if not voice:
            result, said = Result.SENT, ()
        if said and result not in (Result.CONNECTED_AGENT, Result.HANGUP_IN_SCRIPT):
            result = Result.DELIVERED_NO_SUCCESS if said == ("pressed_8",) else Result.DELIVERED_PERSON
        lost = (Trigger.HANGUP_IN_SCRIPT,) if result is Result.HANGUP_IN_SCRIPT and not said else ()
        self.now = at
        assert self.run(self.workers[dialer].end(intent, Outcome(intent.attempt, result, said, lost, at)))
        attempt.result = result
        if voice and (said or result is Result.CONNECTED_AGENT):
            self.spoken.append((_marks(intent.contact), intent.debt, at))
        if "pressed_8" in said:
            sharing = [name for name in PEOPLE if _numbers(name) & _numbers(intent.contact)]
            self.suppressed |= {a for name in (*sharing, intent.contact) for _, a in DEVICES[name]}

    def _check(self, intent: Intent) -> None:
        """Nothing stands against an attempt that was granted now."""
        own, sub, dialled = {a for _, a in DEVICES[intent.contact]}, intent.sub, intent.device.address
        listed = LISTS[sorted(PEOPLE).index(intent.contact) // 2]
        assert self.run_state[sub] is RunState.RUNNING
        assert (sub, listed) not in self.paused | self.detached
        assert not own & self.suppressed
        assert not {(sub, address) for address in own} & self.of_campaign
        assert not dialled.startswith(tuple(self.prefixes))
        assert intent.pass_name != "calls" or intent.contact not in self.unwilling
        assert intent.overrides == (self._in_force(self.now) if sub == SUBS[0] else ())
        self._check_hours(intent)
        self._check_caps(intent)

    def _check_hours(self, intent: Intent) -> None:
        opens, closes = HOURS[intent.sub]
        zone = PEOPLE[intent.contact].zone or "America/New_York"
        assert opens <= datetime.fromtimestamp(self.now, ZoneInfo(zone)).time() < closes

    def _check_caps(self, intent: Intent) -> None:
        marks, today = _marks(intent.contact), datetime.fromtimestamp(self.now, NEW_YORK).date()
        same = [one for one in self.attempts if marks & _marks(one.intent.contact)]
        on_day = [one for one in same if datetime.fromtimestamp(one.intent.at, NEW_YORK).date() == today]
        assert not any(one.result is None for one in same)
        for mark in marks:
            assert _of(mark, on_day) < _cap(LIMITS.attempts_per_day)
            assert _of(mark, [o for o in same if o.intent.sub == intent.sub]) < _cap(
                LIMITS.attempts_per_contact
            )
        dialled = [one for one in on_day if one.intent.device.address == intent.device.address]
        assert len(dialled) < _cap(LIMITS.attempts_per_number_per_day)
        if intent.medium in VOICE:
            about = [one for one in same if one.intent.debt == intent.debt and _counts(one, self.now)]
            assert len(about) < _cap(LIMITS.debt_calls)
            for theirs, debt, at in self.spoken:
                if theirs & marks and debt in (None, intent.debt):
                    assert self.now >= at + LIMITS.debt_silence


def _numbers(name: str) -> frozenset[str]:
    return frozenset(address for kind, address in DEVICES[name] if kind != "email")


def _marks(name: str) -> frozenset[str]:
    """What two people must share to be one for locks and caps."""
    return _numbers(name) | {name}


def _of(mark: str, attempts: list[Attempt]) -> int:
    return sum(mark in _marks(one.intent.contact) for one in attempts)


def _counts(one: Attempt, now: float) -> bool:
    """Whether an attempt is a call about its debt that still counts."""
    recent = one.intent.at > now - LIMITS.debt_within
    return one.intent.medium in VOICE and recent and one.result not in NEVER_CONNECTED


def _cap(cap: int | None) -> int:
    assert cap is not None
    return cap


def test_a_campaign_never_breaks_its_promises_and_comes_to_an_end() -> None:
    runs = int(os.environ.get("SECONDPASS_MACHINE_RUNS", "8"))
    machine = type("Machine", (TwoDialers,), {"server": Server()})
    machine.TestCase.settings = settings(  # type: ignore[attr-defined]
        max_examples=runs,
        stateful_step_count=40,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        deadline=None,
    )
    try:
        machine.TestCase().runTest()  # type: ignore[attr-defined]
    finally:
        machine.server.close()  # type: ignore[attr-defined]
