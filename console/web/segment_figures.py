"""The figures of segments as they are told: whom decisions moved, what held them back, how long they took,
and what agents made of the objectives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from console.follow.decision_sums import Days, Sums, bins, local_day, summed
from console.moments import local_moment
from console.web.operations import Told
from strategies.decisions import Reason
from strategies.segments import Catalogue

LATE = frozenset({Reason.DEADLINE, Reason.FAULT})


class DecisionTold(Told):
    """One decision: what was known, foretold, weighed and chosen, as the ledger has it."""

    id: str
    at: str | None
    interaction: str
    customer: str
    first: str
    second: str | None
    objective: str
    applied: bool
    reason: str
    decision: dict[str, Any]


class Move(Told):
    """How many decisions led from one segment to another, or left the customer in it."""

    first: str
    second: str
    decisions: int


class Handled(Told):
    """Calls handled by an objective, and what agents said of them; `hit_rate` of those they pursued."""

    objective: str
    calls: int
    pursued: int
    achieved: int
    hit_rate: float | None


class Bin(Told):
    """Decisions that took longer than the bin before and at most so many milliseconds."""

    upto_ms: float
    calls: int


class Latency(Told):
    """How long callers waited for the decision, right within 3 %. `late`: decisions that came to nothing in
    time, or to an error, so that the first segment stood."""

    calls: int
    median_ms: float | None
    p99_ms: float | None
    deadline_ms: float | None
    late: int
    bins: list[Bin]


class Guard(Told):
    """How many customers a guard kept in their first segment though another was found to be better."""

    guard: str
    kept: int
    share: float | None


class Day(Told):
    """One day, of the centre's own clock."""

    day: str
    decisions: int
    moved: int
    kept: int
    pursued: int
    achieved: int
    median_ms: float | None
    p99_ms: float | None


class Segments(Told):
    """Of so many days, today the last. `moved`: decisions that moved the customer; `found`: those that found
    a better segment, whatever was done about it."""

    days: int
    decisions: int
    since: str | None
    moved: int
    found: int
    moves: list[Move]
    objectives: list[Handled]
    reasons: dict[str, int]
    arms: dict[str, int]
    guards: list[Guard]
    latency: Latency
    by_day: list[Day]


class EffectTold(Told):
    """What treating a call instead changed on the mean of a metric, with the interval that holds the true
    effect in 95 of 100 experiments; no interval with too few pairs of slices."""

    metric: str
    against: str
    pairs: int
    treated: float
    other: float
    effect: float
    low: float | None
    high: float | None
    verdict: str


class Control(Told):
    """The experiment over the newest fifty thousand calls, by the arithmetic of `secondpass model report`.
    `misdrawn`: calls in another arm than the seed draws, which count nowhere; `note`: why there is no
    effect."""

    calls: int
    over: int
    since: str | None
    slice_seconds: float | None
    control_share: float
    burn_in_seconds: float
    misdrawn: int
    note: str
    effects: list[EffectTold]


class ModelTold(Told):
    """How a model of this centre stands, as its learner tells it."""

    name: str
    status: dict[str, Any]


def decision_told(identity: str, line: dict[str, Any]) -> dict[str, Any]:
    """A decision's line as it is told."""
    made = line.get("decision") or {}
    return {
        "id": identity,
        "at": local_moment(line.get("at"), "UTC"),
        "interaction": str(line.get("interaction", "")),
        "customer": str(line.get("customer", "")),
        "first": str(made.get("first", "")),
        "second": made.get("second"),
        "objective": str(made.get("objective", "")),
        "applied": bool(made.get("applied")),
        "reason": str(line.get("reason") or made.get("reason", "")),
        "decision": made,
    }


def segments_told(days: Days, now: float, count: int, catalogue: Catalogue | None) -> dict[str, Any]:
    """The sums of the last so many days, as they are told; `now` in epoch seconds."""
    wanted = list(days.since(local_day(now) - timedelta(days=count - 1)))
    sums = summed(one for _, one in wanted)
    return {
        "days": count,
        "decisions": sums.decisions,
        "since": local_moment(sums.first, "UTC"),
        "moved": sums.moved,
        "found": sums.found,
        "moves": [
            {"first": first, "second": second, "decisions": times}
            for (first, second), times in sorted(sums.moves.items())
        ],
        "objectives": [_handled(name, sums) for name in sorted({*sums.calls, *sums.pursued})],
        "reasons": dict(sums.reasons),
        "arms": dict(sums.arms),
        "guards": [
            {"guard": guard, "kept": kept, "share": round(kept / sums.found, 4) if sums.found else None}
            for guard, kept in sums.kept_by.items()
        ],
        "latency": _latency(sums, catalogue),
        "by_day": [_day(day.isoformat(), one) for day, one in wanted],
    }


def _handled(name: str, sums: Sums) -> dict[str, Any]:
    pursued, achieved = sums.pursued[name], sums.achieved[name]
    rate = round(achieved / pursued, 4) if pursued else None
    told = {"pursued": pursued, "achieved": achieved, "hit_rate": rate}
    return {"objective": name, "calls": sums.calls[name], **told}


def _latency(sums: Sums, catalogue: Catalogue | None) -> dict[str, Any]:
    return {
        "calls": sums.times.total(),
        "median_ms": sums.quantile(0.5),
        "p99_ms": sums.quantile(0.99),
        "deadline_ms": catalogue.deadline * 1000 if catalogue else None,
        "late": sum(sums.reasons[reason] for reason in LATE),
        "bins": [{"upto_ms": upto, "calls": calls} for upto, calls in bins(sums.times)],
    }


def _day(day: str, sums: Sums) -> dict[str, Any]:
    return {
        "day": day,
        "decisions": sums.decisions,
        "moved": sums.moved,
        "kept": sum(sums.kept_by.values()),
        "pursued": sums.pursued.total(),
        "achieved": sums.achieved.total(),
        "median_ms": sums.quantile(0.5),
        "p99_ms": sums.quantile(0.99),
    }
