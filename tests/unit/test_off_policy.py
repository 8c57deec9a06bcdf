"""What other policies would have come to, from explored calls whose truth is known; and when nobody can
tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.off_policy import Logged, estimate
from strategies.exploration import explored

SEGMENTS = ("standard", "buyer", "saver")
FLOOR = 0.05


def logged(calls: int, seed: int) -> list[Logged]:
    """Calls with a figure known before; who is handled as a buyer succeeds the more the higher it is,
    everybody else one time in ten. Decided by that figure, with a floor of chance for the others."""
    found = []
    for n, (known, drawn, luck) in enumerate(np.random.default_rng(seed).random((calls, 3)).tolist()):
        best = "buyer" if known > 0.5 else "standard"
        chances = dict.fromkeys(SEGMENTS, FLOOR) | {best: 1 - 2 * FLOOR}
        chosen = explored(chances, drawn)
        value = float(luck < chance(chosen, known))
        found.append(Logged(n // 300, chosen, chances, value, (known,), "standard", best))
    return found


def chance(segment: str, known: float) -> float:
    return 0.05 + 0.3 * known if segment == "buyer" else 0.1


def truth(segment: str) -> float:
    return 0.05 + 0.3 * 0.5 if segment == "buyer" else 0.1


CALLS = logged(30_000, 2)


@pytest.mark.parametrize("segment", ["buyer", "standard"])
def test_each_estimator_finds_what_a_constant_policy_would_have_come_to(segment: str) -> None:
    found = estimate(CALLS, lambda _: segment)
    assert found is not None
    assert found.refused == ""
    assert found.ips == pytest.approx(truth(segment), abs=0.03)
    assert found.snips == pytest.approx(truth(segment), abs=0.03)
    assert found.low <= truth(segment) <= found.high
    assert found.mean_weight == pytest.approx(1, abs=0.05)


def test_the_policy_that_was_in_use_is_its_own_mean_but_for_the_exploring() -> None:
    found = estimate(CALLS, lambda call: call.best)
    assert found is not None
    right = 0.5 * (0.05 + 0.3 * 0.75) + 0.5 * 0.1
    assert found.low <= right <= found.high
    assert found.effective > 20_000


def test_doubly_robust_covers_the_truth_in_most_of_many_records() -> None:
    inside = 0
    for seed in range(40):
        found = estimate(logged(6000, 100 + seed), lambda _: "buyer")
        assert found is not None
        inside += found.low <= truth("buyer") <= found.high
    assert inside >= 34


def test_too_few_calls_are_refused_with_what_is_missing() -> None:
    found = estimate(CALLS[:300], lambda _: "saver")
    assert found is not None
    assert "explore more" in found.refused


def test_chances_that_were_not_those_used_are_noticed() -> None:
    wrong = [replace(call, chances=dict.fromkeys(SEGMENTS, 1 / 3)) for call in CALLS]
    found = estimate(wrong, lambda call: call.best)
    assert found is not None
    assert "not those used" in found.refused


def test_a_policy_that_wants_what_was_never_possible_is_refused() -> None:
    found = estimate(CALLS, lambda _: "vip")
    assert found is not None
    assert "could not have been handled" in found.refused


def test_without_calls_there_is_nothing() -> None:
    assert estimate([], lambda _: "buyer") is None
