"""A stretch of a record as a workload: what it takes over, and what it draws where the record is silent."""

import random
import sys
from pathlib import Path

import pytest
from inbound_logs import MONDAY, busy_days, call

sys.path.append(str(Path(__file__).resolve().parents[1] / "telephony"))
from workload import agents_for, faster, lives, pasts, typical_hour

DICE = random.Random(7)


def test_who_hung_up_keeps_their_patience_and_who_was_answered_their_talk():
    calls = [
        call("1", queued=0.0, waited=40.0, abandoned=True),
        call("2", queued=30.0, waited=60.0, talked=200.0),
        call("3", queued=None, talked=90.0),
    ]
    found = {life.call.customer: life for life in lives(calls, MONDAY, 600.0, DICE)}
    assert found["1"].patience == 40
    assert (found["2"].at, found["2"].talk) == (30, 200)
    assert found["2"].patience > 60
    assert found["3"].talk == 90
    assert found["1"].talk in {200, 90}


def test_only_the_stretch_is_called_in_and_nobody_who_never_reached_a_queue():
    calls = [call(queued=0.0), call(queued=700.0), call(queued=None, abandoned=True)]
    assert len(lives(calls, MONDAY, 600.0, DICE)) == 1


def test_the_patience_that_is_drawn_is_that_of_others_who_waited_as_long():
    """Half of those who wait for 20 s hang up at 50 s, the other half at 100 s."""
    calls = [
        call(waited=10.0 if nth < 200 else 50.0 if nth < 300 else 100.0, abandoned=True) for nth in range(400)
    ]
    calls.append(call("answered", waited=20.0))
    drawn = [lives(calls, MONDAY, 1.0, random.Random(seed))[-1] for seed in range(300)]
    mine = [life.patience for life in drawn if life.call.customer == "answered"]
    assert set(mine) == {50, 100}
    assert mine.count(50) == pytest.approx(150, abs=40)


def test_all_of_it_goes_as_many_times_as_fast():
    (fast,) = faster([call("1", queued=200.0, waited=40.0, talked=100.0)], 20.0, MONDAY)
    assert (fast.queued_at, fast.waited, fast.talked) == (MONDAY + 10, 2, 5)
    assert fast.answered_at == MONDAY + 12


def test_a_caller_s_past_is_of_calls_that_were_over_before():
    calls = [
        call("1", queued=0.0, waited=30.0, abandoned=True),
        call("1", queued=100.0, waited=50.0, talked=1_000.0),
        call("", queued=10.0),
    ]
    assert pasts(calls, MONDAY + 500).keys() == {"1"}
    assert pasts(calls, MONDAY + 500)["1"].calls == 1
    assert pasts(calls, MONDAY + 5_000)["1"].calls == 2


def test_there_are_as_many_agents_as_make_the_queue_what_it_was():
    found = lives(busy_days(300), MONDAY, 20_000.0, random.Random(1))
    assert agents_for(found, 0.9) <= agents_for(found, 0.3) <= agents_for(found, 0.0)


def test_the_hour_is_like_the_record_and_has_a_past():
    calls = busy_days(2_000)
    start = typical_hour(calls)
    assert start % 3_600 == 0
    assert sum(one.came_at < start for one in calls) > 500
