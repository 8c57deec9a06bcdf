"""Declares the factors a model may look at and makes the one row that training and the inbound hook both use;
looking the values up is left to the caller."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from models.errors import TrainingError

Row = dict[str, float | str]
"""Factor name to value: NaN is a missing number, "" a missing category."""


class Kind(StrEnum):
    """What a factor's values are."""

    NUMBER = "number"
    CATEGORY = "category"


class Source(StrEnum):
    """Where a factor's value comes from: the contact's list columns, the moment of the decision, or
    what we did with the contact before (or the list columns, for what happened before we knew them)."""

    ATTRIBUTE = "attribute"
    MOMENT = "moment"
    HISTORY = "history"


KNOWN_AFTERWARDS = frozenset({"duration", "talk_time", "handle_time", "wrap_up", "disposition"})
"""Columns that are known only after the call: with one of them a model looks splendid and knows nothing."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One input of a model. `missing` are the texts that stand for no value, besides the empty one."""

    name: str
    kind: Kind
    source: Source = Source.ATTRIBUTE
    missing: tuple[str, ...] = ("unknown",)

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


DECLARED: Mapping[str, Factor] = {
    factor.name: factor
    for factor in (
        Factor("age", Kind.NUMBER),
        _category("job"),
        _category("marital"),
        _category("education"),
        _category("default"),
        _category("housing"),
        _category("loan"),
        _category("contact"),
        _category("month", Source.MOMENT),
        _category("day_of_week", Source.MOMENT),
        Factor("campaign", Kind.NUMBER, Source.HISTORY),
        Factor("pdays", Kind.NUMBER, Source.HISTORY, ("unknown", "999")),
        Factor("previous", Kind.NUMBER, Source.HISTORY),
        _category("poutcome", Source.HISTORY),
    )
}
"""The factors whose meaning is known here; any other column of a training file is an attribute."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(at: datetime) -> dict[str, str]:
    """The moment factors of an aware time in the centre's zone; ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("the time of a decision must be aware; give it in the centre's zone")
    return {"month": MONTHS[at.month - 1], "day_of_week": WEEKDAYS[at.weekday()]}


def row(
    factors: Sequence[Factor],
    attributes: Mapping[str, object],
    at: datetime | Mapping[str, object],
    history: Mapping[str, object],
) -> Row:
    """The values of `factors` for one interaction; anything absent or unreadable is missing.

    `at` is the time at the centre, or, for a recorded call, the columns that hold its moment. Raises nothing
    but ValueError for a time without a zone.
    """
    when = moment(at) if isinstance(at, datetime) else at
    made: Row = {}
    for factor in factors:
        if factor.source is Source.MOMENT:
            raw = when.get(factor.name)
        elif factor.source is Source.HISTORY and factor.name in history:
            raw = history[factor.name]
        else:
            raw = attributes.get(factor.name)
        made[factor.name] = _number(raw, factor) if factor.kind is Kind.NUMBER else _text(raw, factor)
    return made


def _text(raw: object, factor: Factor) -> str:
    text = "" if raw is None else str(raw).strip()
    return "" if text in factor.missing else text


def _number(raw: object, factor: Factor) -> float:
    value = _read(_text(raw, factor))
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
