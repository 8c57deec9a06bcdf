"""Which segment handles a call: the decision, its guards, the control slices, and the explanation."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.control import Arm, control_arm
from strategies.expressions import compile_expression, segment_vocabulary
from strategies.segmentation import Decision, Facts, Promoted, Reason, decide, objective_for, stay
from strategies.segments import (
    Catalogue,
    CatalogueError,
    Control,
    Formula,
    Guards,
    Objective,
    Outcome,
    Prediction,
    Scope,
    ScopeKind,
    Segment,
    ShareLimit,
)


def reads(space: str, name: str) -> Callable[[Mapping[str, object]], object]:
    """A compiled `space.name`, None where it is missing."""

    def value(names: Mapping[str, object]) -> object:
        found = names.get(space)
        return found.get(name) if isinstance(found, Mapping) else None

    return value


def at_least(probability: float, worth: float) -> Callable[[Mapping[str, object]], object]:
    def holds(names: Mapping[str, object]) -> object:
        p, ev = reads("p", "accepts_offer")(names), reads("ev", "accepts_offer")(names)
        return isinstance(p, float) and isinstance(ev, float) and p >= probability and ev >= worth

    return holds


OFFER = Outcome(
    "accepts_offer", Formula("contact.offer_value", reads("contact", "offer_value")), "accepts_offer"
)
OBJECTIVES = {
    "contain_cost": Objective("contain_cost", "service", importance=1, metric="handle_time"),
    "grow_revenue": Objective(
        "grow_revenue", "sales", importance=3, priority=10, penalty_max=2, wait_limit=30
    ),
    "win_back": Objective("win_back", "retention", importance=4, priority=15),
}
STANDARD = Segment("standard", 9, "contain_cost", default=True)
PROSPECT = Segment(
    "prospect",
    3,
    "grow_revenue",
    enter=Formula("p.accepts_offer >= 0.25 and ev.accepts_offer >= 40", at_least(0.25, 40)),
)
LOST = Segment(
    "lost_and_found", 1, "win_back", enter=Formula("contact.recovery_open", reads("contact", "recovery_open"))
)


def catalogue(*more: Segment, guards: Guards | None = None) -> Catalogue:
    segments = {s.name: s for s in (STANDARD, PROSPECT, LOST, *more)}
    return Catalogue({"accepts_offer": OFFER}, OBJECTIVES, segments, guards or Guards(margin=5))


def likely(probability: float | None) -> dict[str, Prediction]:
    missing = "" if probability is not None else "no model"
    return {"accepts_offer": Prediction(probability, "accepts_offer", "v1", missing)}


def decided(
    probability: float | None,
    first: Segment | None = STANDARD,
    guards: Guards | None = None,
    promoted: Promoted | None = None,
    arm: Arm = Arm.TREATED,
    **contact: object,
) -> Decision:
    facts = Facts({"offer_value": "200"} | contact, promoted=promoted, arm=arm)
    return decide(first, facts, catalogue(guards=guards), likely(probability))


def test_a_likely_taker_is_handled_by_the_second_objective():
    decision = decided(0.5)
    assert (decision.second, decision.reason, decision.applied) == ("prospect", Reason.BETTER_SEGMENT, True)
    assert (decision.gain, decision.expected_values) == (100, {"accepts_offer": 100})
    assert objective_for(decision, catalogue()) == OBJECTIVES["grow_revenue"]


def test_without_a_candidate_the_first_segment_stays():
    decision = decided(0.1)
    assert (decision.handled_by, decision.second, decision.reason) == ("standard", None, Reason.NO_CANDIDATE)
    assert not decision.re_associated


def test_an_unknown_customer_starts_from_the_default_segment_and_is_flagged():
    decision = decided(0.1, first=None)
    assert (decision.first, decision.first_known) == ("standard", False)


def test_a_missing_prediction_makes_no_candidate_and_is_explained():
    decision = decided(None)
    assert decision.reason is Reason.NO_CANDIDATE
    assert decision.predictions["accepts_offer"].missing == "no model"


@pytest.mark.parametrize("worth", [None, "", "not a number", "nan", "inf", "9" * 400])
def test_an_offer_without_a_usable_value_has_no_expected_value(worth):
    decision = decided(0.9, offer_value=worth)
    assert (decision.expected_values, decision.reason) == ({}, Reason.NO_CANDIDATE)


def test_a_fact_about_the_customer_needs_no_margin():
    decision = decided(None, recovery_open=True)
    assert (decision.handled_by, decision.objective, decision.gain) == ("lost_and_found", "win_back", None)


def test_the_best_expected_value_wins_over_the_better_rank():
    decision = decided(0.5, recovery_open=True)
    assert [c.segment for c in decision.candidates] == ["prospect", "lost_and_found"]
    assert decision.handled_by == "prospect"


def test_equal_values_go_by_rank_and_then_by_name():
    enter = PROSPECT.enter
    twins = [Segment(name, rank, "win_back", enter=enter) for name, rank in (("b", 2), ("a", 2), ("c", 1))]
    decision = decide(STANDARD, Facts({"offer_value": 200}), catalogue(*twins), likely(0.5))
    assert [c.segment for c in decision.candidates] == ["c", "a", "b", "prospect"]


def test_a_gain_below_the_margin_changes_nothing():
    decision = decided(0.5, guards=Guards(margin=100.5))
    assert (decision.reason, decision.second, decision.re_associated) == (
        Reason.BELOW_MARGIN,
        "prospect",
        False,
    )
    assert decision.handled_by == "standard"


def test_the_margin_is_counted_from_the_first_segments_own_expected_value():
    rival = Segment("rival", 1, "win_back", enter=PROSPECT.enter)
    decision = decide(PROSPECT, Facts({"offer_value": "200"}), catalogue(rival), likely(0.5))
    assert (decision.gain, decision.reason) == (0, Reason.BELOW_MARGIN)


def test_a_customer_who_is_in_the_best_segment_already_stays():
    assert decided(0.5, first=PROSPECT).reason is Reason.FIRST_IS_BEST


def test_the_same_objective_is_recorded_and_the_routing_stays():
    saver = Segment("saver", 5, "grow_revenue")
    decision = decide(saver, Facts({"offer_value": "200"}), catalogue(saver), likely(0.5))
    assert (decision.reason, decision.re_associated, decision.applied) == (Reason.SAME_OBJECTIVE, True, False)
    assert decision.handled_by == "saver"


@pytest.mark.parametrize(
    ("promoted", "reason"),
    [
        (Promoted(9, 2), Reason.BETTER_SEGMENT),
        (Promoted(9, 3), Reason.SHARE_REACHED),
        (Promoted(0, 0), Reason.BETTER_SEGMENT),
        (Promoted(1, 1), Reason.SHARE_REACHED),
    ],
)
def test_the_promoted_share_is_never_exceeded_but_for_the_first_call(promoted, reason):
    guards = Guards(margin=5, promoted_share=ShareLimit(0.3, 300))
    assert decided(0.5, guards=guards, promoted=promoted).reason is reason


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 1))
def test_property_no_run_of_calls_moves_more_than_the_share(wants, limit):
    guards = Guards(promoted_share=ShareLimit(limit, 300))
    moved = 0
    for seen, want in enumerate(wants):
        promoted = Promoted(seen, moved)
        moved += decided(0.9 if want else 0.0, guards=guards, promoted=promoted).re_associated
        assert moved <= max(limit > 0, limit * (seen + 1))


def test_a_control_slice_decides_and_records_but_moves_nobody():
    decision = decided(0.5, arm=Arm.CONTROL)
    assert (decision.second, decision.reason) == ("prospect", Reason.CONTROL)
    assert (decision.handled_by, decision.re_associated, decision.applied) == ("standard", False, False)


def test_a_decision_is_plain_json_with_its_whole_explanation():
    record = json.loads(json.dumps(decided(0.5, recovery_open=True).as_record()))
    assert record["candidates"][0] == {
        "segment": "prospect",
        "objective": "grow_revenue",
        "rank": 3,
        "expected_value": 100,
    }
    assert record["predictions"]["accepts_offer"]["version"] == "v1"
    assert (record["reason"], record["arm"]) == ("better_segment", "treated")


@pytest.mark.parametrize("reason", [Reason.DEADLINE, Reason.FAULT])
def test_with_no_time_or_no_way_to_decide_the_first_segment_stands(reason):
    assert stay(PROSPECT, catalogue(), reason).handled_by == "prospect"
    unknown = stay(None, catalogue(), reason)
    assert (unknown.handled_by, unknown.first_known, unknown.reason) == ("standard", False, reason)


MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def arms(control: Control, weeks: int) -> dict[datetime, Arm]:
    starts = [MONDAY + timedelta(seconds=control.slices * n) for n in range(weeks * 7 * 48)]
    return {at: control_arm(control, "seed", at) for at in starts}


def test_the_share_of_control_slices_is_the_one_asked_for():
    drawn = arms(Control(1800, 0.2), weeks=20)
    share = sum(arm is Arm.CONTROL for arm in drawn.values()) / len(drawn)
    assert share == pytest.approx(0.2, abs=0.015)


def test_a_control_slice_has_a_treated_partner_in_the_same_slot_of_the_paired_week():
    drawn = arms(Control(1800, 0.5), weeks=21)
    control = [
        at for at, arm in drawn.items() if arm is Arm.CONTROL and MONDAY.toordinal() + 7 < at.toordinal()
    ]
    week = timedelta(days=7)
    partners = [at + week if at.toordinal() // 7 % 2 == 0 else at - week for at in control]
    assert partners
    assert all(drawn.get(at, Arm.TREATED) is Arm.TREATED for at in partners)


def test_every_call_of_a_slice_is_in_the_same_arm_and_another_seed_draws_anew():
    control = Control(1800, 0.5)
    inside = [MONDAY + timedelta(seconds=s) for s in range(0, 1800, 60)]
    assert len({control_arm(control, "seed", at) for at in inside}) == 1
    later = [MONDAY + timedelta(minutes=30 * n) for n in range(200)]
    assert [control_arm(control, "a", at) for at in later] != [control_arm(control, "b", at) for at in later]


def test_a_slice_follows_the_clock_on_the_wall_of_the_centre():
    east = timezone(timedelta(hours=9))
    control = Control(1800, 0.5)
    slots = [MONDAY + timedelta(minutes=30 * n) for n in range(48)]
    assert [control_arm(control, "s", at) for at in slots] == [
        control_arm(control, "s", at.replace(tzinfo=east)) for at in slots
    ]


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        control_arm(None, "seed", datetime(2026, 3, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: catalogue(Segment("x", 1, "nothing")), r"segments\.x\.objective: no objective 'nothing'"),
        (lambda: catalogue(Segment("x", 1, "win_back", default=True)), "2 are marked default"),
        (
            lambda: catalogue(Segment("x", 1, "win_back", enter=Formula("p.pays > 0.5", lambda _: True))),
            r"segments\.x\.enter: no outcome pays",
        ),
        (lambda: Formula("p.pays >", lambda _: True), "not an expression"),
        (lambda: Scope(ScopeKind.TTL), "ttl: 7d"),
        (lambda: Guards(margin=-1), "guards.margin"),
        (lambda: ShareLimit(30, 300), "30%"),
        (lambda: Control(1800, 0.6), "at most 50%"),
        (lambda: Control(5, 0.2), "30m"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused_with_the_mend(build, message):
    with pytest.raises(CatalogueError, match=message):
        build()


def compiled(text: str) -> Formula:
    return Formula(
        text, compile_expression(text, names=segment_vocabulary(frozenset({"accepts_offer"}))).value
    )


@pytest.mark.parametrize(
    ("contact", "probability", "handled_by"),
    [
        ({"offer_value": "200"}, 0.5, "prospect"),
        ({"offer_value": "50"}, 0.5, "standard"),
        ({"offer_value": "200"}, 0.24, "standard"),
        ({"offer_value": "200"}, None, "standard"),
        ({}, 0.9, "standard"),
        ({"recovery_open": True}, None, "lost_and_found"),
        ({"recovery_open": False}, None, "standard"),
    ],
)
def test_the_example_catalogue_decides_with_compiled_expressions(contact, probability, handled_by):
    prospect = replace(PROSPECT, enter=compiled("p.accepts_offer >= 0.25 and ev.accepts_offer >= 40"))
    lost = replace(LOST, enter=compiled("contact.recovery_open"))
    offer = replace(OFFER, value=compiled("contact.offer_value"))
    segments = {s.name: s for s in (STANDARD, prospect, lost)}
    example = Catalogue({"accepts_offer": offer}, OBJECTIVES, segments, Guards(margin=5))
    assert decide(None, Facts(contact), example, likely(probability)).handled_by == handled_by


def test_catalogues_that_read_the_same_are_equal():
    assert Formula("contact.x", lambda _: 1) == Formula("contact.x", lambda _: 2)
    assert catalogue() == catalogue()
