"""The rows B9 to B30 of the features, one by one: what a decision weighs and what holds it back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.segments_file import segments
from config.yaml_reader import parse
from strategies.agent_fit import AgentRecord, Tally, smoothed
from strategies.control import Arm, call_arm, draw, slice_at
from strategies.decisions import Decision, Facts, Promoted, Reason
from strategies.erasure import pseudonymised
from strategies.exploration import explored, propensities
from strategies.replay import Erased, OtherCatalogue, replayed, replays
from strategies.segmentation import decide, objective_for, stay
from strategies.segments import Catalogue, Control, Prediction

BASE = """\
outcomes:
  buys: {value: contact.offer_value, model: buys}
  pays: {value: contact.balance, cost: 3, model: pays}
objectives:
  serve: {queue: service, importance: 1, prompt: "Keep it short."}
  collect: {queue: service, importance: 2, prompt: "Agree on a date."}
  sell: {queue: sales, importance: 3, priority: 10, penalty_max: 2, wait_limit: 30s}
segments:
  standard: {rank: 9, objective: serve, default: true}
  debtor: {rank: 5, objective: collect, enter: "p.pays >= 0.3"}
  buyer: {rank: 3, objective: sell, enter: "p.buys >= 0.25"}
"""
ROOM = BASE.replace("wait_limit: 30s}", "wait_limit: 30s, room: {needs: NEEDS, otherwise: OTHERWISE}}")
FIT = BASE + "guards: {agent_fit: {prior: 10}}\n"


def catalogue(text: str = BASE) -> Catalogue:
    found, problems = segments(parse(text.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return found


def decided(
    text: str = BASE, facts: Facts | None = None, first: str | None = None, **probabilities: float
) -> Decision:
    found = catalogue(text)
    predictions = {name: Prediction(p, name, "v1") for name, p in probabilities.items()}
    known = facts or Facts({"offer_value": "100", "balance": "40"})
    return decide(found.segments[first] if first else None, known, found, predictions)


# --- B9: expected value


def test_b9_expected_value_is_probability_times_value_less_cost() -> None:
    assert decided(buys=0.5, pays=0.5).expected_values == {"buys": 50.0, "pays": 0.5 * 40 - 3}


def test_b9_an_outcome_whose_cost_is_unknown_has_no_expected_value() -> None:
    text = BASE.replace("cost: 3", "cost: contact.letter_cost")
    assert decided(text, buys=0.5, pays=0.5).expected_values == {"buys": 50.0}


def test_b9_cost_changes_who_wins() -> None:
    dear = BASE.replace("{value: contact.offer_value,", "{value: contact.offer_value, cost: 45,")
    assert decided(buys=0.5, pays=0.9).handled_by == "buyer"
    assert decided(dear, buys=0.5, pays=0.9).handled_by == "debtor"


# --- B10, B11: entry criteria over outcomes, expected value and factors


@pytest.mark.parametrize(
    ("enter", "facts"),
    [
        ("attempts >= 3", Facts(history={"attempts": 3})),
        ("last_result == 'busy'", Facts(history={"last_result": "busy"})),
        ("contact.vip", Facts({"vip": True})),
        ("queue.waited > 60 and queue.waiting >= 2", Facts(queue={"waited": 61.0, "waiting": 2})),
        ("queue.expected_wait < 10", Facts(queue={"expected_wait": 9.5})),
        ("queue.service_level >= 0.8", Facts(queue={"service_level": 0.8})),
    ],
)
def test_b11_a_segment_is_entered_by_facts_of_history_contact_and_queue(enter: str, facts: Facts) -> None:
    text = BASE.replace('enter: "p.buys >= 0.25"', f'enter: "{enter}"')
    assert decided(text, facts).handled_by == "buyer"
    assert decided(text, Facts()).handled_by == "standard"


# --- B17, B18, B19: agent fit


def agents(*tallies: tuple[str, str, int, int]) -> tuple[AgentRecord, ...]:
    """Agents of both queues, free now, each with one tally: name, objective, pursued, achieved."""
    names = dict.fromkeys(name for name, *_ in tallies)
    return tuple(
        AgentRecord(
            name,
            ("service", "sales"),
            0.0,
            {objective: Tally(n, k) for who, objective, n, k in tallies if who == name},
        )
        for name in names
    )


def fitting(*records: AgentRecord) -> Facts:
    return Facts({"offer_value": "100", "balance": "40"}, agents=records)


CLOSER = agents(("kim", "sell", 100, 30), ("kim", "collect", 100, 70))


def test_b19_the_lesser_objective_is_taken_where_its_agent_is_likelier() -> None:
    decision = decided(FIT, fitting(*CLOSER), buys=0.5, pays=0.5)
    assert decision.candidates[0].segment == "buyer"
    assert (decision.handled_by, decision.objective, decision.applied) == ("debtor", "collect", True)
    assert (decision.fit["sell"].chance, decision.fit["collect"].chance) == (0.3, 0.7)
    assert objective_for(decision, catalogue(FIT)).prompt == "Agree on a date.", "the agent is prompted"


def test_b19_the_first_segment_stays_where_its_own_objective_is_the_likelier() -> None:
    server = agents(("kim", "sell", 100, 10), ("kim", "serve", 100, 80))
    decision = decided(FIT, fitting(*server), buys=0.5)
    assert (decision.handled_by, decision.second, decision.reason) == ("standard", "buyer", Reason.AGENT_FIT)
    assert not decision.re_associated


def test_b18_only_agents_who_are_free_within_the_wait_limit_count() -> None:
    seller = AgentRecord("ann", ("sales",), 29.0, {"sell": Tally(100, 90)})
    assert decided(FIT, fitting(*CLOSER, seller), buys=0.5, pays=0.5).handled_by == "buyer"
    for free_in in (31.0, None):
        late = AgentRecord("ann", ("sales",), free_in, {"sell": Tally(100, 90)})
        assert decided(FIT, fitting(*CLOSER, late), buys=0.5, pays=0.5).handled_by == "debtor"


def test_b18_an_agent_of_another_queue_does_not_count() -> None:
    elsewhere = AgentRecord("ann", ("retention",), 0.0, {"sell": Tally(100, 90)})
    assert decided(FIT, fitting(*CLOSER, elsewhere), buys=0.5, pays=0.5).handled_by == "debtor"


def test_b17_a_rate_of_few_tries_is_drawn_to_that_of_all() -> None:
    assert smoothed(Tally(), 0.3, 10) == pytest.approx(0.3)
    assert smoothed(Tally(2, 2), 0.3, 10) == pytest.approx((2 + 3) / 12)
    assert smoothed(Tally(10_000, 9_000), 0.3, 10) == pytest.approx(0.9, abs=0.001)


def test_b17_a_lucky_beginner_does_not_decide() -> None:
    beginner = agents(("kim", "sell", 200, 80), ("kim", "collect", 200, 60), ("new", "collect", 1, 1))
    assert decided(FIT, fitting(*beginner), buys=0.5, pays=0.5).handled_by == "buyer"


def test_b19_a_margin_of_chance_keeps_the_greater_objective() -> None:
    text = FIT.replace("prior: 10", "prior: 10, margin: 50%")
    assert decided(text, fitting(*CLOSER), buys=0.5, pays=0.5).handled_by == "buyer"


def test_b19_without_records_or_without_the_guard_nothing_is_compared() -> None:
    nobody = fitting(AgentRecord("new", ("service", "sales")))
    assert decided(FIT, nobody, buys=0.5, pays=0.5).handled_by == "buyer"
    assert decided(BASE, fitting(*CLOSER), buys=0.5, pays=0.5).fit == {}


def test_b17_agents_alike_go_by_name() -> None:
    twins = agents(("zoe", "sell", 10, 5), ("ann", "sell", 10, 5))
    assert decided(FIT, fitting(*twins), buys=0.5).fit["sell"].agent == "ann"


# --- B12, B21: what holds back


def room(needs: str, otherwise: str) -> str:
    return ROOM.replace("NEEDS", f'"{needs}"').replace("OTHERWISE", otherwise)


def in_queues(**figures: Mapping[str, object]) -> Facts:
    return Facts({"offer_value": "100", "balance": "40"}, queues=figures)


FULL = in_queues(sales={"agents_free": 0, "waiting": 7, "expected_wait": 90.0, "service_level": 0.4})
EMPTY = in_queues(sales={"agents_free": 2, "waiting": 0, "expected_wait": 0.0, "service_level": 0.9})
NEEDS = (
    "queue.agents_free > 0",
    "queue.expected_wait <= 45",
    "queue.waiting < 5",
    "queue.service_level >= 0.8",
)


@pytest.mark.parametrize("needs", NEEDS)
def test_b21_without_room_the_first_segment_is_kept(needs: str) -> None:
    text = room(needs, "first")
    decision = decided(text, FULL, buys=0.5)
    assert (decision.handled_by, decision.second, decision.reason) == ("standard", "buyer", Reason.NO_ROOM)
    assert (decision.applied, decision.re_associated) == (False, False)
    assert decided(text, EMPTY, buys=0.5).handled_by == "buyer"


def test_b21_without_room_the_penalties_are_lifted() -> None:
    text = room(NEEDS[0], "widen")
    decision = decided(text, FULL, buys=0.5)
    assert (decision.handled_by, decision.widened) == ("buyer", True)
    assert objective_for(decision, catalogue(text)).penalty_max is None
    assert objective_for(decided(text, EMPTY, buys=0.5), catalogue(text)).penalty_max == 2


def test_b21_without_room_a_callback_is_offered() -> None:
    text = room(NEEDS[0], "callback")
    assert (decided(text, FULL, buys=0.5).handled_by, decided(text, FULL, buys=0.5).callback) == (
        "buyer",
        True,
    )
    assert not decided(text, EMPTY, buys=0.5).callback


def test_b21_a_queue_nobody_knows_anything_of_is_not_judged() -> None:
    assert decided(room(NEEDS[0], "first"), in_queues(), buys=0.5).handled_by == "buyer"


def test_b12_agents_who_fit_better_are_looked_at_before_share_and_room() -> None:
    text = FIT.replace("{agent_fit: {prior: 10}}", "{agent_fit: {}, promoted_share: {limit: 10%, per: 5m}}")
    facts = Facts({"offer_value": "100"}, agents=CLOSER, promoted=Promoted(100, 50))
    assert decided(text, facts, buys=0.5, pays=0.5).reason is Reason.SHARE_REACHED


# --- B27: control, the constant arm, exploring

CONSTANT = BASE + "control: {slices: 30m, share: 20%, constant: {segment: buyer, share: 10%}}\n"
EXPLORE = BASE + "control: {slices: 30m, share: 0%, explore: 5%}\n"


def test_b27_in_a_constant_slice_everybody_is_handled_by_the_one_segment() -> None:
    facts = Facts({"offer_value": "100"}, arm=Arm.CONSTANT)
    decision = decided(CONSTANT, facts, buys=0.01)
    assert (decision.handled_by, decision.objective, decision.reason) == ("buyer", "sell", Reason.CONSTANT)
    assert (decision.applied, decision.re_associated) == (True, False), "it lasts no longer than the call"


def test_b27_a_call_that_is_only_logged_changes_nothing() -> None:
    facts = Facts({"offer_value": "100"}, arm=Arm.LOGGED)
    decision = decided(facts=facts, buys=0.5)
    assert (decision.handled_by, decision.second, decision.reason) == (
        "standard",
        "buyer",
        Reason.LOGGED_ONLY,
    )


def test_b27_single_calls_are_drawn_by_their_id_from_treated_slices_alone() -> None:
    control = Control(1800, 0.2, calls=0.1)
    arms = [call_arm(control, Arm.TREATED, draw("seed", f"178.{n}")) for n in range(4000)]
    assert arms.count(Arm.LOGGED) / len(arms) == pytest.approx(0.1, abs=0.015)
    assert call_arm(control, Arm.CONTROL, 0.0) is Arm.CONTROL
    assert call_arm(None, Arm.TREATED, 0.0) is Arm.TREATED


def test_b27_exploring_takes_another_segment_and_tells_the_chance() -> None:
    def drawn(number: float) -> Decision:
        return decided(
            EXPLORE, Facts({"offer_value": "100", "balance": "40"}, draw=number), buys=0.5, pays=0.5
        )

    chances = drawn(0.5).propensities
    assert chances == {"standard": 0.05, "buyer": pytest.approx(0.9), "debtor": 0.05}
    assert (drawn(0.5).handled_by, drawn(0.5).reason) == ("buyer", Reason.BETTER_SEGMENT)
    assert (drawn(0.01).handled_by, drawn(0.01).reason) == ("standard", Reason.EXPLORED)
    assert (drawn(0.99).handled_by, drawn(0.99).re_associated) == ("debtor", False)


@pytest.mark.parametrize("arm", [Arm.CONTROL, Arm.LOGGED])
def test_b27_what_is_not_carried_out_is_not_explored(arm: Arm) -> None:
    decision = decided(EXPLORE, Facts({"offer_value": "100"}, arm=arm, draw=0.01), buys=0.5)
    assert (decision.handled_by, decision.propensities) == ("standard", None)


def test_b27_a_guard_that_spoke_against_a_move_is_not_explored_past() -> None:
    text = EXPLORE + "guards: {promoted_share: {limit: 10%, per: 5m}}\n"
    facts = Facts({"offer_value": "100"}, draw=0.99, promoted=Promoted(10, 5))
    assert decided(text, facts, buys=0.5).propensities is None


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=8), st.floats(0, 0.2), st.floats(0, 0.999))
def test_b27_property_propensities_are_chances_and_every_draw_falls_on_one(
    names: list[str], explore: float, number: float
) -> None:
    chances = propensities(names, names[0], Control(1800, 0.0, explore=explore))
    assert sum(chances.values()) == pytest.approx(1)
    assert all(0 <= chance <= 1 for chance in chances.values())
    assert explored(chances, number) in chances


def test_b27_slices_of_a_pair_have_the_arms_the_pair_compares() -> None:
    control = catalogue(CONSTANT).control
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    slices = [slice_at(control, "seed", monday + timedelta(minutes=30 * n)) for n in range(48 * 7 * 40)]
    pairs: dict[str, list[Arm]] = {}
    for one in slices:
        if one.against is not None:
            pairs.setdefault(one.pair, []).append(one.arm)
    whole = [arms for arms in pairs.values() if len(arms) == 2]
    assert all(arms.count(Arm.TREATED) == 1 for arms in whole)
    shares = [sum(one.arm is arm for one in slices) / len(slices) for arm in (Arm.CONTROL, Arm.CONSTANT)]
    assert shares == [pytest.approx(0.2, abs=0.015), pytest.approx(0.1, abs=0.015)]


# --- B29: explained, and made again from the ledger

probability = st.one_of(st.none(), st.floats(0, 1))
figures = st.fixed_dictionaries({"agents_free": st.integers(0, 3), "waiting": st.integers(0, 9)})
EVERYTHING = (
    room("queue.agents_free > 0 or queue.waiting < 3", "widen")
    + "guards: {margin: 5, agent_fit: {prior: 5}, promoted_share: {limit: 50%, per: 5m}}\n"
    + "control: {slices: 30m, share: 20%, constant: {segment: debtor, share: 10%}, explore: 5%}\n"
)


@given(
    buys=probability,
    pays=probability,
    sales=figures,
    arm=st.sampled_from(Arm),
    number=st.floats(0, 0.999),
    first=st.sampled_from([None, "standard", "debtor", "buyer"]),
    counts=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    skill=st.integers(0, 20),
)
def test_b29_property_every_decision_is_made_again_from_its_record(
    *,
    buys: float | None,
    pays: float | None,
    sales: dict[str, int],
    arm: Arm,
    number: float,
    first: str | None,
    counts: tuple[int, int],
    skill: int,
) -> None:
    found = catalogue(EVERYTHING)
    facts = Facts(
        {"offer_value": "100", "balance": "40", "diary": "nobody's business"},
        queue=sales,
        promoted=Promoted(*counts),
        arm=arm,
        queues={"sales": sales, "service": sales},
        agents=agents(("kim", "sell", 20, 9), ("kim", "collect", 20, skill)),
        draw=number,
    )
    predictions = {"buys": Prediction(buys, "buys", "v1"), "pays": Prediction(pays, "pays", "v1", "none")}
    decision = decide(found.segments[first] if first else None, facts, found, predictions)
    record = json.loads(json.dumps(decision.as_record()))
    assert replays(record, found)
    assert replayed(record, found) == decision
    assert "diary" not in json.dumps(record), "only what the formulas name is kept"


@pytest.mark.parametrize("reason", [Reason.DEADLINE, Reason.FAULT, Reason.CONFLICT])
def test_b30_a_decision_that_was_not_made_replays_as_such(reason: Reason) -> None:
    found = catalogue()
    assert replays(stay(found.segments["buyer"], found, reason).as_record(), found)


def test_b29_a_record_that_was_tampered_with_does_not_replay() -> None:
    record = decided(buys=0.5).as_record()
    assert replays(record, catalogue())
    assert not replays(record | {"handled_by": "standard"}, catalogue())
    assert not replays(record | {"gain": 49.9}, catalogue())


def test_b29_what_was_known_of_somebody_erased_is_gone_and_the_decision_stays() -> None:
    facts = Facts({"offer_value": "12345"}, history={"last_result": "busy"})
    line = {"kind": "decision", "customer": "ada", "decision": decided(facts=facts, buys=0.5).as_record()}
    kept = pseudonymised(line, {"ada": "erased-1"}, {})
    assert kept["decision"]["reason"] == Reason.BETTER_SEGMENT
    assert not {"12345", "busy"} & set(re.findall(r"\w+", json.dumps(kept)))
    with pytest.raises(Erased):
        replays(kept["decision"], catalogue())


def test_b29_a_record_of_another_catalogue_is_told_and_not_replayed() -> None:
    with pytest.raises(OtherCatalogue, match="of that time"):
        replays(decided(buys=0.5).as_record(), catalogue(BASE.replace("0.25", "0.26")))


# --- What the catalogue refuses


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("prior: 10", "prior: 0", "guards.agent_fit.prior"),
        ("wait_limit: 30s", "wait_limit: 30s, room: {needs: contact.vip}", "objectives.sell.room.needs"),
        ("wait_limit: 30s", "wait_limit: 30s, room: {needs: queue.long}", "objectives.sell.room.needs"),
        ("cost: 3", "cost: contact.", "outcomes.pays.cost"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    _, problems = segments(parse(FIT.replace(old, new).encode(), Path("segments.yaml")))
    assert told in "\n".join(map(str, problems.errors))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("segment: buyer", "segment: bayer", "did you mean buyer?"),
        ("share: 20%", "share: 45%", "lower one of them"),
    ],
)
def test_a_mistake_in_the_experiment_is_told(old: str, new: str, told: str) -> None:
    _, problems = segments(parse(CONSTANT.replace(old, new).encode(), Path("segments.yaml")))
    assert told in "\n".join(map(str, problems.errors))
