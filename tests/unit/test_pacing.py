"""How many calls may start now."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.pacing import Budget, rate_allowance, room, spend


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
