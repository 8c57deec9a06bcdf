"""Which objective the agents who could take a call are likeliest to achieve, from what each achieved before;
who those agents are is told by the caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from strategies.segments import AgentFit, Objective


@dataclass(frozen=True, slots=True)
class Tally:
    """How often an objective was pursued, and how often achieved."""

    pursued: int = 0
    achieved: int = 0


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent: the queues they work in, in how many seconds they are likely free (None: nobody can say), and
    what they made of each objective so far."""

    name: str
    queues: tuple[str, ...]
    free_in: float | None = 0.0
    tallies: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chance:
    """The likeliest agent for an objective and their chance to achieve it."""

    objective: str
    agent: str
    chance: float


def chances(
    objectives: Iterable[Objective], agents: Sequence[AgentRecord], fit: AgentFit
) -> dict[str, Chance]:
    """The best chance of each objective with the agents who are free within its wait limit. An objective that
    nobody ever pursued, or that nobody could take now, has none."""
    found: dict[str, Chance] = {}
    for objective in objectives:
        base = _base(objective.name, agents)
        limit = inf if objective.wait_limit is None else objective.wait_limit
        able = [one for one in agents if _could_take(one, objective.queue, limit)]
        if base is None or not able:
            continue
        rated = [(-smoothed(_tally(one, objective.name), base, fit.prior), one.name) for one in able]
        negative, agent = min(rated)
        found[objective.name] = Chance(objective.name, agent, -negative)
    return found


def smoothed(tally: Tally, base: float, prior: float) -> float:
    """The rate of success, drawn to the rate of all by `prior` imagined tries: of somebody new it is that."""
    return (tally.achieved + prior * base) / (tally.pursued + prior)


def likelier(taken: Objective, others: Iterable[Objective], by: Mapping[str, Chance], margin: float) -> str:
    """The objective to pursue: the one that was `taken`, or a lesser one whose agent is likelier to achieve
    it by at least the margin. Without a chance of both nothing is compared."""
    known = by.get(taken.name)
    if known is None:
        return taken.name
    lesser = [by[one.name] for one in others if one.importance < taken.importance and one.name in by]
    better = [one for one in lesser if one.chance > known.chance and one.chance - known.chance >= margin]
    return max(better, key=lambda one: one.chance).objective if better else taken.name


def _could_take(agent: AgentRecord, queue: str, within: float) -> bool:
    return queue in agent.queues and agent.free_in is not None and agent.free_in <= within


def _tally(agent: AgentRecord, objective: str) -> Tally:
    return agent.tallies.get(objective, Tally())


def _base(objective: str, agents: Sequence[AgentRecord]) -> float | None:
    """The rate of all agents together."""
    tallies = [_tally(one, objective) for one in agents]
    pursued = sum(one.pursued for one in tallies)
    return sum(one.achieved for one in tallies) / pursued if pursued else None
