"""Which time zones a country has, from the tz database's own table."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            table[country] = (*table.get(country, ()), zone)
    return table


def zones_of(country: str) -> tuple[str, ...]:
    """The zones of a country by its two letters, the most populous first; empty for a code that is none."""
    return _table().get(country, ())
