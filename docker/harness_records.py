"""What the harness reads back from its parts: the carrier's call records, SIPp's counts, the queue log."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """One call as the carrier saw it. Times in seconds since 1970; `answer` is None where nobody answered."""

    number: str
    caller_id: str
    start: float
    answer: float | None
    end: float
    disposition: str  # ANSWERED, NO ANSWER, BUSY, CONGESTION or FAILED
    billsec: int
    uniqueid: str
    cause: int | None  # Q.850


@dataclass(frozen=True, slots=True)
class CallsIn:
    """SIPp's own counts of a batch of inbound calls: successful ones were answered and ended in order."""

    calls: int
    successful: int
    failed: int


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line of Asterisk's queue log."""

    time: float
    call: str
    queue: str
    agent: str
    event: str
    fields: tuple[str, ...]


def carrier_calls(lines: Iterable[str]) -> list[CarrierCall]:
    return [_carrier_call(row) for row in csv.reader(lines) if row]


def _carrier_call(row: list[str]) -> CarrierCall:
    number, caller_id, start, answer, end, disposition, billsec, uniqueid, cause = row
    return CarrierCall(
        number,
        caller_id,
        float(start),
        float(answer or 0) or None,
        float(end),
        disposition,
        int(billsec),
        uniqueid,
        int(cause) if cause else None,
    )


def queue_entries(lines: Iterable[str]) -> list[QueueEntry]:
    rows = (line.rstrip("\n").split("|") for line in lines if line.count("|") >= 4)
    return [QueueEntry(float(r[0]), r[1], r[2], r[3], r[4], tuple(r[5:])) for r in rows]


def sipp_counts(lines: Iterable[str]) -> CallsIn:
    """The totals of a SIPp statistics file: its last line, whose columns the first line names."""
    *_, last = csv.DictReader(lines, delimiter=";")
    return CallsIn(int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]))


def read_lines(file: Path) -> list[str]:
    """The lines of a file that may not be there yet."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
