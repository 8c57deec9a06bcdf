"""One shift, event by event: calls ring, are answered or not, people wait, are handled or leave; how many
calls are placed is asked of a pacing after every event."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from time import thread_time_ns
from typing import NamedTuple, Protocol

from console.floor.scenarios import Scenario

PATIENCE = 2.0  # seconds after which somebody who answered and has no agent counts as abandoned
COMING = 64  # calls a pacing may look ahead


class Call(NamedTuple):
    """A call that rings: since when, and how likely it is answered."""

    placed: float
    chance: float


@dataclass(slots=True)
class Sight:
    """What a pacing sees of the floor at a moment (seconds since the shift began)."""

    now: float
    left: float
    staffed: int
    busy: int = 0
    waiting: int = 0
    ringing: dict[int, Call] = field(default_factory=dict)
    answered: int = 0
    abandoned: int = 0
    people: int | None = None  # still to be called, or ringing; None: the list has no end


class Pacing(Protocol):
    """A way of pacing: asked for calls after every event, told of each event before."""

    def calls(self, sight: Sight, coming: Sequence[float]) -> int:
        """How many calls to place now; `coming`: each of the next calls' probability of an answer."""

    def ring_ended(self, sight: Sight, call: Call, *, answered: bool) -> None:
        """A call rings no longer; `sight` is as before it."""

    def talk_ended(self, sight: Sight) -> None:
        """An agent is free again; `sight` is as before it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a shift has less of than it could use: `channels`, calls up at once; `people` to be called;
    `staffing`, from which seconds on so many agents work (who leaves has done with their caller first)."""

    channels: int | None = None
    people: int | None = None
    staffing: tuple[tuple[float, int], ...] = ()


ENOUGH = Bounds()


@dataclass(frozen=True, slots=True)
class ShiftResult:
    """`utilisation`: handling time over staffed time; `deficit`: the most by which abandonments were ever
    above the cap's share of answers; `decision_us`: microseconds of a processor for each decision."""

    utilisation: float
    answered: int
    abandoned: int
    dialled: int
    deficit: float
    decision_us: array[float]

    @property
    def abandon_rate(self) -> float:
        """Live answers abandoned, as a share of all."""
        return self.abandoned / self.answered if self.answered else 0.0


def run_shift(
    pacing: Pacing,
    scenario: Scenario,
    *,
    agents: int,
    seed: int,
    hours: float = 8.0,
    chances: Callable[[Random], float] | None = None,
    cap: float = 0.03,
    bounds: Bounds = ENOUGH,
) -> ShiftResult:
    """A shift from an empty system. `chances` draws each contact's probability of an answer, known to the
    pacing; without it everybody's is the scenario's."""
    shift = _Shift(scenario, agents, seed, hours * 3600, chances, bounds)
    return shift.run(pacing, cap)


class _Shift:
    def __init__(
        self,
        scenario: Scenario,
        agents: int,
        seed: int,
        end: float,
        chances: Callable[[Random], float] | None,
        bounds: Bounds,
    ) -> None:
        self._scenario, self._chances, self._end, self._bounds = scenario, chances, end, bounds
        self._chance = Random(seed)  # noqa: S311  a simulation has to come out the same again
        self._sight = Sight(0.0, end, agents, people=bounds.people)
        self._events: list[tuple[float, int, str, int, bool]] = []
        self._order = 0
        self._queue: dict[int, None] = {}  # who waits, the first first
        self._coming: deque[float] = deque()
        self._handled, self._dialled, self._deficit = 0.0, 0, 0.0
        self._staffed = float(agents) * end  # seconds
        for at, many in bounds.staffing:
            self._at(at, "staff", many)

    def run(self, pacing: Pacing, cap: float) -> ShiftResult:
        spent = array("f")
        sight = self._sight
        while True:
            began = thread_time_ns()
            wanted = pacing.calls(sight, self._ahead())
            spent.append((thread_time_ns() - began) / 1000)
            for _ in range(min(wanted, self._room())):
                self._dial()
            if not self._events or self._events[0][0] >= self._end:
                break
            self._next(pacing)
            self._deficit = max(self._deficit, sight.abandoned - cap * sight.answered)
        return ShiftResult(
            self._handled / self._staffed,
            sight.answered,
            sight.abandoned,
            self._dialled,
            self._deficit,
            spent,
        )

    def _room(self) -> int:
        """Calls that channels and people are left for."""
        sight, bounds, room = self._sight, self._bounds, COMING
        if bounds.channels is not None:
            room = min(room, bounds.channels - len(sight.ringing) - sight.busy - sight.waiting)
        if bounds.people is not None:
            room = min(room, bounds.people - self._dialled)
        return max(0, room)

    def _ahead(self) -> Sequence[float]:
        """The next contacts' probabilities."""
        if self._chances is None:
            return [self._scenario.answer(self._sight.now)] * COMING
        while len(self._coming) < COMING:
            self._coming.append(self._chances(self._chance))
        return self._coming

    def _dial(self) -> None:
        probability = self._ahead()[0]
        if self._coming:
            self._coming.popleft()
        answered = self._chance.random() < probability
        self._dialled += 1
        self._sight.ringing[self._dialled] = Call(self._sight.now, probability)
        self._at(self._scenario.ring(self._chance, answered), "ring", self._dialled, answered)

    def _at(self, seconds: float, kind: str, which: int = 0, flag: bool = False) -> None:
        self._order += 1
        heappush(self._events, (self._sight.now + seconds, self._order, kind, which, flag))

    def _next(self, pacing: Pacing) -> None:
        sight = self._sight
        at, _, kind, which, flag = heappop(self._events)
        sight.now, sight.left = at, self._end - at
        if kind == "ring":
            pacing.ring_ended(sight, sight.ringing[which], answered=flag)
            del sight.ringing[which]
            if sight.people is not None:
                sight.people -= 1
            if flag:
                self._answered()
        elif kind == "talk":
            pacing.talk_ended(sight)
            sight.busy -= 1
            self._free()
        elif kind == "staff":
            self._staffed += (which - sight.staffed) * (self._end - at)
            sight.staffed = which
            self._free()
        elif which in self._queue:
            del self._queue[which]
            sight.waiting -= 1
            sight.abandoned += 1

    def _answered(self) -> None:
        sight = self._sight
        sight.answered += 1
        if sight.busy < sight.staffed:
            self._handle()
            return
        sight.waiting += 1
        self._at(PATIENCE, "left", sight.answered)
        self._queue[sight.answered] = None

    def _free(self) -> None:
        while self._queue and self._sight.busy < self._sight.staffed:
            del self._queue[next(iter(self._queue))]
            self._sight.waiting -= 1
            self._handle()

    def _handle(self) -> None:
        seconds = self._scenario.handle(self._chance)
        self._sight.busy += 1
        self._handled += min(seconds, self._end - self._sight.now)
        self._at(seconds, "talk")
