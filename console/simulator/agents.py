"""Agents as far as a simulation needs them: how many are free; who talks to whom is left to the calls."""

from __future__ import annotations


class Agents:
    """So many agents of one queue; None stands for enough of them always."""

    def __init__(self, staffed: int | None) -> None:
        self.staffed = staffed
        self._holding: set[str] = set()

    @property
    def busy(self) -> int:
        """Agents kept for somebody, who speak, or wrap up."""
        return len(self._holding)

    def reserve(self, attempt: str) -> bool:
        """Keep an agent for an attempt, who is its own from now on; False while none is free."""
        if self.staffed is not None and len(self._holding) >= self.staffed:
            return False
        self._holding.add(attempt)
        return True

    def engage(self, attempt: str) -> None:
        """An agent speaks on this attempt though none may have been free: the file says so."""
        self._holding.add(attempt)

    def release(self, attempt: str) -> None:
        """Whoever was kept for the attempt is free again."""
        self._holding.discard(attempt)

    def has(self, attempt: str) -> bool:
        """Whether an agent is kept for the attempt."""
        return attempt in self._holding
