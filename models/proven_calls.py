"""The calls a proof is made of: what was decided about each and what came of it, from the ledger's lines;
what follows from them is `models.proof_report`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strategies.control import Arm
from strategies.decisions import NOT_DECIDED
from strategies.outcomes import TELLING as TOLD
from strategies.outcomes import came_true, interaction_of, told_by
from strategies.replay import Erased, OtherCatalogue, replays
from strategies.segments import Catalogue
from strategies.vocabulary import Kind

_DECIDED = frozenset({Kind.DECISION, Kind.RE_ASSOCIATED})
TELLING = _DECIDED | TOLD
"""Ledger lines that say anything of a call."""

REPLAYED, DIFFERS = "the same again", "not the same"
OTHER, GONE = "by another catalogue", "of somebody erased since"


@dataclass(slots=True)
class ProvenCall:
    """One call. `at`: of its first decision, epoch seconds. `predicted` by outcome. `told`: what became of
    it, by the names of labels; empty while it is not over. `raised`: how often it was decided anew while it
    waited. `replay`: what came of making the decision again."""

    interaction: str
    at: float
    arm: Arm
    first: str
    handled_by: str
    reason: str
    applied: bool
    predicted: Mapping[str, float]
    propensities: Mapping[str, float] | None
    replay: str
    told: dict[str, object] = field(default_factory=dict)
    raised: int = 0

    @property
    def over(self) -> bool:
        """Whether it is known what became of it."""
        return bool(self.told)

    @property
    def decided(self) -> bool:
        """Whether anything was weighed: neither fault nor deadline."""
        return self.reason not in NOT_DECIDED


def proven_calls(lines: Iterable[Mapping[str, Any]], catalogue: Catalogue) -> list[ProvenCall]:
    """The calls of these ledger lines, in the order they came in."""
    found: dict[str, ProvenCall] = {}
    for line in lines:
        interaction = interaction_of(line)
        if interaction is None:
            continue
        if line.get("kind") in _DECIDED:
            if interaction in found:
                found[interaction].raised += 1
            else:
                found[interaction] = _call(interaction, line, catalogue)
        elif interaction in found:
            found[interaction].told |= told_by(line)
    return list(found.values())


def measured(call: ProvenCall, metric: str, catalogue: Catalogue) -> float | None:
    """What a call came to by a metric; None where it has no such figure. Of an outcome: 1 or 0, a call that
    is over and of which nobody said that it came true being 0, whether or not anybody was reached."""
    if not call.over:
        return None
    if metric in catalogue.outcomes:
        return float(bool(came_true(catalogue.outcomes[metric], call.told)))
    if metric == "abandoned":
        return float(bool(call.told.get("abandoned")))
    name = {"handle_time": "talked", "waited": "waited"}.get(metric)
    value = call.told.get(name) if name else None
    return float(value) if isinstance(value, float | int) else None


def metrics(catalogue: Catalogue) -> Sequence[str]:
    """The metrics there are: the outcomes, and what the network tells."""
    return (*catalogue.outcomes, "abandoned", "waited", "handle_time")


def labelled(calls: Iterable[ProvenCall], outcome: str, catalogue: Catalogue) -> list[tuple[float, bool]]:
    """Prediction and truth of each call that has both."""
    pairs = (
        (
            call.predicted.get(outcome),
            came_true(catalogue.outcomes[outcome], call.told) if call.told else None,
        )
        for call in calls
    )
    return [(predicted, true) for predicted, true in pairs if predicted is not None and true is not None]


def _call(interaction: str, line: Mapping[str, Any], catalogue: Catalogue) -> ProvenCall:
    decision = line["decision"]
    predicted = {name: one["probability"] for name, one in decision.get("predictions", {}).items()}
    return ProvenCall(
        interaction=interaction,
        at=float(line["at"]),
        arm=Arm(decision["arm"]),
        first=decision["first"],
        handled_by=decision["handled_by"],
        reason=str(line.get("reason") or decision["reason"]),
        applied=bool(decision["applied"]),
        predicted={name: one for name, one in predicted.items() if one is not None},
        propensities=decision.get("propensities"),
        replay=_replayed(decision, catalogue),
    )


def _replayed(decision: Mapping[str, Any], catalogue: Catalogue) -> str:
    try:
        return REPLAYED if replays(decision, catalogue) else DIFFERS
    except (OtherCatalogue, KeyError):
        return OTHER
    except Erased:
        return GONE
