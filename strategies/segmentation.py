"""Decides whether an interaction is handled by another segment than the one the customer came with; looking
things up, predicting, and carrying the decision out are left to the caller, doing it over to
`strategies.replay`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite

from strategies.agent_fit import Chance, chances, likelier
from strategies.control import Arm
from strategies.decisions import Candidate, Decision, Facts, Promoted, Reason
from strategies.exploration import explored, propensities
from strategies.segments import (
    Catalogue,
    Names,
    Objective,
    Otherwise,
    Outcome,
    Prediction,
    Segment,
    ShareLimit,
)
from strategies.values import number_of

__all__ = [
    "Candidate",
    "Decision",
    "Facts",
    "Promoted",
    "Reason",
    "decide",
    "expected_values",
    "objective_for",
    "stay",
]

WITHOUT_PROSPECTS = frozenset({Reason.NO_CANDIDATE, Reason.FIRST_IS_BEST, Reason.BELOW_MARGIN})
"""Where nothing better than the first segment was found."""


def decide(
    first: Segment | None,
    facts: Facts,
    catalogue: Catalogue,
    predictions: Mapping[str, Prediction],
) -> Decision:
    """Choose the segment that handles this interaction.

    Candidates are the segments whose condition holds, best expected value first, then rank, then name. The
    expected value of a segment is the best of the outcomes its condition names, an unknown one counting as
    0. A condition that names none is a fact about the customer rather than a bet: it counts as 0 in the
    order, and the margin, which keeps noisy predictions from moving people to and fro, does not apply to
    it. `predictions` go by outcome name; one that is missing makes every comparison with it false.

    The winner still has to be what the agents at hand do best, to stay within the share, and to find room in
    its queue; then the experiment says whether it is carried out.
    """
    start = first or catalogue.default
    facts = _needed(facts, catalogue)
    weighed = _weigh(start, facts, catalogue, predictions)
    reason, target, otherwise = _guarded(start, weighed, catalogue, facts)
    reason, handler = _experiment(reason, start, target, catalogue, facts)
    chosen: Mapping[str, float] | None = None
    if _explores(reason, catalogue, facts):
        fitting = [catalogue.segments[c.segment] for c in weighed.candidates if c.segment != start.name]
        open_to = [start, *(one for one in fitting if _has_room(one, catalogue, facts))]
        chosen = propensities([one.name for one in open_to], handler.name, catalogue.control)
        drawn = catalogue.segments[explored(chosen, facts.draw or 0.0)]
        if drawn.name != handler.name:
            reason, handler, otherwise = Reason.EXPLORED, drawn, None
    second = _second(reason, start, target, handler)
    applied = handler.objective != start.objective
    return Decision(
        first=start.name,
        first_known=first is not None,
        second=second.name if second else None,
        first_objective=start.objective,
        second_objective=second.objective if second else None,
        handled_by=handler.name,
        objective=handler.objective,
        candidates=weighed.candidates,
        predictions=dict(predictions),
        expected_values=weighed.values,
        gain=weighed.gain,
        arm=facts.arm,
        reason=reason,
        re_associated=reason in (Reason.BETTER_SEGMENT, Reason.SAME_OBJECTIVE),
        applied=applied,
        fit=weighed.fit,
        widened=applied and otherwise is Otherwise.WIDEN,
        callback=applied and otherwise is Otherwise.CALLBACK,
        propensities=chosen,
        facts=facts,
        catalogue=catalogue.version,
    )


def stay(first: Segment | None, catalogue: Catalogue, reason: Reason) -> Decision:
    """The decision when there was no time or no way to decide: the first segment, or the default one."""
    start = first or catalogue.default
    return Decision(
        first=start.name,
        first_known=first is not None,
        second=None,
        first_objective=start.objective,
        second_objective=None,
        handled_by=start.name,
        objective=start.objective,
        candidates=(),
        predictions={},
        expected_values={},
        gain=None,
        arm=Arm.TREATED,
        reason=reason,
        re_associated=False,
        applied=False,
        catalogue=catalogue.version,
    )


def objective_for(decision: Decision, catalogue: Catalogue) -> Objective:
    """The handling profile that routes the interaction: all of it comes from one objective."""
    objective = catalogue.objectives[decision.objective]
    return replace(objective, penalty_max=None) if decision.widened else objective


def expected_values(
    facts: Facts, catalogue: Catalogue, predictions: Mapping[str, Prediction]
) -> dict[str, float]:
    """Probability times value, less the cost, for each outcome; one that lacks any of them is left out."""
    names = _names(facts)
    found: dict[str, float] = {}
    for name, outcome in catalogue.outcomes.items():
        prediction = predictions.get(name)
        worth = _worth(outcome, names)
        if prediction is not None and prediction.probability is not None and worth is not None:
            value, cost = worth
            found[name] = prediction.probability * value - cost
    return found


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The candidates in their order, what the order rests on, and the winner's gain over the first."""

    candidates: tuple[Candidate, ...]
    values: Mapping[str, float]
    fit: Mapping[str, Chance]
    winner: Candidate | None
    gain: float | None


def _needed(facts: Facts, catalogue: Catalogue) -> Facts:
    """The facts that the decision depends on, and no others: the ledger keeps them for years."""
    contact = {name: value for name, value in facts.contact.items() if name in catalogue.attributes}
    with_room = {one.queue for one in catalogue.objectives.values() if one.room is not None}
    queues = {name: figures for name, figures in facts.queues.items() if name in with_room}
    exploring = catalogue.control is not None and catalogue.control.explore > 0
    return replace(
        facts,
        contact=contact,
        queues=queues,
        agents=facts.agents if catalogue.guards.agent_fit is not None else (),
        draw=facts.draw if exploring else None,
    )


def _names(facts: Facts) -> dict[str, object]:
    return {**facts.history, "contact": facts.contact, "queue": facts.queue}


def _weigh(
    start: Segment, facts: Facts, catalogue: Catalogue, predictions: Mapping[str, Prediction]
) -> _Weighed:
    values = expected_values(facts, catalogue, predictions)
    known = {name: p.probability for name, p in predictions.items() if p.probability is not None}
    candidates = _candidates(catalogue, _names(facts) | {"p": known, "ev": values}, values)
    winner = candidates[0] if candidates else None
    fit: Mapping[str, Chance] = {}
    if winner is not None and catalogue.guards.agent_fit is not None:
        objectives = _objectives(catalogue, [winner.objective, start.objective, *_of(candidates)])
        fit = chances(objectives, facts.agents, catalogue.guards.agent_fit)
    gain = None
    if winner is not None and winner.expected_value is not None:
        gain = winner.expected_value - (_segment_value(start, values) or 0.0)
    return _Weighed(candidates, values, fit, winner, gain)


def _guarded(
    start: Segment, weighed: _Weighed, catalogue: Catalogue, facts: Facts
) -> tuple[Reason, Segment, Otherwise | None]:
    """What would be done were there no experiment: why, by which segment, and what if its queue is full. The
    segment is the one that was considered, also where it is not to be taken."""
    winner, gain = weighed.winner, weighed.gain
    if winner is None:
        return Reason.NO_CANDIDATE, start, None
    target = catalogue.segments[winner.segment]
    if winner.segment == start.name:
        return Reason.FIRST_IS_BEST, start, None
    if gain is not None and gain < catalogue.guards.margin:
        return Reason.BELOW_MARGIN, target, None
    target = _fitting(start, target, weighed, catalogue)
    if target.name == start.name:
        return Reason.AGENT_FIT, catalogue.segments[winner.segment], None
    if not _share_left(catalogue.guards.promoted_share, facts.promoted):
        return Reason.SHARE_REACHED, target, None
    otherwise = None if target.objective == start.objective else _full(target, catalogue, facts)
    if otherwise is Otherwise.FIRST:
        return Reason.NO_ROOM, target, None
    same = target.objective == start.objective
    return (Reason.SAME_OBJECTIVE if same else Reason.BETTER_SEGMENT), target, otherwise


def _experiment(
    reason: Reason, start: Segment, target: Segment, catalogue: Catalogue, facts: Facts
) -> tuple[Reason, Segment]:
    """What the arm makes of it, and the segment that handles the interaction."""
    control = catalogue.control
    if facts.arm is Arm.CONSTANT and control is not None and control.constant is not None:
        return Reason.CONSTANT, catalogue.segments[control.constant.segment]
    if reason not in (Reason.BETTER_SEGMENT, Reason.SAME_OBJECTIVE):
        return reason, start
    if facts.arm is Arm.CONTROL:
        return Reason.CONTROL, start
    if facts.arm is Arm.LOGGED:
        return Reason.LOGGED_ONLY, start
    return reason, target if reason is Reason.BETTER_SEGMENT else start


def _second(reason: Reason, start: Segment, target: Segment, handler: Segment) -> Segment | None:
    """The segment that was found for the customer, whether or not they are handled by it."""
    found = handler if reason in (Reason.CONSTANT, Reason.EXPLORED) else target
    return None if found.name == start.name else found


def _explores(reason: Reason, catalogue: Catalogue, facts: Facts) -> bool:
    """Whether chance may choose: where the decision is carried out and no guard has spoken against it."""
    wanted = catalogue.control is not None and catalogue.control.explore > 0 and facts.draw is not None
    free = reason in (*WITHOUT_PROSPECTS, Reason.BETTER_SEGMENT, Reason.SAME_OBJECTIVE)
    share = catalogue.guards.promoted_share
    return wanted and free and facts.arm is Arm.TREATED and _share_left(share, facts.promoted)


def _fitting(start: Segment, target: Segment, weighed: _Weighed, catalogue: Catalogue) -> Segment:
    """The segment whose objective the agents at hand are likelier to achieve: the target, or a lesser one."""
    guard = catalogue.guards.agent_fit
    if guard is None:
        return target
    taken = catalogue.objective_of(target)
    others = _objectives(catalogue, [start.objective, *_of(weighed.candidates)])
    objective = likelier(taken, others, weighed.fit, guard.margin)
    if objective == taken.name:
        return target
    if objective == start.objective:
        return start
    return catalogue.segments[next(c.segment for c in weighed.candidates if c.objective == objective)]


def _of(candidates: Iterable[Candidate]) -> list[str]:
    return [candidate.objective for candidate in candidates]


def _objectives(catalogue: Catalogue, names: Iterable[str]) -> list[Objective]:
    """Each once, in their order."""
    return [catalogue.objectives[name] for name in dict.fromkeys(names)]


def _has_room(segment: Segment, catalogue: Catalogue, facts: Facts) -> bool:
    return _full(segment, catalogue, facts) is None


def _full(segment: Segment, catalogue: Catalogue, facts: Facts) -> Otherwise | None:
    """What is to be done because the segment's queue cannot take the caller; None if it can, or if nothing is
    known of it."""
    objective = catalogue.objective_of(segment)
    figures = facts.queues.get(objective.queue)
    if objective.room is None or not figures or objective.room.needs.value({"queue": figures}):
        return None
    return objective.room.otherwise


def _worth(outcome: Outcome, names: Names) -> tuple[float, float] | None:
    """The outcome's value and cost as numbers. List columns arrive as text; what is no finite number is
    unknown."""
    value = _finite(outcome.value.value(names))
    cost = 0.0 if outcome.cost is None else _finite(outcome.cost.value(names))
    return None if value is None or cost is None else (value, cost)


def _finite(value: object) -> float | None:
    number = number_of(value)
    return float(number) if number is not None and isfinite(number) else None


def _candidates(catalogue: Catalogue, names: Names, values: Mapping[str, float]) -> tuple[Candidate, ...]:
    held = [s for s in catalogue.segments.values() if s.enter is not None and s.enter.value(names)]
    found = [Candidate(s.name, s.objective, s.rank, _segment_value(s, values)) for s in held]
    return tuple(sorted(found, key=lambda c: (-(c.expected_value or 0.0), c.rank, c.segment)))


def _segment_value(segment: Segment, values: Mapping[str, float]) -> float | None:
    if segment.enter is None:
        return None
    named = [values.get(name, 0.0) for name in segment.enter.outcomes]
    return max(named) if named else None


def _share_left(limit: ShareLimit | None, promoted: Promoted | None) -> bool:
    """Whether one more customer may be moved. The first of an interval always may, unless the limit is
    nought: a share of one call means nothing."""
    if limit is None or promoted is None:
        return True
    if limit.limit == 0:
        return False
    return promoted.moved + 1 <= max(1.0, limit.limit * (promoted.decisions + 1))
