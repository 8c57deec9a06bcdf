"""What a call that rings on is worth: those that fail at once leave the likelier ones."""

from __future__ import annotations

import pytest

from strategies.ring_ages import Ages, as_many_as, chance, each_chance, rang, turned_out


def after(*ends: tuple[float, bool], at: float = 1000.0) -> Ages:
    """What is known after calls that rang so long, and were picked up or not."""
    known = Ages()
    for age, picked_up in ends:
        known = rang(known, age, at, picked_up=picked_up)
    return known


def test_before_any_call_its_age_says_nothing() -> None:
    assert [chance(Ages(), age, 0.3) for age in (0.0, 1.0, 5.0)] == pytest.approx([0.3] * 3, abs=0.02)
    assert as_many_as(Ages(), [0.0, 1.0, 5.0], 0, 0.3) == 3


def test_who_rings_on_where_most_are_busy_at_once_is_likely_a_person() -> None:
    known = after(*[(0.1, False)] * 80, *[(3.0, True)] * 40)
    assert chance(known, 0.0, 0.3) == pytest.approx(0.3)
    assert chance(known, 1.0, 0.3) > 0.6
    assert as_many_as(known, [1.0] * 6, 0, 0.3) > 11


def test_who_rings_longer_than_people_let_it_ring_counts_for_little() -> None:
    known = after(*[(30.0, False)] * 60, *[(5.0, True)] * 60)
    assert chance(known, 20.0, 0.5) < 0.1
    assert as_many_as(known, [20.0] * 8, 0, 0.5) <= 1


def test_a_call_picked_up_is_reckoned_by_how_often_that_was_a_person() -> None:
    known = Ages()
    for person in [True] * 9 + [False] * 31:
        known = turned_out(known, 1000.0, person=person)
    assert chance(known, None, 0.1) == pytest.approx((9 + 3.5) / 45)
    assert as_many_as(known, [], 3, 0.1) == 8


def test_older_calls_count_less() -> None:
    before = after(*[(0.1, False)] * 80)
    later = rang(before, 3.0, 1000.0 + 420.0, picked_up=True)
    assert later.ended[0] == pytest.approx(40.0)
    assert chance(later, 1.0, 0.05) < chance(before, 1.0, 0.05)


def test_a_calls_own_chance_and_its_age_tell_together() -> None:
    known = after(*[(0.1, False)] * 80, *[(3.0, True)] * 40)
    new, likely, unlikely, other = each_chance(known, [(0.0, 0.3), (1.0, 0.3), (1.0, 0.1), (0.0, 0.9)], 0.3)
    assert new == pytest.approx(0.3, abs=0.01)
    assert likely == pytest.approx(chance(known, 1.0, 0.3), abs=0.01)
    assert 0.1 < unlikely < likely
    assert other == pytest.approx(0.9, abs=0.01)
