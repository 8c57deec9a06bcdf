"""Counts what the demo's run came to, from the ledger, Asterisk and the carrier, and checks that they
agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import quantiles
from typing import Protocol


class CarrierCall(Protocol):
    """One of the carrier's own call records; epoch seconds."""

    @property
    def number(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


class QueueEvent(Protocol):
    """One line of Asterisk's queue log."""

    @property
    def call(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def event(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the report is counted from."""

    ledger: Sequence[Mapping[str, object]]
    carrier: Sequence[CarrierCall]
    queue_log: Sequence[QueueEvent]
    contacts: int
    inbound_calls: int
    channels_left: int
    ledger_equals_counters: bool
    attempt_prefix: str = "sp-"


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summary.json` holds, and what does not hold of it."""

    figures: Mapping[str, Mapping[str, object]]
    failed: tuple[str, ...] = field(default_factory=tuple)


def summarise(seen: Seen) -> Summary:
    """All figures, and the names of the checks that do not hold."""
    checks = _checks(seen)
    figures: dict[str, Mapping[str, object]] = {
        "outbound": _outbound(seen),
        "recovery": _recovery(seen.ledger),
        "inbound": _inbound(seen),
        "checks": checks,
    }
    return Summary(figures, tuple(_failures(figures)))


def twice_at_once(calls: Iterable[CarrierCall]) -> int:
    """How many calls to a number began while an earlier call to it was still up."""
    by_number: dict[str, list[CarrierCall]] = {}
    for call in calls:
        by_number.setdefault(call.number, []).append(call)
    ordered = (sorted(calls, key=lambda call: call.start) for calls in by_number.values())
    # Whole seconds in the records: a call that begins in the second the last one ended in is not beside it.
    return sum(later.start < earlier.end for calls in ordered for earlier, later in pairwise(calls))


def _lines(ledger: Sequence[Mapping[str, object]], kind: str) -> list[Mapping[str, object]]:
    return [line for line in ledger if line.get("kind") == kind]


def _outbound(seen: Seen) -> dict[str, object]:
    results = Counter(str(line["result"]) for line in _lines(seen.ledger, "attempt_ended"))
    done = {line["contact"] for line in _lines(seen.ledger, "contact_ended")}
    return {
        "contacts": seen.contacts,
        "attempts": len(_lines(seen.ledger, "attempt_started")),
        "by_result": dict(sorted(results.items())),
        "connected_to_agent": results["connected_agent"],
        "left_to_do": seen.contacts - len(done),
    }


def _recovery(ledger: Sequence[Mapping[str, object]]) -> dict[str, object]:
    triggered = Counter(str(line["trigger"]) for line in _lines(ledger, "recovery_triggered"))
    reached = sum(
        line.get("result") == "connected_agent" and bool(line.get("recovers"))
        for line in _lines(ledger, "attempt_ended")
    )
    return {"triggered": triggered.total(), "reached": reached, "by_trigger": dict(sorted(triggered.items()))}


def _inbound(seen: Seen) -> dict[str, object]:
    inbound = [line for line in seen.queue_log if not line.call.startswith(seen.attempt_prefix)]
    entered = Counter(line.queue for line in inbound if line.event == "ENTERQUEUE")
    answered = {line.call for line in inbound if line.event == "CONNECT"}
    return {
        "calls": seen.inbound_calls,
        "re_associated": len(_lines(seen.ledger, "re_associated")),
        "by_queue": dict(sorted(entered.items())),
        "answered_by_agent": len(answered),
        "decision_ms": _percentiles([float(str(line["ms"])) for line in _lines(seen.ledger, "call_entered")]),
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": 0.0, "p99": 0.0}
    cuts = quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)}


def _checks(seen: Seen) -> dict[str, object]:
    return {
        "originates_in_ledger": len(_lines(seen.ledger, "attempt_started")),
        "invites_at_carrier": len(seen.carrier),
        "numbers_dialled_twice_at_once": twice_at_once(seen.carrier),
        "channels_left": seen.channels_left,
        "ledger_equals_counters": seen.ledger_equals_counters,
    }


def _failures(figures: Mapping[str, Mapping[str, object]]) -> Iterable[str]:
    checks, outbound, recovery, inbound = (
        figures[part] for part in ("checks", "outbound", "recovery", "inbound")
    )
    wanted = {
        "every originate is one INVITE at the carrier": checks["originates_in_ledger"]
        == checks["invites_at_carrier"]
        != 0,
        "no number dialled twice at once": checks["numbers_dialled_twice_at_once"] == 0,
        "no channel left": checks["channels_left"] == 0,
        "ledger and counters agree": checks["ledger_equals_counters"] is True,
        "every contact has ended": outbound["left_to_do"] == 0,
        "somebody was recovered": recovery["reached"] != 0,
        "somebody was re-associated": inbound["re_associated"] != 0,
        "every inbound call was answered": inbound["answered_by_agent"] == inbound["calls"],
    }
    return (name for name, holds in wanted.items() if not holds)
