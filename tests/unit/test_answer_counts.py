"""How many of some calls are answered: by its closed form, by its transform, and by counting it out."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from strategies.answer_counts import GRID, UnequalCalls, binomial, poisson, quantile


def counted_out(chances: list[float], part: float) -> list[float]:
    """The probabilities of 0 to n answers, a call at a time; each chance as the table takes it."""
    likely = np.ones(1)
    for chance in chances:
        p = part * (int(chance * GRID) + 0.5) / GRID
        likely = np.convolve(likely, [1 - p, p])
    return list(likely)


@pytest.mark.parametrize("many", [0, 1, 7, 40, 300])
def test_unequal_chances_come_out_as_counted_a_call_at_a_time(many: int) -> None:
    chance = Random(many)
    chances = [chance.betavariate(0.9, 2.1) for _ in range(many)]
    answers = UnequalCalls(chances, (0.25, 1.0)).answers()
    assert answers[0].tolist() == pytest.approx(counted_out(chances, 0.25), abs=1e-12)
    assert answers[1].tolist() == pytest.approx(counted_out(chances, 1.0), abs=1e-12)


def test_calls_may_be_added_beyond_the_room_there_was() -> None:
    calls, chances = UnequalCalls([], (1.0,)), [0.2 + 0.006 * n for n in range(90)]
    for n, chance in enumerate(chances, 1):
        calls.add(chance)
        assert len(calls) == n
        assert calls.answers().shape == (1, n + 1)
    assert calls.answers()[0].tolist() == pytest.approx(counted_out(chances, 1.0), abs=1e-12)


def test_alike_calls_are_the_binomial_from_any_count_on() -> None:
    odds, missed = np.log([[0.3 / 0.7]]), np.log([[0.7]])
    whole = binomial(20, 0, odds, missed)[0]
    assert whole.sum() == pytest.approx(1.0)
    assert (whole * np.arange(21)).sum() == pytest.approx(6.0)
    assert binomial(20, 5, odds, missed)[0].tolist() == pytest.approx(whole[5:].tolist())


def test_nobody_comes_free_where_nobody_is_busy() -> None:
    assert poisson(np.array([[0.0], [2.0]]), 2).round(3).tolist() == [[1.0, 0.0, 0.0], [0.135, 0.271, 0.271]]


def test_the_count_that_is_hardly_ever_exceeded() -> None:
    assert quantile(np.array([0.5, 0.3, 0.15, 0.05]), 0.1) == 2
    assert quantile(np.array([0.5, 0.5]), 0.0) == 1
