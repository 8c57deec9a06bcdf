"""Recounts every figure of a sub-campaign from its ledger alone; keeping the ledger is left to the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strategies.vocabulary import Kind, RecoveryEnd, Result

Line = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Counters:
    """The figures of one sub-campaign (or of all lines given).

    `attempts` are placed or may have been: a released one is none. `in_progress` have started and not ended.
    `triggered`, `reached`: recoveries by trigger. `recovery_ended`: by how. Mappings leave zeros out.
    """

    contacts: int = 0
    attempts: int = 0
    in_progress: int = 0
    connected_to_agent: int = 0
    ended: int = 0
    by_result: Mapping[str, int] = field(default_factory=dict)
    by_medium: Mapping[str, int] = field(default_factory=dict)
    by_pass: Mapping[str, int] = field(default_factory=dict)
    by_response: Mapping[str, int] = field(default_factory=dict)
    ended_by: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    triggered: Mapping[str, int] = field(default_factory=dict)
    reached: Mapping[str, int] = field(default_factory=dict)
    recovery_ended: Mapping[str, int] = field(default_factory=dict)


def recount(lines: Iterable[Line]) -> Counters:
    """Every figure, from ledger lines in any order; lines of other kinds are passed over."""
    figures: Counter[tuple[str, str]] = Counter()
    for line in lines:
        for figure, key, step in changes(line):
            figures[figure, key] += step
    return from_figures(figures)


def changes(line: Line) -> list[tuple[str, str, int]]:
    """What one ledger line changes, as (figure, key within it or "", step). Here alone stands what counts."""
    kind = str(line.get("kind", ""))
    medium, name = str(line.get("medium", "")), str(line.get("pass", ""))
    if kind == Kind.ATTEMPT_STARTED:
        return _attempt(medium, name, 1)
    if kind == Kind.ATTEMPT_RELEASED:
        return _attempt(medium, name, -1)
    if kind == Kind.ATTEMPT_ENDED:
        return _ended(line)
    if kind == Kind.CONTACT_ENDED:
        return [("ended", "", 1), ("ended_by", str(line.get("reason", "")), 1)]
    if kind == Kind.ENROLLED:
        return [("contacts", "", int(str(line.get("contacts", 0))))]
    if kind == Kind.SKIPPED:
        return [("skipped", str(line.get("reason", "")), 1)]
    if kind == Kind.RECOVERY_TRIGGERED:
        return [("triggered", str(line.get("trigger", "")), 1)]
    if kind == Kind.RECOVERY_ENDED:
        how = str(line.get("result", ""))
        reached = [("reached", str(line.get("trigger", "")), 1)] if how == RecoveryEnd.REACHED else []
        return [("recovery_ended", how, 1), *reached]
    return []


def from_figures(figures: Mapping[tuple[str, str], int]) -> Counters:
    """Counters from sums of `changes`, as the store keeps them."""
    single = {figure: figures.get((figure, ""), 0) for figure in _SINGLE}
    grouped: dict[str, dict[str, int]] = {figure: {} for figure in _GROUPED}
    for (figure, key), count in figures.items():
        if count and figure in grouped:
            grouped[figure][key] = count
    return Counters(
        contacts=single["contacts"],
        attempts=single["attempts"],
        in_progress=single["in_progress"],
        connected_to_agent=single["connected_to_agent"],
        ended=single["ended"],
        **grouped,
    )


_SINGLE = ("contacts", "attempts", "in_progress", "connected_to_agent", "ended")
_GROUPED = (
    "by_result",
    "by_medium",
    "by_pass",
    "by_response",
    "ended_by",
    "skipped",
    "triggered",
    "reached",
    "recovery_ended",
)


def _attempt(medium: str, name: str, step: int) -> list[tuple[str, str, int]]:
    return [
        ("attempts", "", step),
        ("in_progress", "", step),
        ("by_medium", medium, step),
        ("by_pass", name, step),
    ]


def _ended(line: Line) -> list[tuple[str, str, int]]:
    result = str(line.get("result", ""))
    told = line.get("responses", ())
    responses = [str(r) for r in told] if isinstance(told, list | tuple) else []
    return [
        ("in_progress", "", -1),
        ("by_result", result, 1),
        *([("connected_to_agent", "", 1)] if result == Result.CONNECTED_AGENT else []),
        *(("by_response", response, 1) for response in responses),
    ]
