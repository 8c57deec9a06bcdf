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
        self._wakes: list[float] = []
        self._awaited: set[float] = set()  # what `_wakes` holds

    def wake(self, at: float) -> None:
        """Somebody is to be looked at again at `at`, or in the first whole second after."""
        moment = ceil(at)
        if moment not in self._awaited:
            self._awaited.add(moment)
            heappush(self._wakes, moment)

    def note(self, at: float, thing: T) -> None:
        """It happens at `at`, or in the first whole second after."""
        heappush(self._ahead, (ceil(at), next(self._order), thing))

    def next(self) -> float | None:
        """The first moment noted."""
        ahead = [self._ahead[0][0]] if self._ahead else []
        return min([*ahead, *self._wakes[:1]], default=None)

    def take(self, now: float) -> list[T]:
        """Everything that happens up to `now`, in order."""
        while self._wakes and self._wakes[0] <= now:
            self._awaited.discard(heappop(self._wakes))
        taken = []
        while self._ahead and self._ahead[0][0] <= now:
            taken.append(heappop(self._ahead)[2])
        return taken
