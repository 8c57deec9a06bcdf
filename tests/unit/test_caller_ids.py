"""Which number a campaign shows to whom, and which it may not be given."""

from __future__ import annotations

from collections import Counter

import pytest
from config_files import CAMPAIGN, campaign_errors, campaign_of, changed

from config.campaign_words import describe_campaign
from strategies.caller_ids import caller_id_for, is_prefix

BY_AREA = """\
caller_ids:
  "+1305": "305 555 0100"
  "+13055": "+13055550155"
  "+1": ["+12125550101", "+12125550102", "+12125550103"]
"""
SPRING = campaign_of(CAMPAIGN + BY_AREA)
ONE = campaign_of(CAMPAIGN + 'caller_ids: {"+1305": "+13055550100"}\n')


def test_the_longest_prefix_of_the_number_called_decides() -> None:
    assert caller_id_for(SPRING, "+13052220199", 0) == "+13055550100"
    assert caller_id_for(SPRING, "+13055550199", 0) == "+13055550155"
    assert caller_id_for(ONE, "+12025550199", 0) == ONE.caller_id == "+12125550100"


def test_several_numbers_take_turns_from_one_attempt_to_the_next() -> None:
    shown = [caller_id_for(SPRING, "+12025550199", nth) for nth in range(6)]
    assert set(shown[:3]) == {"+12125550101", "+12125550102", "+12125550103"}
    assert shown[3:] == shown[:3]


def test_people_begin_with_each_of_them_equally_often() -> None:
    firsts = Counter(caller_id_for(SPRING, f"+1202555{n:04}", 0) for n in range(3000))
    assert all(900 < count < 1100 for count in firsts.values())


@pytest.mark.parametrize("prefix", ["+1", "+1212", "+4420", "+4930", "+569", "+12125550100"])
def test_a_prefix_some_number_begins_with(prefix: str) -> None:
    assert is_prefix(prefix)


@pytest.mark.parametrize("prefix", ["+1999", "+999", "+1900", "+1211"])
def test_a_prefix_nobody_may_be_called_by(prefix: str) -> None:
    assert not is_prefix(prefix)


@pytest.mark.parametrize(
    ("written", "place", "told"),
    [
        ('{"+1212": "+15551234567"}', "caller_ids.+1212", "is no number of US that could be called back"),
        (
            '{"+1212": ["+12125550100", "+3314268530"]}',
            "caller_ids.+1212",
            '"+3314268530" is no number of US',
        ),
        ('{"+1212": call us}', "caller_ids.+1212", 'write it as "+12125550100"'),
        ('{"+1212": []}', "caller_ids.+1212", "name at least one number"),
        ('{"212": "+12125550100"}', "caller_ids.212", 'such as "+1212"'),
        ('{"+1999": "+12125550100"}', "caller_ids.+1999", "no number that may be called begins with"),
    ],
)
def test_what_nobody_could_call_back_is_refused_with_its_place(written: str, place: str, told: str) -> None:
    (error,) = campaign_errors(CAMPAIGN + f"caller_ids: {written}\n")
    assert error.path == place
    assert told in f"{error.message}; {error.mend}"


def test_every_number_shown_is_told_by_check() -> None:
    does = describe_campaign(SPRING)["does"]
    assert "to +1305... shows +13055550100" in does
    assert "to +1... shows +12125550101, +12125550102, +12125550103 in turn" in does


def test_other_numbers_are_another_version_of_the_campaign() -> None:
    other = campaign_of(CAMPAIGN + changed(BY_AREA, "0103", "0104"))
    assert len({SPRING.version, other.version, campaign_of(CAMPAIGN).version}) == 3
