"""How many calls may start now."""

from datetime import time

from engine_stage import MONDAY, at
from hypothesis import given
from hypothesis import strategies as st

from strategies.campaign import Window
from strategies.pacing import Budget, finish_rate, rate_allowance, room, spend


def test_sixty_a_minute_is_one_a_second():
    budget, started = Budget(at=0.0), 0
    for second in range(61):
        allowed, budget = rate_allowance(60, budget, float(second))
        budget = spend(budget, allowed)
        started += allowed
    assert started == 60


@given(
    st.floats(0.5, 2000),
    st.lists(st.floats(0.0, 30.0), min_size=1, max_size=60),
)
def test_a_rate_is_never_passed_whenever_it_is_asked(per_minute, pauses):
    budget, now, started = Budget(at=0.0), 0.0, 0
    for pause in pauses:
        now += pause
        allowed, budget = rate_allowance(per_minute, budget, now)
        budget = spend(budget, allowed)
        started += allowed
    assert started <= per_minute / 60 * now + 1e-6


def test_a_pause_is_not_made_up_for():
    allowed, _ = rate_allowance(600, Budget(at=0.0), 3600.0)
    assert allowed == 10


def test_a_clock_that_goes_back_gives_nothing():
    allowed, budget = rate_allowance(60, Budget(calls=0.5, at=100.0), 50.0)
    assert (allowed, budget.calls) == (0, 0.5)


def test_a_cap_on_channels():
    assert (room(40, 38, 5), room(40, 45, 5), room(None, 99, 5)) == (2, 0, 5)


def test_a_pass_is_done_in_time_by_people_left_over_open_time_left():
    office = Window(time(9), time(17))
    left = {("America/New_York",): 240}
    assert finish_rate(left, office, at("2025-03-03 14:00"), MONDAY) == 1.0
    assert finish_rate(left, office, at("2025-03-03 11:00"), MONDAY) == 4.0


def test_only_people_who_may_be_called_now_ask_for_calls_now():
    office = Window(time(9), time(17))
    left = {("America/New_York",): 240, ("America/Los_Angeles",): 60}
    assert finish_rate(left, office, at("2025-03-03 14:00"), MONDAY) == 1.0
    noon = at("2025-03-03 12:00")
    assert finish_rate(left, office, at("2025-03-03 14:00"), noon) == 2.0 + 0.5


def test_the_last_second_asks_for_no_more_than_a_second_would():
    left = {("America/New_York",): 2}
    assert finish_rate(left, Window(), MONDAY + 0.1, MONDAY) == 120.0
