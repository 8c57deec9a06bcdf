"""Hours and days in words."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.campaign import DAYS, Window


def hours_text(window: Window) -> str:
    """Hours and days as the sentences say them."""
    closes = f"{window.closes:%H:%M}"
    festive = f" but {', '.join(window.holidays)} holidays" if window.holidays else ""
    return f"{window.opens:%H:%M} to {'24:00' if closes == '00:00' else closes} {_days(window.days)}{festive}"


def _days(days: Sequence[str]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    first = DAYS.index(days[0])
    together = tuple(days) == DAYS[first : first + len(days)]
    return f"{days[0]} to {days[-1]}" if together and len(days) > 2 else ", ".join(days)
