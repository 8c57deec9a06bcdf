"""People lost on the way to an agent are called again by a dialer pass: triggers, devices, guards, ends."""

from dataclasses import replace

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, limits, rescue, retrying

from strategies.attempts import Outcome
from strategies.campaign import Pass, Recovery, Window
from strategies.engine import came_back, ended, lost_caller
from strategies.recovery import LostCaller
from strategies.state import Dial, Ended, Wait
from strategies.vocabulary import Medium, Result, Trigger

AVM, DIALER = Medium.AVM, Medium.DIALER
HANGUP, BUSY = Result.HANGUP_IN_SCRIPT, Result.BUSY
LOST, NOT_CONNECTED, IN_QUEUE = Trigger.HANGUP_IN_SCRIPT, Trigger.NOT_CONNECTED, Trigger.ABANDONED_IN_QUEUE
ASKED = Trigger.ASKED_FOR_AGENT_BUT_LOST
CALL = Pass("call", AVM, devices=("mobile", "home"))


def test_who_hangs_up_in_the_script_is_recalled_on_the_next_device_after_the_delay():
    story = Story(a_campaign(CALL, rescue(LOST)))
    story.call(HANGUP, triggers=[LOST], talk=6)
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("call", "mobile", "Mon 10:00:00"), ("rescue", "home", "Mon 10:00:36")]
    assert story.step == Ended("connected_agent")
    assert [line["kind"] for line in story.lines] == [
        "recovery_triggered",
        "recovery_ended",
        "contact_ended",
    ]
    triggered, over, _ = story.lines
    assert triggered["recovers"] == "sp-1"
    assert (over["result"], over["trigger"]) == ("reached", LOST)


def test_who_was_abandoned_is_left_alone_by_this_campaign_too_for_the_lockout_of_the_preset():
    locked = limits(abandon_lockout=72 * 3600.0)
    retry = retrying(abandoned_no_agent=((60,), "same_device"))
    story = Story(a_campaign(Pass("call", Medium.DIALER, retry=retry), limits=locked), a_contact("mobile"))
    story.call(Result.ABANDONED_NO_AGENT)
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("call", "mobile", "Mon 10:00:00"), ("call", "mobile", "Thu 10:00:00")]


def test_with_one_device_the_same_is_called_again():
    story = Story(a_campaign(CALL, rescue(LOST)), a_contact("mobile"))
    story.call(HANGUP, triggers=[LOST])
    story.call(Result.CONNECTED_AGENT)
    assert story.dials[1] == ("rescue", "mobile", "Mon 10:00:30")


def test_after_the_last_device_comes_the_first():
    retry = retrying(busy=((), "next_device"))
    story = Story(a_campaign(Pass("call", AVM, devices=("mobile", "home"), retry=retry), rescue(LOST)))
    story.call(BUSY)
    story.call(HANGUP, triggers=[LOST])
    story.call(Result.CONNECTED_AGENT)
    assert [kind for _, kind, _ in story.dials] == ["mobile", "home", "mobile"]


def test_not_connected_hands_the_next_device_to_an_agent_at_once_when_the_first_is_given_up():
    retry = retrying(busy=((300,), "next_device"))
    story = Story(
        a_campaign(Pass("call", AVM, devices=("mobile", "home"), retry=retry), rescue(NOT_CONNECTED))
    )
    story.call(BUSY, triggers=[NOT_CONNECTED])
    story.call(BUSY, triggers=[NOT_CONNECTED])
    story.call(BUSY, triggers=[NOT_CONNECTED])
    assert story.dials == [
        ("call", "mobile", "Mon 10:00:00"),
        ("call", "mobile", "Mon 10:05:00"),
        ("rescue", "home", "Mon 10:05:00"),
    ]
    assert story.until_dial() == Ended("no_pass_left")
    assert story.told("recovery_ended")[0]["result"] == "gave_up"


def test_not_connected_without_another_device_is_no_recovery():
    story = Story(a_campaign(CALL, rescue(NOT_CONNECTED)), a_contact("mobile"))
    story.call(BUSY, triggers=[NOT_CONNECTED])
    assert story.step == Ended("no_pass_left")
    assert story.told("recovery_triggered") == []


def test_a_later_device_given_up_is_no_recovery():
    retry = retrying(busy=((), "next_device"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), rescue(NOT_CONNECTED, per_day=0)))
    story.call(BUSY, triggers=[NOT_CONNECTED])
    assert isinstance(story.step, Dial)
    assert (story.step.pass_name, story.step.device.kind) == ("call", "home")


def test_one_event_has_one_trigger_the_most_specific_that_the_pass_listens_to():
    both = [ASKED, IN_QUEUE]
    for listens, taken in (((IN_QUEUE, ASKED), ASKED), ((IN_QUEUE, LOST), IN_QUEUE)):
        story = Story(a_campaign(CALL, rescue(*listens)))
        story.call(Result.ABANDONED_IN_QUEUE, "pressed_0", triggers=both)
        assert [line["trigger"] for line in story.told("recovery_triggered")] == [taken]


@pytest.mark.parametrize("response", ["pressed_1", "pressed_8", "pressed_9"])
def test_success_opt_out_and_wrong_party_are_never_recovered(response):
    story = Story(a_campaign(CALL, rescue(LOST)))
    story.call(HANGUP, response, triggers=[LOST])
    assert isinstance(story.step, Ended)
    assert story.told("recovery_triggered") == []


def test_once_a_day():
    passes = (CALL, rescue(LOST), Pass("call2", AVM), Pass("rescue2", DIALER))
    story = Story(a_campaign(*passes[:2]))
    story.call(HANGUP, triggers=[LOST])
    story.call(BUSY)
    assert story.told("recovery_ended")[0]["result"] == "gave_up"
    assert story.state.recovered_on == ("2025-03-03",)
    again = Story(a_campaign(*passes[:2]), state=type(story.state)(recovered_on=("2025-03-03",)))
    again.call(HANGUP, triggers=[LOST])
    assert again.told("recovery_triggered") == []


def test_a_recovery_that_finds_no_agent_in_its_time_expires():
    story = Story(a_campaign(CALL, rescue(LOST, ttl=900.0)))
    story.call(HANGUP, triggers=[LOST])
    story.now = MONDAY + 900
    assert story.look() == Ended("no_pass_left")
    assert story.told("recovery_ended")[0]["result"] == "expired"


def test_a_recovery_keeps_the_hours_of_its_pass():
    evening = at("2025-03-03 20:59:50")
    story = Story(a_campaign(CALL, rescue(LOST)), now=evening)
    story.call(HANGUP, triggers=[LOST])
    assert story.until_dial() == Ended("no_pass_left")
    assert story.told("recovery_ended")[0]["result"] == "expired"


def test_the_next_pass_waits_for_an_open_recovery():
    story = Story(a_campaign(CALL, rescue(LOST), Pass("letter", Medium.EMAIL, start="contact")))
    story.contact = a_contact("mobile", "home", "email")
    story.call(HANGUP, triggers=[LOST])
    story.call(BUSY)
    story.call(Result.SENT)
    assert [name for name, _, _ in story.dials] == ["call", "rescue", "letter"]


def test_a_contact_that_recovery_takes_is_through_with_the_pass_recovered():
    retry = retrying(hangup_in_script=((60,), "same_device"))
    story = Story(a_campaign(Pass("call", AVM, retry=retry), rescue(LOST)))
    story.call(HANGUP, triggers=[LOST])
    story.call(BUSY)
    assert story.until_dial() == Ended("no_pass_left")
    assert [name for name, _, _ in story.dials] == ["call", "rescue"]


def test_where_of_the_recovery_pass_is_a_guard_too():
    picky = rescue(LOST)
    picky = type(picky)("rescue", DIALER, recovery=picky.recovery, where="contact.balance > 1000")
    story = Story(a_campaign(CALL, picky))
    story.call(HANGUP, triggers=[LOST])
    assert story.told("recovery_triggered") == []


def test_a_recovery_pass_may_retry_within_its_time():
    base = rescue(LOST)
    retry = retrying(busy=((60,), "next_device"))
    story = Story(a_campaign(CALL, Pass("rescue", DIALER, recovery=base.recovery, retry=retry)))
    story.contact = a_contact("home", "mobile", "work")
    story.call(HANGUP, triggers=[LOST])
    for _ in range(2):
        story.call(BUSY)
    assert story.dials[1:] == [("rescue", "home", "Mon 10:00:30"), ("rescue", "home", "Mon 10:01:30")]
    assert story.until_dial() == Ended("no_pass_left")


def test_no_recovery_when_no_attempt_is_left_under_the_cap():
    story = Story(a_campaign(CALL, rescue(LOST), limits=limits(attempts_per_contact=1)))
    story.call(HANGUP, triggers=[LOST])
    assert story.step == Ended("cap_person")
    assert story.told("recovery_triggered") == []


def test_who_came_back_by_another_way_is_not_called():
    story = Story(a_campaign(CALL, rescue(LOST)))
    story.call(HANGUP, triggers=[LOST])
    story.apply(came_back(story.contact, story.state, story.sub, story.now + 1, story.now + 1))
    assert story.told("recovery_ended")[0]["result"] == "came_back"
    assert story.until_dial() == Ended("no_pass_left")


def test_a_recovery_opens_only_by_events_never_from_the_list():
    story = Story(a_campaign(rescue(LOST), CALL))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "call"


def test_an_end_told_twice_changes_nothing():
    story = Story(a_campaign(CALL, rescue(LOST)))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    intent = story.start(dial)
    story.finish(intent, HANGUP, triggers=[LOST])
    before = story.state
    story.finish(intent, HANGUP, triggers=[LOST])
    assert story.state == before
    assert len(story.told("recovery_triggered")) == 1


def test_waits_count_from_the_end_of_the_attempt_not_from_when_it_was_written():
    story = Story(a_campaign(CALL, rescue(LOST), window=Window()))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    intent = story.start(dial)
    outcome = Outcome(intent.attempt, HANGUP, triggers=(LOST,), at=MONDAY + 5)
    story.apply(ended(story.contact, story.state, story.sub, intent, outcome, MONDAY + 20))
    assert story.state.recovery is not None
    assert story.state.recovery.not_before == MONDAY + 35


def test_a_retry_of_the_recovery_that_would_come_too_late_is_not_waited_for():
    base = rescue(LOST, ttl=900.0)
    retry = retrying(busy=((870,), "end_pass"))
    story = Story(a_campaign(CALL, Pass("rescue", DIALER, recovery=base.recovery, retry=retry)))
    story.call(HANGUP, triggers=[LOST])
    story.call(BUSY)
    assert story.now == MONDAY + 30
    assert story.told("recovery_ended")[0]["result"] == "expired"


INBOUND = Pass(
    "inbound", DIALER, recovery=Recovery((IN_QUEUE,), queue="service", delay=60.0), devices=("mobile", "home")
)
CALLER = LostCaller("1763.4", "service", "+12125550101", MONDAY)


def lost_in(story: Story, lost: LostCaller = CALLER) -> bool:
    """The contact hangs up in an inbound queue; whether anything follows."""
    move = lost_caller(story.contact, story.state, story.sub, replace(lost, at=story.now), story.now)
    if move is not None:
        story.apply(move)
    return move is not None


def test_who_was_lost_in_an_inbound_queue_is_called_again_by_the_pass_for_that_queue():
    story = Story(a_campaign(CALL, INBOUND))
    story.look()
    assert lost_in(story)
    assert story.step == Wait(MONDAY + 60, "recovery")
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("inbound", "home", "Mon 10:01:00")]
    triggered, over, _ = story.lines
    assert (triggered["recovers"], triggered["trigger"]) == ("1763.4", IN_QUEUE)
    assert (over["recovers"], over["result"]) == ("1763.4", "reached")


def test_a_loss_learnt_of_later_counts_from_its_own_moment():
    story = Story(a_campaign(CALL, INBOUND))
    story.look()
    told_late = lost_caller(story.contact, story.state, story.sub, CALLER, MONDAY + 7200.0)
    assert told_late is None  # it was over by then
    move = lost_caller(story.contact, story.state, story.sub, CALLER, MONDAY + 59.0)
    assert move is not None
    assert move.step == Wait(MONDAY + 60, "recovery")


def test_who_was_through_with_the_passes_is_in_again_for_it():
    story = Story(a_campaign(CALL, INBOUND))
    story.call(Result.DELIVERED_PERSON)
    assert story.step == Ended("no_pass_left")
    assert lost_in(story)
    story.call(BUSY)
    assert story.step == Ended("no_pass_left")
    assert [line["kind"] for line in story.lines] == [
        "contact_ended",
        "changed",
        "recovery_triggered",
        "recovery_ended",
        "contact_ended",
    ]


@pytest.mark.parametrize("said", ["pressed_1", "pressed_8", "pressed_9"])
def test_nobody_who_settled_the_matter_is_called_for_hanging_up_in_a_queue(said):
    story = Story(a_campaign(CALL, INBOUND))
    story.call(Result.DELIVERED_PERSON, said)
    assert not lost_in(story)


def test_a_loss_in_another_queue_during_a_call_or_a_second_one_of_the_day_triggers_nothing():
    story = Story(a_campaign(CALL, INBOUND))
    assert not lost_in(story, replace(CALLER, queue="sales"))
    assert not lost_in(story, replace(CALLER, number="+12125559999"))
    live = replace(story, state=replace(story.state, live="sp-9"))
    assert not lost_in(live)
    assert lost_in(story)
    assert not lost_in(story)
    story.call(Result.NO_ANSWER)
    assert not lost_in(story)
