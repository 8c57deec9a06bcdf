"""What the law of a country asks of a campaign's purpose, read from dated data files; a campaign may be
stricter, never laxer. Enforcing it at each call is left to the engine and the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from config.campaign_file import PURPOSES, Holidays, WindowFile
from config.checking import checked
from config.errors import ConfigErrors
from config.scalars import (
    Country,
    Day,
    Duration,
    MediumName,
    Positive,
    Share,
    Strict,
    Text,
    word_of,
)
from config.yaml_reader import read
from strategies.abandonment import CLOCKS, DAY, FROM_GREETING
from strategies.campaign import DAYS, StateHours, Window
from strategies.contacts import LINE_TYPES
from strategies.vocabulary import CONSENT_BASES, Medium
from strategies.windows import END_OF_DAY

DIRECTORY = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class DebtCap:
    """At most `calls` in `within` seconds about one debt; `silence` seconds after a conversation."""

    calls: int
    within: float
    silence: float


@dataclass(frozen=True, slots=True)
class Preset:
    """The rules for one purpose in one country; `window` is in the called person's own zone.

    `abandon_rate` is a fraction of live-answered calls, None where nothing caps it, over successive periods
    of `abandon_days`; `abandon_clock` is a word of `strategies.abandonment.CLOCKS`; for `abandon_lockout`
    seconds nobody is called who was abandoned. `consent` tells the basis a medium asks for, calls only on
    lines of the kinds `consent_on` (none: on any).
    `states`: the stricter hours of those states that have some, by their codes, with the texts they come from
    among the `sources`.
    `registry_within`: the age in seconds at which the country's do-not-call registry is too old to call by;
    None where it does not bind. `sources` are the texts of law, `checked` the day they were last compared
    with them.
    """

    country: str
    purpose: str
    window: Window
    abandon_rate: float | None
    abandon_days: int
    abandon_clock: str
    abandon_lockout: float
    consent: Mapping[Medium, str]
    consent_on: tuple[str, ...]
    debt_cap: DebtCap | None
    registry_within: float | None
    sources: tuple[str, ...]
    checked: date
    states: Mapping[str, StateHours]


class _DebtCapFile(Strict):
    calls: Positive
    within: Duration
    silence: Duration


class _StateFile(Strict):
    area_codes: list[Annotated[str, Field(pattern=r"[2-9][0-9]{2}")]]
    postal_codes: list[Annotated[str, Field(pattern=r"[0-9]{3}-[0-9]{3}")]]


class _StateHoursFile(Strict):
    window: WindowFile
    holidays: Holidays = ()
    sources: Annotated[list[Text], Field(min_length=1)]


class _PurposeFile(Strict):
    window: WindowFile
    abandon_rate: Share | None = None
    abandon_period: Duration = 30 * DAY
    abandon_clock: Annotated[str, word_of(CLOCKS, "a clock")] = FROM_GREETING
    abandon_lockout: Duration = 0.0
    consent: dict[MediumName, Annotated[str, word_of(CONSENT_BASES, "a basis of consent")]] = Field(
        default_factory=dict
    )
    consent_on: list[Annotated[str, word_of(LINE_TYPES, "a kind of line")]] = Field(default_factory=list)
    debt_cap: _DebtCapFile | None = None
    registry_within: Duration | None = None
    states: dict[Text, _StateHoursFile] = Field(default_factory=dict)
    sources: list[Text]


class _PresetFile(Strict):
    country: Country | None = None
    checked: Day
    states: dict[Text, _StateFile] = Field(default_factory=dict)
    purposes: Annotated[
        dict[Annotated[str, word_of(PURPOSES, "a purpose")], _PurposeFile], Field(min_length=1)
    ]


def preset_for(purpose: str, country: str) -> Preset:
    """The country's own preset, or the general one where it has none. KeyError for a purpose that is none."""
    presets = _all()
    return presets.get((country, purpose)) or presets["", purpose]


@cache
def _all() -> Mapping[tuple[str, str], Preset]:
    return {(p.country, p.purpose): p for file in sorted(DIRECTORY.glob("*.yaml")) for p in _read(file)}


def _read(file: Path) -> list[Preset]:
    found, problems = checked(read(file), _PresetFile)
    if found is None or problems.errors:
        raise ConfigErrors(problems.errors)
    return [_preset(found, purpose, rules) for purpose, rules in found.purposes.items()]


def _preset(file: _PresetFile, purpose: str, rules: _PurposeFile) -> Preset:
    cap = rules.debt_cap
    return Preset(
        country=file.country or "",
        purpose=purpose,
        window=_window(rules.window),
        abandon_rate=rules.abandon_rate,
        abandon_days=max(1, round(rules.abandon_period / DAY)),
        abandon_clock=rules.abandon_clock,
        abandon_lockout=rules.abandon_lockout,
        consent=dict(rules.consent),
        consent_on=tuple(rules.consent_on),
        debt_cap=DebtCap(cap.calls, cap.within, cap.silence) if cap else None,
        registry_within=rules.registry_within,
        sources=(*rules.sources, *(text for state in rules.states.values() for text in state.sources)),
        checked=file.checked,
        states={code: _state(hours, file.states[code]) for code, hours in rules.states.items()},
    )


def _window(file: WindowFile, holidays: tuple[str, ...] = ()) -> Window:
    return Window(file.opens or time.min, file.closes or END_OF_DAY, file.days or DAYS, holidays)


def _state(hours: _StateHoursFile, numbers: _StateFile) -> StateHours:
    ranges = (each.partition("-") for each in numbers.postal_codes)
    return StateHours(
        _window(hours.window, hours.holidays),
        frozenset(numbers.area_codes),
        tuple((int(first), int(last)) for first, _, last in ranges),
    )
