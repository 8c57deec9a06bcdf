"""Whatever a campaign, a contact and a carrier are like: the engine ends, keeps its limits, and tells all
of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.attempts import CallAgain, Intent, Outcome
from strategies.campaign import Accept, Campaign, Limits, Pass, Recovery, Retry, Window
from strategies.contacts import Contact, Device
from strategies.engine import advance, claimed, ended, enter, refused
from strategies.ledger import recount
from strategies.records import is_through
from strategies.state import ContactState, Dial, Ended, Move, SubCampaign, Wait
from strategies.vocabulary import Medium, Refusal, Result, RunState, Trigger
from strategies.windows import next_opening, open_now

NEW_YORK, LOS_ANGELES, LONDON = "America/New_York", "America/Los_Angeles", "Europe/London"
START = datetime(2025, 3, 5, 10, tzinfo=ZoneInfo(NEW_YORK)).timestamp()  # four days before the clocks change
WAIT_LIMIT = 60 * 86400.0

RESULTS = [
    Result.BUSY,
    Result.NO_ANSWER,
    Result.BAD_DEVICE,
    Result.MACHINE_HANGUP,
    Result.HANGUP_IN_SCRIPT,
    Result.DELIVERED_PERSON,
    Result.ABANDONED_IN_QUEUE,
    Result.CONNECTED_AGENT,
    Result.UNKNOWN,
    Result.FAILED,
]
TRIGGERS = {
    Result.BUSY: (Trigger.NOT_CONNECTED,),
    Result.NO_ANSWER: (Trigger.NOT_CONNECTED,),
    Result.BAD_DEVICE: (Trigger.NOT_CONNECTED,),
    Result.HANGUP_IN_SCRIPT: (Trigger.HANGUP_IN_SCRIPT,),
    Result.ABANDONED_IN_QUEUE: (Trigger.ASKED_FOR_AGENT_BUT_LOST, Trigger.ABANDONED_IN_QUEUE),
}
RETRY = st.builds(
    Retry,
    st.lists(st.sampled_from([60.0, 300.0, 7200.0]), max_size=3).map(tuple),
    st.sampled_from(["next_device", "same_device", "end_pass"]),
)
DAYS = st.sampled_from([("mon", "wed", "fri"), ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("tue",)])


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    """One to three passes in a row, perhaps a text beside the first and a recovery of it, always with
    caps."""
    passes = [
        Pass(
            f"pass{index}",
            draw(st.sampled_from([Medium.AVM, Medium.DIALER])),
            start=draw(st.sampled_from(["pass", "contact"])),
            wait_days=draw(st.integers(0, 3)),
            days=draw(DAYS),
            devices=draw(st.sampled_from([(), ("mobile",), ("home", "mobile")])),
            retry=draw(st.dictionaries(st.sampled_from(RESULTS[:5]), RETRY, max_size=3)),
            accept=draw(st.none() | st.just(Accept("all_passes", (Result.BUSY, Result.NO_ANSWER)))),
            where=draw(st.none() | st.just("attempts < 4")),
        )
        for index in range(draw(st.integers(1, 3)))
    ]
    if draw(st.booleans()):
        passes.append(Pass("note", Medium.TEXT, start="with", beside="pass0"))
    if draw(st.booleans()):
        recovery = Recovery(tuple(Trigger), pass_name="pass0", per_day=draw(st.integers(1, 2)))
        passes.append(Pass("rescue", Medium.DIALER, recovery=recovery, retry=draw(st.just({}) | retry_once)))
    return Campaign(
        name="any",
        purpose="service",
        country="US",
        caller_id="",
        queue="",
        passes=tuple(passes),
        zone=NEW_YORK,
        limits=Limits(draw(st.integers(1, 7)), draw(st.none() | st.integers(1, 3))),
        window=Window(time(draw(st.integers(8, 11))), time(draw(st.integers(13, 20)))),
        escalation=draw(st.sampled_from(["none", "per_pass", "per_contact"])),
        groups={"success": ("pressed_1",), "opt_out": ("pressed_8",)},
    )


retry_once = st.just({Result.BUSY: Retry((60.0,), "next_device")})
CONTACTS = st.builds(
    Contact,
    st.just("1"),
    st.lists(
        st.sampled_from(
            [
                Device("mobile", "+12125550101"),
                Device("home", "+12125550111"),
                Device("text", "+12125550101"),
            ]
        ),
        unique=True,
    ).map(tuple),
    st.sampled_from([NEW_YORK, LOS_ANGELES, LONDON]),
)
REPLIES = st.lists(
    st.tuples(
        st.sampled_from(RESULTS),
        st.sampled_from([(), ("pressed_1",), ("pressed_3",), ("pressed_8",), ("agent_call_again",)]),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class Run:
    """One contact driven to its end; every look is made twice, and every dial is checked."""

    campaign: Campaign
    contact: Contact
    state: ContactState
    now: float = START
    lines: tuple[dict[str, object], ...] = ()
    dials: int = 0

    def __post_init__(self) -> None:
        self.sub = SubCampaign("any/1", self.campaign, (), RunState.RUNNING, START)

    def take(self, move: Move) -> None:
        self.state = move.state
        self.lines = (*self.lines, *(dict(line) for line in move.lines))

    def look(self) -> Move:
        move = advance(self.contact, self.state, self.sub, self.now)
        again = advance(self.contact, move.state, self.sub, self.now)
        assert again == Move(move.state, move.step), "advancing twice is advancing once"
        self.take(move)
        over = {
            p.name: self.now
            for p in self.campaign.passes
            if p.name not in self.sub.passes_ended and is_through(self.state, p.name)
        }
        if over:
            self.sub = replace(self.sub, passes_ended={**self.sub.passes_ended, **over})
            return self.look()
        return move

    def check(self, dial: Dial) -> None:
        zone = self.contact.zone or NEW_YORK
        local = datetime.fromtimestamp(self.now, ZoneInfo(zone))
        assert self.campaign.window.opens <= local.time() < self.campaign.window.closes
        candidate = self.campaign.find(dial.pass_name)
        assert ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local.weekday()] in candidate.days
        assert dial.device in self.contact.devices
        if dial.callback is not None:
            assert dial.callback.at <= self.now < dial.callback.until
            assert candidate.medium is Medium.DIALER
            return
        assert not candidate.devices or dial.device.kind in candidate.devices
        if candidate.recovery is not None:
            assert dial.recovery is not None
            assert dial.recovery.not_before <= self.now < dial.recovery.expires

    def call(self, dial: Dial, result: Result, responses: tuple[str, ...]) -> None:
        self.check(dial)
        self.dials += 1
        attempt = f"sp-{self.dials}"
        self.state = claimed(self.state, dial, attempt, self.now, self.sub)
        intent = Intent(attempt, "any/1", "1", dial.pass_name, Medium.AVM, dial.device, "", "", self.now)
        self.lines = (*self.lines, {"kind": "attempt_started", "pass": dial.pass_name, "medium": "avm"})
        self.now += 20
        again = CallAgain(self.now + 7200) if "agent_call_again" in responses else None
        outcome = Outcome(attempt, result, responses, TRIGGERS.get(result, ()), at=self.now, call_again=again)
        self.lines = (*self.lines, {"kind": "attempt_ended", "result": result, "responses": responses})
        self.take(ended(self.contact, self.state, self.sub, intent, outcome, self.now))


@settings(max_examples=300)
@given(campaigns(), CONTACTS, REPLIES)
def test_every_contact_comes_to_its_end_within_its_limits(campaign, contact, replies):
    run = Run(campaign, contact, enter())
    by_day: Counter[str] = Counter()
    for turn in range(200):
        step = run.look().step
        if isinstance(step, Ended):
            break
        if isinstance(step, Wait):
            assert step.until is not None, f"waits for ever: {step.reason}"
            assert run.now < step.until < START + WAIT_LIMIT
            run.now = step.until
            continue
        by_day[datetime.fromtimestamp(run.now, ZoneInfo(NEW_YORK)).date().isoformat()] += 1
        run.call(step, *replies[turn % len(replies)])
    else:
        raise AssertionError("never ended")
    assert run.dials <= (campaign.limits.attempts_per_contact or run.dials)
    assert max(by_day.values(), default=0) <= (campaign.limits.attempts_per_day or run.dials)
    figures = recount(run.lines)
    assert (figures.attempts, figures.in_progress, figures.ended) == (run.dials, 0, 1)
    assert sum(figures.triggered.values()) == sum(figures.recovery_ended.values())
    told = Counter(line["kind"] for line in run.lines)
    assert told["callback_set"] == told["callback_ended"]
    assert (run.state.recovery, run.state.callback) == (None, None)
    after = advance(contact, run.state, run.sub, run.now + 86400)
    assert (after.state, after.lines) == (run.state, ())


@settings(max_examples=200)
@given(campaigns(), CONTACTS, st.lists(st.sampled_from(list(Refusal)), max_size=12))
def test_refusals_never_lose_a_contact_or_dial_it_in_a_loop(campaign, contact, refusals):
    run = Run(campaign, contact, enter())
    for refusal in refusals:
        step = run.look().step
        if isinstance(step, Ended):
            return
        if isinstance(step, Wait):
            assert step.until is not None
            run.now = max(run.now, step.until)
            continue
        move = refused(contact, run.state, run.sub, refusal, run.now)
        assert move.step != step
        run.take(move)
        assert run.state.live is None
        assert run.state.attempts == 0


HOURS = st.tuples(st.integers(5, 12), st.integers(13, 22))
ZONES = st.lists(
    st.sampled_from([NEW_YORK, LOS_ANGELES, LONDON, "Europe/Berlin", "Pacific/Honolulu", "Asia/Kolkata"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)


@settings(max_examples=80)
@given(
    HOURS,
    ZONES,
    DAYS,
    st.floats(0, 366 * 86400),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours, zones, days, offset):
    window = Window(time(hours[0]), time(hours[1]), days)
    now = START + offset // 60 * 60
    opening = next_opening(window, zones, now)
    if opening is None:
        assert not any(open_now(window, zones, now + m * 900) for m in range(14 * 96))
        return
    assert open_now(window, zones, opening)
    minutes = int((opening - now) // 900)
    assert not any(open_now(window, zones, now + m * 900) for m in range(minutes))
    assert opening == now or not open_now(window, zones, opening - 1)
