"""Decides whether an interaction is handled by another segment than the one the customer came with; looking
things up, predicting, and carrying the decision out are left to the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

from strategies.control import Arm
from strategies.segments import Catalogue, Names, Objective, Outcome, Prediction, Segment, ShareLimit
from strategies.values import number_of


class Reason(StrEnum):
    """Why the decision came out as it did."""

    NO_CANDIDATE = "no_candidate"
    FIRST_IS_BEST = "first_is_best"
    BELOW_MARGIN = "below_margin"
    SHARE_REACHED = "share_reached"
    CONTROL = "control"
    SAME_OBJECTIVE = "same_objective"
    BETTER_SEGMENT = "better_segment"
    CONFLICT = "conflict"  # another call of the customer's moved them meanwhile
    DEADLINE = "deadline"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Promoted:
    """How many decisions the current interval of the share guard has seen, and how many moved a customer."""

    decisions: int
    moved: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when the decision is made.

    `contact`: its attributes, list columns as text, `recovery_open` and the like as bool. `queue`: live
    figures. `promoted`: the share guard's counts, None when they are not to be had and the share is not
    guarded. `arm`: whether this time slice carries decisions out or only records them.
    """

    contact: Mapping[str, object] = field(default_factory=dict)
    queue: Mapping[str, object] = field(default_factory=dict)
    promoted: Promoted | None = None
    arm: Arm = Arm.TREATED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment whose condition held. `expected_value` is None when its condition names no outcome."""

    segment: str
    objective: str
    rank: int
    expected_value: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of `decide`, with all that explains it.

    `re_associated`: the customer moves to `second`, and that is to be recorded. `applied`: the second
    objective, not the first, handles the interaction. `handled_by` and `objective` name what routes it.
    """

    first: str
    first_known: bool
    second: str | None
    first_objective: str
    second_objective: str | None
    handled_by: str
    objective: str
    candidates: tuple[Candidate, ...]
    predictions: Mapping[str, Prediction]
    expected_values: Mapping[str, float]
    gain: float | None
    arm: Arm
    reason: Reason
    re_associated: bool
    applied: bool

    def as_record(self) -> dict[str, object]:
        """The decision as plain JSON values, for the ledger and for the agent's page."""
        record: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        record |= {"arm": self.arm.value, "reason": self.reason.value}
        record["candidates"] = [
            {
                "segment": c.segment,
                "objective": c.objective,
                "rank": c.rank,
                "expected_value": c.expected_value,
            }
            for c in self.candidates
        ]
        record["predictions"] = {
            name: {"probability": p.probability, "model": p.model, "version": p.version, "missing": p.missing}
            for name, p in self.predictions.items()
        }
        record["expected_values"] = dict(self.expected_values)
        return record


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
    """
    known = first is not None
    start = first or catalogue.default
    values = expected_values(facts, catalogue, predictions)
    names: Names = {
        "contact": facts.contact,
        "queue": facts.queue,
        "p": {name: p.probability for name, p in predictions.items() if p.probability is not None},
        "ev": values,
    }
    candidates = _candidates(catalogue, names, values)
    winner = candidates[0] if candidates else None
    gain = None
    if winner is not None and winner.expected_value is not None:
        gain = winner.expected_value - (_segment_value(start, values) or 0.0)
    reason = _reason(start, winner, gain, catalogue, facts)
    moved = reason in (Reason.BETTER_SEGMENT, Reason.SAME_OBJECTIVE)
    applied = reason is Reason.BETTER_SEGMENT
    second = (
        catalogue.segments[winner.segment] if winner is not None and winner.segment != start.name else None
    )
    handler = second if applied and second is not None else start
    return Decision(
        first=start.name,
        first_known=known,
        second=second.name if second else None,
        first_objective=start.objective,
        second_objective=second.objective if second else None,
        handled_by=handler.name,
        objective=handler.objective,
        candidates=candidates,
        predictions=dict(predictions),
        expected_values=values,
        gain=gain,
        arm=facts.arm,
        reason=reason,
        re_associated=moved,
        applied=applied,
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
    )


def objective_for(decision: Decision, catalogue: Catalogue) -> Objective:
    """The handling profile that routes the interaction: all of it comes from one objective."""
    return catalogue.objectives[decision.objective]


def expected_values(
    facts: Facts, catalogue: Catalogue, predictions: Mapping[str, Prediction]
) -> dict[str, float]:
    """Probability times value for each outcome; an outcome without either is left out."""
    names: Names = {"contact": facts.contact, "queue": facts.queue}
    found: dict[str, float] = {}
    for name, outcome in catalogue.outcomes.items():
        prediction = predictions.get(name)
        value = _worth(outcome, names)
        if prediction is not None and prediction.probability is not None and value is not None:
            found[name] = prediction.probability * value
    return found


def _worth(outcome: Outcome, names: Names) -> float | None:
    """The outcome's value as a number. List columns arrive as text; what is no finite number is unknown."""
    number = number_of(outcome.value.value(names))
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


def _reason(
    start: Segment,
    winner: Candidate | None,
    gain: float | None,
    catalogue: Catalogue,
    facts: Facts,
) -> Reason:
    if winner is None:
        return Reason.NO_CANDIDATE
    if winner.segment == start.name:
        return Reason.FIRST_IS_BEST
    if gain is not None and gain < catalogue.guards.margin:
        return Reason.BELOW_MARGIN
    if not _room(catalogue.guards.promoted_share, facts.promoted):
        return Reason.SHARE_REACHED
    if facts.arm is Arm.CONTROL:
        return Reason.CONTROL
    if winner.objective == start.objective:
        return Reason.SAME_OBJECTIVE
    return Reason.BETTER_SEGMENT


def _room(limit: ShareLimit | None, promoted: Promoted | None) -> bool:
    """Whether one more customer may be moved. The first of an interval always may, unless the limit is
    nought: a share of one call means nothing."""
    if limit is None or promoted is None:
        return True
    if limit.limit == 0:
        return False
    return promoted.moved + 1 <= max(1.0, limit.limit * (promoted.decisions + 1))
