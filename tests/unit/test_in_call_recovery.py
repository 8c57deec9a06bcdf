"""Recovery on the live line: who presses no key, or hears the script break, gets an agent in that call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_stage import MONDAY, Story, a_campaign, a_contact, a_sub, rescue
from script_stage import GONE, IN_FULL, INTENT, LOST, MISSING, QUIET, REMINDER, Notes, played

from strategies import recovery
from strategies.attempts import Fact, FactName, Intent, Outcome, Rescue, Rescued, outcome
from strategies.campaign import Campaign, Pass
from strategies.engine import ended
from strategies.script import Transfer, Walk, begin
from strategies.state import Case, ContactState, Ended
from strategies.vocabulary import Medium, Result, Trigger

NO_INPUT = Trigger.NO_INPUT
CALL = Pass("call", Medium.AVM, devices=("mobile",), script=REMINDER)
RESCUE = rescue(NO_INPUT, mode="in_call")


@pytest.fixture
def notes() -> Notes:
    return Notes((replace(INTENT, in_call="rescue"),))


# --- The script


async def test_who_presses_no_key_gets_an_agent_and_no_goodbye(notes: Notes) -> None:
    telephone = await played(notes, *IN_FULL)
    assert telephone.heard == ["hello", "choice", "wait", "choice", "wait"]
    assert (notes.ended(), telephone.next) == ("no_input", "agent")


async def test_a_script_that_breaks_leads_to_an_agent(notes: Notes) -> None:
    telephone = await played(notes, QUIET, MISSING)
    assert (telephone.heard, notes.ended(), telephone.next) == (["hello", "choice"], "failed", "agent")


@pytest.mark.parametrize("key", ["1", "8", "9"])
async def test_who_has_settled_the_matter_gets_no_agent_when_the_script_breaks(
    notes: Notes, key: str
) -> None:
    telephone = await played(notes, QUIET, key, MISSING)
    assert (notes.keys(), notes.ended(), telephone.next) == ([key], "failed", "hangup")


async def test_who_pressed_a_key_and_then_hears_the_script_break_gets_an_agent(notes: Notes) -> None:
    telephone = await played(notes, QUIET, "0", MISSING)
    assert (notes.keys(), notes.ended(), telephone.next) == (["0"], "failed", "agent")


async def test_a_script_that_ends_by_itself_ends_the_call(notes: Notes) -> None:
    telephone = await played(notes, QUIET, "1", QUIET)
    assert (notes.ended(), telephone.next) == ("completed", "hangup")


async def test_a_player_that_dies_leaves_the_person_with_an_agent(notes: Notes) -> None:
    telephone = await played(notes, QUIET, LOST)
    assert telephone.next == "agent"


async def test_who_hung_up_is_noted_as_before(notes: Notes) -> None:
    await played(notes, QUIET, GONE)
    assert notes.facts == [(FactName.SCRIPT_STARTED, ""), (FactName.SCRIPT_ENDED, "hung_up")]


def test_without_such_a_pass_nothing_changes() -> None:
    assert begin(REMINDER).rescue_unless is None


def test_a_script_that_cannot_begin_leads_to_an_agent() -> None:
    walk: Walk = begin(replace(REMINDER, start="nowhere"), frozenset())
    assert isinstance(walk.command, Transfer)


# --- The result


def facts(*told: tuple[FactName, str]) -> list[Fact]:
    return [Fact(name, MONDAY + place, value) for place, (name, value) in enumerate(told)]


def intent(in_call: str | None = "rescue") -> Intent:
    device = a_contact("mobile").devices[0]
    one = Intent("sp-1", "spring/1", "1001", "call", Medium.AVM, device, "collections", "", MONDAY)
    return replace(one, in_call=in_call)


BEGAN = ((FactName.ANSWERED, ""), (FactName.CLASSIFIED, "HUMAN"), (FactName.SCRIPT_STARTED, ""))
SILENT, BROKE = (FactName.SCRIPT_ENDED, "no_input"), (FactName.SCRIPT_ENDED, "failed")
JOINED, AGENT = (FactName.QUEUE_JOINED, "collections"), (FactName.AGENT_CONNECTED, "PJSIP/agent01")
LEFT, OVER = (FactName.QUEUE_ABANDONED, "collections"), (FactName.HUNG_UP, "16")
CAMPAIGN: Campaign = a_campaign(CALL, RESCUE)


@pytest.mark.parametrize(
    ("told", "result", "responses", "triggers", "why"),
    [
        ((SILENT, JOINED, AGENT, OVER), "connected_agent", ("said_nothing",), (), Rescue.NO_INPUT),
        ((BROKE, JOINED, AGENT, OVER), "connected_agent", (), (), Rescue.SCRIPT_FAILED),
        ((JOINED, AGENT, OVER), "connected_agent", (), (), Rescue.SCRIPT_FAILED),
        (
            (SILENT, JOINED, LEFT, OVER),
            "abandoned_in_queue",
            ("said_nothing",),
            (Trigger.ABANDONED_IN_QUEUE, NO_INPUT),
            Rescue.NO_INPUT,
        ),
        ((SILENT, OVER), "delivered_person", ("said_nothing",), (NO_INPUT,), None),
        (((FactName.SCRIPT_ENDED, "agent"), JOINED, AGENT, OVER), "connected_agent", (), (), None),
    ],
)
def test_the_facts_of_a_call_tell_whether_it_was_recovered_on_the_line(
    told: tuple[tuple[FactName, str], ...],
    result: str,
    responses: tuple[str, ...],
    triggers: tuple[Trigger, ...],
    why: Rescue | None,
) -> None:
    found = outcome(intent(), facts(*BEGAN, *told), CAMPAIGN)
    assert found is not None
    assert (found.result, found.responses, found.triggers) == (result, responses, triggers)
    assert (found.rescued.why if found.rescued else None) == why


# --- The rules


def after(came_to: Result, **settings: object) -> tuple[Story, tuple[str, ...]]:
    story = Story(CAMPAIGN, a_contact("mobile"))
    story.state = replace(ContactState(live="sp-1", attempts=1), **settings)  # type: ignore[arg-type]
    came = Outcome("sp-1", came_to, at=MONDAY + 60, rescued=Rescued(Rescue.NO_INPUT, MONDAY + 20))
    story.apply(ended(story.contact, story.state, story.sub, intent(), came, MONDAY + 60))
    return story, tuple(str(line["kind"]) for line in story.lines)


def test_both_lines_of_a_recovery_on_the_line_name_the_same_attempt_and_their_moments() -> None:
    story, kinds = after(Result.CONNECTED_AGENT)
    assert kinds == ("recovery_triggered", "recovery_ended", "contact_ended")
    triggered, over, _ = story.lines
    assert (triggered["at"], over["at"]) == (MONDAY + 20, MONDAY + 60)
    assert {line["recovers"] for line in (triggered, over)} == {"sp-1"}
    assert {line["mode"] for line in (triggered, over)} == {"in_call"}
    assert {line["pass"] for line in (triggered, over)} == {"rescue"}
    assert (over["result"], story.step) == ("reached", Ended("connected_agent"))


def test_who_leaves_the_queue_too_was_not_reached() -> None:
    story, _ = after(Result.ABANDONED_IN_QUEUE)
    (over,) = story.told("recovery_ended")
    assert (over["result"], over["reason"]) == ("gave_up", "abandoned_in_queue")
    assert story.state.recovered_on == ("2025-03-03",)


@pytest.mark.parametrize(
    ("campaign", "state", "stands_by"),
    [
        (CAMPAIGN, ContactState(), "rescue"),
        (CAMPAIGN, ContactState(recovered_on=("2025-03-03",)), None),
        (CAMPAIGN, ContactState(recovered_on=("2025-03-02",)), "rescue"),
        (a_campaign(CALL, replace(RESCUE, out=True)), ContactState(), None),
        (a_campaign(CALL, replace(RESCUE, where="contact.balance > 1000")), ContactState(), None),
        (a_campaign(CALL, rescue(NO_INPUT)), ContactState(), None),
        (a_campaign(replace(CALL, name="other"), RESCUE), ContactState(), None),
    ],
)
def test_the_guards_of_a_recovery_hold_on_the_line_too(
    campaign: Campaign, state: ContactState, stands_by: str | None
) -> None:
    case = Case(a_contact("mobile"), a_sub(campaign), MONDAY)
    assert recovery.in_call(campaign.passes[0].name, state, case) == stands_by
