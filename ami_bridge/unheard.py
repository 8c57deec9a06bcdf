"""Telephones that ring unheard: where one person after another finds nobody though an agent seems free, the
queue gets no more calls but one a minute. What a call is granted for otherwise is `agent_pacing`'s."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

IN_A_ROW = 5  # people: by chance alone agents are never so late as often
ONE_EVERY = 60.0  # seconds until one more is called, to see whether somebody is there again
WHY = (
    "the last {row} people who answered found nobody, though agents seem free: see whether their telephones "
    "ring and are answered within two seconds; one call a minute tries again"
)


@dataclass(slots=True)
class Unheard:
    """Of one queue: so many in a `row` found nobody; `again`: when one more may be called (epoch seconds)."""

    row: int = 0
    again: float = 0.0

    def lost(self, queue: str, now: float) -> None:
        """A person found nobody, while an agent seemed free or was rung for them."""
        self.row += 1
        self.called(now)
        if self.row == IN_A_ROW:
            log.warning("agents.unheard", queue=queue, people=self.row)

    def called(self, now: float) -> None:
        """One more call was granted."""
        if self.row >= IN_A_ROW:
            self.again = now + ONE_EVERY

    def heard(self) -> None:
        """An agent is there, or it is known that none is."""
        self.row = 0

    def holds_back(self, now: float) -> str | None:
        """Why no call may start now, or None."""
        return WHY.format(row=self.row) if self.row >= IN_A_ROW and now < self.again else None
