"""How contacts go through passes: retries, devices, days, eligibility, passes beside each other."""

from dataclasses import replace
from datetime import time

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, clock, limits, retrying

from strategies.campaign import Accept, Pass, Window
from strategies.eligibility import keeps
from strategies.engine import advance
from strategies.state import Attachment, Dial, Ended, Wait
from strategies.vocabulary import Medium, Result, RunState

AVM, DIALER, TEXT, EMAIL = Medium.AVM, Medium.DIALER, Medium.TEXT, Medium.EMAIL
BUSY, NO_ANSWER = Result.BUSY, Result.NO_ANSWER
TWO = ("mobile", "home")


def test_without_retry_a_pass_makes_one_attempt():
    story = Story(a_campaign(Pass("call", AVM, devices=TWO)))
    story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert story.dials == [("call", "mobile", "Mon 10:00:00")]
    assert story.told("contact_ended") == [
        {"kind": "contact_ended", "reason": "no_pass_left", "result": BUSY}
    ]


def test_the_nth_wait_precedes_the_nth_retry_and_then_the_next_device_goes_on_at_once():
    story = Story(
        a_campaign(Pass("call", AVM, devices=TWO, retry=retrying(busy=((300, 1800), "next_device"))))
    )
    for _ in range(6):
        story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert story.dials == [
        ("call", "mobile", "Mon 10:00:00"),
        ("call", "mobile", "Mon 10:05:00"),
        ("call", "mobile", "Mon 10:35:00"),
        ("call", "home", "Mon 10:35:00"),
        ("call", "home", "Mon 10:40:00"),
        ("call", "home", "Mon 11:10:00"),
    ]


def test_each_result_has_its_own_waits():
    retry = retrying(busy=((300,), "end_pass"), no_answer=((7200,), "end_pass"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry)))
    story.call(BUSY)
    story.call(NO_ANSWER)
    story.call(BUSY)
    assert [when for _, _, when in story.dials] == ["Mon 10:00:00", "Mon 10:05:00", "Mon 12:05:00"]
    assert story.until_dial() == Ended("no_pass_left")


def test_same_device_repeats_the_last_wait_until_the_cap():
    retry = retrying(busy=((60, 120), "same_device"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), limits=limits(attempts_per_contact=5)))
    for _ in range(5):
        story.call(BUSY)
    assert story.until_dial() == Ended("cap_person")
    assert [when for _, _, when in story.dials] == [
        "Mon 10:00:00",
        "Mon 10:01:00",
        "Mon 10:03:00",
        "Mon 10:05:00",
        "Mon 10:07:00",
    ]


def test_the_cap_of_the_day_puts_the_rest_off_to_the_next_day():
    retry = retrying(busy=((60,), "same_device"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), limits=limits(attempts_per_day=2)))
    for _ in range(3):
        story.call(BUSY)
    assert [when for _, _, when in story.dials] == ["Mon 10:00:00", "Mon 10:01:00", "Tue 08:00:00"]


def test_outside_the_hours_a_contact_waits_for_them_and_the_ledger_is_silent():
    story = Story(a_campaign(window=Window(time(9), time(17))), now=at("2025-03-03 06:00"))
    assert story.look() == Wait(at("2025-03-03 09:00"), "outside_window")
    assert story.lines == []


def test_escalation_none_calls_the_first_device_only_and_per_contact_keeps_the_contacts_own_order():
    retry = retrying(busy=((), "next_device"))
    contact = a_contact("home", "mobile")
    ways = {}
    for escalation in ("none", "per_pass", "per_contact"):
        campaign = a_campaign(Pass("call", AVM, devices=TWO, retry=retry), escalation=escalation)
        story = Story(campaign, contact)
        while isinstance(story.until_dial(), Dial):
            story.call(BUSY)
        ways[escalation] = [kind for _, kind, _ in story.dials]
    assert ways == {"none": ["mobile"], "per_pass": ["mobile", "home"], "per_contact": ["home", "mobile"]}


def test_who_lacks_every_device_of_a_pass_is_passed_over_with_the_reason():
    story = Story(a_campaign(Pass("call", AVM, devices=("work",))))
    assert story.look() == Ended("no_pass_left")
    assert story.told("skipped") == [{"kind": "skipped", "pass": "call", "reason": "no_device"}]


@pytest.mark.parametrize(
    ("days", "wait_days", "opens"),
    [
        (("mon", "wed", "fri"), 2, "Fri 08:00:00"),  # the two examples of the language's own table
        (("mon", "wed", "thu", "fri"), 2, "Thu 08:00:00"),
        (("mon", "wed", "fri"), 0, "Mon 10:00:00"),
        (("mon", "wed", "fri"), 1, "Wed 08:00:00"),
        (("tue",), 2, "Tue 08:00:00"),  # a week later
    ],
)
def test_days_to_wait_count_the_allowed_days_of_this_pass_only(days, wait_days, opens):
    second = Pass("again", DIALER, wait_days=wait_days, days=days)
    story = Story(a_campaign(Pass("call", AVM), second))
    story.call(BUSY)
    story.call(BUSY)
    assert story.dials[1] == ("again", "mobile", opens)


def test_the_next_pass_opens_when_everybody_is_through_with_the_one_before():
    story = Story(a_campaign(Pass("call", AVM), Pass("again", DIALER)))
    story.call(BUSY)
    alone = advance(story.contact, story.state, story.sub, story.now)
    assert alone.step == Wait(None, "pass_not_open")
    story.passes_ended["call"] = story.now
    assert isinstance(story.look(), Dial)


def test_start_contact_opens_as_soon_as_this_contact_is_through():
    story = Story(a_campaign(Pass("call", AVM), Pass("again", DIALER, start="contact")))
    story.call(BUSY)
    assert isinstance(story.step, Dial)
    assert story.step.pass_name == "again"


def test_accept_looks_at_the_last_result_of_the_pass_before():
    accept = Accept("previous_pass", (NO_ANSWER,))
    retry = retrying(no_answer=((60,), "end_pass"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), Pass("again", DIALER, accept=accept)))
    story.call(NO_ANSWER)
    story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert story.told("skipped") == [{"kind": "skipped", "pass": "again", "reason": "not_eligible_now"}]


@pytest.mark.parametrize(("match", "taken"), [("any", True), ("all", False)])
def test_results_of_two_media_are_joined_by_or_unless_all_must_match(match, taken):
    accept = Accept("all_passes", (BUSY, Result.UNDELIVERED), match)
    passes = (Pass("call", AVM), Pass("note", TEXT, start="contact"), Pass("again", DIALER, accept=accept))
    story = Story(a_campaign(*passes), a_contact("mobile", "text"))
    story.call(BUSY)
    story.call(Result.DELIVERED)
    assert isinstance(story.until_dial(), Dial) is taken


def test_a_pass_over_does_not_keep_a_contact_from_the_next_pass():
    passes = (
        Pass("call", AVM),
        Pass("rich", DIALER, where="contact.balance > 1000"),
        Pass("letter", EMAIL, start="contact", where="not any_response in promised"),
    )
    story = Story(a_campaign(*passes), a_contact("mobile", "email"))
    story.call(BUSY)
    story.call(Result.SENT)
    assert [name for name, _, _ in story.dials] == ["call", "letter"]


def test_where_is_judged_again_before_each_attempt():
    story = Story(
        a_campaign(Pass("call", AVM, where="attempts < 2", retry=retrying(busy=((60,), "same_device"))))
    )
    story.call(BUSY)
    story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert story.told("skipped")[0]["reason"] == "not_eligible_now"


def test_the_list_filter_holds_for_every_pass():
    story = Story(a_campaign(Pass("call", AVM), Pass("again", DIALER), filter="contact.balance >= 500"))
    assert story.until_dial() == Ended("no_pass_left")
    assert [line["pass"] for line in story.told("skipped")] == ["call", "again"]


def test_a_pass_with_another_runs_beside_it_and_closes_with_it():
    note = Pass("note", TEXT, start="with", beside="call", accept=Accept("previous_pass", (BUSY,)))
    retry = retrying(busy=((3600,), "end_pass"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), note), a_contact("mobile", "text"))
    story.call(BUSY)
    story.call(Result.DELIVERED)
    story.call(NO_ANSWER)
    assert [name for name, _, _ in story.dials] == ["call", "note", "call"]
    assert story.until_dial() == Ended("no_pass_left")


def test_a_pass_with_another_that_never_fitted_is_passed_over_when_it_closes():
    note = Pass("note", TEXT, start="with", beside="call", where="contact.balance > 1000")
    story = Story(a_campaign(Pass("call", AVM), note), a_contact("mobile", "text"))
    story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert story.told("skipped") == [{"kind": "skipped", "pass": "note", "reason": "not_eligible_now"}]


@pytest.mark.parametrize(
    ("result", "responses", "reason"),
    [
        (Result.DELIVERED_PERSON, ("pressed_1",), "success"),
        (Result.DELIVERED_NO_SUCCESS, ("pressed_8",), "opt_out"),
        (Result.DELIVERED_NO_SUCCESS, ("pressed_9",), "wrong_party"),
        (Result.CONNECTED_AGENT, (), "connected_agent"),
        (Result.CONNECTED_AGENT, ("pressed_1", "pressed_8"), "opt_out"),
    ],
)
def test_a_contact_is_done_after_success_opt_out_wrong_party_or_an_agent(result, responses, reason):
    story = Story(a_campaign(Pass("call", AVM), Pass("again", DIALER)))
    story.call(result, *responses)
    assert story.step == Ended(reason)
    assert story.told("contact_ended")[0]["reason"] == reason


def test_an_agent_who_says_call_again_keeps_the_contact():
    story = Story(a_campaign(Pass("call", AVM), Pass("again", DIALER, start="contact")))
    story.call(Result.CONNECTED_AGENT, "agent_call_again")
    assert isinstance(story.step, Dial)


def test_after_an_attempt_of_unknown_fate_nothing_is_tried_until_the_cool_down_is_over():
    campaign = a_campaign(
        Pass("call", AVM), Pass("again", DIALER, start="contact"), limits=limits(unknown_cool_down=3600.0)
    )
    story = Story(campaign)
    story.call(Result.UNKNOWN)
    story.call(BUSY)
    assert [when for _, _, when in story.dials] == ["Mon 10:00:00", "Mon 11:00:00"]


@pytest.mark.parametrize("state", [RunState.SCHEDULED, RunState.PAUSED])
def test_nobody_is_dialled_unless_the_sub_campaign_runs(state):
    story = Story(a_campaign(), settings={"run_state": state})
    assert story.look() == Wait(None, "not_running")


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.COMPLETED])
def test_everybody_ends_with_a_sub_campaign_that_is_over(state):
    story = Story(a_campaign(), settings={"run_state": state})
    assert story.look() == Ended(state)


def test_nobody_is_dialled_while_their_list_is_paused_and_everybody_ends_when_it_is_detached():
    story = Story(a_campaign(), settings={"attached": {"march": Attachment(0, paused=True)}})
    assert story.look() == Wait(None, "list_paused")
    story = Story(a_campaign(), settings={"attached": {"march": Attachment(0, detached=True)}})
    assert story.look() == Ended("list_detached")
    story = Story(a_campaign(), settings={"attached": {"march": Attachment(1, detached=True)}})
    assert isinstance(story.look(), Dial)


def test_the_timeframe_opens_and_ends_the_sub_campaign():
    story = Story(a_campaign(), settings={"starts": MONDAY + 60, "ends": MONDAY + 120})
    assert story.look() == Wait(MONDAY + 60, "not_running")
    story.now = MONDAY + 120
    assert story.look() == Ended("timeframe_over")


def test_a_pass_whose_hours_never_meet_the_contacts_zones_is_passed_over():
    campaign = a_campaign(Pass("call", AVM, days=("sat",)), window=Window(days=("mon",)))
    story = Story(campaign)
    assert story.look() == Ended("no_pass_left")
    assert story.told("skipped")[0]["reason"] == "outside_window"


def test_a_day_begins_for_the_contact_too_before_days_to_wait_are_over():
    contact = a_contact()
    hawaii = type(contact)(contact.id, contact.devices, zone="Pacific/Honolulu")
    passes = (Pass("call", AVM), Pass("again", DIALER, start="contact", wait_days=1))
    story = Story(a_campaign(*passes), hawaii, now=at("2025-03-03 15:00"))
    story.call(BUSY)
    story.call(BUSY)
    assert clock(story.now, "Pacific/Honolulu") == "Tue 08:00:00"


def test_two_passes_beside_one_each_keep_their_own_place():
    slow, quick = (retrying(undelivered=((wait,), "end_pass")) for wait in (5400, 600))
    passes = (
        Pass("call", AVM, retry=retrying(busy=((3600,), "same_device"))),
        Pass("note", TEXT, start="with", beside="call", retry=slow),
        Pass("mail", EMAIL, start="with", beside="call", retry=quick),
    )
    campaign = a_campaign(*passes, limits=limits(attempts_per_contact=6))
    story = Story(campaign, a_contact("mobile", "text", "email"))
    for _ in range(6):
        dial = story.until_dial()
        assert isinstance(dial, Dial)
        story.call(BUSY if dial.pass_name == "call" else Result.UNDELIVERED)
    assert sorted(story.dials) == [
        ("call", "mobile", "Mon 10:00:00"),
        ("call", "mobile", "Mon 11:00:00"),
        ("mail", "email", "Mon 10:00:00"),
        ("mail", "email", "Mon 10:10:00"),
        ("note", "text", "Mon 10:00:00"),
        ("note", "text", "Mon 11:30:00"),
    ]


def test_the_filter_says_whom_of_a_list_a_campaign_keeps():
    assert keeps(a_campaign(), a_contact())
    assert keeps(a_campaign(filter="contact.balance >= 50"), a_contact())
    assert not keeps(a_campaign(filter="contact.balance >= 500"), a_contact())
    assert keeps(a_campaign(filter="contact.contact_id == '1001' and contact.zone is not None"), a_contact())


@pytest.mark.parametrize(
    ("lists_gave", "own", "asks", "called"),
    [
        ({}, {}, "none", True),
        ({}, {}, "express", False),
        ({"basis": "express"}, {}, "express", True),
        ({"basis": "express"}, {}, "written", False),
        ({"basis": "express"}, {"basis": "written"}, "written", True),
        ({"basis": "written"}, {"basis": "none"}, "express", False),
    ],
)
def test_nobody_is_called_without_the_consent_the_pass_asks_for(lists_gave, own, asks, called):
    story = Story(a_campaign(Pass("call", AVM, devices=TWO, asks=asks), consent=lists_gave))
    story.contact = replace(story.contact, consent=own)
    step = story.until_dial()
    assert isinstance(step, Dial) is called
    if not called:
        assert step == Ended("no_pass_left")
        assert [line["reason"] for line in story.told("skipped")] == ["no_consent"]


def test_who_does_not_fit_is_passed_over_as_the_pass_opens_and_does_not_wait_for_its_hours():
    late = Pass(
        "late", Medium.DIALER, wait_days=1, window=Window(time(15), time(17)), where="contact.balance > 500"
    )
    story = Story(a_campaign(Pass("call", Medium.AVM), late, Pass("last", Medium.AVM)))
    story.call(Result.NO_ANSWER)
    assert isinstance(story.until_dial(), Dial)
    assert clock(story.now) == "Tue 08:00:00"
    assert [(line["pass"], line["reason"]) for line in story.told("skipped")] == [
        ("late", "not_eligible_now")
    ]


def test_who_fits_waits_for_the_first_hour_of_a_pass_that_opens_on_another_day():
    late = Pass("late", Medium.DIALER, wait_days=1, window=Window(time(15), time(17)))
    story = Story(a_campaign(Pass("call", Medium.AVM), late))
    story.call(Result.NO_ANSWER)
    step = story.look()
    assert isinstance(step, Wait)
    assert (step.reason, clock(step.until or 0)) == ("wait_days", "Tue 15:00:00")
