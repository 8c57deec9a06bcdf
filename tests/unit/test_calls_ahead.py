"""What is learnt of a sub-campaign's calls goes by the hour of the day."""

from __future__ import annotations

import pytest

from ami_bridge.calls_ahead import CallsAhead
from strategies.call_estimates import Belief

MONDAY = 1_784_116_800.0  # 2026-07-15 08:00 in New York, on the hour
HOUR, DAY = 3600.0, 86_400.0


def dialled(line: CallsAhead, begins: float, *, answered_of_10: int, rang: float) -> None:
    """An hour of calls, one after another, of which so many of ten are answered, each after so long; no agent
    is ever busy."""
    at, n = begins, 0
    while at + rang < begins + HOUR:
        line.pass_time(at, 0)
        line.ringing[f"{begins}-{n}"] = at
        line.pass_time(at + rang, 0)
        line.rings_no_more(f"{begins}-{n}", at + rang, answered=n % 10 < answered_of_10)
        at, n = at + rang, n + 1


def test_an_hour_begins_as_the_same_hour_of_the_day_before_ended() -> None:
    line = CallsAhead("sales")
    dialled(line, MONDAY, answered_of_10=6, rang=4)
    dialled(line, MONDAY + HOUR, answered_of_10=1, rang=8)

    line.pass_time(MONDAY + DAY, 0)
    eight = line.pacer.known
    line.pass_time(MONDAY + DAY + HOUR, 0)
    nine = line.pacer.known

    assert eight.answer_probability == pytest.approx(0.6, abs=0.05)
    assert nine.answer_probability == pytest.approx(0.1, abs=0.05)
    assert eight.ring_time == pytest.approx(5, abs=0.5)  # the twenty rings believed at first are in it
    assert nine.ring_time == pytest.approx(9, abs=0.5)


def test_the_first_day_knows_of_no_hour() -> None:
    line = CallsAhead("sales")
    dialled(line, MONDAY, answered_of_10=6, rang=4)

    line.pass_time(MONDAY + 2 * HOUR, 0)

    assert line.pacer.known.belief == Belief()


def test_what_the_day_before_was_like_weighs_little_once_calls_are_made() -> None:
    line = CallsAhead("sales")
    dialled(line, MONDAY, answered_of_10=6, rang=4)
    dialled(line, MONDAY + DAY, answered_of_10=2, rang=4)

    assert line.pacer.known.answer_probability == pytest.approx(0.2, abs=0.1)
