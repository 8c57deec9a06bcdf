"""Predictive pacing: what it never does, what it does with credit, and that its two forms agree."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from console.floor.measuring import Setting, measure
from console.floor.pacings import Predictive
from console.floor.scenarios import SCENARIOS
from console.floor.shift import run_shift
from strategies.abandon_gate import Rule, Tally, still_to_come
from strategies.call_estimates import Estimates, aged, corrected, ring_ended, talk_ended
from strategies.predictive import (
    KEPT_BACK,
    Decision,
    Feedback,
    Floor,
    Pacer,
    decide,
    decide_by_chances,
    fed_back,
    kept_back,
    over,
)

RULE = Rule()
RICH = Pacer(feedback=Feedback(eps=0.05), tally=Tally(answered=2000, abandoned=10))


def test_idle_agents_get_a_call_each_though_nothing_is_known() -> None:
    assert decide(Floor(5, 0, 0, 0, left=28800), Pacer(), RULE, 100).calls >= 5


def test_nobody_is_called_for_agents_who_are_not_there() -> None:
    assert decide(Floor(0, 0, 0, 0, left=28800), RICH, RULE, 100).calls == 0


def test_it_dials_ahead_of_busy_agents_and_further_with_more_of_them() -> None:
    few = decide(Floor(10, 9, 0, 0, left=28800), RICH, RULE, 100).calls
    many = decide(Floor(100, 90, 0, 0, left=28800), RICH, RULE, 200).calls
    assert 1 < few < many / 5


def test_a_person_who_waits_takes_an_agent_from_the_reckoning() -> None:
    free = decide(Floor(20, 16, 0, 0, left=28800), RICH, RULE, 100).calls
    assert decide(Floor(20, 16, 3, 0, left=28800), RICH, RULE, 100).calls < free


def test_calls_that_ring_count() -> None:
    floor = Floor(20, 16, 0, 0, left=28800)
    first = decide(floor, RICH, RULE, 100)
    assert first.stopped_by == "rule"
    assert decide(Floor(20, 16, 0, first.calls, left=28800), RICH, RULE, 100).calls == 0


def test_the_gate_closes_when_the_credit_is_used_up_and_too_little_time_is_left_to_repay() -> None:
    spent = Pacer(feedback=Feedback(eps=0.6), tally=Tally(answered=100, abandoned=3))
    last = decide(Floor(5, 4, 0, 0, left=30), spent, RULE, 100)
    assert (last.calls, last.stopped_by) == (1, "gate")  # the idle agent's call alone


def test_in_hard_mode_nothing_may_ever_be_above_the_cap() -> None:
    decision = decide(Floor(5, 4, 0, 0, left=28800), Pacer(feedback=Feedback(eps=0.6)), Rule(hard=True), 100)
    assert (decision.calls, decision.stopped_by) == (1, "gate")


def test_in_hard_mode_everybody_who_rings_may_answer() -> None:
    """Thirty agents are idle, and nobody answered yet: one call each, however unlikely it is that all do."""
    idle, eager = Floor(30, 0, 0, 0, left=28800), Pacer(feedback=Feedback(eps=0.6))
    assert decide(idle, eager, Rule(hard=True), 200) == Decision(30, "gate")
    assert decide(idle, eager, RULE, 200).calls > 50


def test_feedback_goes_further_with_credit_and_back_without() -> None:
    start = Feedback()
    assert fed_back(Pacer(tally=Tally(1000, 0)), 20, RULE).eps > start.eps
    assert fed_back(Pacer(tally=Tally(1000, 60)), 20, RULE).eps < start.eps


def test_in_hard_mode_credit_for_what_rings_is_kept() -> None:
    """With 20 agents busy for 120 s, 15 s of ringing and three answers in ten, 8.3 calls ring in the mean."""
    hard = Rule(hard=True)
    assert kept_back(Estimates(), 20, RULE) == 0
    assert kept_back(Estimates(), 20, hard) == pytest.approx(20 / 120 * 15 / 0.3 * KEPT_BACK)
    some = Pacer(tally=Tally(1000, 24))  # the cap leaves six more
    assert fed_back(some, 20, RULE).eps > Feedback().eps > fed_back(some, 20, hard).eps


def test_estimates_follow_what_happens_and_forget() -> None:
    known = Estimates()
    for second in range(1, 2001):
        known = aged(known, float(second), ringing=20, busy=10)
        if second % 2 == 0:
            known = ring_ended(known, answered=second % 4 == 0)
        if second % 5 == 0:
            known = talk_ended(known)
    assert known.answer_probability == pytest.approx(0.5, abs=0.02)
    assert known.ring_time == pytest.approx(40, rel=0.1)
    assert known.handle_rate == pytest.approx(1 / 50, rel=0.1)


def test_time_that_does_not_pass_teaches_nothing() -> None:
    known = aged(Estimates(), 10.0, ringing=3, busy=2)
    assert aged(known, 10.0, 3, 2) is known
    assert aged(known, 5.0, 3, 2) is known


@pytest.mark.parametrize("ringing", [0, 3, 9, 20])
def test_equal_chances_are_the_binomial(ringing: int) -> None:
    chance = RICH.known.answer_probability
    floor = Floor(20, 15, 0, ringing, left=28800)
    told = Floor(20, 15, 0, ringing, left=28800, chances=(chance,) * ringing)
    assert over(told, RICH, RULE) == pytest.approx(over(floor, RICH, RULE), abs=0.01)


def test_likely_answers_are_dialled_fewer_at_a_time() -> None:
    floor = Floor(10, 8, 0, 0, left=28800, chances=())
    likely = decide_by_chances(floor, RICH, RULE, [0.9] * 60).calls
    unlikely = decide_by_chances(floor, RICH, RULE, [0.05] * 60).calls
    assert 2 <= likely < unlikely


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_shift_stays_under_its_cap_and_beats_one_call_for_each_free_agent(scenario: str) -> None:
    setting = Setting(10, scenario=scenario, hours=4)
    ours = measure(setting, shifts=1, seed=3)
    plain = measure(replace(setting, method="progressive"), shifts=1, seed=3)
    assert ours["shifts_over_cap"] == 0
    assert ours["utilisation"] > plain["utilisation"] + 0.06
    assert plain["abandon_rate"] == 0


def test_hard_mode_is_never_above_the_cap_at_any_instant() -> None:
    setting = Setting(5, scenario="shock", hours=4, hard=True)
    assert measure(setting, shifts=2, seed=1)["worst_deficit"] <= 0
    assert measure(replace(setting, told=True), shifts=1, seed=1)["worst_deficit"] <= 0


def test_a_small_team_gains_where_it_is_known_who_is_likely_to_answer() -> None:
    unknown = measure(Setting(5, hours=4, chances=True), shifts=3, seed=1)
    known = measure(Setting(5, hours=4, told=True), shifts=3, seed=1)
    assert known["shifts_over_cap"] == 0
    assert known["utilisation"] > unknown["utilisation"] + 0.01


def test_a_shift_is_the_same_again_with_the_same_seed() -> None:
    one, other = (
        run_shift(Predictive(RULE), SCENARIOS["exponential"], agents=5, seed=11, hours=2) for _ in range(2)
    )
    assert (one.utilisation, one.answered, one.dialled) == (other.utilisation, other.answered, other.dialled)


def test_handling_never_exceeds_the_agents() -> None:
    result = run_shift(Predictive(RULE), SCENARIOS["heavy_tail"], agents=3, seed=2, hours=2)
    assert 0 < result.utilisation <= 1
    assert 0 <= result.abandoned <= result.answered <= result.dialled


def test_chances_are_drawn_with_the_mean_of_everybody() -> None:
    from console.floor.scenarios import MEAN_ANSWER, beta_chance

    chance = Random(1)
    assert sum(beta_chance(chance) for _ in range(20_000)) / 20_000 == pytest.approx(MEAN_ANSWER, abs=0.01)


@pytest.mark.parametrize("said", [0.1, 0.3, 0.8])
def test_what_a_model_says_is_corrected_by_what_came_of_it(said: float) -> None:
    """A model that always says 0.3 where half of the calls are answered: its odds were too low by that."""
    known = Estimates()
    for call in range(2000):
        known = ring_ended(known, answered=call % 2 == 0, said=0.3)
    right = said / (1 - said) * (0.5 / 0.5) / (0.3 / 0.7)
    assert corrected(said, known.correction) == pytest.approx(right / (1 + right), abs=0.01)


def test_before_any_call_a_model_is_taken_at_its_word() -> None:
    assert corrected(0.2, Estimates().correction) == pytest.approx(0.2, abs=0.001)


def test_the_gate_does_not_rest_on_the_age_of_calls() -> None:
    spent = Pacer(feedback=Feedback(eps=0.6), tally=Tally(answered=100, abandoned=3))
    old = Floor(
        5, 4, 0, 12, left=30, worth=0
    )  # twelve that have rung so long that nobody is likely to answer
    assert decide(old, spent, RULE, 100) == Decision(0, "gate")


def test_in_hard_mode_each_call_with_a_chance_of_its_own_counts_whole() -> None:
    floor = Floor(5, 3, 0, 0, left=28800, chances=())
    decision = decide_by_chances(floor, Pacer(feedback=Feedback(eps=0.6)), Rule(hard=True), [0.01] * 50)
    assert decision == Decision(2, "gate")


def test_calls_that_fail_at_once_do_not_make_those_that_ring_unlikely() -> None:
    """A fifth of the first calls fails before anybody had the time to answer."""
    known = aged(Estimates(), 2.0, ringing=160, busy=0)
    for _ in range(24):
        known = ring_ended(known, answered=False)
    assert known.answer_probability > 0.25


def test_nothing_is_owed_to_people_who_are_not_on_the_list() -> None:
    """A third of 60 people answer: not one of those may be abandoned, and so the gate says."""
    eager, endless = Pacer(feedback=Feedback(eps=0.6)), Floor(8, 8, 0, 0, left=28800)
    assert decide(endless, eager, RULE, 100).calls >= 4
    assert decide(replace(endless, people=60), eager, RULE, 100) == Decision(0, "gate")
    assert decide(replace(endless, people=5000), eager, RULE, 100) == decide(endless, eager, RULE, 100)


def test_answers_still_to_come_are_of_people_who_were_not_called_yet() -> None:
    known = Estimates()
    assert still_to_come(20, 28800, known, RULE, 400) > still_to_come(20, 28800, known, RULE, 300) > 0
    assert still_to_come(20, 28800, known, RULE, 0) == still_to_come(20, 28800, known, RULE, -3) == 0
    assert still_to_come(20, 0, known, RULE) == 0


def test_people_whose_calls_ring_are_not_counted_on_besides() -> None:
    eager = Pacer(feedback=Feedback(eps=0.6))
    ringing = Floor(20, 0, 0, 20, left=28800, people=120)
    assert (
        decide(ringing, eager, RULE, 100).calls
        < decide(replace(ringing, people=1000), eager, RULE, 100).calls
    )
