"""What the decisions changed, from slices of time that were drawn in matched pairs; which slices those are is
`strategies.control`'s to say, how it is shown the report's.

The unit is the pair, never the call: calls of one slice share agents, so they are not independent, and a call
says nothing about its own effect on others. Source: Bojinov, Simchi-Levi, Zhao, "Design and Analysis of
Switchback Experiments", Management Science 2023; the adjustment by a figure that was known before is CUPED
(Deng, Xu, Kohavi, Walker, WSDM 2013) with the pair's difference as its unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from strategies.control import Arm, Slice, slice_at
from strategies.segments import Control

LEVEL = 0.95
FEWEST = 10  # pairs: with fewer an interval would be a guess
FLIPS = 2_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A call that counts: when it came in (an aware time at the centre), what it came to, and the probability
    that was known before, None where there was none."""

    at: datetime
    value: float
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class SliceSum:
    """The calls of one slice of one day: how many, the sum of what they came to, and of what was expected."""

    slice: Slice
    calls: int
    total: float
    expected: float | None = None

    @property
    def mean(self) -> float:
        return self.total / self.calls


@dataclass(frozen=True, slots=True)
class Pair:
    """Two matched slices, one treated; `difference` is treated less the other, `weight` what it counts."""

    name: str
    treated: SliceSum
    other: SliceSum

    @property
    def difference(self) -> float:
        return self.treated.mean - self.other.mean

    @property
    def weight(self) -> float:
        """The inverse of the difference's variance, were all calls alike."""
        return self.treated.calls * self.other.calls / (self.treated.calls + self.other.calls)

    @property
    def expected_difference(self) -> float | None:
        one, other = self.treated.expected, self.other.expected
        return None if one is None or other is None else one / self.treated.calls - other / self.other.calls


@dataclass(frozen=True, slots=True)
class Effect:
    """What treating a call instead changed on the mean, with the interval that holds the true effect in
    `LEVEL` of all experiments. `chance`: how often signs drawn at random would give as large an effect, None
    if not asked for. `low` and `high` are None with too few pairs."""

    pairs: int
    calls_treated: int
    calls_other: int
    mean_treated: float
    mean_other: float
    effect: float
    low: float | None
    high: float | None
    adjusted: bool
    chance: float | None = None

    @property
    def verdict(self) -> str:
        """In words: whether an effect was shown, and which way."""
        if self.low is None or self.high is None:
            return f"too few pairs ({self.pairs} of at least {FEWEST}) to say anything"
        if self.low > 0:
            return "higher with decisions carried out"
        return "lower with decisions carried out" if self.high < 0 else "no effect shown"


def summed(calls: Iterable[Measured], control: Control, seed: str, burn_in: float = 0.0) -> list[SliceSum]:
    """The calls by the slices they came in, as `control` and `seed` draw them. Calls of the first `burn_in`
    seconds of a slice are left out: what the slice before did to the queue is still there."""
    found: dict[tuple[int, str], list[Measured]] = {}
    drawn: dict[tuple[int, str], Slice] = {}
    for call in calls:
        if _into_slice(call.at, control) < burn_in:
            continue
        one = slice_at(control, seed, call.at)
        key = call.at.toordinal(), one.pair
        drawn[key] = one
        found.setdefault(key, []).append(call)
    return [_sum(drawn[key], members) for key, members in found.items()]


def pairs(slices: Iterable[SliceSum], against: Arm) -> list[Pair]:
    """The pairs that compare treated with `against` and of which both slices had calls."""
    halves: dict[str, dict[Arm, SliceSum]] = {}
    for one in slices:
        if one.slice.against is against and one.calls:
            halves.setdefault(one.slice.pair, {})[one.slice.arm] = one
    whole = ((name, both) for name, both in sorted(halves.items(), key=_in_time) if len(both) == 2)
    return [Pair(name, both[Arm.TREATED], both[against]) for name, both in whole]


def effect(found: Sequence[Pair], *, flips: int = 0, seed: int = 0) -> Effect | None:
    """The effect over these pairs; None without any. `flips`: how many draws of signs `chance` is made of."""
    if not found:
        return None
    differences = np.array([pair.difference for pair in found])
    weights = np.array([pair.weight for pair in found])
    expected = [pair.expected_difference for pair in found]
    known = [one for one in expected if one is not None]
    adjusts = len(known) == len(found) > FEWEST and float(np.std(known)) > 0
    columns = np.column_stack([np.ones(len(found)), *([np.array(known)] if adjusts else [])])
    at, error, left = _weighted_mean(differences, weights, columns)
    reach = None if len(found) < FEWEST else _t(LEVEL, len(found) - columns.shape[1]) * error
    treated, other = [pair.treated for pair in found], [pair.other for pair in found]
    return Effect(
        pairs=len(found),
        calls_treated=sum(one.calls for one in treated),
        calls_other=sum(one.calls for one in other),
        mean_treated=_mean(treated),
        mean_other=_mean(other),
        effect=at,
        low=None if reach is None else at - reach,
        high=None if reach is None else at + reach,
        adjusted=adjusts,
        chance=_by_signs(left + at, weights, flips, seed) if flips else None,
    )


def arms(slices: Iterable[SliceSum]) -> Mapping[Arm, tuple[int, float]]:
    """Calls and the mean of what they came to, by arm, over all slices: for the eye, not for the effect."""
    found: dict[Arm, list[SliceSum]] = {}
    for one in slices:
        found.setdefault(one.slice.arm, []).append(one)
    return {arm: (sum(one.calls for one in members), _mean(members)) for arm, members in found.items()}


def _in_time(half: tuple[str, object]) -> list[str]:
    """Pairs by their weeks, then their weekday and slot: numbers between bars."""
    return [part.zfill(9) for part in half[0].split("|")]


def _into_slice(at: datetime, control: Control) -> float:
    return (at.hour * 3600 + at.minute * 60 + at.second) % control.slices


def _sum(drawn: Slice, members: Sequence[Measured]) -> SliceSum:
    known = [one.expected for one in members if one.expected is not None and isfinite(one.expected)]
    expected = sum(known) if len(known) == len(members) else None
    return SliceSum(drawn, len(members), sum(one.value for one in members), expected)


def _mean(slices: Sequence[SliceSum]) -> float:
    return sum(one.total for one in slices) / sum(one.calls for one in slices)


def _weighted_mean(differences: Numbers, weights: Numbers, columns: Numbers) -> tuple[float, float, Numbers]:
    """The weighted mean difference where the further columns are 0, its standard error whatever the variances
    of the pairs are (the sandwich), and what is left of each difference."""
    weighted = columns * weights[:, None]
    bread = np.linalg.inv(columns.T @ weighted)
    slopes = bread @ (weighted.T @ differences)
    left = differences - columns @ slopes
    meat = (weighted * left[:, None]).T @ (weighted * left[:, None])
    rows, width = columns.shape
    spread = bread @ meat @ bread * (rows / max(1, rows - width))
    return float(slopes[0]), sqrt(float(spread[0, 0])), left


def _by_signs(differences: Numbers, weights: Numbers, flips: int, seed: int) -> float:
    """Which slice of a pair was treated was a coin: without an effect each difference could as well have had
    the other sign."""
    part = differences * weights
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(flips, len(part)))
    as_large = np.abs(signs @ part) >= abs(float(part.sum())) - 1e-12
    return float((as_large.sum() + 1) / (flips + 1))


def _t(level: float, freedom: int) -> float:
    """Student's t that `level` of the distribution lies within (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
