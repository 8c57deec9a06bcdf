"""The newest changes of the audit, as they are shown; what a change's line says is `console.audit`'s."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from console.audit import AUDITED, ZONE, row
from console.moments import local_moment

KEPT = 10_000


@dataclass(slots=True)
class Trail:
    """`dropped`: how many older ones are only in the ledger."""

    kinds = AUDITED
    rows: deque[tuple[float, dict[str, Any]]] = field(default_factory=deque)
    dropped: int = 0

    def take(self, line: dict[str, Any]) -> None:
        """One more change."""
        at = float(line.get("at", 0))
        told = {**row(line), "at": local_moment(at, ZONE), "by": str(line.get("by") or "")}
        self.rows.append((at, told))
        if len(self.rows) > KEPT:
            self.rows.popleft()
            self.dropped += 1

    def newest(self, span: tuple[float, float], who: str | None, limit: int) -> list[dict[str, Any]] | None:
        """The newest changes from the one moment (epoch seconds) until before the other, by one user or by
        all, the oldest first; None where there may be some among those that were dropped."""
        found: list[dict[str, Any]] = []
        for at, told in reversed(self.rows):
            if span[0] <= at < span[1] and who in {None, told["by"]}:
                found.append(told)
                if len(found) == limit:
                    break
        begins = self.rows[0][0] if self.rows else 0.0
        if len(found) < limit and self.dropped and span[0] < begins:
            return None
        return found[::-1]
