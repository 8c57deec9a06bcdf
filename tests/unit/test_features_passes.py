"""What a pass's own keys mean for a contact: kinds of line, caps of the pass, holidays, what is missing."""

from datetime import time

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, limits, retrying

from strategies.campaign import Pass, PassLimits, Window
from strategies.state import Dial, Ended
from strategies.vocabulary import Medium, Result

BUSY = Result.BUSY


def call(**settings: object) -> Pass:
    return Pass("call", Medium.AVM, devices=("mobile", "home"), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line_types", "attributes", "reached"),
    [
        ((), {}, "mobile"),
        (("landline",), {}, "home"),
        (("mobile",), {}, "mobile"),
        (("landline",), {"mobile_line_type": "landline"}, "mobile"),
        (("mobile",), {"line_type": "landline", "home_line_type": "cell"}, "home"),
        (("mobile", "landline"), {"mobile_line_type": "voip"}, "home"),
    ],
)
def test_a_pass_accepts_kinds_of_line_by_column_or_by_attribute(line_types, attributes, reached):
    story = Story(a_campaign(call(line_types=line_types)), a_contact(**attributes))
    step = story.look()
    assert isinstance(step, Dial)
    assert step.device.kind == reached


def test_without_a_line_of_an_accepted_kind_the_contact_is_passed_over():
    story = Story(a_campaign(call(line_types=("landline",))), a_contact("mobile"))
    assert story.look() == Ended("no_pass_left")
    assert [line["reason"] for line in story.told("skipped")] == ["no_device"]


def test_a_pass_may_cap_the_attempts_of_a_contact():
    again = retrying(busy=((60.0,), "same_device"))
    capped = call(retry=again, limits=PassLimits(attempts_per_contact=2))
    story = Story(a_campaign(capped, Pass("later", Medium.DIALER)))
    for _ in range(3):
        story.call(BUSY)
    assert [dial[0] for dial in story.dials] == ["call", "call", "later"]


def test_a_pass_may_cap_the_attempts_of_a_day_and_goes_on_the_next():
    again = retrying(busy=((3600.0,), "same_device"))
    capped = call(retry=again, limits=PassLimits(attempts_per_day=2), window=Window(time(9), time(17)))
    story = Story(a_campaign(capped))
    for _ in range(4):
        story.call(BUSY)
    assert [dial[2] for dial in story.dials] == [
        "Mon 10:00:00",
        "Mon 11:00:00",
        "Tue 09:00:00",
        "Tue 10:00:00",
    ]


def test_the_caps_of_a_pass_are_beside_those_of_the_campaign():
    again = retrying(busy=((3600.0,), "same_device"))
    capped = call(retry=again, limits=PassLimits(attempts_per_contact=5))
    story = Story(a_campaign(capped, limits=limits(attempts_per_contact=2)))
    story.call(BUSY)
    story.call(BUSY)
    assert story.state.ended == "cap_person"


def test_a_pass_keeps_holidays_of_its_own():
    festive = call(holidays=("US",))
    story = Story(a_campaign(festive), now=at("2025-07-04 10:00"))
    story.call(Result.DELIVERED_PERSON)
    assert story.dials == [("call", "mobile", "Sat 08:00:00")]


def test_a_comparison_false_for_want_of_a_value_is_told_in_the_line_that_passes_the_contact_over():
    picky = call(where="contact.score > 5 and contact.balance > 50")
    story = Story(a_campaign(picky), a_contact(), now=MONDAY)
    assert story.look() == Ended("no_pass_left")
    [line] = story.told("skipped")
    assert line["reason"] == "not_eligible_now"
    assert line["missing"] == ("contact.score > 5",)


def test_a_comparison_false_by_its_value_is_not_counted_as_missing():
    story = Story(a_campaign(call(where="contact.balance > 5000")), a_contact())
    story.look()
    assert "missing" not in story.told("skipped")[0]


def test_consent_that_is_asked_for_calls_to_mobiles_leaves_the_landline():
    story = Story(a_campaign(call(asks="express", asks_on=("mobile",)), consent={"basis": "none"}))
    step = story.look()
    assert isinstance(step, Dial)
    assert step.device.kind == "home"


def test_a_line_of_unknown_kind_counts_as_one_that_asks_for_consent():
    asking = call(asks="express", asks_on=("mobile",))
    story = Story(a_campaign(asking, consent={"basis": "none"}), a_contact(line_type="voip"))
    assert story.look() == Ended("no_pass_left")
    assert [line["reason"] for line in story.told("skipped")] == ["no_consent"]
