"""Each contact has one reason for not being called now; the sub-campaign tells what holds it as a whole."""

from __future__ import annotations

from dataclasses import replace

from engine_stage import MONDAY, Story, a_campaign, a_contact, a_sub, at, limits, retrying

from strategies.campaign import Pass, Recovery
from strategies.engine import enter
from strategies.explain import FREE, HINDRANCES, WORDS, Look, Tally, holds, look
from strategies.vocabulary import Medium, Result, RunState, Trigger


def why(story: Story) -> Look:
    """The look at the story's contact now."""
    return look(story.contact, story.state, story.sub, story.now)


def test_somebody_the_engine_would_call_is_left_to_the_claim() -> None:
    assert why(Story(a_campaign())).reason is None


def test_a_contact_outside_its_hours_says_until_when() -> None:
    night = at("2025-03-03 23:00")
    found = look(a_contact(), enter(), a_sub(a_campaign()), night)
    assert (found.reason, found.until) == ("outside_window", at("2025-03-04 08:00"))


def test_a_retry_a_cap_of_the_day_and_a_cool_down_are_told_apart() -> None:
    calls = Pass("call", Medium.AVM, retry=retrying(busy=((300.0,), "same_device")))
    waiting = Story(a_campaign(calls))
    waiting.call(Result.BUSY)
    assert (why(waiting).reason, why(waiting).until) == ("retry", MONDAY + 300)

    capped = Story(a_campaign(calls, limits=limits(attempts_per_day=1)))
    capped.call(Result.BUSY)
    assert why(capped).reason == "cap_person"

    unknown = Story(a_campaign(Pass("call", Medium.AVM, retry=retrying(unknown=((1.0,), "same_device")))))
    unknown.call(Result.UNKNOWN)
    assert why(unknown).reason == "cool_down"


def test_days_to_wait_and_a_pass_that_is_not_open_have_their_reasons() -> None:
    passes = (Pass("call", Medium.AVM), Pass("again", Medium.AVM, wait_days=2))
    story = Story(a_campaign(*passes))
    story.call(Result.BUSY)
    assert why(story).reason == "pass_not_open"
    story.passes_ended["call"] = story.now
    assert (why(story).reason, why(story).until) == ("wait_days", at("2025-03-05 08:00"))


def test_who_is_done_and_who_is_on_the_line_are_not_waiting() -> None:
    story = Story(a_campaign())
    dial = story.until_dial()
    story.start(dial)  # type: ignore[arg-type]
    assert why(story).reason == "in_progress"
    over = replace(enter(), ended="success")
    assert look(a_contact(), over, a_sub(a_campaign()), MONDAY).reason == "done"


def test_a_sub_campaign_tells_everything_that_holds_it() -> None:
    sub = a_sub(a_campaign(), run_state=RunState.PAUSED, ends=MONDAY)
    told = holds(sub, MONDAY, halted_by="anna", hindrance="no_ami")
    assert [words.split(":")[0] for words in told] == [
        "the stop switch was thrown by anna",
        "it is paused",
        "its timeframe is over",
        HINDRANCES["no_ami"].split(":", maxsplit=1)[0],
    ]
    assert holds(a_sub(a_campaign()), MONDAY, halted_by=None, hindrance=None) == []


def test_one_that_is_done_with_its_people_tells_that_it_stays_for_callers_lost_in_a_queue() -> None:
    back = Pass("back", Medium.DIALER, recovery=Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service"))
    sub = a_sub(a_campaign(Pass("call", Medium.AVM), back))
    (told,) = holds(sub, MONDAY, halted_by=None, hindrance=None, all_done=True)
    assert "stays for callers lost in service: secondpass campaign stop spring/1 ends it" in told
    assert holds(sub, MONDAY, halted_by=None, hindrance=None) == []
    (told,) = holds(replace(sub, ends=MONDAY + 1), MONDAY, halted_by=None, hindrance=None, all_done=True)
    assert told.endswith("callers lost in service")


def test_a_tally_keeps_the_soonest_moment_of_each_reason() -> None:
    tally = Tally()
    for until in (30.0, 10.0, 20.0):
        tally.add("retry", until)
    tally.add(FREE)
    assert (tally.counts, tally.soonest) == ({"retry": 3, FREE: 1}, {"retry": 10.0})
    assert all(reason in WORDS for reason in tally.counts)
