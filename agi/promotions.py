"""Counts the decisions of the last interval and how many of them moved a customer, for the guard on that
share; what the share may be is `strategies.segmentation`'s. All servers are counted together by the store;
one's own count is what holds where the store has lost its own."""

from __future__ import annotations

from collections import deque

from strategies.segmentation import Promoted


class Promotions:
    """One per server: kept while the catalogue is replaced. A decision is counted the moment it is made, so
    that two calls at once cannot both take the last place."""

    def __init__(self) -> None:
        self._decided: deque[tuple[float, bool]] = deque()  # when, and whether it moved the customer
        self._moved = 0

    def lately(self, now: float, per: float) -> Promoted:
        """The counts of the last `per` seconds."""
        while self._decided and self._decided[0][0] <= now - per:
            self._moved -= self._decided.popleft()[1]
        return Promoted(len(self._decided), self._moved)

    def seen(self, now: float, per: float, together: Promoted | None) -> Promoted:
        """The counts to go by: those of all servers, unless the store was started anew and knows less than
        this one."""
        own = self.lately(now, per)
        return own if together is None or together.decisions < own.decisions else together

    def note(self, now: float, *, moved: bool) -> None:
        """A decision was made."""
        self._decided.append((now, moved))
        self._moved += moved
