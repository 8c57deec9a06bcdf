"""Declares the factors a model may look at and makes the one row that training and the inbound hook both use;
looking the values up is left to the caller."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

from models.errors import TrainingError
from strategies.segments import KnownAttribute

Row = dict[str, float | str]
"""Factor name to value: NaN is a missing number, "" a missing category."""


class Kind(StrEnum):
    """What a factor's values are."""

    NUMBER = "number"
    CATEGORY = "category"


class Source(StrEnum):
    """Where a factor's value comes from: the contact's list columns; the moment of the decision; what we did
    with the contact before, and their own calls (or the list columns, for what happened before we knew them);
    the queue they would enter; what they chose on the way to us."""

    ATTRIBUTE = "attribute"
    MOMENT = "moment"
    HISTORY = "history"
    QUEUE = "queue"
    INTENT = "intent"


KNOWN_AFTERWARDS = frozenset({"duration", "talk_time", "handle_time", "wrap_up", "disposition"})
"""Columns that are known only after the call: with one of them a model looks splendid and knows nothing."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One input of a model. `missing` are the texts that stand for no value, besides the empty one; `default`
    is the value where there is none, or empty to leave it missing; a value older than `within` seconds is
    none."""

    name: str
    kind: Kind
    source: Source = Source.ATTRIBUTE
    missing: tuple[str, ...] = ("unknown",)
    default: str = ""
    within: float | None = None

    def __post_init__(self) -> None:
        if self.name in KNOWN_AFTERWARDS:
            raise TrainingError(
                f"{self.name!r} is known only after the call and can never be a feature; "
                f"leave it out with --exclude {self.name}"
            )

    @property
    def input(self) -> str:
        """The name of the graph's input: the converter would rename one with other signs in it, silently."""
        return "x_" + re.sub(r"\W", "_", self.name, flags=re.ASCII)


def _category(name: str, source: Source = Source.ATTRIBUTE) -> Factor:
    return Factor(name, Kind.CATEGORY, source)


def _count(name: str) -> Factor:
    return Factor(name, Kind.NUMBER, Source.HISTORY, default="0")


def _figure(name: str) -> Factor:
    return Factor(name, Kind.NUMBER, Source.QUEUE, within=FRESH)


FRESH = 30.0
"""Seconds for which a queue's figures describe it; they come every half second while the bridge is up."""

WAITED_SO_FAR = "waited_so_far"
"""Seconds the caller has waited when they are looked at: none when they come in, so that it says nothing in
records of that moment, and belongs to models of those who wait."""

LIVE: tuple[Factor, ...] = (
    _category("month", Source.MOMENT),
    _category("day_of_week", Source.MOMENT),
    Factor("hour", Kind.NUMBER, Source.MOMENT),
    _category("channel", Source.INTENT),
    _category("dialled", Source.INTENT),
    _category("intent", Source.INTENT),
    _category("ivr", Source.INTENT),
    Factor("ivr_seconds", Kind.NUMBER, Source.INTENT),
    _count("attempts"),
    _count("conversations"),
    _category("last_result", Source.HISTORY),
    _category("last_response", Source.HISTORY),
    Factor("days_since_attempt", Kind.NUMBER, Source.HISTORY),
    _category("recovery_open", Source.HISTORY),
    _count("calls"),
    _count("calls_abandoned"),
    Factor("calls_waited", Kind.NUMBER, Source.HISTORY),
    Factor("days_since_call", Kind.NUMBER, Source.HISTORY),
    _category("last_call", Source.HISTORY),
    Factor("last_call_waited", Kind.NUMBER, Source.HISTORY),
    Factor("last_call_talked", Kind.NUMBER, Source.HISTORY),
    Factor("calls_abandoned_share", Kind.NUMBER, Source.HISTORY),
    Factor("calls_lately", Kind.NUMBER, Source.HISTORY),
    Factor("calls_lately_abandoned", Kind.NUMBER, Source.HISTORY),
    Factor("calls_abandoned_in_a_row", Kind.NUMBER, Source.HISTORY),
    Factor("calls_patience", Kind.NUMBER, Source.HISTORY),
    Factor("days_between_calls", Kind.NUMBER, Source.HISTORY),
    _figure("queue_waiting"),
    _figure("queue_agents_free"),
    _figure("queue_longest_wait"),
    _figure("queue_lately_waited"),
    _figure("queue_lately_lost"),
    _figure("centre_waiting"),
    _figure("centre_longest_wait"),
    _figure("centre_waited_so_far"),
    _figure("centre_talking"),
    _figure("centre_agents"),
    _figure("lately_waited"),
    _figure("lately_waited_for_agent"),
    _figure("lately_lost"),
    _figure("lately_lost_slow"),
    _figure("lately_talked"),
    _figure("lately_between_callers"),
    _figure("lately_between_answers"),
    _figure("last_waited_for_agent"),
    _figure("since_answer"),
)
"""What is known of every interaction, whoever it is: logged with each decision, so that a model that is begun
today can learn from the decisions of yesterday. `models.live_factors` makes their values."""

DECLARED: Mapping[str, Factor] = {
    factor.name: factor
    for factor in (
        *LIVE,
        Factor("age", Kind.NUMBER),
        _category("job"),
        _category("marital"),
        _category("education"),
        _category("default"),
        _category("housing"),
        _category("loan"),
        _category("contact"),
        Factor(WAITED_SO_FAR, Kind.NUMBER, Source.QUEUE),
        Factor("campaign", Kind.NUMBER, Source.HISTORY),
        Factor("pdays", Kind.NUMBER, Source.HISTORY, ("unknown", "999")),
        Factor("previous", Kind.NUMBER, Source.HISTORY),
        _category("poutcome", Source.HISTORY),
    )
}
"""The factors whose meaning is known here; any other column of a training file is an attribute."""


def factor_of(attribute: KnownAttribute) -> Factor:
    """The factor of a list column that the catalogue declares."""
    kind = Kind.NUMBER if attribute.number else Kind.CATEGORY
    return Factor(attribute.name, kind, missing=attribute.missing, default=attribute.default)


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(at: datetime) -> dict[str, str | int]:
    """The moment factors of an aware time in the centre's zone; ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("the time of a decision must be aware; give it in the centre's zone")
    return {"month": MONTHS[at.month - 1], "day_of_week": WEEKDAYS[at.weekday()], "hour": at.hour}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the customer: the figures of the queue they would enter, `queue_age` seconds old,
    and what they chose on the way to us; by factor name."""

    queue: Mapping[str, object] = field(default_factory=dict)
    queue_age: float = 0.0
    intent: Mapping[str, object] = field(default_factory=dict)


def row(
    factors: Sequence[Factor],
    attributes: Mapping[str, object],
    at: datetime | Mapping[str, object],
    history: Mapping[str, object],
    around: Surroundings | None = None,
) -> Row:
    """The values of `factors` for one interaction; anything absent or unreadable is missing.

    `at` is the time at the centre, or, for a recorded call, the columns that hold its moment; without
    `around` all that is not of the moment or history is in `attributes`, as the columns of a record are.
    Raises nothing but ValueError for a time without a zone.
    """
    when = moment(at) if isinstance(at, datetime) else at
    queue, intent, age = (
        (around.queue, around.intent, around.queue_age) if around else (attributes,) * 2 + (0.0,)
    )
    made: Row = {}
    for factor in factors:  # of the inbound hook's time this is the most: nothing is looked up twice
        name, source = factor.name, factor.source
        if source is _ATTRIBUTE:
            raw = attributes.get(name)
        elif source is _MOMENT:
            raw = when.get(name)
        elif source is _HISTORY:
            raw = history[name] if name in history else attributes.get(name)
        elif source is _INTENT:
            raw = intent.get(name)
        else:
            raw = None if factor.within is not None and age > factor.within else queue.get(name)
        made[name] = _number(raw, factor) if factor.kind is _NUMBER else _text(raw, factor)
    return made


# Names of their own: an enumeration looks its members up at each use.
_ATTRIBUTE, _MOMENT, _HISTORY, _INTENT = Source.ATTRIBUTE, Source.MOMENT, Source.HISTORY, Source.INTENT
_NUMBER = Kind.NUMBER


def missing(value: float | str) -> bool:
    """Whether a row holds no value there."""
    return value == "" if isinstance(value, str) else math.isnan(value)


def _text(raw: object, factor: Factor) -> str:
    if raw is None:
        return factor.default
    text = str(raw).strip()
    return factor.default if text in factor.missing or not text else text


def _number(raw: object, factor: Factor) -> float:
    if raw is None and not factor.default:
        return math.nan
    value = float(raw) if type(raw) in (int, float) else _read(_text(raw, factor))  # type: ignore[arg-type]
    if value in _missing_numbers(factor.missing):
        return math.nan
    # Past the range of a 32-bit float the ONNX graph and scikit-learn would not see the same number.
    return value if abs(value) < 3e38 else math.nan


@cache
def _missing_numbers(texts: tuple[str, ...]) -> frozenset[float]:
    return frozenset(map(_read, texts))


def _read(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
