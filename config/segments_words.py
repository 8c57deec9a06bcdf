"""What may stand in segments.yaml; making the catalogue of it is `config.segments_file`'s."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.errors import shown
from config.scalars import (
    Attribute,
    Count,
    DialplanText,
    Duration,
    Name,
    Number,
    Share,
    Strict,
    Text,
    Whole,
    at_least,
    lasting,
    wrong,
)
from config.schema_hints import written
from strategies.segments import Otherwise


def _value(value: object) -> object:
    return f"{value}" if type(value) in (int, float) else value


def _scope(value: object) -> object:
    if value in ("interaction", "permanent"):
        return {"kind": value}
    if not isinstance(value, dict) or set(value) != {"ttl"}:
        raise wrong(f"{shown(value)} is not a scope", "write interaction, permanent or {ttl: 7d}")
    return {"kind": "ttl", **value}


def _kind(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


FACTOR = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "enum": ["number", "category"]},
            {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["number", "category"]},
                    "missing": {"type": "array", "items": {"type": "string"}},
                    "default": {"type": "string"},
                },
                "additionalProperties": False,
            },
        ],
        "x-kind": "number, category or {kind, missing, default}",
    }
)
SCOPE = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "enum": ["interaction", "permanent"]},
            {
                "type": "object",
                "properties": {"ttl": {"type": "string"}},
                "required": ["ttl"],
                "additionalProperties": False,
            },
        ],
        "default": "interaction",
        "x-kind": "interaction, permanent or {ttl: 7d}",
    }
)


class OutcomeFile(Strict):
    """What an interaction may come to."""

    value: Annotated[Text, BeforeValidator(_value), written("expression", type=["string", "number"])]
    """An expression over contact.ATTRIBUTE: what the outcome is worth."""
    model: Name
    """The model that predicts it."""
    cost: (
        Annotated[Text, BeforeValidator(_value), written("expression", type=["string", "number"])] | None
    ) = None
    """An expression over contact.ATTRIBUTE: what trying for it costs, whether it comes true or not."""
    label: Annotated[Text, written("expression")] | None = None
    """Whether it came true, over result, connected, abandoned, waited, talked, disposition, pursued,
    achieved and objective of a call that is over; not written: abandoned for abandons, else achieved."""
    shadows: tuple[Name, ...] = ()
    """Models that are asked too, and never acted on: their answers go into the ledger."""


class FactorFile(Strict):
    """A list column that models may learn from; models trained on a file bring their own."""

    kind: Literal["number", "category"] = "category"
    """number or category."""
    missing: tuple[Text, ...] = ("unknown",)
    """The texts that stand for no value."""
    default: Text | None = None
    """The value where there is none."""


class RoomFile(Strict):
    """What an objective's own queue must be like for callers to be moved there."""

    needs: Annotated[Text, written("expression")]
    """The condition, over queue.agents_free, queue.waiting, queue.staffed, queue.longest_wait,
    queue.expected_wait (seconds) and queue.service_level (0 to 1)."""
    otherwise: Otherwise = Otherwise.FIRST
    """What is done where it does not hold: first (the first segment keeps the caller), widen (every member of
    the queue may take the call) or callback (the caller is offered to be called back)."""


class ObjectiveFile(Strict):
    """What the contact centre wants."""

    queue: Name
    """The Asterisk queue that handles it."""
    importance: Annotated[Number, at_least(0, 1000)] = 1.0
    """How much it matters beside the others."""
    metric: Attribute | None = None
    """The figure it is measured by."""
    priority: Annotated[Count, at_least(0, 1_000_000)] = 0
    """The caller's priority in the queue."""
    penalty_max: Annotated[Count, at_least(0, 1000)] | None = None
    """The highest penalty of members who may take the call."""
    wait_limit: Annotated[Duration, lasting(1, 86_400)] | None = None
    """How long the caller waits at most."""
    offer: DialplanText | None = None
    """The offer the agent pursues."""
    prompt: DialplanText | None = None
    """What the agent is told."""
    announcement: DialplanText | None = None
    """The sound the caller hears while waiting."""
    room: RoomFile | None = None
    """What its queue must be like for callers to be moved there; nothing if not said."""


class ScopeFile(Strict):
    """How long a re-association lasts."""

    kind: Literal["interaction", "permanent", "ttl"]
    """interaction, permanent or ttl."""
    ttl: Annotated[Duration, lasting(1, 366 * 86_400)] | None = None
    """How long it lasts."""


class SegmentFile(Strict):
    """A class of customers."""

    rank: Whole
    """The lower goes first where two are worth the same."""
    objective: Attribute
    """The objective its customers are handled by."""
    default: bool = False
    """Whether it takes customers nobody knows."""
    enter: Annotated[Text, written("expression")] | None = None
    """The condition, over contact.ATTRIBUTE, last_result, attempts, p.OUTCOME, ev.OUTCOME and figures of the
    queue, such as queue.waiting, queue.agents_free and queue.waited (seconds, of a caller in a queue), by
    which a customer is moved into it; none moves nobody."""
    scope: Annotated[ScopeFile, BeforeValidator(_scope), SCOPE] | None = None
    """How long a move lasts: interaction (the default), permanent, or {ttl: 7d}."""


class ShareFile(Strict):
    """A cap on the share of customers moved."""

    limit: Share
    """The share of customers."""
    per: Annotated[Duration, lasting(1, 366 * 86_400)]
    """The interval it is counted over."""


class AgentFitFile(Strict):
    """Whether agents who could take the call do better at a lesser objective."""

    prior: Annotated[Number, at_least(0.1, 10_000)] = 20.0
    """An agent's rate of success counts as if they had so many more tries at the rate of all."""
    margin: Annotated[Share, at_least(0, 1)] = 0.0
    """By how much likelier the lesser objective must be to be taken."""


class GuardsFile(Strict):
    """What holds changes back."""

    margin: Annotated[Number, at_least(0)] = 0.0
    """Expected value that the second segment must add."""
    promoted_share: ShareFile | None = None
    """How many may be moved at most."""
    agent_fit: AgentFitFile | None = None
    """Takes the lesser objective where its best agent is likelier; not looked at if not said."""


class ConstantFile(Strict):
    """The third arm of the experiment: everybody is handled by one segment."""

    segment: Attribute
    """The segment."""
    share: Annotated[Share, at_least(0, 0.5)]
    """The share of slices."""


class ControlFile(Strict):
    """The built-in experiment."""

    slices: Annotated[Duration, lasting(60, 86_400)]
    """The length of a slice of time."""
    share: Annotated[Share, at_least(0, 0.5)]
    """The share of slices in which decisions are not applied."""
    constant: ConstantFile | None = None
    """A policy without a model, which the decisions have to beat."""
    calls: Annotated[Share, at_least(0, 0.5)] = 0.0
    """The share of single calls whose decisions are not applied: for the log, they prove nothing."""
    explore: Annotated[Share, at_least(0, 0.2)] = 0.0
    """The chance that each of the other segments a caller fits is taken instead, and logged."""


class SegmentsFile(Strict):
    """All of segments.yaml."""

    outcomes: dict[Attribute, OutcomeFile] = Field(default_factory=dict)
    """What an interaction may come to."""
    objectives: Annotated[dict[Attribute, ObjectiveFile], Field(min_length=1)]
    """What the contact centre wants."""
    segments: Annotated[dict[Attribute, SegmentFile], Field(min_length=1)]
    """The classes of customers."""
    guards: GuardsFile = GuardsFile()
    """What a change must be worth, and how many may be moved."""
    control: ControlFile | None = None
    """The built-in experiment: random slices of time, decided and logged, not applied."""
    deadline: Annotated[Duration, lasting(0.005, 1)] = 0.15
    """Past it the first segment stands."""
    factors: dict[Attribute, Annotated[FactorFile, BeforeValidator(_kind), FACTOR]] = Field(
        default_factory=dict
    )
    """List columns that models may learn from."""
