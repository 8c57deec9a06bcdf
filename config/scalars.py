"""The kinds of single values the files are written in (durations, shares, times, names), each with its mend.

What they mean together is left to the models of the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from config.errors import shown
from config.schema_hints import Bounds, Words, written
from strategies.campaign import DAYS
from strategies.vocabulary import Medium, Result, Trigger
from strategies.windows import END_OF_DAY

EnumT = TypeVar("EnumT", bound=StrEnum)

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_LOOSE_DURATION = re.compile(r"([0-9]{1,9})\s*(ms|milli|s|m|h|d)[a-z]*", re.IGNORECASE)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_RESPONSE = re.compile(r"pressed_[0-9*#]|(?:agent|text|email)_[A-Za-z0-9_]{1,64}|said_nothing")
_EXPANDED = frozenset('${}[],&;|()\\"')  # what Asterisk's dialplan reads again inside a variable's value
_LONGEST_TEXT = 4000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")  # all but tab and newline


class Strict(BaseModel):
    """A mapping of the files: unknown keys are refused, values are frozen. The text under a key is what the
    schema and the reference say of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def wrong(message: str, mend: str) -> PydanticCustomError:
    """A mistake in a value, with what to write instead."""
    return PydanticCustomError("config", "{message}", {"message": message, "mend": mend})


def nearest(word: str, known: list[str]) -> str:
    """The mend for a word that is not in a closed list."""
    close = get_close_matches(word, known, n=1) or [k for k in known if len(word) > 2 and k.startswith(word)]
    return (
        f"did you mean {close[0]}?" if close else f"write one of {', '.join(known)}" if known else "remove it"
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(
            f"{shown(value)} is not text", "quote it" if isinstance(value, (int, float)) else "write a text"
        )
    if not value.strip():
        raise wrong("is empty", "write something, or remove the key")
    if len(value) > _LONGEST_TEXT:
        raise wrong(f"is longer than {_LONGEST_TEXT:,} characters", "shorten it")
    if _CONTROL.search(value):
        raise wrong(f"{shown(value)} holds a control character", "leave it out")
    return value


def _line(value: object) -> str:
    text = _text(value)
    if not text.isprintable():
        raise wrong(f"{shown(text)} is more than one line", "write it on one line")
    return text


def read_duration(value: object) -> float:
    """Seconds of a duration as the files write it; raises the mistake with its mend."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        loose = _LOOSE_DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        mend = f"write {_short(loose)}" if loose else "write a number and a unit, such as 5s, 5m, 2h or 7d"
        raise wrong(f"{shown(value)} is not a duration", mend)
    return float(found[1]) * _SECONDS[found[2]]


def _short(loose: re.Match[str]) -> str:
    unit = "ms" if loose[2].lower() in ("ms", "milli") else loose[2].lower()
    return f"{int(loose[1])}{unit}"


def _share(value: object) -> float:
    number = value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,6})?%", value):
        number = float(value[:-1]) / 100
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1:
        raise wrong(f"{shown(value)} is not a share", "write a percentage such as 3%, or 0.03")
    return float(number)


def _local_time(value: object) -> time:
    if value == "24:00":
        return END_OF_DAY
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{shown(value)} is not a time of day", 'write hours and minutes, such as "09:00"')
    return time(int(found[1]), int(found[2]))


def _weekdays(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise wrong(f"{shown(value)} is not a list of weekdays", "write a list such as [mon, wed, fri]")
    for day in value:
        if day not in DAYS:
            raise wrong(f"{shown(day)} is not a weekday", nearest(str(day).lower()[:3], list(DAYS)))
    return tuple(day for day in DAYS if day in value)


def _matching(pattern: re.Pattern[str], what: str, example: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            mend = "quote it" if type(value) is int else f"write {example}"
            raise wrong(f"{shown(value)} is not {what}", mend)
        return value

    return check


def _zone(value: object) -> str:
    try:
        return ZoneInfo(_text(value)).key
    except (KeyError, ValueError, OSError):
        raise wrong(f"{shown(value)} is not a time zone", _zone_meant(str(value))) from None


def _zone_meant(written: str) -> str:
    """The mend for a name that no zone has: the one most alike, if there is one."""
    alike = get_close_matches(written, available_timezones(), n=1, cutoff=0.75)
    other = "write an IANA name such as America/New_York or Europe/Madrid"
    return f"did you mean {alike[0]}?" if alike else other


def _phone(value: object) -> str:
    digits = str(value) if type(value) is int else value
    if not isinstance(digits, str) or re.fullmatch(r"\+?[0-9() .-]{3,24}", digits) is None:
        raise wrong(f"{shown(value)} is not a telephone number", 'write it as "+12125550100"')
    return digits


def _phones(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    if not found:
        raise wrong("is empty", "name at least one number, or remove the prefix")
    return tuple(dict.fromkeys(map(_phone, found)))


def _prefix(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(r"\+[1-9][0-9]{0,14}", value, re.ASCII) is None:
        mend = 'write it with its country and in quotes, such as "+1212"'
        raise wrong(f"{shown(value)} is not the beginning of telephone numbers", mend)
    return value


def _key(value: object) -> str:
    key = str(value) if type(value) is int else value
    if not isinstance(key, str) or re.fullmatch(r"[0-9*#]", key) is None:
        raise wrong(f"{shown(value)} is not a key", 'write one of 0 to 9, "*" and "#"')
    return key


def _whole(value: object) -> int:
    if type(value) is not int:
        raise wrong(f"{shown(value)} is not a whole number", "write a number such as 5")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise wrong(f"{shown(value)} is not a number", "write a number such as 2.5")
    return float(value)


def at_least(low: float, high: float = 1e9) -> Bounds:
    """Bounds of a number."""

    def check(value: float) -> float:
        if not low <= value <= high:
            limits = f"of at least {low:g}" if high >= 1e9 else f"from {low:g} to {high:g}"
            raise wrong(f"{shown(value)} is out of bounds", f"write a number {limits}")
        return value

    return Bounds(check, low=low, high=high)


def lasting(low: float, high: float) -> AfterValidator:
    """Bounds of a duration, in seconds."""

    def check(value: float) -> float:
        if not low <= value <= high:
            limits = f"{duration_text(low)} to {duration_text(high)}"
            raise wrong(f"{duration_text(value)} is out of bounds", f"write {limits}")
        return value

    return AfterValidator(check)


def duration_text(seconds: float) -> str:
    """Seconds as the files write them: 90 is 90s, 300 is 5m, 0.15 is 150ms."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds * 1000:g}ms" if 0 < seconds < 1 else f"{seconds:g}s"


def _ring(value: object) -> float:
    seconds = read_duration(value)
    if not 15 <= seconds <= 120:
        mend = "write 15s or more (16 CFR 310.4(b)(4)(ii))" if seconds < 15 else "write 120s or less"
        raise wrong(f"{shown(value)} of ringing is too {'short' if seconds < 15 else 'long'}", mend)
    return seconds


def _date(value: object) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise wrong(f"{shown(value)} is not a date", "write year-month-day, such as 2024-01-31") from None


def _plain_text(value: object) -> str:
    text = _text(value)
    unsafe = sorted({c for c in text if c in _EXPANDED or not c.isprintable()})
    if unsafe:
        message = f"holds {' '.join(shown(c) for c in unsafe)}, which Asterisk would read as more than text"
        raise wrong(message, "leave these characters out")
    return text


def _places_closed(value: object) -> str:
    text = _text(value)
    rest = re.sub(r"\{[A-Za-z_][A-Za-z0-9_]*\}", "", text)
    if "{" in rest or "}" in rest:
        raise wrong(f"{shown(text)} has a brace that encloses no attribute", "write places as {first_name}")
    return text


def one_of(kind: type[EnumT], what: str) -> BeforeValidator:
    """A word of one of the closed lists in `strategies.vocabulary`."""

    def check(value: object) -> EnumT:
        known = [str(member) for member in kind]
        if value not in known:
            raise wrong(f"{shown(value)} is not a {what}", nearest(str(value), known))
        return kind(str(value))

    return BeforeValidator(check)


def word_of(words: tuple[str, ...], what: str) -> Words:
    """A word of a closed list."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise wrong(f"{shown(value)} is not {what}", nearest(str(value), list(words)))
        return value

    return Words(check, words=words)


_BARE_NUMBER = {"type": ["string", "integer"]}  # what looks like a number may be left unquoted

Text = Annotated[str, BeforeValidator(_text), written("text", minLength=1)]
Line = Annotated[str, BeforeValidator(_line), written("one line of text", minLength=1)]
Condition = Annotated[str, BeforeValidator(_line), written("expression", minLength=1)]
TemplateText = Annotated[
    str, BeforeValidator(_places_closed), written("text with {attribute} in it", minLength=1)
]
TemplateLine = Annotated[
    str,
    BeforeValidator(_places_closed),
    BeforeValidator(_line),
    written("one line with {attribute} in it", minLength=1),
]
DialplanText = Annotated[str, BeforeValidator(_plain_text), written("plain text", minLength=1)]
Duration = Annotated[float, BeforeValidator(read_duration), written("duration", _DURATION)]
RingTime = Annotated[float, BeforeValidator(_ring), written("duration", _DURATION)]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,3}(?:\.[0-9]{1,6})?%$"},
                {"type": "number", "minimum": 0, "maximum": 1},
            ],
            "x-kind": "percentage",
        }
    ),
]
LocalTime = Annotated[time, BeforeValidator(_local_time), written("time of day", rf"24:00|{_TIME.pattern}")]
Weekdays = Annotated[
    tuple[str, ...],
    BeforeValidator(_weekdays),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(DAYS)}}),
]
Zone = Annotated[str, BeforeValidator(_zone), written("time zone (IANA)")]
Phone = Annotated[str, BeforeValidator(_phone), written("telephone number", **_BARE_NUMBER)]
Phones = Annotated[
    tuple[str, ...],
    BeforeValidator(_phones),
    WithJsonSchema(
        {
            "type": ["string", "integer", "array"],
            "items": _BARE_NUMBER,
            "minItems": 1,
            "x-kind": "telephone number, or a list of them",
        }
    ),
]
Prefix = Annotated[str, BeforeValidator(_prefix), written("prefix", r"\+[1-9][0-9]{0,14}")]
Day = Annotated[date, BeforeValidator(_date), written("date", r"[0-9]{4}-[0-9]{2}-[0-9]{2}")]
Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[int, at_least(0), BeforeValidator(_whole)]
Positive = Annotated[int, at_least(1), BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number)]
Rate = Annotated[float, at_least(0.01, 100_000), BeforeValidator(_number)]
Name = Annotated[
    str,
    BeforeValidator(_matching(_NAME, "a name", "letters, digits, _ and - only, such as spring_reminder")),
    written("name", _NAME),
]
Attribute = Annotated[
    str,
    BeforeValidator(_matching(_ATTRIBUTE, "an attribute's name", "a list column's name such as account")),
    written("attribute", _ATTRIBUTE),
]
EnvironmentName = Annotated[
    str,
    BeforeValidator(
        _matching(_ENVIRONMENT, "an environment variable's name", "it in capitals, as in MY_SECRET")
    ),
    written("environment variable", _ENVIRONMENT),
]
Response = Annotated[
    str,
    BeforeValidator(
        _matching(_RESPONSE, "a response", "pressed_1, agent_X, text_X, email_X or said_nothing")
    ),
    written("response", _RESPONSE),
]
Key = Annotated[str, BeforeValidator(_key), written("key of a telephone", "[0-9*#]", **_BARE_NUMBER)]
ResultName = Annotated[Result, one_of(Result, "result")]
TriggerName = Annotated[Trigger, one_of(Trigger, "trigger")]
MediumName = Annotated[Medium, one_of(Medium, "medium")]
Country = Annotated[
    str,
    BeforeValidator(_matching(re.compile(r"[A-Z]{2}"), "a country", "two capitals such as US")),
    written("country", "[A-Z]{2}"),
]
