"""Which days are holidays: of a country, of a part of it, or a single date; who keeps them closed is the
campaign's to say."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_PLACE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@lru_cache(maxsize=1024)
def known_calendar(name: str) -> bool:
    """Whether a name is a country's (`US`), a part's of one (`US-NY`, ISO 3166-2) or a date
    (`2030-12-24`)."""
    if _DATE.fullmatch(name):
        return _is_date(name)
    from holidays import list_supported_countries  # noqa: PLC0415 - see _of_year

    place = _PLACE.fullmatch(name)
    if place is None:
        return False
    parts = list_supported_countries(include_aliases=False).get(place[1])
    return parts is not None and (place[2] is None or place[2] in parts)


def is_holiday(names: tuple[str, ...], day: date) -> bool:
    """Whether a day is a holiday by one of these calendars; one that does not exist has none."""
    return bool(names) and day in _of_year(names, day.year)


@lru_cache(maxsize=256)
def _of_year(names: tuple[str, ...], year: int) -> frozenset[date]:
    """Every holiday of a year: a calendar takes long to make and is asked again and again."""
    # The library takes a tenth of a second to load, which only those pay who name a calendar.
    from holidays import country_holidays  # noqa: PLC0415

    found: set[date] = set()
    for name in filter(known_calendar, names):
        if _DATE.fullmatch(name):
            found.add(date.fromisoformat(name))
        else:
            country, _, part = name.partition("-")
            found |= set(country_holidays(country, subdiv=part or None, years=year))
    return frozenset(found)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
