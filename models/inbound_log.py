"""Reads a call centre's log of inbound calls, one row a call, into calls in the order of time; what was known
when each of them was queued is left to `models.inbound`.

The columns are those of the log of a bank's call centre that the Technion's Service Engineering Laboratory
published ("Anonymous Bank", I. Guedj and A. Mandelbaum): tab separated, times as h:mm:ss, seconds as numbers.
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from models.errors import TrainingError

COLUMNS = (
    "customer_id",
    "type",
    "date",
    "vru_time",
    "vru_entry",
    "q_start",
    "q_time",
    "outcome",
    "ser_start",
    "ser_time",
    "server",
)
"""The columns that are read; others may be there."""

SERVED, HUNG_UP = "AGENT", "HANG"
"""The outcomes that are calls; anything else (`PHANTOM`) is none and is left out."""

NOBODY = "0"
LONGEST = 4 * 3_600.0
"""A wait or a talk beyond this is a fault of the clock, and counts as this long."""

HALF_A_DAY, DAY = 43_200, 86_400
SPOILT = 0.01
"""More than this share of rows that cannot be read, and the file is not such a log."""


@dataclass(frozen=True, slots=True)
class InboundCall:
    """One call; times in seconds of the centre's own clock, counted as if it were UTC.

    `customer`: empty for somebody nobody recognised. `intent`: what they wanted. `queued_at`, None for one
    that went to an agent at once or hung up before; `waited` seconds, until `answered_at` or, where that is
    None, until they hung up. `ivr_seconds` is negative where the clocks of the log disagree.
    """

    customer: str
    intent: str
    came_at: float
    ivr_seconds: float
    queued_at: float | None
    waited: float
    answered_at: float | None
    talked: float
    agent: str

    @property
    def abandoned(self) -> bool:
        """Hung up without having spoken to anybody."""
        return self.answered_at is None


@dataclass(frozen=True, slots=True)
class InboundLog:
    """Calls in the order in which they came; how many rows were no calls, how many could not be read."""

    calls: tuple[InboundCall, ...]
    no_calls: int
    unreadable: int


def read_inbound(paths: Sequence[Path]) -> InboundLog:
    """Read the files (plain or .gz), in whatever order they are given. Raises TrainingError."""
    calls: list[InboundCall] = []
    no_calls = unreadable = 0
    for path in paths:
        spoilt = 0
        seen = 0
        for cells in _rows(path):
            seen += 1
            try:
                call = _call(cells)
            except (KeyError, ValueError):
                spoilt += 1
                continue
            if call is None:
                no_calls += 1
            else:
                calls.append(call)
        if spoilt > SPOILT * seen:
            raise TrainingError(
                f"{path}: {spoilt} of {seen} rows cannot be read; times are h:mm:ss, dates yymmdd, durations "
                "seconds: mend the file"
            )
        unreadable += spoilt
    return InboundLog(tuple(sorted(calls, key=lambda call: call.came_at)), no_calls, unreadable)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Each row by column; one with more or fewer cells than the header lacks all of them."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            header = next(_cells(file), [])
            lacking = [name for name in COLUMNS if name not in header]
            if lacking:
                raise TrainingError(
                    f"{path}: no column {', '.join(lacking)} in the tab separated header; give a log of "
                    "inbound calls with them"
                )
            for cells in _cells(file):
                yield dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TrainingError(f"{path}: {reason}; give the log of inbound calls") from error


def _cells(file: Iterable[bytes]) -> Iterator[list[str]]:
    return (line.decode("utf-8", "replace").rstrip("\r\n").split("\t") for line in file if line.strip())


def _call(cells: dict[str, str]) -> InboundCall | None:
    """The call of a row, None for a row that is none. Raises KeyError or ValueError for one that cannot be
    read."""
    outcome = cells["outcome"]
    waited, talked = float(cells["q_time"]), float(cells["ser_time"])
    if outcome not in (SERVED, HUNG_UP):
        return None
    intent = cells["type"].strip()
    if not intent or waited < 0 or talked < 0:
        raise ValueError
    waited, talked = min(waited, LONGEST), min(talked, LONGEST)
    midnight = _midnight(cells["date"])
    came = _clock(cells["vru_entry"])
    return InboundCall(
        customer="" if cells["customer_id"] == NOBODY else cells["customer_id"],
        intent=intent,
        came_at=midnight + came,
        ivr_seconds=float(cells["vru_time"]),
        queued_at=midnight + _later(cells["q_start"], came) if waited else None,
        waited=waited,
        answered_at=midnight + _later(cells["ser_start"], came) if outcome == SERVED else None,
        talked=talked if outcome == SERVED else 0.0,
        agent=cells["server"] if outcome == SERVED else "",
    )


@cache
def _midnight(date: str) -> float:
    """Two digits of the year each month and day: the log is of the last century."""
    return datetime.strptime("19" + date, "%Y%m%d").replace(tzinfo=UTC).timestamp()


def _clock(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3_600 + int(minutes) * 60 + int(seconds)


def _later(text: str, came: int) -> int:
    """A time of the same call: small after a great one is past midnight."""
    at = _clock(text)
    return at + DAY if at < came - HALF_A_DAY else at
