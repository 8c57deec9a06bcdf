"""One way to make a row, for training and for a live call."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import TrainingError
from models.features import DECLARED, FRESH, LIVE, Factor, Kind, Source, moment, row
from models.live_factors import history_factors, surroundings
from strategies.past_calls import CallOver, CallResult, PastCalls, after
from strategies.store.callers import History, QueueFigures

FACTORS = tuple(DECLARED.values())
WEDNESDAY = datetime(2026, 5, 13, 23, 30, tzinfo=UTC)


def test_a_recorded_call_and_a_live_one_make_the_same_row():
    recorded = {
        "age": "56",
        "job": "housemaid",
        "month": "may",
        "day_of_week": "wed",
        "hour": "23",
        "pdays": "6",
        "previous": "1",
    }
    contact = {"age": "56", "job": "housemaid"}
    live = row(FACTORS, contact, WEDNESDAY, {"pdays": 6, "previous": 1})
    assert str(row(FACTORS, recorded, recorded, {})) == str(live)


def test_the_moment_comes_from_the_clock_and_never_from_the_contact():
    made = row(FACTORS, {"month": "dec"}, WEDNESDAY, {})
    assert (made["month"], made["day_of_week"]) == ("may", "wed")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        moment(datetime(2026, 5, 13))  # noqa: DTZ001


def test_what_we_did_ourselves_counts_for_more_than_what_the_list_says():
    listed = {"poutcome": "failure", "campaign": "1"}
    made = row(FACTORS, listed, WEDNESDAY, {"poutcome": "success"})
    assert (made["poutcome"], made["campaign"]) == ("success", 1.0)


@pytest.mark.parametrize("value", ["unknown", "", "  ", None])
def test_unknown_is_missing(value):
    made = row(FACTORS, {"job": value, "age": value}, WEDNESDAY, {})
    assert made["job"] == ""
    assert math.isnan(made["age"])


@pytest.mark.parametrize("value", ["999", "999.0", 999])
def test_999_days_is_missing_for_pdays_only(value):
    made = row(FACTORS, {"pdays": value, "campaign": value}, WEDNESDAY, {})
    assert math.isnan(made["pdays"])
    assert made["campaign"] == 999


@given(
    st.dictionaries(
        st.sampled_from(sorted(DECLARED)), st.one_of(st.text(), st.none(), st.floats(), st.integers())
    )
)
def test_property_whatever_a_list_holds_there_is_a_row_of_the_declared_types(contact):
    made = row(FACTORS, contact, WEDNESDAY, contact)
    assert list(made) == [factor.name for factor in FACTORS]
    for factor in FACTORS:
        assert isinstance(made[factor.name], float if factor.kind is Kind.NUMBER else str)
        assert factor.kind is Kind.CATEGORY or not math.isinf(made[factor.name])


@pytest.mark.parametrize("name", ["duration", "talk_time", "handle_time", "wrap_up", "disposition"])
def test_what_is_known_only_after_the_call_can_never_be_a_factor(name):
    with pytest.raises(TrainingError, match=f"only after the call.*--exclude {name}"):
        Factor(name, Kind.NUMBER)


def test_the_declared_sources_say_where_a_value_comes_from():
    sources = {name: factor.source for name, factor in DECLARED.items()}
    assert sources["age"] is Source.ATTRIBUTE
    assert sources["day_of_week"] is Source.MOMENT
    assert sources["poutcome"] is Source.HISTORY


NOW = 1_772_438_400.0
WAITED = CallOver("178.1", NOW - 86_400, CallResult.ABANDONED, "service", waited=90.0)


def test_what_is_known_of_any_caller_fills_every_factor_of_its_source():
    served = CallOver("178.0", NOW - 2 * 86_400, CallResult.CONNECTED, "service", waited=30.0, talked=120.0)
    past = after(after(PastCalls(), served), WAITED)
    history = History(2, 1, "busy", ("promised", "call_again"), NOW - 43_200, recovery_open=True)
    known = history_factors(history, past, NOW)
    around = surroundings(QueueFigures(3, 1, 40.0, NOW - 1), {"channel": "inbound"}, NOW)
    made = row(LIVE, {}, WEDNESDAY, known, around)
    assert {f.name: made[f.name] for f in LIVE if f.source is Source.HISTORY} == {
        "attempts": 2.0,
        "conversations": 1.0,
        "last_result": "busy",
        "last_response": "call_again",
        "days_since_attempt": 0.5,
        "recovery_open": "yes",
        "calls": 2.0,
        "calls_abandoned": 1.0,
        "calls_waited": 60.0,
        "days_since_call": 1.0,
        "last_call": "abandoned",
        "last_call_waited": 90.0,
        "last_call_talked": 0.0,
        "calls_abandoned_share": 0.5,
        "calls_lately": 0.75,
        "calls_lately_abandoned": 0.3,
        "calls_abandoned_in_a_row": 1.0,
        "calls_patience": 90.0,
        "days_between_calls": 1.0,
    }
    assert (made["queue_waiting"], made["queue_agents_free"], made["queue_longest_wait"]) == (3.0, 1.0, 40.0)
    assert (made["hour"], made["channel"], made["dialled"]) == (23.0, "inbound", "")


def test_of_somebody_who_never_called_the_counts_are_nought_and_the_rest_is_missing():
    made = row(LIVE, {}, WEDNESDAY, history_factors(History(), PastCalls(), NOW), surroundings(None, {}, NOW))
    assert (made["attempts"], made["calls"], made["last_call"]) == (0.0, 0.0, "")
    assert math.isnan(made["days_since_call"])
    assert math.isnan(made["queue_waiting"])


def test_figures_of_a_queue_that_are_too_old_are_missing():
    old = surroundings(QueueFigures(3, 1, 40.0, NOW - FRESH - 1), {}, NOW)
    assert math.isnan(row(LIVE, {}, WEDNESDAY, {}, old)["queue_waiting"])


def test_what_is_live_is_never_taken_from_the_list():
    listed = {"queue_waiting": "99", "intent": "pay", "hour": "3"}
    made = row(LIVE, listed, WEDNESDAY, {}, surroundings(None, {}, NOW))
    assert math.isnan(made["queue_waiting"])
    assert (made["intent"], made["hour"]) == ("", 23.0)


def test_the_mean_wait_of_earlier_calls_counts_each_of_them_alike():
    past = PastCalls()
    for waited in (30.0, 60.0, 90.0):
        past = after(past, CallOver("178.1", NOW, CallResult.CONNECTED, waited=waited))
    assert (past.calls, past.abandoned, past.waited) == (3, 0, 60.0)
    assert (past.last_result, past.last_waited, past.last_at) == ("connected", 90.0, NOW)
