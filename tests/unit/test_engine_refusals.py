"""What follows when a claim is refused, released or raced: later, elsewhere, or the end; told once."""

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, rescue

from strategies.campaign import Pass
from strategies.engine import claimed, refused
from strategies.refusals import ACTIONS
from strategies.state import Dial, Ended, Wait
from strategies.vocabulary import Medium, Refusal, Result, Trigger

CALL = Pass("call", Medium.AVM, devices=("mobile", "home"))


def refuse(story: Story, refusal: Refusal) -> None:
    story.apply(refused(story.contact, story.state, story.sub, refusal, story.now))


def test_every_refusal_has_its_action():
    assert set(ACTIONS) == set(Refusal)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_a_refusal_never_leads_to_the_same_dial_at_once(refusal):
    story = Story(a_campaign(CALL, Pass("again", Medium.DIALER)))
    first = story.look()
    refuse(story, refusal)
    assert story.step != first


def test_do_not_call_ends_the_contact():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.DO_NOT_CALL)
    assert story.step == Ended("do_not_call")
    assert [line["kind"] for line in story.lines] == ["skipped", "contact_ended"]


def test_a_busy_person_is_asked_for_again_soon_and_the_ledger_is_told_once():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.PERSON_BUSY)
    assert story.step == Wait(MONDAY + 30, "held")
    story.now += 30
    refuse(story, Refusal.PERSON_BUSY)
    assert len(story.told("skipped")) == 1


def test_a_cap_over_all_campaigns_is_asked_for_again_the_next_day():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.CAP_PERSON)
    assert story.step == Wait(at("2025-03-04 00:00"), "held")


def test_a_number_that_may_not_be_dialled_gives_way_to_the_next_device():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.NOT_ALLOWED_NUMBER)
    assert isinstance(story.step, Dial)
    assert story.step.device.kind == "home"
    refuse(story, Refusal.NOT_ALLOWED_NUMBER)
    assert story.step == Ended("no_pass_left")


def test_without_consent_the_medium_is_left_for_the_next_pass():
    story = Story(
        a_campaign(CALL, Pass("letter", Medium.EMAIL, start="contact")), a_contact("mobile", "email")
    )
    refuse(story, Refusal.NO_CONSENT)
    assert isinstance(story.step, Dial)
    assert story.step.pass_name == "letter"


def test_a_recovery_that_is_refused_for_good_is_called_off():
    story = Story(a_campaign(CALL, rescue(Trigger.HANGUP_IN_SCRIPT)))
    story.call(Result.HANGUP_IN_SCRIPT, triggers=[Trigger.HANGUP_IN_SCRIPT])
    assert isinstance(story.until_dial(), Dial)
    refuse(story, Refusal.NOT_ALLOWED_NUMBER)
    assert story.told("recovery_ended")[0]["result"] == "called_off"
    assert story.step == Ended("no_pass_left")


def test_a_stale_claim_is_decided_anew_at_once_and_a_stopped_one_waits():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.STALE)
    assert story.step == Wait(MONDAY, "stale")
    refuse(story, Refusal.NOT_RUNNING)
    assert story.step == Wait(None, "not_running")
    assert story.lines == []


def test_a_claim_counts_the_attempt_for_the_contact_and_the_day():
    story = Story(a_campaign(CALL))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    live = claimed(story.state, dial, "sp-1", story.now, story.sub)
    assert (live.live, live.attempts, live.attempts_today, live.day) == ("sp-1", 1, 1, "2025-03-03")
    tomorrow = claimed(live, dial, "sp-2", story.now + 86400, story.sub)
    assert (tomorrow.attempts, tomorrow.attempts_today) == (2, 1)


def test_a_contact_with_a_live_attempt_is_left_alone():
    story = Story(a_campaign(CALL))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    story.start(dial)
    assert story.look() == Wait(None, "in_progress")


def test_who_shares_a_number_that_was_called_enough_ends_with_the_cap_as_the_reason():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.PERSON_USED_UP)
    assert story.step == Ended("cap_person")
    assert story.told("skipped")[0]["reason"] == "cap_person"


@pytest.mark.parametrize(
    ("refusal", "told"),
    [(Refusal.NUMBER_USED_UP, "cap_number"), (Refusal.NUMBER_FORBIDDEN, "do_not_call")],
)
def test_what_stands_against_a_number_alone_leads_to_the_next_one(refusal, told):
    story = Story(a_campaign(CALL))
    refuse(story, refusal)
    assert isinstance(story.step, Dial)
    assert story.step.device.kind == "home"
    assert story.told("skipped")[0]["reason"] == told


@pytest.mark.parametrize("refusal", [Refusal.CAP_DEBT, Refusal.SILENCE_AFTER_CONVERSATION])
def test_what_the_law_holds_back_for_days_is_asked_for_again_in_a_quarter_of_an_hour(refusal):
    story = Story(a_campaign(CALL))
    refuse(story, refusal)
    assert story.step == Wait(MONDAY + 900, "held")


def test_a_list_that_is_paused_keeps_its_people_and_one_that_is_detached_ends_them():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.LIST_PAUSED)
    assert story.step == Wait(None, "list_paused")
    refuse(story, Refusal.LIST_DETACHED)
    assert story.step == Ended("list_detached")


def test_an_outdated_registry_is_looked_at_again_in_a_quarter_of_an_hour():
    story = Story(a_campaign(CALL))
    refuse(story, Refusal.REGISTRY_OUTDATED)
    assert story.step == Wait(MONDAY + 900, "held")
    assert story.told("skipped")[0]["reason"] == "registry_outdated"
