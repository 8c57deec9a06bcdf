"""Rules over live figures: a condition that holds for its time fires once, and is over when it is false."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from strategies.expressions import FIGURES, compile_expression, rule_vocabulary
from strategies.ledger import Counters
from strategies.rules import Act, Floor, RuleState, Stand, carried_on, figures_of, judge, resting, slows
from strategies.vocabulary import Kind

RULE = {"when": "abandon_rate > 0.025", "for": "300", "do": "slow"}
HIGH: Mapping[str, float | None] = {"abandon_rate": 0.03}
LOW: Mapping[str, float | None] = {"abandon_rate": 0.02}


def told(
    *moments: tuple[float, Mapping[str, float | None] | None],
) -> tuple[RuleState, list[tuple[str, float]]]:
    """A rule judged at these moments; how it stands then, and the lines it led to."""
    states, lines = resting([RULE]), []
    for now, figures in moments:
        states, more, _ = judge(states, figures, now)
        lines += [(str(line["kind"]), float(str(line["at"]))) for line in more]
    return states[0], lines


def test_a_rule_fires_when_its_condition_has_held_for_its_time() -> None:
    state, lines = told((0, HIGH), (299, HIGH))
    assert (state.stand, state.since, lines) == (Stand.NEAR, 0, [])
    state, lines = told((0, HIGH), (299, HIGH), (300, HIGH))
    assert (state.stand, state.fired, lines) == (Stand.FIRED, 300, [("rule_fired", 300)])


def test_a_break_begins_its_time_anew() -> None:
    state, lines = told((0, HIGH), (200, LOW), (201, HIGH), (400, HIGH))
    assert (state.stand, state.since, lines) == (Stand.NEAR, 201, [])


def test_it_fires_once_until_it_is_false_again() -> None:
    state, lines = told((0, HIGH), (300, HIGH), (900, HIGH), (901, LOW), (902, HIGH), (1202, HIGH))
    assert lines == [("rule_fired", 300), ("rule_ended", 901), ("rule_fired", 1202)]
    assert state.last_fired == 1202


def test_rules_rest_while_nothing_runs_and_have_their_time_anew_then() -> None:
    state, lines = told((0, HIGH), (300, HIGH), (301, None), (302, HIGH), (500, HIGH))
    assert lines == [("rule_fired", 300), ("rule_ended", 301)]
    assert (state.stand, state.since, state.last_fired) == (Stand.NEAR, 302, 300)


def test_a_figure_nothing_is_known_of_fires_nothing() -> None:
    state, _ = told((0, {"abandon_rate": None}), (400, {}))
    assert (state.stand, dict(state.figures)) == (Stand.CALM, {})


def test_a_rule_tells_the_figures_it_was_judged_by() -> None:
    states, lines, fired = judge(resting([{**RULE, "for": "0"}]), HIGH, 5.0)
    assert [one.act for one in fired] == [Act.SLOW]
    assert slows(states)
    assert lines == [
        {
            "kind": Kind.RULE_FIRED,
            "at": 5.0,
            "rule": "abandon_rate > 0.025",
            "for": 0.0,
            "do": "slow",
            "figures": {"abandon_rate": 0.03},
        }
    ]


def test_only_a_rule_that_slows_slows() -> None:
    states, _, _ = judge(resting([{**RULE, "for": "0", "do": "notify"}]), HIGH, 5.0)
    assert not slows(states)


def test_a_rule_that_was_kept_goes_on_and_one_that_changed_begins_anew() -> None:
    kept = judge(resting([RULE]), HIGH, 5.0)[0]
    assert carried_on([RULE], kept) == kept
    assert carried_on([{**RULE, "for": "60"}], kept) == resting([{**RULE, "for": "60"}])


def test_figures_are_those_of_the_ledger_and_of_the_queue() -> None:
    counters = Counters(
        contacts=10,
        ended=4,
        attempts=9,
        in_progress=1,
        connected_to_agent=2,
        by_result={"connected_agent": 2, "abandoned_no_agent": 1, "busy": 3, "delivered": 7, "unknown": 1},
        live={"2030-01-30": 30, "2030-01-31": 10},
        abandoned={"2030-01-31": 1},
    )
    found = figures_of(counters, Floor(agents_staffed=5, agents_free=2, waiting=0), "2030-01-31")
    assert found == {
        "abandon_rate": 1 / 40,
        "abandon_rate_today": 1 / 10,
        "answer_rate": 3 / 6,
        "attempts": 9,
        "in_progress": 1,
        "connected": 2,
        "contacts": 10,
        "remaining": 6,
        "agents_staffed": 5,
        "agents_free": 2,
        "waiting": 0,
    }


def test_shares_of_nobody_and_queues_never_heard_of_are_unknown() -> None:
    found = figures_of(Counters(), Floor(), "2030-01-31")
    unknown = {name for name, value in found.items() if value is None}
    assert unknown == {
        *("abandon_rate", "abandon_rate_today", "answer_rate"),
        *("agents_staffed", "agents_free", "waiting"),
    }


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_every_figure_may_stand_in_a_rule(name: str) -> None:
    assert compile_expression(f"{name} >= 1", names=rule_vocabulary()).holds({name: 1})
