"""What another policy would have come to, from calls in which a little of the choice was left to chance;
without that it says that nobody can know.

Inverse propensity, self-normalised, and doubly robust with an outcome model that is cross-fitted by blocks of
time: Dudík, Langford, Li, "Doubly Robust Policy Evaluation and Learning", ICML 2011; the interval is by days
drawn with replacement, because calls of a day are alike. What a policy does to the queues, and by them to
other calls, is no part of any of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 1_000.0  # effective calls: with fewer a few weights decide
NEAR_ONE = (0.95, 1.05)  # of the mean weight: elsewhere the propensities logged are not those that were used
BLOCKS = 5
DRAWS = 500
RIDGE = 1.0

Numbers = NDArray[np.float64]
Policy = Callable[["Logged"], str]


@dataclass(frozen=True, slots=True)
class Logged:
    """A call whose segment was drawn: on which `day`, which of the segments was `chosen`, each one's chance,
    what it came to, and figures that were known before (the same for every call)."""

    day: int
    chosen: str
    chances: Mapping[str, float]
    value: float
    known: tuple[float, ...] = ()
    first: str = ""
    best: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy would have come to on the mean. `effective`: the calls that its weights are worth.
    `refused`: why it is no estimate, empty where it is one; then the interval is that of doubly robust."""

    calls: int
    ips: float
    snips: float
    doubly_robust: float
    low: float
    high: float
    effective: float
    largest_weight: float
    mean_weight: float
    refused: str = ""


def estimate(calls: Sequence[Logged], policy: Policy, seed: int = 0) -> Estimate | None:
    """The estimate for a policy over calls in the order of time; None without any call."""
    if not calls:
        return None
    wanted = [policy(call) for call in calls]
    value = np.array([call.value for call in calls])
    weight = np.array(
        [
            1 / call.chances[call.chosen] if target == call.chosen else 0.0
            for call, target in zip(calls, wanted, strict=True)
        ]
    )
    took, would = _expected(calls, wanted, value)
    robust = would + weight * (value - took)
    total, square = float(weight.sum()), float((weight**2).sum())
    low, high = _by_days(robust, np.array([call.day for call in calls]), seed)
    effective = total * total / square if square else 0.0
    unable = sum(target not in call.chances for call, target in zip(calls, wanted, strict=True))
    return Estimate(
        calls=len(calls),
        ips=float((weight * value).mean()),
        snips=float((weight * value).sum() / total) if total else float("nan"),
        doubly_robust=float(robust.mean()),
        low=low,
        high=high,
        effective=effective,
        largest_weight=float(weight.max()),
        mean_weight=float(weight.mean()),
        refused=_refused(effective, float(weight.mean()), unable),
    )


def _refused(effective: float, mean_weight: float, unable: int) -> str:
    if unable:
        return f"{unable} calls could not have been handled by what the policy wants"
    if effective < FEWEST:
        return f"worth {effective:.0f} calls, {FEWEST:.0f} are needed: explore more, or for longer"
    if not NEAR_ONE[0] <= mean_weight <= NEAR_ONE[1]:
        return (
            f"the weights' mean is {mean_weight:.3f} and should be 1: the chances logged are not those used"
        )
    return ""


def _expected(calls: Sequence[Logged], wanted: Sequence[str], value: Numbers) -> tuple[Numbers, Numbers]:
    """What is expected of each call by the segment it had, and by the one the policy wants; learned from the
    other blocks of time."""
    names = sorted({call.chosen for call in calls} | set(wanted))
    place = {name: n for n, name in enumerate(names)}
    known = np.array([[1.0, *call.known] for call in calls])
    had = np.array([place[call.chosen] for call in calls])
    want = np.array([place[name] for name in wanted])
    took, would = np.zeros(len(calls)), np.zeros(len(calls))
    for block in np.array_split(np.arange(len(calls)), BLOCKS):
        others = np.ones(len(calls), bool)
        others[block] = False
        if not others.any():
            continue
        slopes = [_ridge(known[others & (had == n)], value[others & (had == n)]) for n in range(len(names))]
        by_name = np.column_stack([known[block] @ slope for slope in slopes])
        rows = np.arange(len(block))
        took[block], would[block] = by_name[rows, had[block]], by_name[rows, want[block]]
    return took, would


def _ridge(known: Numbers, value: Numbers) -> Numbers:
    """Least squares that draws all but the level towards 0."""
    width = known.shape[1]
    if not len(known):
        return np.zeros(width)
    pull = RIDGE * np.eye(width)
    pull[0, 0] = 1e-9
    return np.asarray(np.linalg.solve(known.T @ known + pull, known.T @ value), np.float64)


def _by_days(each: Numbers, days: NDArray[np.int_], seed: int) -> tuple[float, float]:
    """The middle 95 % of the mean over days drawn with replacement."""
    _, place = np.unique(days, return_inverse=True)
    sums, counts = np.bincount(place, each), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
