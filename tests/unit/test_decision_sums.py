"""What decisions came to, day by day: sums that can be added, times right within 3 %, and the guard that kept
somebody."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.follow import decision_sums
from console.follow.decision_sums import Days, Sums, bins, local_day, step_of, summed

DAY = 86_400.0


def decided(reason: str = "better_segment", *, at: float = 0.0, moved: bool = True) -> dict[str, Any]:
    kind = "re_associated" if moved else "decision"
    made = {"first": "standard", "second": "saver", "objective": "sell", "arm": "treated", "reason": reason}
    return {"kind": kind, "at": at, "decision": made}


def entered(milliseconds: float, at: float = 0.0) -> dict[str, Any]:
    return {"kind": "call_entered", "at": at, "ms": milliseconds}


def test_a_guard_is_counted_for_each_customer_it_kept() -> None:
    sums = Sums()
    for reason in ("share_reached", "share_reached", "no_room", "below_margin", "agent_fit"):
        sums.take(decided(reason, moved=False))
    sums.take(decided())
    sums.take(decided("no_candidate", moved=False))
    assert sums.kept_by == {"margin": 1, "agent_fit": 1, "promoted_share": 2, "room": 1}
    assert (sums.decisions, sums.found, sums.moved) == (7, 6, 1)


def test_a_conflict_counts_as_such_whatever_was_decided() -> None:
    sums = Sums()
    sums.take({**decided(moved=False), "reason": "conflict"})
    assert sums.reasons == {"conflict": 1}


def test_the_hit_rate_is_of_what_was_pursued() -> None:
    sums = Sums()
    for achieved in (True, False):
        sums.take({"kind": "noted", "objective": "sell", "pursued": True, "achieved": achieved})
    sums.take({"kind": "noted", "objective": "sell", "pursued": False, "achieved": None})
    assert (sums.pursued["sell"], sums.achieved["sell"]) == (2, 1)


@given(st.lists(st.floats(0.05, 5000), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_the_time_that_a_share_stayed_within_is_right_within_three_percent(
    times: list[float], share: float
) -> None:
    sums = Sums()
    for one in times:
        sums.take(entered(one))
    ordered, told = sorted(times), sums.quantile(share)
    true = ordered[max(0, -int(-share * len(times) // 1) - 1)]
    assert told == pytest.approx(true, rel=0.03, abs=0.001)


def test_without_a_decision_nobody_knows_how_long_one_takes() -> None:
    assert Sums().quantile(0.5) is None
    assert bins(Sums().times) == []


def test_bins_hold_every_decision_and_end_where_it_says() -> None:
    times = Counter(step_of(one) for one in (1.0, 1.1, 9.0, 10.0, 10.1))
    found = bins(times)
    assert sum(calls for _, calls in found) == 5
    assert dict(found)[10.0] == 2
    assert [upto for upto, _ in found] == sorted(upto for upto, _ in found)


def test_days_are_kept_apart_and_only_the_newest_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_sums, "DAYS", 3)
    days = Days()
    for number in range(5):
        days.take(decided(at=number * DAY))
        days.take(entered(7.0, at=number * DAY))
    kept = [local_day(number * DAY) for number in (2, 3, 4)]
    assert [day for day, _ in days.since(local_day(0))] == kept
    assert [day for day, _ in days.since(kept[1])] == kept[1:]
    assert (days.whole.decisions, days.whole.times.total()) == (5, 5)


def test_the_sum_of_the_days_is_as_if_they_had_been_one() -> None:
    days = Days()
    for number in range(4):
        days.take(decided(at=number * DAY))
        days.take(decided("no_room", at=number * DAY + 1, moved=False))
        days.take(entered(number + 1.0, at=number * DAY))
    assert summed(one for _, one in days.since(local_day(0))) == days.whole
