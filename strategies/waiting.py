"""Whether a caller who waits in a queue is to be handled otherwise now that more is known; carrying that out
is left to the caller.

Nobody is put back: who waits keeps what they were promised, or gets what is better.
"""

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from strategies.agent_fit import AgentRecord
from strategies.decisions import Decision, Reason
from strategies.replay import facts_of, predictions_of
from strategies.segmentation import decide, objective_for
from strategies.segments import Catalogue, Objective, Prediction


def decided_anew(  # noqa: PLR0913  each its own source of what is known now, by name
    record: Mapping[str, Any],
    catalogue: Catalogue,
    *,
    queue: Mapping[str, object],
    queues: Mapping[str, Mapping[str, object]],
    agents: tuple[AgentRecord, ...],
    answers: Mapping[str, object],
    predictions: Mapping[str, Prediction] | None = None,
) -> Decision | None:
    """The decision of a record (`Decision.as_record()`) made once more, by this catalogue, with the figures
    of the `queue` the caller waits in and of all `queues`, their `answers` since, as attributes, and the
    `predictions` that were made anew. What else was predicted, the arm and the share guard's counts are as
    they were. None where another call of the customer's went before, and where chance chose: what comes of
    that is to be learnt."""
    if record["reason"] in {Reason.CONFLICT, Reason.EXPLORED}:
        return None
    first = catalogue.segments.get(record["first"]) if record["first_known"] else None
    then = facts_of(record)
    facts = replace(
        then,
        contact={**then.contact, **answers},
        queue=queue,
        queues=queues,
        agents=agents,
        draw=None,
    )
    return decide(first, facts, catalogue, {**predictions_of(record), **(predictions or {})})


def raised_to(decision: Decision, held: Objective, been: Set[str], catalogue: Catalogue) -> Objective | None:
    """The objective that a caller handled by `held` is to have instead; None to leave them as they are. Never
    one they have `been` in: figures of a queue go up and down."""
    objective = objective_for(decision, catalogue)
    if not decision.applied or objective.name == held.name or objective.name in been:
        return None
    if objective.queue == held.queue and objective.priority <= held.priority:
        return None
    return objective


def place_by_age(entered: float, there: Mapping[str, float]) -> int:
    """The place, from 1, that who began to wait at `entered` has among those who wait there, by when each of
    them began."""
    return 1 + sum(since < entered for since in there.values())
