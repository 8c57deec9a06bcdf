"""What people do in a simulated shift: whether and when they answer, how long they are handled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from random import Random

MEAN_ANSWER = 0.30  # probability
MEAN_RING = 15.0  # seconds
MEAN_HANDLE = 120.0  # seconds
SHOCK = (0.30, 0.20, 0.35, 0.45, 0.25, 0.30, 0.50, 0.30)  # the answer probability of each hour

_CV = 1.2  # coefficient of variation of the heavy-tailed handle time
_SIGMA = sqrt(log(1 + _CV * _CV))


@dataclass(frozen=True, slots=True)
class Scenario:
    """`answer`: the probability of an answer by the seconds since the shift began; `ring`: seconds of ringing
    by chance and by whether it will be answered; `handle`: seconds an agent is busy with a person."""

    answer: Callable[[float], float]
    ring: Callable[[Random, bool], float]
    handle: Callable[[Random], float]


def _memoryless_ring(chance: Random, _answered: bool) -> float:
    return chance.expovariate(1 / MEAN_RING)


def _memoryless_handle(chance: Random) -> float:
    return chance.expovariate(1 / MEAN_HANDLE)


def _real_ring(chance: Random, answered: bool) -> float:
    """Answers come after gamma(4) seconds, 30 at most; of the others the network refuses one in five at once,
    and the rest ring out."""
    if not answered:
        return 2.0 if chance.random() < 0.2 else 30.0
    while True:
        seconds = chance.gammavariate(4, MEAN_RING / 4)
        if seconds <= 30:
            return seconds


def _heavy_handle(chance: Random) -> float:
    return chance.lognormvariate(log(MEAN_HANDLE) - _SIGMA * _SIGMA / 2, _SIGMA)


SCENARIOS = {
    "exponential": Scenario(lambda _: MEAN_ANSWER, _memoryless_ring, _memoryless_handle),
    "heavy_tail": Scenario(lambda _: MEAN_ANSWER, _real_ring, _heavy_handle),
    "shock": Scenario(
        lambda seconds: SHOCK[int(seconds // 3600) % len(SHOCK)], _memoryless_ring, _memoryless_handle
    ),
}


def beta_chance(chance: Random) -> float:
    """A contact's own probability of an answer, where they differ: beta with the mean of everybody's."""
    return chance.betavariate(3 * MEAN_ANSWER, 3 * (1 - MEAN_ANSWER))
