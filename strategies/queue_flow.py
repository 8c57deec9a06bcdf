"""How it goes in the queues at this moment and lately, from one event to the next; where the events come
from, live or from a record, is left to the caller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

AROUND = 1_800.0
"""Seconds after their last call for which an agent counts as being there."""

LONGEST_GAP = 600.0
"""Seconds between two events beyond which nobody was busy or it was night: more says no more."""

QUICK, SLOW = 0.1, 0.02
"""What the newest value counts in a mean that forgets: the last ten or so, the last fifty or so."""


@dataclass(slots=True)
class Mean:
    """A mean that forgets; NaN before the first value."""

    share: float = QUICK
    value: float = math.nan

    def add(self, value: float) -> None:
        """Take the next value in."""
        self.value = value if math.isnan(self.value) else self.value + self.share * (value - self.value)


@dataclass(slots=True)
class Since:
    """The moment of the last event of a kind and the mean time between them, gaps cut at `LONGEST_GAP`."""

    at: float | None = None
    gap: Mean = field(default_factory=Mean)

    def add(self, at: float) -> None:
        """An event at `at`."""
        if self.at is not None:
            self.gap.add(min(at - self.at, LONGEST_GAP))
        self.at = at

    def age(self, now: float) -> float:
        """Seconds since the last event; NaN before the first."""
        return math.nan if self.at is None else min(max(now - self.at, 0.0), LONGEST_GAP)


@dataclass(slots=True)
class QueueFlow:
    """The queues of a centre whose agents serve them all. Times are epoch seconds and never go back by more
    than clocks differ; a call that was not seen to join leaves unnoticed."""

    _waiting: dict[str, tuple[str, float]] = field(default_factory=dict)  # call -> queue, since
    _gave_up: set[str] = field(default_factory=set)
    _talking: dict[str, float] = field(default_factory=dict)  # agent -> since
    _seen: dict[str, float] = field(default_factory=dict)  # agent -> last heard of
    _joined: Since = field(default_factory=Since)
    _answered: Since = field(default_factory=Since)
    _waited: Mean = field(default_factory=Mean)
    _waited_for_agent: Mean = field(default_factory=Mean)
    _lost: Mean = field(default_factory=Mean)
    _lost_slow: Mean = field(default_factory=lambda: Mean(SLOW))
    _talked: Mean = field(default_factory=lambda: Mean(SLOW))
    _last_waited: float = math.nan
    _waited_in: dict[str, Mean] = field(default_factory=dict)  # queue -> waits that ended with an agent
    _lost_in: dict[str, Mean] = field(default_factory=dict)

    def now_waiting(self, callers: Mapping[str, tuple[str, float]]) -> None:
        """Take a snapshot for the truth: call to queue and since when."""
        self._waiting = dict(callers)
        self._gave_up &= self._waiting.keys()

    def joined(self, queue: str, call: str, at: float) -> None:
        """A caller begins to wait."""
        self._waiting[call] = queue, at
        self._joined.add(at)

    def gave_up(self, call: str) -> None:
        """The caller leaves without an agent: said before `left`."""
        if call in self._waiting:
            self._gave_up.add(call)

    def left(self, call: str, at: float) -> None:
        """A caller waits no more."""
        if call not in self._waiting:
            return
        queue, since = self._waiting.pop(call)
        lost = float(call in self._gave_up)
        self._gave_up.discard(call)
        waited = max(at - since, 0.0)
        self._waited.add(waited)
        self._lost.add(lost)
        self._lost_slow.add(lost)
        self._lost_in.setdefault(queue, Mean()).add(lost)
        if not lost:
            self._last_waited = waited
            self._waited_for_agent.add(waited)
            self._waited_in.setdefault(queue, Mean()).add(waited)

    def answered(self, agent: str, at: float) -> None:
        """An agent and a caller talk, whether or not the caller had to wait."""
        self._talking[agent] = self._seen[agent] = at
        self._answered.add(at)

    def completed(self, agent: str, at: float) -> None:
        """They have done."""
        began = self._talking.pop(agent, None)
        self._seen[agent] = at
        if began is not None:
            self._talked.add(max(at - began, 0.0))

    def factors(self, queue: str, now: float) -> dict[str, float]:
        """What somebody who enters `queue` now meets; by factor name, NaN where nothing has been seen yet."""
        ages = [max(now - since, 0.0) for _, since in self._waiting.values()]
        own = [max(now - since, 0.0) for name, since in self._waiting.values() if name == queue]
        return {
            "queue_waiting": float(len(own)),
            "queue_longest_wait": max(own, default=0.0),
            "queue_lately_waited": self._waited_in.get(queue, Mean()).value,
            "queue_lately_lost": self._lost_in.get(queue, Mean()).value,
            "centre_waiting": float(len(ages)),
            "centre_longest_wait": max(ages, default=0.0),
            "centre_waited_so_far": sum(ages),
            "centre_talking": float(len(self._talking)),
            "centre_agents": float(sum(now - at <= AROUND for at in self._seen.values())),
            "lately_waited": self._waited.value,
            "lately_waited_for_agent": self._waited_for_agent.value,
            "lately_lost": self._lost.value,
            "lately_lost_slow": self._lost_slow.value,
            "lately_talked": self._talked.value,
            "lately_between_callers": self._joined.gap.value,
            "lately_between_answers": self._answered.gap.value,
            "last_waited_for_agent": self._last_waited,
            "since_answer": self._answered.age(now),
        }
