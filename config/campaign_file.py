"""The shape of a campaign's file: every key there is, its kind and its default; what keys mean together is
checked in `config.campaign_rules`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.errors import shown
from config.machine_detection import AmdFile
from config.scalars import (
    Attribute,
    Condition,
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
    Phones,
    Positive,
    Prefix,
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
from config.schema_hints import filled_in
from strategies.contacts import DEVICE_KINDS, LINE_TYPES
from strategies.holiday_calendars import known_calendar
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
LineWord = Annotated[Literal["mobile", "landline"], word_of(LINE_TYPES, "a kind of line")]
Devices = Annotated[list[DeviceKind], Field(min_length=1)]


def _holidays(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise wrong(f"{shown(value)} is not a list", "put it in brackets: [US-NY, 2030-12-24]")
    for name in value:
        if not isinstance(name, str) or not known_calendar(name):
            mend = "write a country (US), a part of it (US-NY), or a date (2030-12-24)"
            raise wrong(f"{shown(name)} is no calendar of holidays", mend)
    return tuple(dict.fromkeys(value))


Holidays = Annotated[
    tuple[str, ...],
    BeforeValidator(_holidays),
    WithJsonSchema(
        {
            "type": "array",
            "items": {
                "type": "string",
                "x-kind": "calendar of holidays",
                "pattern": r"^(?:[A-Z]{2}(?:-[A-Z0-9]{1,3})?|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
            },
        }
    ),
]
RECOVERS = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "x-kind": "name"},
            {
                "type": "object",
                "properties": {"queue": {"type": "string"}},
                "required": ["queue"],
                "additionalProperties": False,
            },
        ],
        "x-kind": "name of a pass, or {queue: NAME}",
    }
)


class WindowFile(Strict):
    """Hours and days, local to the person reached."""

    opens: LocalTime | None = Field(None, alias="from")
    """The first minute in which somebody may be reached."""
    closes: LocalTime | None = Field(None, alias="to")
    """The minute from which nobody is reached any more; 24:00 is midnight."""
    days: Weekdays | None = None
    """The weekdays on which it opens; all if not written."""


class RetryFile(Strict):
    """What follows one result."""

    after: tuple[Duration, ...] = ()
    """The nth wait precedes the nth retry on the same device."""
    then: ThenWord = "end_pass"
    """What follows when the waits are used up; same_device repeats the last one until a cap."""


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
    """Whether the result must come from the pass before, or may come from any earlier one."""
    results: Annotated[list[ResultName], Field(min_length=1)]
    """The results the pass takes; how an earlier pass ended for the contact is what counts."""
    match: Annotated[Literal["any", "all"], word_of(("any", "all"), "any or all")] = "any"
    """With results of calls and of messages: whether one of either kind is enough, or one of each is
    asked."""


class PacingFile(Strict):
    """How fast a pass may go; the method may be left out where a key tells it."""

    method: Annotated[str, word_of(METHODS, "a pacing method")] | None = None
    """avm: rate or finish_by; dialer: progressive (the default), power, predictive or preview; text and
    email: per_minute, unlimited if not written."""
    calls_per_minute: Rate | None = None
    """Of rate: how many calls begin in a minute."""
    per_minute: Rate | None = None
    """Of a text or email pass: how many messages are sent in a minute."""
    finish_by: LocalTime | None = None
    """Of finish_by: the time of the campaign's own day by which the pass is to be done."""
    ratio: Annotated[Rate, at_least(1, 20)] | None = None
    """Of power: how many calls for each free agent."""
    abandon_rate: Share | None = None
    """Of predictive: the share of those who answer that may find no agent; the preset's if not written."""
    hard: bool | None = None
    """Of power and predictive: true keeps the share of abandoned calls under its cap at every instant, not
    only at the end of the period over which it is counted."""
    answer_model: Name | None = None
    """Of predictive: a published model of whether a call to a contact is answered by a person. Small teams
    gain most by it; without an answer of the model all contacts count alike."""
    lines_per_agent: Annotated[Rate, at_least(1, 20)] | None = None
    """Of predictive: at most so many calls on their way for each agent who works, busy or free, whatever the
    abandoned calls would allow."""


class PassLimitsFile(Strict):
    """Caps over the attempts of one pass; those of the campaign hold beside them."""

    attempts_per_contact: Positive | None = None
    """At most so many attempts a contact in this pass."""
    attempts_per_day: Positive | None = None
    """At most so many attempts a contact in this pass on one day of the campaign's zone."""


class RecoversFile(Strict):
    """Whom a pass recovers: those a pass lost, or those an inbound queue lost."""

    pass_name: Name | None = Field(None, alias="pass")
    """The pass whose lost people are recovered."""
    queue: Name | None = None
    """The queue whose lost callers are recovered."""


def _recovers(value: object) -> object:
    if isinstance(value, str):
        return {"pass": value}
    if not isinstance(value, dict) or set(value) != {"queue"}:
        raise wrong(f"{shown(value)} names nobody to recover", "write a pass's name, or {queue: NAME}")
    return value


class PassFile(Strict):
    """One traversal of the contacts by one medium."""

    name: Name
    """Its own name; overrides, `with` and `recovers` name it."""
    medium: MediumName
    """How people are reached: avm (a script talks), dialer (an agent at once), text or email."""
    start: StartWord | None = filled_in("pass")
    """pass: when all contacts are through with the pass before; contact: each as soon as it is."""
    beside: Name | None = Field(None, alias="with")
    """The pass it opens and closes with, in place of `start`."""
    wait_days: Annotated[Count, at_least(0, 366)] | None = filled_in(0)
    """Allowed days of this pass to wait after the local date on which the pass before ended; 0 is the same
    day."""
    days: Weekdays | None = None
    """The weekdays of this pass, of those the campaign allows; all of them if not written."""
    holidays: Holidays | None = None
    """Days on which the pass is closed: a country (US), a part of it (US-NY), or a date; [] for none. The
    campaign's if not written."""
    window: WindowFile | None = None
    """The hours of this pass, intersected with the campaign's and the law's."""
    accept: AcceptFile | None = None
    """Whom earlier results make eligible; every result fits if not written."""
    where: Condition | None = None
    """Whom attributes, results and responses make eligible."""
    line_types: Annotated[list[LineWord], Field(min_length=1)] | None = None
    """The kinds of line the pass calls; both if not written. The column tells (mobile is mobile, the others
    are landline) unless the list has an attribute `KIND_line_type`, or `line_type`."""
    devices: Devices | None = None
    """Which devices are tried, in order; all the medium reaches if not written, of a recovery those of the
    pass it recovers."""
    retry: dict[ResultName, Annotated[RetryFile, BeforeValidator(_retry)]] | None = None
    """What follows each result; after a result without an entry the contact is through with the pass."""
    limits: PassLimitsFile | None = None
    """Caps of this pass."""
    pacing: PacingFile | None = None
    """How fast it goes."""
    machine: MachineWord | None = None
    """What an answering machine gets; the campaign's if not written."""
    ring: RingTime | None = None
    """How long it rings, at least 15s; the campaign's if not written."""
    script: Name | None = None
    """Of avm: the script that talks."""
    subject: TemplateLine | None = None
    """Of email: its subject."""
    message: TemplateText | None = None
    """Of text and email: what is written."""
    recovers: Annotated[RecoversFile, BeforeValidator(_recovers), RECOVERS] | None = None
    """A pass, or {queue: NAME}: whose lost people this dialer pass reaches again."""
    triggers: Annotated[list[TriggerName], Field(min_length=1)] | None = None
    """Of a recovery: which losses it takes."""
    mode: ModeWord | None = filled_in("recall")
    """Of a recovery: recall dials anew, in_call acts on the line that is still up."""
    delay: Duration | None = filled_in("30s")
    """Of a recovery: how long after the loss, except not_connected, which goes on at once."""
    ttl: Duration | None = filled_in("15m")
    """Of a recovery: how long it may wait for an agent before it expires."""
    per_day: Annotated[Positive, at_least(1, 24)] | None = filled_in(1)
    """Of a recovery: how many a contact gets on one day."""


class StrategyFile(Strict):
    """The passes in order."""

    escalation: EscalationWord = "per_pass"
    """none: the first device only; per_pass: the devices of the pass in order; per_contact: the contact's own
    order."""
    passes: Annotated[list[PassFile], Field(min_length=1)]
    """The passes, in order."""


class LimitsFile(Strict):
    """Caps over attempts; what the law's preset caps holds beside them."""

    attempts_per_contact: Positive | None = None
    """At most so many attempts a contact in the sub-campaign."""
    attempts_per_day: Positive | None = None
    """At most so many attempts a contact on one day of the campaign's zone."""
    attempts_per_number: Positive | None = None
    """At most so many attempts at one number or address."""
    attempts_per_number_per_day: Positive | None = None
    """At most so many attempts at one number or address on one day."""


class CapsFile(Strict):
    """What the campaign takes of the trunks at most."""

    channels: Positive | None = None
    """Calls up at once."""
    calls_per_second: Rate | None = None
    """Calls begun in a second."""


class ConsentFile(Strict):
    """What the lists' people gave; a contact's own consent columns win."""

    basis: Annotated[str, word_of(CONSENT_BASES, "a basis of consent")]
    """How far it goes."""
    source: Line | None = None
    """Where it was given."""
    day: Day | None = Field(None, alias="date")
    """When it was given."""


class RuleFile(Strict):
    """A rule over live figures."""

    when: Condition
    """The condition, over abandon_rate, abandon_rate_today and answer_rate (fractions), attempts,
    in_progress, connected, contacts and remaining of the sub-campaign, agents_staffed, agents_free and
    waiting of its queue. A figure that is not known makes no comparison true."""
    lasting: Duration = Field(alias="for")
    """How long it must hold without a break; 0s fires at once."""
    action: Annotated[str, word_of(("slow", "suspend", "notify"), "an action")] = Field(alias="do")
    """What is done then, once until the condition is false again: slow halves rates and what is dialled
    ahead of agents as long as it holds, suspend pauses the sub-campaign, notify writes a ledger line, as the
    others do too."""


class AbandonMessageFile(Strict):
    """What somebody hears for whom no agent is free."""

    say: Text
    """The message: who called, and where to call back."""
    opt_out_key: Key
    """The key that ends all calls."""


class CampaignFile(Strict):
    """A campaign."""

    campaign: Name
    """Its name."""
    purpose: Purpose
    """Chooses the preset of rules."""
    country: Country
    """Where its people live; chooses the preset, and the numbers that may be called."""
    caller_id: Phone | None = None
    """The number calls show. Needed where there is a voice pass."""
    caller_ids: dict[Prefix, Phones] = Field(default_factory=dict)
    """What calls to an area show instead: the longest prefix of the number called decides ("+1212"). Several
    numbers take turns, from one attempt to the next; "+1" is everybody there."""
    agents: Name | None = None
    """The Asterisk queue whose members take the calls. Needed where a pass leads to agents."""
    lists: tuple[Name, ...] = ()
    """The lists it starts over, unless others are named then."""
    priority: Annotated[Whole, at_least(0, 1000)] = 5
    """Who goes first when two campaigns want the same person: the higher."""
    filter: Condition | None = None
    """Whom of the lists it keeps."""
    order: tuple[Condition, ...] = ()
    """Sort keys; a - before one descends. Ties by order of import."""
    debt: Attribute | None = None
    """The attribute that names the debt, where the preset caps calls about one."""
    limits: LimitsFile = LimitsFile()
    """Caps over attempts."""
    zone: Zone | None = None
    """The campaign's own zone, for its day and its reports. Needed unless the country has but one."""
    zones: Annotated[list[Zone], Field(min_length=1)] | None = None
    """Where its people may live whose zone nothing tells; all of the country's if not written."""
    window: WindowFile = Field(default_factory=lambda: WindowFile.model_validate({}))
    """The hours in which people are reached, within the law's."""
    holidays: Holidays = ()
    """Days on which nobody is reached, unless a pass says otherwise: a country (US), a part of it (US-NY),
    or a date."""
    ring: RingTime = 30.0
    """How long a call rings, at least 15s."""
    wrap_up: Duration = 15.0
    """How long an agent has after a call."""
    machine: MachineWord = "hang_up"
    """What an answering machine gets."""
    amd: AmdFile = AmdFile()
    """How machines are told from people."""
    consent: ConsentFile | None = None
    """What the lists' people gave."""
    caps: CapsFile = CapsFile()
    """What it takes of the trunks at most."""
    rules: tuple[RuleFile, ...] = ()
    """Rules over live figures."""
    abandon_message: AbandonMessageFile | None = None
    """What somebody hears for whom no agent is free. Needed for power and predictive pacing."""
    response_groups: dict[Attribute, tuple[Response, ...]] = Field(default_factory=dict)
    """Named sets of responses. Reserved: success, opt_out (do-not-call at once) and wrong_party (never
    recovered)."""
    strategy: StrategyFile
    """What is done."""
