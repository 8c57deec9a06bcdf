"""Whether an outcome came true, by what the ledger tells of a call."""

from __future__ import annotations

import pytest

from strategies.expressions import compile_expression, outcome_vocabulary
from strategies.outcomes import came_true, interaction_of, told_by
from strategies.segments import Formula, Outcome

ANY = Formula("1", lambda _: 1)
ENDED = {"kind": "call_over", "interaction": "178.1", "result": "connected", "waited": 9.0, "talked": 200.0}
LOST = {"kind": "call_over", "interaction": "178.1", "result": "abandoned", "waited": 30.0}
NOTED = {"kind": "noted", "interaction": "178.1", "achieved": True, "objective": "sell"}
ATTEMPT = {
    "kind": "attempt_ended",
    "attempt": "sp-1",
    "result": "connected_agent",
    "responses": ["agent_sold"],
}


def outcome(label: str | None = None, name: str = "accepts_offer") -> Outcome:
    formula = label and Formula(label, compile_expression(label, names=outcome_vocabulary()).value)
    return Outcome(name, ANY, "m", label=formula or None)


def test_by_default_the_agent_tells_whether_it_was_achieved() -> None:
    assert came_true(outcome(), told_by(ENDED)) is None
    assert came_true(outcome(), told_by(ENDED) | told_by(NOTED)) is True
    assert came_true(outcome(), told_by(NOTED | {"achieved": False})) is False


def test_whether_somebody_abandons_is_told_by_the_network() -> None:
    assert came_true(outcome(name="abandons"), told_by(LOST)) is True
    assert came_true(outcome(name="abandons"), told_by(ENDED)) is False


@pytest.mark.parametrize(
    ("label", "line", "true"),
    [
        ("talked >= 180", ENDED, True),
        ("talked >= 180", LOST, None),  # nobody who abandons says how long they would have talked
        ("not achieved", ENDED, None),
        ("disposition == 'sold'", ATTEMPT, True),
        ("disposition in ['sold', 'promised'] and connected", ATTEMPT, True),
        ("result == 'abandoned_in_queue' or abandoned", ATTEMPT, False),
    ],
)
def test_a_label_is_known_once_everything_it_names_is(
    label: str, line: dict[str, object], true: bool | None
) -> None:
    assert came_true(outcome(label), told_by(line)) is true


def test_an_attempt_is_its_own_interaction_and_other_lines_tell_nothing() -> None:
    assert interaction_of(ATTEMPT) == "sp-1"
    assert interaction_of(ENDED) == "178.1"
    assert told_by({"kind": "decision", "interaction": "178.1", "result": "x"}) == {}
