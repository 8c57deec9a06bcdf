"""Where a contact stands in a sub-campaign: the state the engine reads and writes, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strategies.campaign import Campaign
from strategies.contacts import Contact, Device
from strategies.frozen import Record
from strategies.vocabulary import Refusal, Result, RunState, Trigger


class PassRecord(Record, frozen=True):
    """What one pass came to for a contact: the results of its attempts in order, and when it was through."""

    name: str
    results: tuple[Result, ...] = ()
    through_at: float | None = None
    reason: str | None = None  # why the pass passed the contact over, or was through with it
    day: str = ""  # local date of the campaign's zone that `today` counts attempts of
    today: int = 0  # kept only where the pass caps its attempts of a day


class RecoveryTask(Record, frozen=True):
    """Somebody lost who is to be reached again: by which pass, on which device, between which epoch seconds.

    `tries`: result -> retries used on this device, where the recovery pass has retries of its own. `made`:
    when they were lost; 0 where nobody knows.
    """

    pass_name: str
    trigger: Trigger
    recovers: str  # the attempt recovered
    device: Device
    not_before: float
    expires: float
    tries: Mapping[str, int] = {}
    made: float = 0.0


class Callback(Record, frozen=True):
    """A call that was promised to somebody: by which pass, on which device, between which epoch seconds.

    `agent`: the one agent it is for (the interface of the queue's member), empty for anyone. `place`: when
    the person began to wait in the pass's queue, whose place is kept; 0 where they did not. `attempt`: the
    one that is, or was last, made for it. `made`: when it was promised; 0 where nobody knows.
    """

    pass_name: str
    device: Device
    at: float
    until: float
    first_at: float
    by: str = ""
    agent: str = ""
    place: float = 0.0
    tries: int = 0
    attempt: str = ""
    made: float = 0.0


class Track(Record, frozen=True):
    """How far a contact has come within one pass; `left`: the addresses given up, `tries`: result -> retries
    used on the address `on`."""

    pass_name: str
    left: tuple[str, ...] = ()
    on: str = ""
    tries: Mapping[str, int] = {}
    not_before: float = 0.0


class ContactState(Record, frozen=True):
    """One contact in one sub-campaign.

    `version` is the store's: it raises it by one with every write and compares it at the claim; the engine
    hands it on as it got it. `pass_index` counts in the campaign's passes: the pass the contact is in, or
    waits for. Passes `with` it run beside it, each with a track of its own.
    """

    version: int = 0
    list: int = 0  # the `Attachment.index` of the list the contact came from
    pass_index: int = 0
    left: tuple[
        str, ...
    ] = ()  # addresses given up in the pass it is in; what follows, an override may change
    on: str = ""  # the address on which retries were used
    tries: Mapping[str, int] = {}  # result -> retries used on that address
    not_before: float = 0.0
    attempts: int = 0
    day: str = ""  # local date of the campaign's zone that attempts_today counts
    attempts_today: int = 0
    records: tuple[PassRecord, ...] = ()
    responses: tuple[str, ...] = ()
    last_result: Result | None = None
    live: str | None = None  # attempt in progress
    recovery: RecoveryTask | None = None
    recovered_on: tuple[str, ...] = ()  # local dates of recoveries triggered, for per_day
    ended: str | None = None
    beside: tuple[Track, ...] = ()
    hold_until: float = 0.0  # no attempt at all before: the cool-down after one whose fate is unknown
    skipped: str = (
        ""  # `PASS:reason` of the last ledger line `skipped`, so that it is not told again at every look
    )
    callback: Callback | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A list in a sub-campaign: its place among all lists ever attached, its share of the work, and whether
    its people are reached at all just now."""

    index: int
    weight: float = 1.0
    paused: bool = False
    detached: bool = False


@dataclass(frozen=True, slots=True)
class SubCampaign:
    """A campaign that runs: `name` is `NAME/N`; `starts`, `ends` and `created` in epoch seconds.

    `passes_ended`: pass name to the moment when all contacts were through with it. `campaign` is the strategy
    as it holds now: that of the launch, with the `overrides` in force (their ids) laid over it. `plan` counts
    the changes of what holds when, and `plan_until` is the moment of the next one known (epoch seconds).
    """

    name: str
    campaign: Campaign
    lists: tuple[str, ...]
    run_state: RunState
    created: float
    starts: float | None = None
    ends: float | None = None
    passes_ended: Mapping[str, float] = field(default_factory=dict)
    source: Mapping[str, Any] = field(
        default_factory=dict
    )  # the campaign's file as read: what overrides patch
    overrides: tuple[str, ...] = ()
    plan: int = 0
    plan_until: float | None = None
    attached: Mapping[str, Attachment] = field(default_factory=dict)  # list name -> how it is attached
    slowed: bool = False  # a rule over live figures slows it just now

    def attachment(self, index: int) -> Attachment | None:
        """How the list of that index is attached; None where no list was."""
        for each in self.attached.values():
            if each.index == index:
                return each
        return None


class Case(Record, frozen=True):
    """What every decision is about: a contact in a sub-campaign at a moment (epoch seconds)."""

    contact: Contact
    sub: SubCampaign
    now: float

    @property
    def campaign(self) -> Campaign:
        """The sub-campaign's snapshot of its campaign."""
        return self.sub.campaign


class Dial(Record, frozen=True):
    """Call this device now, in this pass."""

    pass_name: str
    device: Device
    recovery: RecoveryTask | None = None
    callback: Callback | None = None

    @property
    def owed_since(self) -> float:
        """When the person was promised this call, or lost; 0 for any other call, and where nobody knows."""
        owed = self.callback or self.recovery
        return 0.0 if owed is None else owed.made


class Wait(Record, frozen=True):
    """Nothing now; look again at `until` (epoch seconds), or when a pass ends if that is None."""

    until: float | None
    reason: Refusal | str


class Ended(Record, frozen=True):
    """The sub-campaign is done with this contact."""

    reason: str


Step = Dial | Wait | Ended


def due_at(step: Step, now: float) -> float | None:
    """When a contact is to be looked at again, epoch seconds; None when a pass ends, or never."""
    match step:
        case Dial():
            return now
        case Wait(until=until):
            return until
    return None


class Move(Record, frozen=True):
    """What the engine decided: the new state, what to do, and the ledger lines to append.

    The lines carry neither `at` nor sub-campaign nor contact: the store adds them.
    """

    state: ContactState
    step: Step
    lines: tuple[Mapping[str, object], ...] = ()
