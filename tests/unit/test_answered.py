"""What becomes of an answered call: every word of the machine detection, in every kind of pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import cast

import pytest
from script_stage import AT
from script_stage import INTENT as WITH_SCRIPT

from agi.answered import AnsweredHook, FactHook, UnknownAttempt, next_after_answer
from agi.local_socket import LocalCall
from config.variables import Next, Variable
from strategies.attempts import Fact, FactName, Intent
from strategies.store import Store
from strategies.vocabulary import Medium

INTENT = replace(WITH_SCRIPT, script=None, prompts={})
PERSONS = [
    ("HUMAN", "HUMAN-800-600"),
    ("NOTSURE", "TOOLONG-5000"),
    ("MACHINE", "INITIALSILENCE-2500-2500"),  # people who answer and wait are silent too
    ("", ""),  # the dialplan passed nothing
]
MACHINES = [("MACHINE", "LONGGREETING-1600-1500"), ("MACHINE", "MAXWORDS-4-3"), ("MACHINE", "MAXWORDLENGTH-")]
NO_MESSAGE = [("hang_up", None), ("hang_up", "/sounds/m"), ("leave_message", None)]
SETTINGS = [*NO_MESSAGE, ("leave_message", "/sounds/m")]


@dataclass
class Attempts:
    """The store as these hooks use it: the attempts that are live, and the facts noted of them."""

    live: dict[str, Intent] = field(default_factory=lambda: {"sp-1": INTENT})
    ended: bool = False
    facts: list[Fact] = field(default_factory=list)

    async def intent(self, attempt: str) -> Intent | None:
        return self.live.get(attempt)

    async def add_fact(self, attempt: str, fact: Fact) -> bool:
        if self.ended or attempt not in self.live:
            return False
        self.facts.append(fact)
        return True


def answered_by(status: str, cause: str, **intent: object) -> Next:
    return next_after_answer(replace(INTENT, **intent), status, cause)


def call(*arguments: str, attempt: str = "sp-1") -> LocalCall:
    made = LocalCall({"agi_uniqueid": attempt}, lambda answer: None)
    made.arguments = arguments
    return made


@pytest.mark.parametrize(("verdict", "settings"), list(product(PERSONS, SETTINGS)))
def test_a_person_hears_the_script_or_gets_an_agent_whatever_machines_get(
    verdict: tuple[str, str], settings: tuple[str, str | None]
) -> None:
    machine, message = settings
    assert answered_by(*verdict, machine=machine, machine_message=message) is Next.SCRIPT
    dialer = answered_by(*verdict, machine=machine, machine_message=message, medium=Medium.DIALER)
    assert dialer is Next.AGENT


@pytest.mark.parametrize(("verdict", "medium"), list(product(MACHINES, [Medium.AVM, Medium.DIALER])))
def test_a_machine_gets_the_message_only_if_there_is_one_to_leave(
    verdict: tuple[str, str], medium: Medium
) -> None:
    following = [answered_by(*verdict, medium=medium, machine=m, machine_message=s) for m, s in SETTINGS]
    assert following == [Next.HANGUP, Next.HANGUP, Next.HANGUP, Next.MACHINE]


@pytest.mark.parametrize(("medium", "settings"), list(product([Medium.AVM, Medium.DIALER], SETTINGS)))
def test_nothing_is_played_to_who_hung_up_during_the_detection(
    medium: Medium, settings: tuple[str, str | None]
) -> None:
    machine, message = settings
    assert answered_by("HANGUP", "", medium=medium, machine=machine, machine_message=message) is Next.HANGUP


@pytest.mark.parametrize("medium", [Medium.AVM, Medium.DIALER])
def test_a_fax_hears_no_script_and_reaches_no_agent(medium: Medium) -> None:
    assert answered_by("FAX", "TONE-2100", medium=medium) is Next.HANGUP


async def test_the_verdict_is_noted_and_the_dialplan_told() -> None:
    attempts, answered = Attempts(), call("HUMAN", "HUMAN-800-600")
    await AnsweredHook(cast(Store, attempts), lambda: AT)(answered)
    assert attempts.facts == [Fact(FactName.CLASSIFIED, AT, "HUMAN", "HUMAN-800-600")]
    assert answered.variables == {Variable.NEXT: "script"}


async def test_without_the_detections_words_the_call_counts_as_a_persons() -> None:
    attempts, answered = Attempts(), call()
    await AnsweredHook(cast(Store, attempts), lambda: AT)(answered)
    assert attempts.facts == [Fact(FactName.CLASSIFIED, AT)]
    assert answered.variables == {Variable.NEXT: "script"}


@pytest.mark.parametrize(("attempt", "ended"), [("sp-2", False), ("", False), ("sp-1", True)])
async def test_nothing_is_played_on_a_channel_that_is_no_live_attempt(attempt: str, ended: bool) -> None:
    attempts, answered = Attempts(ended=ended), call("HUMAN", attempt=attempt)
    with pytest.raises(UnknownAttempt):
        await AnsweredHook(cast(Store, attempts), lambda: AT)(answered)
    assert (answered.variables, attempts.facts) == ({}, [])


async def test_the_dialplan_tells_that_a_machine_was_left_its_message() -> None:
    attempts = Attempts()
    await FactHook(cast(Store, attempts), lambda: AT)(call("machine_message"))
    assert attempts.facts == [Fact(FactName.MACHINE_MESSAGE, AT)]


@pytest.mark.parametrize(
    ("arguments", "attempt"), [(("agent_connected",), "sp-1"), ((), "sp-1"), (("machine_message",), "sp-2")]
)
async def test_the_dialplan_tells_nothing_else(arguments: tuple[str, ...], attempt: str) -> None:
    attempts = Attempts()
    with pytest.raises(UnknownAttempt):
        await FactHook(cast(Store, attempts), lambda: AT)(call(*arguments, attempt=attempt))
    assert attempts.facts == []
