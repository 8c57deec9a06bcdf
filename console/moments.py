"""Moments as people read and write them: ISO 8601 with the offset of a zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import typer

from strategies.windows import epoch_of


def local_moment(moment: float | None, zone: str) -> str | None:
    """Epoch seconds as `2026-03-02T08:00:00-05:00`; None stays None."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat(timespec="seconds")


def moment_of(text: str, zone: str) -> float:
    """Epoch seconds of an ISO moment or date, local to the zone where it has no offset. Raises ValueError."""
    return epoch_of(datetime.fromisoformat(text), zone)


def moment_option(text: str, zone: str, option: str) -> float:
    """The moment an option names, as `moment_of`. Raises typer.BadParameter, which names the option."""
    try:
        return moment_of(text, zone)
    except ValueError:
        raise typer.BadParameter(
            f'"{text}" is no moment; write 2030-01-31T09:00', param_hint=option
        ) from None
