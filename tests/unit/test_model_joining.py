"""What was known when a call was decided, joined with what came of it, from ledger lines alone."""

from __future__ import annotations

from typing import Any

from models.joining import WAITED_FOR, Joining
from strategies.segments import Formula, Outcome

WORTH = Formula("1", lambda _: 1)
ACCEPTS, ABANDONS = Outcome("accepts_offer", WORTH, "offers"), Outcome("abandons", WORTH, "patience")
OUTCOMES = {one.name: one for one in (ACCEPTS, ABANDONS)}
Line = dict[str, Any]


def entered(call: str, at: float = 0.0, **factors: float | str) -> Line:
    return {"kind": "call_entered", "interaction": call, "at": at, "factors": factors}


def decided(call: str, at: float = 0.0, predicted: float | None = 0.3) -> Line:
    said = {"accepts_offer": {"probability": predicted, "model": "offers", "version": "abc"}}
    return {"kind": "re_associated", "interaction": call, "at": at, "decision": {"predictions": said}}


def over(call: str, result: str = "connected") -> Line:
    return {"kind": "call_over", "interaction": call, "at": 60.0, "result": result, "waited": 5.0}


def noted(call: str, achieved: bool) -> Line:
    return {"kind": "noted", "interaction": call, "at": 90.0, "achieved": achieved}


def test_each_outcome_is_an_example_the_moment_it_is_known() -> None:
    joining = Joining(OUTCOMES)
    assert joining.fold(entered("178.1", at=7.0, age=40.0)) == []
    assert joining.fold(decided("178.1", at=7.0)) == []
    [(name, patience)] = joining.fold(over("178.1"))
    assert (name, patience.label, patience.predicted) == ("abandons", False, None)
    [(name, offer)] = joining.fold(noted("178.1", True))
    assert (name, offer.label, offer.predicted, offer.version) == ("accepts_offer", True, 0.3, "abc")
    assert (offer.factors, offer.at, offer.interaction) == ({"age": 40.0}, 7.0, "178.1")


def test_an_outcome_is_learned_once_whatever_is_told_later() -> None:
    joining = Joining(OUTCOMES)
    for line in (entered("178.1", age=40.0), noted("178.1", True)):
        joining.fold(line)
    assert joining.fold(noted("178.1", False)) == []


def test_the_decision_may_stand_before_what_was_known() -> None:
    joining = Joining(OUTCOMES)
    joining.fold(decided("178.1"))
    joining.fold(entered("178.1", age=40.0))
    [(_, offer)] = joining.fold(noted("178.1", False))
    assert offer.predicted == 0.3


def test_of_a_call_that_was_not_decided_nothing_is_learned() -> None:
    joining = Joining(OUTCOMES)
    joining.fold({"kind": "call_entered", "interaction": "178.1", "at": 0.0})
    assert joining.fold(noted("178.1", True)) == []
    assert joining.fold(noted("178.2", True)) == []


def test_what_comes_a_day_later_is_no_outcome_of_the_call() -> None:
    joining = Joining(OUTCOMES)
    joining.fold(entered("178.1", at=0.0, age=40.0))
    joining.fold(entered("178.2", at=10.0, age=50.0))
    joining.fold(entered("178.3", at=WAITED_FOR + 5.0, age=60.0))
    assert joining.fold(noted("178.1", True)) == []
    assert len(joining.fold(noted("178.2", True))) == 1


def test_whoever_begins_to_listen_in_the_middle_hears_the_same() -> None:
    lines = [entered("178.1", age=40.0), decided("178.1"), over("178.1"), noted("178.1", True)]
    whole = Joining(OUTCOMES)
    told = [whole.fold(line) for line in lines]
    again = Joining(OUTCOMES)
    for line in lines[:3]:
        again.fold(line)
    assert again.fold(lines[3]) == told[3]


def test_an_attempt_is_learned_from_by_its_result() -> None:
    joining = Joining(
        {"pays": Outcome("pays", WORTH, "pays", label=Formula("connected", lambda n: n["connected"]))}
    )
    joining.fold(entered("sp-1", age=40.0))
    [(_, paid)] = joining.fold({"kind": "attempt_ended", "attempt": "sp-1", "result": "connected_agent"})
    assert paid.label


def test_what_was_foretold_anew_of_who_waits_is_not_taken_for_what_was_foretold_at_first() -> None:
    joining = Joining(OUTCOMES)
    joining.fold(entered("178.1", age=40.0))
    joining.fold(decided("178.1"))
    joining.fold(decided("178.1", at=20.0, predicted=0.9) | {"nth": 1, "factors": {"waited_so_far": 20.0}})
    joining.fold(over("178.1"))
    [(_, offer)] = joining.fold(noted("178.1", True))
    assert (offer.predicted, offer.factors) == (0.3, {"age": 40.0})
