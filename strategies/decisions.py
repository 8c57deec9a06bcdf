"""What a decision about an interaction rests on, what it says, and how it is written down; making it is
`strategies.segmentation`'s."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from strategies.agent_fit import AgentRecord, Chance
from strategies.control import Arm
from strategies.segments import Prediction


class Reason(StrEnum):
    """Why the decision came out as it did."""

    NO_CANDIDATE = "no_candidate"
    FIRST_IS_BEST = "first_is_best"
    BELOW_MARGIN = "below_margin"
    AGENT_FIT = "agent_fit"  # the agents who could take the call do better at the first objective
    SHARE_REACHED = "share_reached"
    NO_ROOM = "no_room"  # the second objective's queue cannot take another caller as it should
    CONTROL = "control"
    LOGGED_ONLY = "logged_only"
    CONSTANT = "constant"  # a slice in which everybody is handled by one segment
    EXPLORED = "explored"  # drawn among those the caller fits
    SAME_OBJECTIVE = "same_objective"
    BETTER_SEGMENT = "better_segment"
    CONFLICT = "conflict"  # another call of the customer's moved them meanwhile
    DEADLINE = "deadline"
    FAULT = "fault"


NOT_DECIDED = frozenset({Reason.CONFLICT, Reason.DEADLINE, Reason.FAULT})
"""Where the first segment stood and nothing was weighed."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """How many decisions the current interval of the share guard has seen, and how many moved a customer."""

    decisions: int
    moved: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when the decision is made.

    `contact`: its attributes, list columns as text, `recovery_open` and the like as bool. `history`:
    `last_result`, `last_response`, `attempts`, `attempts_today`. `queue`: live figures of the queue the
    caller would enter, or waits in, by the first objective, and how long they have `waited` there. `queues`:
    figures of every queue by name. `agents`: who could take the call. `promoted`: the share guard's counts,
    None when they are not to be had and the share is not guarded. `arm`: whether this time slice carries
    decisions out or only records them. `draw`: a number from 0 up to 1 that exploring goes by; None explores
    nothing.
    """

    contact: Mapping[str, object] = field(default_factory=dict)
    queue: Mapping[str, object] = field(default_factory=dict)
    promoted: Promoted | None = None
    arm: Arm = Arm.TREATED
    history: Mapping[str, object] = field(default_factory=dict)
    queues: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    agents: tuple[AgentRecord, ...] = ()
    draw: float | None = None


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
    `fit`: the likeliest agent for each objective that was compared. `widened`: every member of the queue may
    take the call. `callback`: the caller is to be offered one. `propensities`: the chance with which each
    segment could have come out, None where nothing was left to chance. `facts` are those it was made by.
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
    fit: Mapping[str, Chance] = field(default_factory=dict)
    widened: bool = False
    callback: bool = False
    propensities: Mapping[str, float] | None = None
    facts: Facts = field(default_factory=Facts, repr=False)
    catalogue: str = ""

    def as_record(self) -> dict[str, object]:
        """The decision as plain JSON values, for the ledger and for the agent's page, from which
        `strategies.replay` makes the same again. Of the contact's attributes it holds those that the
        catalogue's formulas name."""
        record: dict[str, object] = {name: getattr(self, name) for name in _PLAIN}
        return record | {
            "arm": self.arm.value,
            "reason": self.reason.value,
            "candidates": [_plain(candidate) for candidate in self.candidates],
            "predictions": {name: _plain(one) for name, one in self.predictions.items()},
            "expected_values": dict(self.expected_values),
            "fit": {name: _plain(one) for name, one in self.fit.items()},
            "propensities": None if self.propensities is None else dict(self.propensities),
            "facts": _facts_record(self.facts),
        }


_PLAIN = (
    "first",
    "first_known",
    "second",
    "first_objective",
    "second_objective",
    "handled_by",
    "objective",
    "gain",
    "re_associated",
    "applied",
    "widened",
    "callback",
    "catalogue",
)


def _plain(one: Candidate | Prediction | Chance) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


def _facts_record(facts: Facts) -> dict[str, object]:
    return {
        "attributes": dict(facts.contact),
        "history": dict(facts.history),
        "queue": dict(facts.queue),
        "queues": {name: dict(figures) for name, figures in facts.queues.items()},
        "promoted": None if facts.promoted is None else [facts.promoted.decisions, facts.promoted.moved],
        "draw": facts.draw,
        "agents": [
            {
                "name": agent.name,
                "queues": list(agent.queues),
                "free_in": agent.free_in,
                "tallies": {name: [one.pursued, one.achieved] for name, one in agent.tallies.items()},
            }
            for agent in facts.agents
        ],
    }
