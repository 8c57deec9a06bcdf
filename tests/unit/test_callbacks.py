"""Callbacks: a person is promised a call by an agent at a moment, gets it then, and gets one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, at, limits, rescue, retrying

from ami_bridge.call_facts import call_fact
from ami_bridge.events import UserEvent
from strategies.attempts import CallAgain, Fact, FactName, Outcome, outcome
from strategies.callbacks import Unkept, Wish, own_agent
from strategies.campaign import Pass
from strategies.engine import call_back, call_off, came_back, ended, responded
from strategies.state import Dial, Ended, Wait
from strategies.vocabulary import Medium, Result, RunState, Trigger

AVM, DIALER = Medium.AVM, Medium.DIALER
CALL, LIVE = Pass("call", AVM), Pass("live", DIALER, devices=("mobile", "home"))
THREE = at("2025-03-03 15:00")


def promised(*passes: Pass, when: float = THREE, **wish: object) -> Story:
    """Somebody who is promised a call."""
    story = Story(a_campaign(*(passes or (CALL, LIVE))))
    ask(story, when, **wish)
    return story


def ask(story: Story, when: float = THREE, **wish: object) -> Unkept | None:
    """Why the promise cannot be made; None where it was."""
    asked = replace(Wish(when, "ada"), **wish)  # type: ignore[arg-type]
    move = call_back(story.contact, story.state, story.sub, asked, story.now)
    if isinstance(move, Unkept):
        return move
    story.apply(move)
    return None


def test_a_callback_is_made_at_its_moment_by_a_pass_that_leads_to_agents() -> None:
    story = promised()
    assert isinstance(story.step, Wait)
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("live", "mobile", "Mon 15:00:00")]
    assert story.step == Ended("connected_agent")
    kinds = [line["kind"] for line in story.lines]
    assert kinds == ["callback_set", "callback_ended", "contact_ended"]
    _, over, _ = story.lines
    assert (over["result"], over["attempt"], over["address"]) == ("reached", "sp-1", "+12125550101")


def test_no_pass_and_no_recovery_calls_before_it() -> None:
    story = Story(a_campaign(CALL, rescue(Trigger.HANGUP_IN_SCRIPT)))
    story.call(Result.HANGUP_IN_SCRIPT, triggers=[Trigger.HANGUP_IN_SCRIPT])
    ask(story)
    story.call(Result.CONNECTED_AGENT)
    assert [when for _, _, when in story.dials] == ["Mon 10:00:00", "Mon 15:00:00"]


def test_the_passes_go_on_afterwards_as_if_it_had_not_been() -> None:
    story = promised(when=MONDAY)
    for _ in range(3):
        story.call(Result.NO_ANSWER)
    assert story.told("callback_ended")[0]["result"] == "gave_up"
    assert [when for _, _, when in story.dials] == ["Mon 10:00:00", "Mon 10:05:00", "Mon 10:10:00"]
    assert story.until_dial() == Dial("call", story.contact.devices[0])
    assert story.state.records[0].results == ()


def test_who_is_through_with_everything_is_in_again_for_it() -> None:
    story = Story(a_campaign(CALL, rescue(Trigger.NO_INPUT)))
    story.call(Result.BUSY)
    assert isinstance(story.step, Ended)
    assert ask(story) is None
    assert story.told("changed")[0]["what"] == "contacts_reopened"
    story.call(Result.CONNECTED_AGENT)
    assert story.dials[-1][0] == "rescue"


def test_asking_again_changes_the_moment_of_the_one_there_is() -> None:
    story = promised()
    ask(story, THREE + 3600)
    (over,) = story.told("callback_ended")
    assert (over["result"], over["reason"]) == ("called_off", "asked_again")
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("live", "mobile", "Mon 16:00:00")]


def test_one_that_finds_nobody_free_in_its_time_expires() -> None:
    story = promised(lasts=1800.0)
    story.now = THREE + 1800
    assert isinstance(story.look(), Dial)
    assert story.told("callback_ended")[0]["result"] == "expired"


def test_it_waits_for_the_end_of_an_override_that_took_its_pass_out() -> None:
    story = promised()
    story.campaign = replace(story.campaign, passes=(CALL, replace(LIVE, out=True)))
    story.settings = {"plan_until": THREE + 600}
    story.now = THREE
    assert story.look() == Wait(THREE + 600, "taken_out")


def test_hours_hold_for_callbacks_too() -> None:
    story = Story(a_campaign(CALL, LIVE))
    assert ask(story, at("2025-03-03 22:30")) is Unkept.CLOSED
    assert ask(story, at("2025-03-04 07:30")) is None
    story.call(Result.CONNECTED_AGENT)
    assert story.dials == [("live", "mobile", "Tue 08:00:00")]


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (Story(a_campaign(CALL)), Unkept.NO_AGENTS),
        (Story(a_campaign(CALL, LIVE), a_contact("email")), Unkept.NO_DEVICE),
        (Story(a_campaign(CALL, LIVE), settings={"run_state": RunState.STOPPED}), Unkept.OVER),
        (Story(a_campaign(CALL, LIVE), settings={"ends": THREE}), Unkept.OVER),
        (
            Story(
                a_campaign(CALL, LIVE, limits=limits(attempts_per_contact=1)),
                state=replace(Story(a_campaign()).state, attempts=1),
            ),
            Unkept.DONE,
        ),
        (
            Story(
                a_campaign(CALL, LIVE),
                state=replace(Story(a_campaign()).state, responses=("pressed_8",), ended="opt_out"),
            ),
            Unkept.DONE,
        ),
        (
            Story(a_campaign(CALL, LIVE), state=replace(Story(a_campaign()).state, live="sp-1")),
            Unkept.IN_PROGRESS,
        ),
    ],
)
def test_what_cannot_be_kept_is_not_promised(story: Story, why: Unkept) -> None:
    assert ask(story) is why
    assert story.lines == []


def test_one_may_be_for_another_of_their_telephones() -> None:
    story = promised(address="+12125550111")
    story.call(Result.CONNECTED_AGENT)
    assert story.dials[0][:2] == ("live", "home")


def test_one_for_one_agent_waits_a_while_for_that_agent_then_anybody_calls() -> None:
    callback = promised(agent="PJSIP/agent01").state.callback
    assert callback is not None
    assert own_agent(callback, THREE) == "PJSIP/agent01"
    assert own_agent(callback, THREE + 900) is None


def test_a_cancelled_one_is_not_made() -> None:
    story = promised()
    move = call_off(story.contact, story.state, story.sub, "cancelled", story.now)
    assert move is not None
    story.apply(move)
    assert story.told("callback_ended")[0]["reason"] == "cancelled"
    assert story.look() == Dial("call", story.contact.devices[0])
    assert call_off(story.contact, story.state, story.sub, "cancelled", story.now) is None


def test_who_calls_by_themselves_is_not_called_back() -> None:
    story = promised()
    story.apply(came_back(story.contact, story.state, story.sub, story.now + 1, story.now + 1))
    assert story.told("callback_ended")[0]["result"] == "came_back"


def test_who_opts_out_is_not_called_back() -> None:
    story = promised()
    story.apply(responded(story.contact, story.state, story.sub, ["text_stop"], story.now))
    assert story.step == Ended("opt_out")
    assert story.state.callback is None


def test_an_agent_who_notes_call_again_with_a_moment_promises_one() -> None:
    story = Story(a_campaign(CALL, LIVE, escalation="per_pass"))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    intent = story.start(dial)
    said = Outcome(
        "sp-1",
        Result.CONNECTED_AGENT,
        ("agent_call_again",),
        at=story.now,
        call_again=CallAgain(THREE, "PJSIP/agent02"),
    )
    story.apply(ended(story.contact, story.state, story.sub, intent, said, story.now))
    assert story.state.callback is not None
    assert (story.state.callback.agent, story.state.callback.by) == ("PJSIP/agent02", "disposition")
    story.call(Result.CONNECTED_AGENT)
    assert story.dials[-1] == ("live", "mobile", "Mon 15:00:00")


def test_retries_of_the_pass_are_not_used_up_by_it() -> None:
    story = Story(a_campaign(replace(LIVE, retry=retrying(busy=((60,), "end_pass")))))
    ask(story, MONDAY)
    story.call(Result.BUSY)
    assert (story.state.tries, story.state.records) == ({}, ())


# --- What an agent's desk says


def noted(**fields: str) -> tuple[str, Fact] | None:
    return call_fact(UserEvent("SecondpassDisposition", "1.1", "1.1", fields), MONDAY)


def test_a_disposition_comes_as_a_user_event() -> None:
    found = noted(Attempt="sp-1", Disposition="call_again", At="1741032000", Agent="PJSIP/agent02")
    assert found is not None
    attempt, fact = found
    assert attempt == "sp-1"
    came = outcome(
        Story(a_campaign(LIVE)).start(Dial("live", a_contact().devices[0])),
        [Fact(FactName.ANSWERED, MONDAY), fact, Fact(FactName.HUNG_UP, MONDAY, "16")],
        a_campaign(LIVE),
    )
    assert came is not None
    assert (came.responses, came.call_again) == (
        ("agent_call_again",),
        CallAgain(1_741_032_000, "PJSIP/agent02"),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Attempt": "1.1", "Disposition": "paid"},
        {"Attempt": "sp-1", "Disposition": "Not a word"},
        {"Attempt": "sp-1", "Disposition": "x" * 41},
        {"Attempt": "sp-1"},
    ],
)
def test_a_user_event_that_looks_like_none_is_none(fields: dict[str, str]) -> None:
    assert noted(**fields) is None


def test_a_moment_or_agent_that_is_none_is_left_out() -> None:
    found = noted(Attempt="sp-1", Disposition="call_again", At="soon", Agent="a b")
    assert found is not None
    assert found[1].cause == ""
