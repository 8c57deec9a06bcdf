"""What decisions came to, day by day: whom they moved, what held them back, how long they took, and what
agents made of the objectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from math import ceil, log10
from typing import Any

from strategies.decisions import Reason
from strategies.vocabulary import Kind

DECIDED = frozenset({Kind.DECISION, Kind.RE_ASSOCIATED})
DAYS = 92  # days whose sums are kept apart
PER_DECADE = 40  # steps of a time on its scale, so that what is told of it is right within 3 %
GUARDS = {
    Reason.BELOW_MARGIN: "margin",
    Reason.AGENT_FIT: "agent_fit",
    Reason.SHARE_REACHED: "promoted_share",
    Reason.NO_ROOM: "room",
}
"""The guard that kept the customer where they were, by the decision's reason."""
FOUND = frozenset({*GUARDS, Reason.CONTROL, Reason.LOGGED_ONLY, Reason.BETTER_SEGMENT, Reason.SAME_OBJECTIVE})
"""Reasons of decisions that found another segment than the first to be the better one."""


@dataclass(slots=True)
class Sums:
    """Of some decisions. `first`: when the first of them was made. `moved`: how many moved the customer.
    `times`: decisions by the step of their milliseconds, as `step_of`."""

    first: float | None = None
    decisions: int = 0
    moved: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    arms: Counter[str] = field(default_factory=Counter)
    pursued: Counter[str] = field(default_factory=Counter)
    achieved: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)
    milliseconds: float = 0.0

    def take(self, line: dict[str, Any]) -> None:
        """One more line."""
        kind = line.get("kind")
        if kind in DECIDED:
            self._decided(line, line.get("decision") or {})
        elif kind == Kind.CALL_ENTERED and isinstance(spent := line.get("ms"), int | float):
            self.times[step_of(spent)] += 1
            self.milliseconds += spent
        elif kind == Kind.NOTED and (objective := line.get("objective")):
            self.pursued[objective] += bool(line.get("pursued"))
            self.achieved[objective] += bool(line.get("achieved"))

    def _decided(self, line: dict[str, Any], made: dict[str, Any]) -> None:
        self.first = line.get("at") if self.first is None else self.first
        self.decisions += 1
        self.moved += line.get("kind") == Kind.RE_ASSOCIATED
        first = str(made.get("first", ""))
        self.moves[first, str(made.get("second") or first)] += 1
        self.calls[str(made.get("objective", ""))] += 1
        self.reasons[str(line.get("reason") or made.get("reason", ""))] += 1
        self.arms[str(made.get("arm", ""))] += 1

    def add(self, other: Sums) -> None:
        """These and the others."""
        known = [one for one in (self.first, other.first) if one is not None]
        self.first = min(known, default=None)
        for one in fields(self):
            if one.name != "first":
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def kept_by(self) -> dict[str, int]:
        """How many customers each guard kept where they were."""
        return {guard: self.reasons.get(reason, 0) for reason, guard in GUARDS.items()}

    @property
    def found(self) -> int:
        """How many decisions found a better segment, whatever was done about it."""
        return sum(self.reasons.get(reason, 0) for reason in FOUND)

    def quantile(self, share: float) -> float | None:
        """The milliseconds that this share of the decisions stayed within, right within 3 %; None without
        any."""
        wanted, seen = share * self.times.total(), 0
        for step in sorted(self.times):
            seen += self.times[step]
            if seen >= wanted:
                return round(float(10 ** ((step - 0.5) / PER_DECADE)), 3)
        return None


@dataclass(slots=True)
class Days:
    """The sums by day of the centre's own clock, the newest `DAYS`, and of all."""

    whole: Sums = field(default_factory=Sums)
    by_day: dict[date, Sums] = field(default_factory=dict)

    kinds = DECIDED | {Kind.CALL_ENTERED, Kind.NOTED}

    def take(self, line: dict[str, Any]) -> None:
        """One more line."""
        self.whole.take(line)
        day = local_day(float(line.get("at", 0)))
        if day not in self.by_day:
            self.by_day[day] = Sums()
            while len(self.by_day) > DAYS:
                del self.by_day[min(self.by_day)]
        if day in self.by_day:
            self.by_day[day].take(line)

    def since(self, first: date) -> Iterator[tuple[date, Sums]]:
        """The days from this one on, the oldest first."""
        return ((day, self.by_day[day]) for day in sorted(self.by_day) if day >= first)


def local_day(at: float) -> date:
    """The day of a moment by the clock on the wall of the centre's machine, as slices of time are drawn."""
    return datetime.fromtimestamp(at, UTC).astimezone().date()


def summed(days: Iterable[Sums]) -> Sums:
    """All of them together."""
    whole = Sums()
    for one in days:
        whole.add(one)
    return whole


def step_of(milliseconds: float) -> int:
    """The step of a time on its scale: the least whose upper end, `10 ** (step / PER_DECADE)` ms, it does not
    pass."""
    return ceil(round(log10(max(milliseconds, 0.01)) * PER_DECADE, 6))


def bins(times: Counter[int], width: int = PER_DECADE // 8) -> list[tuple[float, int]]:
    """Decisions by their milliseconds, as the upper end of each bin of `width` steps and how many are in it,
    without the empty ones at either end."""
    if not times:
        return []
    of: Counter[int] = Counter()
    for step, count in times.items():
        of[ceil(step / width)] += count
    upper = range(min(of), max(of) + 1)
    return [(round(float(10 ** (one * width / PER_DECADE)), 3), of[one]) for one in upper]
