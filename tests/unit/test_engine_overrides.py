"""What contacts wait for while an override is in force, and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from engine_stage import MONDAY, Story, a_campaign, a_contact, at, clock, rescue, retrying

from strategies.campaign import Accept, Campaign, Pass, Window
from strategies.records import record_of
from strategies.state import Dial, Ended, Wait
from strategies.vocabulary import Medium, Result, Trigger

RETRY = retrying(busy=((300, 1800), "next_device"))
CALL = Pass("call", Medium.AVM, devices=("mobile", "home"), retry=RETRY)
AGENTS = Pass("agents", Medium.DIALER, devices=("mobile",))
FIVE = at("2025-03-03 17:00")
EVERYBODY = a_contact("mobile", "home", "work", "text")


def story(*passes: Pass) -> Story:
    return Story(a_campaign(*passes), contact=EVERYBODY)


def begin(told: Story, name: str, **changes: object) -> Campaign:
    """An override of one pass begins, until 17:00; returns what it is laid over."""
    before = told.campaign
    passes = tuple(replace(p, **changes) if p.name == name else p for p in before.passes)  # type: ignore[arg-type]
    told.campaign = replace(before, passes=passes)
    told.settings = {"plan_until": FIVE}
    return before


def end(told: Story, before: Campaign) -> None:
    """The override ends."""
    told.campaign, told.settings, told.now = before, {}, max(told.now, FIVE)


def test_an_override_that_turns_a_pass_into_text_makes_the_next_try_a_text() -> None:
    told = story(CALL)
    told.call(Result.BUSY)
    begin(told, "call", medium=Medium.TEXT, devices=("text",), retry={})
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert (dial.device.kind, clock(told.now)) == ("text", "Mon 10:05:00")


def test_after_the_override_the_pass_calls_again() -> None:
    told = story(replace(CALL, retry=retrying(undelivered=((600,), "end_pass"))))
    before = begin(told, "call", medium=Medium.TEXT, devices=("text",))
    told.call(Result.UNDELIVERED)
    end(told, before)
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert dial.device.kind == "mobile"


def test_new_devices_count_for_attempts_not_yet_started() -> None:
    told = story(CALL)
    told.call(Result.BUSY)
    begin(told, "call", devices=("work",))
    told.call(Result.BUSY)
    told.call(Result.BUSY)
    told.call(Result.BUSY)
    assert [device for _, device, _ in told.dials] == ["mobile", "work", "work", "work"]
    assert isinstance(told.look(), Ended)


def test_a_device_given_up_is_not_tried_again_because_the_devices_changed() -> None:
    told = story(replace(CALL, retry=retrying(busy=((), "next_device"))))
    told.call(Result.BUSY)
    begin(told, "call", devices=("work", "mobile"))
    told.call(Result.BUSY)
    assert [device for _, device, _ in told.dials] == ["mobile", "work"]
    assert isinstance(told.look(), Ended)


def test_a_call_that_was_up_when_the_devices_changed_gives_up_the_device_it_was_on() -> None:
    told = story(CALL)
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    intent = told.start(dial)
    begin(told, "call", devices=("work", "home"))
    told.finish(intent, Result.BUSY)
    following = told.look()
    assert isinstance(following, Dial)
    assert following.device.kind == "work"


def test_who_waits_for_a_pass_that_is_taken_out_goes_on_to_the_next() -> None:
    told = story(CALL, AGENTS)
    begin(told, "call", out=True)
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "agents"
    record = record_of(told.state, "call")
    assert record is not None
    assert (record.results, record.reason) == ((), "taken_out")


def test_who_is_in_a_pass_that_is_taken_out_is_through_with_it_and_its_results_count() -> None:
    after = Accept("previous_pass", (Result.BUSY,))
    told = story(CALL, replace(AGENTS, accept=after))
    told.call(Result.BUSY)
    begin(told, "call", out=True)
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert (dial.pass_name, clock(told.now)) == ("agents", "Mon 10:00:00")


def test_the_pass_before_one_taken_out_decides_who_fits() -> None:
    told = story(
        CALL, Pass("more", Medium.AVM), replace(AGENTS, accept=Accept("previous_pass", (Result.NO_ANSWER,)))
    )
    told.call(Result.NO_ANSWER)
    begin(told, "more", out=True)
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "agents"


def test_who_has_only_a_pass_that_is_taken_out_waits_until_it_is_back() -> None:
    told = story(CALL, AGENTS)
    told.call(Result.NO_ANSWER)
    before = begin(told, "agents", out=True)
    step = told.look()
    assert step == Wait(FIVE, "taken_out")
    end(told, before)
    dial = told.look()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "agents"


def test_days_to_wait_count_though_the_pass_before_was_taken_out_meanwhile() -> None:
    told = story(CALL, replace(AGENTS, wait_days=1))
    told.call(Result.BUSY)
    begin(told, "call", out=True)
    step = told.look()
    assert isinstance(step, Wait)
    assert step.until is not None
    assert clock(step.until) == "Tue 08:00:00"


def test_who_was_moved_past_a_pass_does_not_wait_for_it_once_it_is_back() -> None:
    told = story(Pass("first", Medium.AVM), CALL, replace(AGENTS, start="contact", window=Window(time(12))))
    told.call(Result.NO_ANSWER)
    before = begin(told, "call", out=True)
    assert isinstance(told.look(), Wait)
    end(told, before)
    dial = told.look()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "agents"


def test_nobody_is_recovered_by_a_pass_that_is_taken_out() -> None:
    told = story(CALL, rescue(Trigger.HANGUP_IN_SCRIPT))
    begin(told, "rescue", out=True)
    told.call(Result.HANGUP_IN_SCRIPT, triggers=[Trigger.HANGUP_IN_SCRIPT])
    assert told.told("recovery_triggered") == []


def test_a_recovery_that_was_open_is_called_off_when_its_pass_is_taken_out() -> None:
    told = story(CALL, rescue(Trigger.HANGUP_IN_SCRIPT))
    told.call(Result.HANGUP_IN_SCRIPT, triggers=[Trigger.HANGUP_IN_SCRIPT])
    begin(told, "rescue", out=True)
    assert isinstance(told.until_dial(), Ended)
    (line,) = told.told("recovery_ended")
    assert line["result"] == "called_off"


def test_a_pass_beside_one_that_is_taken_out_waits_with_it() -> None:
    told = story(CALL, Pass("aside", Medium.DIALER, start="with", beside="call"))
    before = begin(told, "call", out=True)
    assert told.look() == Wait(FIVE, "taken_out")
    end(told, before)
    assert isinstance(told.look(), Dial)


def test_who_fits_the_patched_criteria_no_more_is_passed_over() -> None:
    told = story(CALL, AGENTS)
    told.call(Result.BUSY)
    begin(told, "call", where="contact.balance > 1000")
    dial = told.until_dial()
    assert isinstance(dial, Dial)
    assert dial.pass_name == "agents"
    assert [line["pass"] for line in told.told("skipped")] == ["call"]


def test_an_override_nobody_was_tried_in_leaves_no_trace() -> None:
    told, plain = story(CALL, AGENTS), story(CALL, AGENTS)
    for one in (told, plain):
        one.call(Result.BUSY)
    before = begin(told, "call", devices=("work",))
    assert isinstance(told.look(), Wait)
    told.campaign, told.settings = before, {}
    for one in (told, plain):
        one.now = MONDAY + 600
        assert isinstance(one.look(), Dial)
    assert told.state == plain.state
