"""The shape of a campaign's file: every key there is, its kind and its default; what keys mean together is
checked in `config.campaign_rules`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.errors import shown
from config.scalars import (
    Attribute,
    Count,
    Country,
    Day,
    Duration,
    Key,
    Line,
    LocalTime,
    MediumName,
    Name,
    Phone,
    Positive,
    Rate,
    Response,
    ResultName,
    RingTime,
    Share,
    Strict,
    TemplateLine,
    TemplateText,
    Text,
    TriggerName,
    Weekdays,
    Whole,
    Zone,
    at_least,
    read_duration,
    word_of,
    wrong,
)
from strategies.contacts import DEVICE_KINDS
from strategies.vocabulary import CONSENT_BASES

PURPOSES = ("telemarketing", "debt_collection", "service", "nonprofit")
METHODS = ("rate", "finish_by", "per_minute", "progressive", "power", "predictive", "preview")

Purpose = Annotated[str, word_of(PURPOSES, "a purpose")]
MachineWord = Annotated[
    Literal["hang_up", "leave_message"], word_of(("hang_up", "leave_message"), "hang_up or leave_message")
]
ThenWord = Annotated[
    Literal["next_device", "same_device", "end_pass"],
    word_of(("next_device", "same_device", "end_pass"), "what follows the last wait"),
]
StartWord = Annotated[Literal["pass", "contact"], word_of(("pass", "contact"), "pass or contact")]
ModeWord = Annotated[Literal["recall", "in_call"], word_of(("recall", "in_call"), "recall or in_call")]
DeviceKind = Annotated[str, word_of(DEVICE_KINDS, "a device")]
EscalationWord = Annotated[
    Literal["none", "per_pass", "per_contact"], word_of(("none", "per_pass", "per_contact"), "an escalation")
]
Devices = Annotated[list[DeviceKind], Field(min_length=1)]


class WindowFile(Strict):
    """Local hours and days."""

    opens: LocalTime | None = Field(None, alias="from")
    closes: LocalTime | None = Field(None, alias="to")
    days: Weekdays | None = None


class RetryFile(Strict):
    """What follows one result."""

    after: tuple[Duration, ...] = ()
    then: ThenWord = "end_pass"


def _retry(value: object) -> object:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        read_duration(value)
    mend = "write the waits and what follows them: {after: [5m, 30m], then: next_device}"
    raise wrong(f"{shown(value)} does not say how to try again", mend)


class AcceptFile(Strict):
    """Eligibility by earlier results."""

    source: Annotated[
        Literal["previous_pass", "all_passes"],
        word_of(("previous_pass", "all_passes"), "previous_pass or all_passes"),
    ] = Field(alias="from")
    results: Annotated[list[ResultName], Field(min_length=1)]
    match: Annotated[Literal["any", "all"], word_of(("any", "all"), "any or all")] = "any"


class PacingFile(Strict):
    """How fast a pass may go; the method may be left out where a key tells it."""

    method: Annotated[str, word_of(METHODS, "a pacing method")] | None = None
    calls_per_minute: Rate | None = None
    per_minute: Rate | None = None
    finish_by: LocalTime | None = None
    ratio: Annotated[Rate, at_least(1, 20)] | None = None
    abandon_rate: Share | None = None


class RecoversFile(Strict):
    """Whom a pass recovers: those a pass lost, or those an inbound queue lost."""

    pass_name: Name | None = Field(None, alias="pass")
    queue: Name | None = None


def _recovers(value: object) -> object:
    if isinstance(value, str):
        return {"pass": value}
    if not isinstance(value, dict) or set(value) != {"queue"}:
        raise wrong(f"{shown(value)} names nobody to recover", "write a pass's name, or {queue: NAME}")
    return value


class PassFile(Strict):
    """One pass."""

    name: Name
    medium: MediumName
    start: StartWord | None = None
    beside: Name | None = Field(None, alias="with")
    wait_days: Annotated[Count, at_least(0, 366)] | None = None
    days: Weekdays | None = None
    window: WindowFile | None = None
    accept: AcceptFile | None = None
    where: Line | None = None
    devices: Devices | None = None
    retry: dict[ResultName, Annotated[RetryFile, BeforeValidator(_retry)]] | None = None
    pacing: PacingFile | None = None
    machine: MachineWord | None = None
    ring: RingTime | None = None
    script: Name | None = None
    subject: TemplateLine | None = None
    message: TemplateText | None = None
    recovers: Annotated[RecoversFile, BeforeValidator(_recovers)] | None = None
    triggers: Annotated[list[TriggerName], Field(min_length=1)] | None = None
    mode: ModeWord | None = None
    delay: Duration | None = None
    ttl: Duration | None = None
    per_day: Annotated[Positive, at_least(1, 24)] | None = None


class StrategyFile(Strict):
    """The passes in order."""

    escalation: EscalationWord = "per_pass"
    passes: Annotated[list[PassFile], Field(min_length=1)]


class LimitsFile(Strict):
    """Caps over attempts."""

    attempts_per_contact: Positive | None = None
    attempts_per_day: Positive | None = None


class CapsFile(Strict):
    """What the campaign takes of the trunks at most."""

    channels: Positive | None = None
    calls_per_second: Rate | None = None


class ConsentFile(Strict):
    """What the lists' people gave."""

    basis: Annotated[str, word_of(CONSENT_BASES, "a basis of consent")]
    source: Line | None = None
    day: Day | None = Field(None, alias="date")


class RuleFile(Strict):
    """A rule over live figures."""

    when: Line
    lasting: Duration = Field(alias="for")
    action: Annotated[str, word_of(("slow", "suspend", "notify"), "an action")] = Field(alias="do")


class AbandonMessageFile(Strict):
    """What somebody hears for whom no agent is free."""

    say: Text
    opt_out_key: Key


class CampaignFile(Strict):
    """A campaign."""

    campaign: Name
    purpose: Purpose
    country: Country
    caller_id: Phone | None = None
    agents: Name | None = None
    lists: tuple[Name, ...] = ()
    priority: Annotated[Whole, at_least(0, 1000)] = 5
    filter: Line | None = None
    order: tuple[Line, ...] = ()
    debt: Attribute | None = None
    limits: LimitsFile = LimitsFile()
    zone: Zone | None = None
    zones: Annotated[list[Zone], Field(min_length=1)] | None = None
    window: WindowFile = Field(default_factory=lambda: WindowFile.model_validate({}))
    ring: RingTime = 30.0
    wrap_up: Duration = 15.0
    machine: MachineWord = "hang_up"
    consent: ConsentFile | None = None
    caps: CapsFile = CapsFile()
    rules: tuple[RuleFile, ...] = ()
    abandon_message: AbandonMessageFile | None = None
    response_groups: dict[Attribute, tuple[Response, ...]] = Field(default_factory=dict)
    strategy: StrategyFile
