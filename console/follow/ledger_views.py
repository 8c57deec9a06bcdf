"""All that the console's process makes of the ledger, filled line by line by its follower."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from console.follow.decision_sums import DECIDED, Days
from console.follow.proof_calls import ProofCalls
from console.follow.trail import Trail

NEWEST = 1000  # decisions kept with everything that explains them


@dataclass(slots=True)
class LedgerViews:
    """`lines`: how many were taken."""

    trail: Trail = field(default_factory=Trail)
    days: Days = field(default_factory=Days)
    calls: ProofCalls = field(default_factory=ProofCalls)
    newest: deque[tuple[str, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=NEWEST))
    lines: int = 0
    _own: object = field(default_factory=object)

    kinds = Trail.kinds | Days.kinds | ProofCalls.kinds

    @property
    def mark(self) -> Hashable:
        """The same as long as nothing was taken: what was made of one mark need not be made again."""
        return self._own, self.lines

    def take(self, identity: str, line: dict[str, Any]) -> None:
        """One more line, in the ledger's order."""
        kind = line.get("kind")
        self.lines += 1
        if kind in Trail.kinds:
            self.trail.take(line)
        if kind in Days.kinds:
            self.days.take(line)
        if kind in ProofCalls.kinds:
            self.calls.take(line)
        if kind in DECIDED:
            self.newest.append((identity, line))
