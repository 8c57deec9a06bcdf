"""Moments as people read and write them: ISO 8601 with the offset of a zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def local_moment(moment: float | None, zone: str) -> str | None:
    """Epoch seconds as `2026-03-02T08:00:00-05:00`; None stays None."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat(timespec="seconds")


def moment_of(text: str, zone: str) -> float:
    """Epoch seconds of an ISO moment or date, local to the zone where it has no offset. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).timestamp()
