"""A campaign as its YAML says it, checked and frozen: what the engine, the store and the simulator read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Literal

from strategies.frozen import Record
from strategies.script import Script
from strategies.vocabulary import OPT_OUT, SAID_STOP, Medium, Result, Trigger

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Then = Literal["next_device", "same_device", "end_pass"]
Machine = Literal["hang_up", "leave_message"]
Taken = Literal["person", "machine"]
Start = Literal["pass", "contact", "with"]

NO_DETECTION = "off"  # as settings of the machine detection: whoever answers is a person


class Window(Record, frozen=True, cache_hash=True, omit_defaults=False):
    """Local hours [opens, closes) on `days` (names of DAYS), but not on the `holidays` of these calendars
    (`US`, `US-NY`, `2030-12-24`)."""

    opens: time = time(8, 0)
    closes: time = time(21, 0)
    days: tuple[str, ...] = DAYS
    holidays: tuple[str, ...] = ()


DAYTIME = Window()


class StateHours(Record, frozen=True):
    """A state with legal hours of its own, and how one knows who may live there: the area codes of its
    numbers, the first and last of its ranges of postal codes by their first three digits."""

    window: Window
    area_codes: frozenset[str] = frozenset()
    postal_codes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """What follows one result; `after`: waits in seconds, the nth before the nth retry on the same device."""

    after: tuple[float, ...] = ()
    then: Then = "end_pass"


@dataclass(frozen=True, slots=True)
class Accept:
    """Eligibility by earlier results: of the pass before, or of all earlier passes."""

    source: Literal["previous_pass", "all_passes"]
    results: tuple[Result, ...]
    match: Literal["any", "all"] = "any"


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast a pass may go: `rate` in calls a minute, `ratio` in lines a free agent, `abandon_rate` a
    fraction, `hard` if it holds at every instant, `answer_model` the model of each call's answer,
    `lines_per_agent` the calls on their way to agents at most, for each agent who works."""

    method: Literal["rate", "finish_by", "progressive", "power", "predictive", "preview", "unlimited"]
    rate: float | None = None
    finish_by: time | None = None
    ratio: float | None = None
    abandon_rate: float | None = None
    hard: bool = False
    answer_model: str | None = None
    lines_per_agent: float | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """Whom a dialer pass recovers; seconds for `delay` and `ttl`. Either `pass_name` or `queue` is set."""

    triggers: tuple[Trigger, ...]
    pass_name: str | None = None
    queue: str | None = None
    mode: Literal["recall", "in_call"] = "recall"
    delay: float = 30.0
    ttl: float = 900.0
    per_day: int = 1


@dataclass(frozen=True, slots=True)
class PassLimits:
    """Caps over a contact's attempts in one pass, altogether and on one day of the campaign; None is no
    cap."""

    attempts_per_contact: int | None = None
    attempts_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One traversal of the eligible contacts by one medium. `where` is expression source text."""

    name: str
    medium: Medium
    start: Start = "pass"
    beside: str | None = None  # the pass named by `with`
    wait_days: int = 0
    days: tuple[str, ...] = DAYS
    holidays: tuple[str, ...] = ()  # the campaign's, unless the pass says its own
    window: Window | None = None
    accept: Accept | None = None
    where: str | None = None
    line_types: tuple[str, ...] = ()  # of LINE_TYPES; none: any line
    devices: tuple[str, ...] = ()
    retry: Mapping[Result, Retry] = field(default_factory=dict)
    limits: PassLimits = PassLimits()
    pacing: Pacing = Pacing("unlimited")
    machine: Machine = "hang_up"
    ring: float = 30.0
    script: Script | None = None
    subject: str | None = None
    message: str | None = None
    recovery: Recovery | None = None
    out: bool = False  # an override has taken the pass out: nobody is in it, and the row goes on without it
    asks: str = "none"  # the consent without which nobody is reached by this medium: one of CONSENT_BASES
    asks_on: tuple[str, ...] = ()  # the kinds of line a call to which asks for it; none: any


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps over attempts; None is no cap.

    Those per number hold for the address dialled, those per contact for everybody who shares a number.
    `debt_calls` in `debt_within` seconds about one debt of a person, and `debt_silence` seconds without any
    after a conversation about it. `registry_within`: no call to a number of the country's do-not-call
    registry, and none at all while the registry loaded is older than so many seconds. `abandon_days`: the
    successive periods over which the share of abandoned calls is counted; `abandon_clock`: what the seconds
    count from, a word of `strategies.abandonment.CLOCKS`; `abandon_lockout`: seconds in which nobody is
    called again who was abandoned.
    """

    attempts_per_contact: int | None = None
    attempts_per_day: int | None = None
    attempts_per_number: int | None = None
    attempts_per_number_per_day: int | None = None
    debt_calls: int | None = None
    debt_within: float = 0.0
    debt_silence: float = 0.0
    registry_within: float | None = None
    abandon_days: int = 30
    abandon_clock: str = "greeting"
    abandon_lockout: float = 0.0
    unknown_cool_down: float = (
        3600.0  # seconds in which nobody whose last attempt has an unknown fate is tried
    )


@dataclass(frozen=True, slots=True)
class Campaign:
    """A whole campaign. `groups`: response group name to its responses. Seconds for `ring` and `wrap_up`.

    `caller_ids`: prefix of the numbers called (`+1212`) to those shown there, in turn; else `caller_id`.
    `amd`: the arguments of Asterisk's AMD(), joined by `-`, or NO_DETECTION; empty, those of the Asterisk.
    `not_sure`: what is taken to have answered where that is not sure, or heard nothing.
    """

    name: str
    purpose: str
    country: str
    caller_id: str
    queue: str
    passes: tuple[Pass, ...]
    zone: str
    zones: tuple[
        str, ...
    ] = ()  # where its people may live: for a contact whose zone nothing tells; none: `zone`
    lists: tuple[str, ...] = ()
    priority: int = 5
    filter: str | None = None
    order: tuple[str, ...] = ()
    debt: str | None = None
    limits: Limits = Limits()
    window: Window = DAYTIME
    legal_window: Window = DAYTIME  # of the preset; intersected with the campaign's and the pass's
    states: Mapping[str, StateHours] = field(default_factory=dict)  # of the preset: stricter hours, by state
    ring: float = 30.0
    wrap_up: float = 15.0
    machine: Machine = "hang_up"
    caller_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    amd: str = ""
    not_sure: Taken = "person"
    consent: Mapping[str, str] = field(default_factory=dict)
    channels: int | None = None
    calls_per_second: float | None = None
    rules: tuple[Mapping[str, str], ...] = ()
    abandon_message: str | None = None
    opt_out_key: str | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    escalation: Literal["none", "per_pass", "per_contact"] = "per_pass"
    version: str = ""  # content hash of the strategy: what an attempt keeps

    def group(self, name: str) -> frozenset[str]:
        """The responses of a group; an absent group is empty, but who writes STOP has always opted out."""
        own = frozenset(self.groups.get(name, ()))
        return own | SAID_STOP if name == OPT_OUT else own

    def find(self, name: str) -> Pass:
        """The pass of that name; KeyError if there is none."""
        for candidate in self.passes:
            if candidate.name == name:
                return candidate
        raise KeyError(name)
