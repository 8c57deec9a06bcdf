"""A person we called who answers is decided like a caller, and the agent is told; the call stays where it
is."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from script_stage import INTENT as WITH_SCRIPT
from segment_stage import KNOWN, Books, away, hook, knows

from agi.answered import AnsweredHook
from agi.local_socket import LocalCall
from agi.outbound_decision import OutboundDecision
from config.variables import Variable
from strategies.attempts import Fact, Intent
from strategies.store import Store
from strategies.vocabulary import Kind, Medium

INTENT = replace(WITH_SCRIPT, script=None, prompts={}, medium=Medium.DIALER)
PERSON, MACHINE = ("HUMAN", "HUMAN-800-600"), ("MACHINE", "MAXWORDS-4-3")


class Attempts:
    """The store as the hook of answered calls uses it."""

    async def intent(self, attempt: str) -> Intent | None:
        return INTENT

    async def add_fact(self, attempt: str, fact: Fact) -> bool:
        return True


async def answered(books: Books, verdict: tuple[str, str]) -> dict[str, str]:
    answers: list[bytes] = []
    call = LocalCall({"agi_uniqueid": "sp-1"}, answers.append)
    call.arguments = verdict
    await AnsweredHook(cast(Store, Attempts()), decision=OutboundDecision(hook(books)))(call)
    return call.variables


async def test_the_agent_is_told_both_segments_why_and_what_to_pursue() -> None:
    books = Books(knows(KNOWN))
    assert await answered(books, PERSON) == {
        "SP_NEXT": "agent",
        "SP_SEGMENT": "prospect",
        "SP_FIRST_SEGMENT": "loyal",
        "SP_OBJECTIVE": "sell",
        "SP_OFFER": "",
        "SP_PROMPT": "Ask when their savings become free.",
        "SP_CUSTOMER": "ada",
        "SP_WHY": "better segment accepts_offer 90%",
        "SP_DECISION": INTENT.attempt,
    }
    entered, decided = books.lines
    assert (entered["kind"], decided["kind"]) == (Kind.CALL_ENTERED, Kind.RE_ASSOCIATED)
    assert cast(dict[str, object], entered["factors"])["channel"] == "outbound"


async def test_of_a_machine_nothing_is_decided() -> None:
    books = Books(knows(KNOWN))
    assert await answered(books, MACHINE) == {"SP_NEXT": "hangup"}
    assert not books.lines


async def test_without_a_store_to_decide_by_the_call_goes_on_with_the_default_segment() -> None:
    variables = await answered(Books(away), PERSON)
    assert (variables["SP_NEXT"], variables[Variable.SEGMENT]) == ("agent", "standard")
