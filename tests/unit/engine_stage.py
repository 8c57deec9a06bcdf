"""A stage for the engine: one campaign, one contact, a virtual clock, and a carrier that says what it is
told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign, Limits, Pass, Recovery, Retry
from strategies.contacts import Contact, Device
from strategies.engine import advance, claimed, ended, enter
from strategies.records import is_through
from strategies.state import ContactState, Dial, Ended, Move, Step, SubCampaign, Wait
from strategies.vocabulary import Medium, Result, RunState, Trigger

NEW_YORK = "America/New_York"


def at(text: str, zone: str = NEW_YORK) -> float:
    """Epoch seconds of a local time such as `2025-03-03 10:00` (a Monday)."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def clock(moment: float, zone: str = NEW_YORK) -> str:
    """A moment as local weekday and time: `Mon 10:00:30`."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%a %H:%M:%S")


MONDAY = at("2025-03-03 10:00")


def a_contact(*kinds: str, **attributes: str) -> Contact:
    """Somebody in New York with these devices (default: mobile and home)."""
    numbers = {"mobile": "+12125550101", "home": "+12125550111", "work": "+12125550121"}
    numbers |= {"text": "+12125550101", "email": "ada@example.org"}
    devices = tuple(Device(kind, numbers[kind]) for kind in kinds or ("mobile", "home"))
    return Contact("1001", devices, zone=NEW_YORK, attributes={"balance": "120.50", **attributes})


def a_campaign(*passes: Pass, **settings: object) -> Campaign:
    """A campaign of these passes; keys of `Campaign` as settings."""
    groups = {
        "success": ("pressed_1", "agent_paid"),
        "opt_out": ("pressed_8",),
        "wrong_party": ("pressed_9",),
        "promised": ("pressed_1",),
    }
    campaign = Campaign(
        name="spring",
        purpose="service",
        country="US",
        caller_id="+12125550100",
        queue="collections",
        passes=passes or (Pass("call", Medium.AVM),),
        zone=NEW_YORK,
        groups=groups,
    )
    return replace(campaign, **settings)  # type: ignore[arg-type]


def a_sub(campaign: Campaign, **settings: object) -> SubCampaign:
    """The campaign running."""
    sub = SubCampaign("spring/1", campaign, ("people",), RunState.RUNNING, created=MONDAY)
    return replace(sub, **settings)  # type: ignore[arg-type]


def retrying(**waits: tuple[tuple[float, ...], str]) -> Mapping[Result, Retry]:
    """Retries: `retrying(busy=((300, 1800), "next_device"))`."""
    return {Result(name): Retry(after, then) for name, (after, then) in waits.items()}  # type: ignore[arg-type]


def rescue(*triggers: Trigger, **settings: object) -> Pass:
    """A dialer pass that recovers the pass `call`."""
    recovery = replace(Recovery(triggers, pass_name="call"), **settings)  # type: ignore[arg-type]
    return Pass("rescue", Medium.DIALER, recovery=recovery)


@dataclass(slots=True)
class Story:
    """One contact's way through a sub-campaign; passes end as soon as this contact is through with them."""

    campaign: Campaign
    contact: Contact = field(default_factory=a_contact)
    now: float = MONDAY
    state: ContactState = field(default_factory=enter)
    settings: Mapping[str, object] = field(default_factory=dict)
    passes_ended: dict[str, float] = field(default_factory=dict)
    dials: list[tuple[str, str, str]] = field(default_factory=list)
    lines: list[Mapping[str, object]] = field(default_factory=list)
    step: Step | None = None

    @property
    def sub(self) -> SubCampaign:
        """The sub-campaign as it stands."""
        return replace(a_sub(self.campaign), passes_ended=dict(self.passes_ended), **self.settings)  # type: ignore[arg-type]

    def look(self) -> Step:
        """Advance at the present moment, and end the passes this one contact is through with."""
        while True:
            self.apply(advance(self.contact, self.state, self.sub, self.now))
            over = [
                p.name
                for p in self.campaign.passes
                if p.name not in self.passes_ended and is_through(self.state, p.name)
            ]
            if not over:
                assert self.step is not None
                return self.step
            self.passes_ended.update(dict.fromkeys(over, self.now))

    def apply(self, move: Move) -> None:
        """Take a move over."""
        self.state, self.step = move.state, move.step
        self.lines.extend(move.lines)

    def until_dial(self) -> Dial | Ended:
        """Let the time pass until there is somebody to dial, or the end."""
        for _ in range(50):
            step = self.look()
            if not isinstance(step, Wait):
                return step
            assert step.until is not None, f"waits for ever: {step.reason}"
            assert step.until > self.now
            self.now = step.until
        raise AssertionError("never came to a dial")

    def start(self, dial: Dial) -> Intent:
        """Claim a dial; the attempt's id counts up."""
        attempt = f"sp-{self.state.attempts + 1}"
        self.dials.append((dial.pass_name, dial.device.kind, clock(self.now)))
        self.state = claimed(self.state, dial, attempt, self.now, self.sub)
        medium = self.campaign.find(dial.pass_name).medium
        return Intent(
            attempt, self.sub.name, self.contact.id, dial.pass_name, medium, dial.device, "", "", self.now
        )

    def finish(
        self, intent: Intent, result: Result, *responses: str, triggers: Iterable[Trigger] = ()
    ) -> None:
        """The attempt ends now."""
        outcome = Outcome(intent.attempt, result, responses, tuple(triggers), at=self.now)
        self.apply(ended(self.contact, self.state, self.sub, intent, outcome, self.now))

    def call(
        self, result: Result, *responses: str, triggers: Iterable[Trigger] = (), talk: float = 0.0
    ) -> None:
        """The next dial, ended with this result after `talk` seconds."""
        dial = self.until_dial()
        assert isinstance(dial, Dial), f"ended: {dial}"
        intent = self.start(dial)
        self.now += talk
        self.finish(intent, result, *responses, triggers=triggers)

    def told(self, kind: str) -> list[Mapping[str, object]]:
        """The ledger lines of one kind."""
        return [line for line in self.lines if line["kind"] == kind]


def limits(**caps: object) -> Limits:
    """Limits by name."""
    return Limits(**caps)  # type: ignore[arg-type]
