"""The effect of carrying decisions out, from matched slices: right where there is one and where there is
none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest

from models.switchback import (
    Measured,
    SliceSum,
    _t,
    arms,
    effect,
    pairs,
    summed,
)
from strategies.control import Arm, Slice, slice_at
from strategies.segments import Constant, Control

CONTROL = Control(3600, 0.2, Constant("buyer", 0.1))
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
OPEN = range(9, 17)
SEEDS = 100
YEAR = 364


@dataclass(frozen=True)
class Truth:
    """Added to the chance of success of a call by the slice it comes in."""

    treated: float
    constant: float


@cache
def slices_of(seed: int) -> list[tuple[int, int, Slice]]:
    """The slices of a year's opening hours that have a partner of another arm, each with its day and hour."""
    every = (
        (day, hour, slice_at(CONTROL, f"seed {seed}", MONDAY + timedelta(days=day, hours=hour)))
        for day in range(YEAR)
        for hour in OPEN
    )
    return [one for one in every if one[2].against is not None]


def year(seed: int, truth: Truth) -> list[SliceSum]:
    """A year of a centre: success drifts over the months and differs from day to day and from hour to hour,
    slices of a day are alike, some calls are likelier than others, and there are more of them at noon. What
    the arms add is known."""
    dice = np.random.default_rng(seed)
    days, hours, drawn = zip(*slices_of(seed), strict=True)
    day = np.array(days)
    adds = {Arm.TREATED: truth.treated, Arm.CONTROL: 0.0, Arm.CONSTANT: truth.constant}
    calls = 1 + dice.poisson(20 - np.abs(np.array(hours) - 12))
    level = 0.15 + 0.08 * np.sin(day / 50) + dice.normal(0, 0.03, YEAR)[day]
    level += dice.normal(0, 0.03, len(drawn))
    likely = np.repeat(level, calls) + dice.normal(0, 0.08, int(calls.sum()))
    likely = np.clip(likely, 0.01, 0.7)
    came = dice.random(len(likely)) < likely + np.repeat([adds[one.arm] for one in drawn], calls)
    starts = np.concatenate([[0], np.cumsum(calls)[:-1]])
    sums = zip(
        calls.tolist(), *(np.add.reduceat(one, starts).tolist() for one in (came * 1.0, likely)), strict=True
    )
    return [SliceSum(one, *found) for one, found in zip(drawn, sums, strict=True)]


def judged(truth: Truth, against: Arm = Arm.CONTROL) -> list[tuple[float, float, str]]:
    """Over the seeds: the interval and the verdict."""
    found = [effect(pairs(year(seed, truth), against)) for seed in range(SEEDS)]
    told = [(one.low, one.high, one.verdict) for one in found if one is not None]
    return [(low, high, verdict) for low, high, verdict in told if low is not None and high is not None]


def test_the_interval_covers_a_known_effect_in_at_least_90_of_100_simulated_years() -> None:
    found = judged(Truth(treated=0.04, constant=0.01))
    assert sum(low <= 0.04 <= high for low, high, _ in found) >= 90
    shown = sum(verdict.startswith("higher") for *_, verdict in found)
    assert shown >= 90, "the year is long enough to show it"


def test_no_effect_is_called_no_effect_in_at_least_90_of_100_simulated_years() -> None:
    found = judged(Truth(treated=0.0, constant=0.0))
    assert len(found) == SEEDS
    assert sum(verdict == "no effect shown" for *_, verdict in found) >= 90


def test_a_constant_policy_that_does_as_well_is_told_from_one_that_does_not() -> None:
    slices = year(3, Truth(treated=0.05, constant=0.05))
    against_constant = effect(pairs(slices, Arm.CONSTANT))
    against_first = effect(pairs(slices, Arm.CONTROL))
    assert against_constant is not None
    assert against_first is not None
    assert (against_constant.verdict, against_first.verdict) == (
        "no effect shown",
        "higher with decisions carried out",
    )


def half(pair: str, arm: Arm, calls: int, total: float, expected: float | None = None) -> SliceSum:
    return SliceSum(Slice(pair, arm, Arm.CONTROL), calls, total, expected)


def made(*pair: tuple[int, float, int, float]) -> list[SliceSum]:
    """Pairs of slices: calls and sum of the treated one, and of the other."""
    return [
        half(f"p{nth:03}", arm, calls, total)
        for nth, (a, b, c, d) in enumerate(pair)
        for arm, calls, total in ((Arm.TREATED, a, b), (Arm.CONTROL, c, d))
    ]


def test_the_effect_is_the_mean_difference_weighted_by_the_calls_of_both() -> None:
    found = effect(pairs(made((10, 5.0, 10, 3.0), (30, 6.0, 30, 3.0)), Arm.CONTROL))
    assert found is not None
    assert found.effect == pytest.approx((5 * 0.2 + 15 * 0.1) / 20)
    assert (found.pairs, found.calls_treated, found.calls_other) == (2, 40, 40)
    assert (found.low, found.verdict) == (None, "too few pairs (2 of at least 10) to say anything")


def test_a_slice_whose_partner_had_no_call_tells_nothing() -> None:
    alone = [half("p", Arm.TREATED, 9, 3.0), half("q", Arm.TREATED, 9, 3.0), half("q", Arm.CONTROL, 0, 0.0)]
    assert pairs(alone, Arm.CONTROL) == []
    assert effect([]) is None


def test_what_was_expected_before_takes_its_part_of_the_noise_away() -> None:
    slices = year(5, Truth(0.02, 0.0))
    plain = [SliceSum(one.slice, one.calls, one.total) for one in slices]
    adjusted, unadjusted = (effect(pairs(each, Arm.CONTROL)) for each in (slices, plain))
    assert adjusted is not None
    assert unadjusted is not None
    assert adjusted.adjusted
    assert not unadjusted.adjusted
    assert adjusted.high is not None
    assert adjusted.low is not None
    assert unadjusted.high is not None
    assert unadjusted.low is not None
    assert adjusted.high - adjusted.low < 0.97 * (unadjusted.high - unadjusted.low)


def test_signs_drawn_at_random_agree_with_the_interval() -> None:
    shown = effect(pairs(year(7, Truth(0.05, 0.0)), Arm.CONTROL), flips=1000)
    nothing = effect(pairs(year(7, Truth(0.0, 0.0)), Arm.CONTROL), flips=1000)
    assert shown is not None
    assert nothing is not None
    assert shown.chance is not None
    assert nothing.chance is not None
    assert shown.chance < 0.01
    assert nothing.chance > 0.05


def test_calls_are_summed_by_slice_and_those_of_its_beginning_are_left_out() -> None:
    control = Control(1800, 0.5)
    at = [MONDAY + timedelta(hours=9, seconds=s) for s in (10, 700, 1700, 1810, 2600)]
    slices = summed([Measured(one, 1.0, 0.5) for one in at], control, "seed", burn_in=600)
    assert sorted((one.calls, one.total, one.expected) for one in slices) == [(1, 1.0, 0.5), (2, 2.0, 1.0)]


def test_the_same_slot_of_paired_weeks_makes_one_pair_and_the_table_of_arms_adds_up() -> None:
    control = Control(1800, 0.5)
    calls = [Measured(MONDAY + timedelta(days=n, hours=9), float(n % 3)) for n in range(28)]
    slices = summed(calls, control, "seed")
    assert sum(count for count, _ in arms(slices).values()) == 28
    found = pairs(slices, Arm.CONTROL)
    assert len(found) == 14 - (14 * 2 - len(slices)) or len(found) >= 7
    assert {pair.treated.slice.arm for pair in found} == {Arm.TREATED}


@pytest.mark.parametrize(("freedom", "t"), [(9, 2.2622), (30, 2.0423), (120, 1.9799)])
def test_the_quantile_is_students(freedom: int, t: float) -> None:
    assert _t(0.95, freedom) == pytest.approx(t, abs=2e-3)
    assert _t(0.95, 10**9) == pytest.approx(NormalDist().inv_cdf(0.975))
