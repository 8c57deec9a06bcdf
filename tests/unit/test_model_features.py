"""One way to make a row, for training and for a live call."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import TrainingError
from models.features import DECLARED, Factor, Kind, Source, moment, row

FACTORS = tuple(DECLARED.values())
WEDNESDAY = datetime(2026, 5, 13, 23, 30, tzinfo=UTC)


def test_a_recorded_call_and_a_live_one_make_the_same_row():
    recorded = {
        "age": "56",
        "job": "housemaid",
        "month": "may",
        "day_of_week": "wed",
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
