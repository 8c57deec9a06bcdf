"""What the rows of the feature table say of passes, windows and recovery, each as one story of one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, rescue, retrying

from strategies.attempts import Fact, FactName, outcome
from strategies.campaign import Accept, Pass, Window
from strategies.contacts import Contact, Device
from strategies.retries import Again, after
from strategies.state import Dial, Ended
from strategies.vocabulary import Medium, Result, Trigger

AVM, DIALER, TEXT, EMAIL = Medium.AVM, Medium.DIALER, Medium.TEXT, Medium.EMAIL
BUSY, NO_ANSWER, HANGUP = Result.BUSY, Result.NO_ANSWER, Result.HANGUP_IN_SCRIPT
CALL = Pass("call", AVM, devices=("mobile", "home"))


# A10, A13: who is taken by what came of the passes before


@pytest.mark.parametrize(
    ("source", "taken"), [("previous_pass", False), ("all_passes", True)], ids=["previous", "all"]
)
def test_previous_pass_asks_the_pass_before_alone_and_all_passes_any_earlier_one(source, taken):
    passes = (CALL, Pass("again", DIALER), Pass("note", TEXT, accept=Accept(source, (BUSY,))))
    story = Story(a_campaign(*passes), a_contact("mobile", "text"))
    story.call(BUSY)
    story.call(NO_ANSWER)
    assert isinstance(story.until_dial(), Dial) is taken


def test_a_recovery_between_two_passes_is_not_the_pass_before():
    accept = Accept("previous_pass", (BUSY,))
    story = Story(a_campaign(CALL, rescue(Trigger.HANGUP_IN_SCRIPT), Pass("again", DIALER, accept=accept)))
    story.call(BUSY)
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "again"


def test_who_was_not_reached_by_voice_is_written_to_and_who_was_is_not():
    note = Pass("note", TEXT, start="contact", accept=Accept("previous_pass", (NO_ANSWER,)))
    letter = Pass("letter", EMAIL, start="contact", accept=Accept("all_passes", (Result.UNDELIVERED,)))
    everywhere = a_contact("mobile", "text", "email")
    missed, reached = Story(a_campaign(CALL, note, letter), everywhere), Story(a_campaign(CALL, note, letter))
    missed.call(NO_ANSWER)
    missed.call(Result.UNDELIVERED)
    missed.call(Result.SENT)
    assert [dial[0] for dial in missed.dials] == ["call", "note", "letter"]
    reached.call(Result.DELIVERED_PERSON)
    assert reached.until_dial() == Ended("no_pass_left")


def test_match_all_asks_for_a_result_of_calls_and_one_of_messages():
    both = Accept("all_passes", (NO_ANSWER, BUSY, Result.UNDELIVERED), "all")
    passes = (CALL, Pass("note", TEXT, start="contact"), Pass("agent", DIALER, accept=both))
    story = Story(a_campaign(*passes), a_contact("mobile", "text"))
    story.call(BUSY)
    story.call(Result.UNDELIVERED)
    assert isinstance(story.until_dial(), Dial)


# A14: judged when taken up, and again immediately before each attempt


def test_an_opt_out_during_a_pass_ends_everything_at_once():
    retry = retrying(busy=((300.0,), "next_device"))
    story = Story(a_campaign(replace(CALL, retry=retry), Pass("note", TEXT)), a_contact("mobile", "text"))
    story.call(BUSY)
    story.call(Result.DELIVERED_NO_SUCCESS, "pressed_8")
    assert story.step == Ended("opt_out")


def test_who_fits_no_more_before_a_retry_is_passed_over_and_that_is_no_attempt():
    picky = replace(CALL, where="contact.balance > 50", retry=retrying(busy=((300.0,), "end_pass")))
    story = Story(a_campaign(picky, Pass("later", DIALER)))
    story.call(BUSY)
    story.contact = a_contact(balance="0")
    story.call(NO_ANSWER)
    assert [dial[0] for dial in story.dials] == ["call", "later"]
    assert story.state.attempts == 2
    assert [line["pass"] for line in story.told("skipped")] == ["call"]


# A15, A19: devices and retries


@pytest.mark.parametrize(
    ("escalation", "kinds"),
    [("none", ["mobile"]), ("per_pass", ["mobile", "home"]), ("per_contact", ["home", "mobile"])],
)
def test_escalation_says_which_devices_follow_one_another(escalation, kinds):
    onward = replace(CALL, retry=retrying(busy=((), "next_device")))
    story = Story(a_campaign(onward, escalation=escalation), a_contact("home", "mobile"))
    while not isinstance(story.until_dial(), Ended):
        story.call(BUSY)
    assert [dial[1] for dial in story.dials] == kinds


def test_each_attempt_number_has_its_own_wait_and_the_next_device_starts_anew():
    waits = retrying(busy=((300.0, 1800.0), "next_device"))
    story = Story(a_campaign(replace(CALL, retry=waits)))
    while not isinstance(story.until_dial(), Ended):
        story.call(BUSY)
    assert [(kind, when) for _, kind, when in story.dials] == [
        ("mobile", "Mon 10:00:00"),
        ("mobile", "Mon 10:05:00"),
        ("mobile", "Mon 10:35:00"),
        ("home", "Mon 10:35:00"),
        ("home", "Mon 10:40:00"),
        ("home", "Mon 11:10:00"),
    ]


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("then", ["next_device", "same_device", "end_pass"])
@pytest.mark.parametrize("waits", [(), (60.0,), (60.0, 120.0)])
def test_what_follows_a_result_is_known_for_every_result_and_every_retry(result, then, waits):
    entry = retrying(**{str(result): (waits, then)})
    used: dict[str, int] = {}
    for wait in waits:
        following = after(entry, result, used)
        assert (following.what, following.wait) == (Again.SAME_DEVICE, wait)
        used = dict(following.used or {})
    last = after(entry, result, used)
    expected = {"next_device": Again.NEXT_DEVICE, "end_pass": Again.THROUGH, "same_device": Again.SAME_DEVICE}
    assert last.what is (Again.THROUGH if then == "same_device" and not waits else expected[then])
    assert last.wait == (waits[-1] if last.what is Again.SAME_DEVICE else 0.0)
    other = next(one for one in Result if one is not result)
    assert after(entry, other, {}).what is Again.THROUGH


# A20, A21, A22: days, holidays, hours


@pytest.mark.parametrize(
    ("days", "opens"),
    [(("mon", "wed", "fri"), "Fri 08:00:00"), (("mon", "wed", "thu", "fri"), "Thu 08:00:00")],
)
def test_two_days_to_wait_after_a_monday_are_two_allowed_days(days, opens):
    story = Story(a_campaign(CALL, Pass("again", DIALER, wait_days=2, days=days)))
    story.call(BUSY)
    story.call(BUSY)
    assert story.dials[1][2] == opens


def test_no_days_to_wait_is_the_same_day_if_it_is_still_open():
    early = Window(time(9), time(12))
    story = Story(a_campaign(CALL, Pass("again", DIALER, window=early)))
    story.call(BUSY)
    story.call(BUSY)
    late = Story(a_campaign(CALL, Pass("again", DIALER, window=early)), now=MONDAY + 3 * 3600)
    late.call(BUSY)
    late.call(BUSY)
    assert (story.dials[1][2], late.dials[1][2]) == ("Mon 10:00:00", "Tue 09:00:00")


def test_a_holiday_is_no_day_that_was_waited_for():
    again = Pass("again", DIALER, wait_days=1, holidays=("2025-03-04",))
    story = Story(a_campaign(CALL, again))
    story.call(BUSY)
    story.call(BUSY)
    assert story.dials[1][2] == "Wed 08:00:00"


@pytest.mark.parametrize(
    ("saturday", "opens"),
    [("2025-03-08 22:00", "2025-03-09 09:00"), ("2025-11-01 22:00", "2025-11-02 09:00")],
    ids=["forward", "back"],
)
def test_on_a_clock_change_sunday_the_day_opens_by_the_wall_clock(saturday, opens):
    story = Story(a_campaign(CALL, window=Window(time(9), time(17))), now=at(saturday))
    story.until_dial()
    assert story.now == at(opens)


def test_a_retry_over_the_night_of_a_clock_change_waits_as_long_as_it_says():
    always = Window(time(0), time(0))
    waiting = replace(CALL, retry=retrying(busy=((6 * 3600.0,), "end_pass")))
    open_all_day = a_campaign(waiting, window=always, legal_window=always)
    story = Story(open_all_day, now=at("2025-03-08 22:00"))
    story.call(BUSY)
    story.call(BUSY)
    assert [when for *_, when in story.dials] == ["Sat 22:00:00", "Sun 05:00:00"]


def test_the_window_is_that_of_the_contacts_place_and_not_of_the_campaigns():
    hawaii = Contact("1", (Device("mobile", "+18085550100"),), postal_code="96813")
    story = Story(a_campaign(CALL, window=Window(time(9), time(17))), hawaii)
    story.until_dial()
    assert story.now == at("2025-03-03 09:00", "Pacific/Honolulu")


# A28, A31: what triggers a recovery, and what never does

PERSON = (FactName.ANSWERED, ""), (FactName.CLASSIFIED, "HUMAN")
SCRIPT = (*PERSON, (FactName.SCRIPT_STARTED, ""))
QUEUE = (*SCRIPT, (FactName.PRESSED, "0"), (FactName.SCRIPT_ENDED, "agent"), (FactName.QUEUE_JOINED, ""))
OVER = ((FactName.HUNG_UP, "16"),)


def recovered(told: tuple[tuple[FactName, str], ...], *listened: Trigger) -> list[str]:
    """The triggers of the recoveries that follow from a call with these facts."""
    story = Story(a_campaign(CALL, rescue(*listened)))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    intent = story.start(dial)
    facts = [Fact(name, story.now, value) for name, value in (*told, *OVER)]
    ending = outcome(intent, facts, story.campaign)
    assert ending is not None
    story.finish(intent, ending.result, *ending.responses, triggers=ending.triggers)
    return [str(line["trigger"]) for line in story.told("recovery_triggered")]


@pytest.mark.parametrize(
    ("told", "trigger"),
    [
        (((FactName.DIAL_ENDED, "BUSY"),), Trigger.NOT_CONNECTED),
        (SCRIPT, Trigger.HANGUP_IN_SCRIPT),
        ((*QUEUE, (FactName.QUEUE_ABANDONED, "")), Trigger.ASKED_FOR_AGENT_BUT_LOST),
        ((*QUEUE, (FactName.NO_AGENT, "")), Trigger.ASKED_FOR_AGENT_BUT_LOST),
    ],
)
def test_each_loss_has_one_trigger_though_all_are_listened_to(told, trigger):
    assert recovered(told, *Trigger) == [str(trigger)]


@pytest.mark.parametrize(
    ("told", "trigger"),
    [
        ((*QUEUE, (FactName.QUEUE_ABANDONED, "")), Trigger.ABANDONED_IN_QUEUE),
        ((*QUEUE, (FactName.NO_AGENT, "")), Trigger.ABANDONED_NO_AGENT),
    ],
)
def test_a_loss_is_taken_by_a_less_specific_trigger_where_no_pass_listens_to_the_other(told, trigger):
    assert recovered(told, trigger) == [str(trigger)]


@pytest.mark.parametrize(
    "told",
    [
        (*SCRIPT, (FactName.PRESSED, "8")),
        (*SCRIPT, (FactName.PRESSED, "9")),
        (*SCRIPT, (FactName.PRESSED, "1")),
        ((FactName.ANSWERED, ""), (FactName.CLASSIFIED, "MACHINE")),
        ((FactName.ANSWERED, ""), (FactName.CLASSIFIED, "MACHINE"), (FactName.MACHINE_MESSAGE, "")),
        ((FactName.ANSWERED, ""), (FactName.CLASSIFIED, "FAX")),
        (*SCRIPT, (FactName.SCRIPT_ENDED, "completed")),
        (*SCRIPT, (FactName.SCRIPT_ENDED, "failed")),
        (*QUEUE, (FactName.AGENT_CONNECTED, "")),
    ],
    ids=["opt_out", "wrong_party", "success", "machine", "message_left", "fax", "heard", "failed", "agent"],
)
def test_nobody_is_recovered_after_an_opt_out_a_machine_a_success_or_an_agent(told):
    assert recovered(told, *Trigger) == []


def test_a_recovery_is_judged_again_when_it_is_dialled():
    picky = replace(rescue(Trigger.HANGUP_IN_SCRIPT), where="contact.balance > 50")
    story = Story(a_campaign(CALL, picky))
    story.call(HANGUP, triggers=[Trigger.HANGUP_IN_SCRIPT])
    story.contact = a_contact(balance="0")
    assert story.until_dial() == Ended("no_pass_left")
    assert [line["result"] for line in story.told("recovery_ended")] == ["called_off"]
