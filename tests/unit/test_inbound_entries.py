"""What was known of a call when it was queued: the state of the queues and the caller's past, and no more."""

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from inbound_logs import MONDAY, busy_days, call

from models.features import Source
from models.inbound import CALLERS_PAST, FACTORS, QUEUE_STATE, entries
from models.inbound_log import InboundCall

DAY = 86_400.0


def same(one: object, other: object) -> bool:
    return str(one) == str(other)  # NaN is not equal to itself


def test_only_calls_that_were_queued_are_told_of():
    calls = [call("7", queued=None), call("7", queued=100.0), call("8", queued=200.0, abandoned=True)]
    assert [(entry.at - MONDAY, entry.abandoned) for entry in entries(calls)] == [(100, False), (200, True)]


def test_a_caller_nobody_recognised_looks_like_one_who_calls_for_the_first_time():
    """In the public log an id is there almost only for those who had to wait: whether there is one foretells
    the end of the call, and must not be seen."""
    others = [call("1", queued=0.0), call("2", queued=20.0, abandoned=True)]
    (*_, unknown) = entries([*others, call("", queued=100.0)])
    (*_, first_time) = entries([*others, call("77", queued=100.0)])
    assert same(unknown.row, first_time.row)


def test_neither_the_id_nor_the_priority_nor_the_agent_is_a_factor():
    names = {factor.name for factor in FACTORS}
    assert not names & {"customer_id", "priority", "server", "customer", "agent"}
    assert {f.name for f in FACTORS if f.source is Source.ATTRIBUTE} == set()


def test_a_caller_s_past_is_that_of_calls_that_were_over():
    calls = [
        call("7", queued=0.0, waited=40.0, abandoned=True),
        call("7", queued=600.0, waited=20.0, talked=100.0),
        call("7", queued=650.0),  # while the second is being answered
        call("7", queued=DAY),
    ]
    first, second, third, last = (entry.row for entry in entries(calls))
    assert [row["calls"] for row in (first, second, third, last)] == [0, 1, 1, 3]
    assert (second["calls_abandoned"], second["calls_patience"], second["last_call"]) == (1, 40, "abandoned")
    assert second["days_since_call"] == round(560 / DAY, 4)
    assert (last["calls_abandoned_in_a_row"], last["last_call"]) == (0, "connected")
    assert math.isnan(first["calls_abandoned_share"])


def test_the_queue_is_met_as_it_was():
    calls = [
        call("", queued=0.0, waited=300.0, intent="NW"),
        call("", queued=50.0, waited=10.0, abandoned=True),
        call("", queued=100.0, waited=30.0),
        call("", queued=None, talked=200.0, agent="TALI"),
    ]
    met = {entry.at - MONDAY: entry.row for entry in entries(calls)}[100.0]
    assert (met["queue_waiting"], met["centre_waiting"], met["centre_longest_wait"]) == (0, 1, 100)
    assert (met["centre_talking"], met["lately_lost"], met["lately_waited"]) == (1, 1, 10)


def test_a_call_whose_clocks_disagree_is_met_by_others_and_not_scored():
    calls = [call("", queued=0.0, waited=60.0, ivr=-20.0), call("", queued=30.0)]
    (entry,) = entries(calls)
    assert entry.row["centre_waiting"] == 1


CALLS = busy_days(60)
AS_THEY_WERE = list(entries(CALLS))


@settings(max_examples=40, deadline=None)
@given(
    nth=st.integers(0, 59),
    waited=st.floats(1, 500),
    talked=st.floats(1, 500),
    abandoned=st.booleans(),
    later=st.integers(0, 60),
)
def test_property_nothing_that_came_later_changes_what_was_known(nth, waited, talked, abandoned, later):
    """Neither how the call itself and those beside it went on, nor which calls came after it."""
    now = CALLS[nth].queued_at
    assert now is not None
    seen = CALLS[: nth + 1 + later]
    changed = [another_end(one, now, waited=waited, talked=talked, abandoned=abandoned) for one in seen]
    again = {entry.at: entry.row for entry in entries(changed)}
    assert same(again[now], AS_THEY_WERE[nth].row)


def another_end(
    one: InboundCall, now: float, *, waited: float, talked: float, abandoned: bool
) -> InboundCall:
    """The call, if it was not over at `now`, with another end after that."""
    assert one.queued_at is not None
    if one.queued_at + one.waited + one.talked <= now:
        return one
    if one.answered_at is not None and one.answered_at <= now:
        return replace(one, talked=now - one.answered_at + talked)
    waits = max(now - one.queued_at, 0.0) + waited
    if abandoned:
        return replace(one, waited=waits, answered_at=None, talked=0.0, agent="")
    return replace(one, waited=waits, answered_at=one.queued_at + waits, talked=talked, agent="DORIT")


def test_the_factors_of_the_past_and_of_the_queue_are_told_apart():
    assert {"calls", "calls_patience"} <= CALLERS_PAST
    assert {"queue_waiting", "since_answer"} <= QUEUE_STATE
    assert not CALLERS_PAST & QUEUE_STATE
