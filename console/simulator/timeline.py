"""The virtual clock and what is to happen on it; what happens then is left to the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class VirtualClock:
    """Epoch seconds that only the simulation moves; called, it tells them, as the store wants it."""

    now: float

    def __call__(self) -> float:
        """The moment."""
        return self.now


class Timeline(Generic[T]):
    """Things to come, by their moment and then in the order they were noted. Moments are whole seconds: what
    happens within one second is one batch for the store."""

    def __init__(self) -> None:
        self._ahead: list[tuple[float, int, T]] = []
        self._order = count()

    def note(self, at: float, thing: T) -> None:
        """It happens at `at`, or in the first whole second after."""
        heappush(self._ahead, (ceil(at), next(self._order), thing))

    def next(self) -> float | None:
        """When the next thing happens."""
        return self._ahead[0][0] if self._ahead else None

    def take(self, now: float) -> list[T]:
        """Everything that happens up to `now`, in order."""
        taken = []
        while self._ahead and self._ahead[0][0] <= now:
            taken.append(heappop(self._ahead)[2])
        return taken
