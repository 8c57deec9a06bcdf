"""The shape of segments.yaml and its way into the frozen catalogue; `strategies` chooses among segments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.checking import Problems, checked
from config.errors import Path_, shown
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
    nearest,
    wrong,
)
from config.schema_hints import written
from config.yaml_reader import Document
from strategies.expressions import ExpressionError, Vocabulary, compile_expression, segment_vocabulary
from strategies.segments import (
    Catalogue,
    Control,
    Formula,
    Guards,
    Objective,
    Outcome,
    Scope,
    ScopeKind,
    Segment,
    ShareLimit,
)


def _value(value: object) -> object:
    return f"{value}" if type(value) in (int, float) else value


def _scope(value: object) -> object:
    if value in ("interaction", "permanent"):
        return {"kind": value}
    if not isinstance(value, dict) or set(value) != {"ttl"}:
        raise wrong(f"{shown(value)} is not a scope", "write interaction, permanent or {ttl: 7d}")
    return {"kind": "ttl", **value}


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
    """The condition, over contact.ATTRIBUTE, p.OUTCOME, ev.OUTCOME, queue.waiting and queue.agents_free, by
    which a customer is moved into it; none moves nobody."""
    scope: Annotated[ScopeFile, BeforeValidator(_scope), SCOPE] | None = None
    """How long a move lasts: interaction (the default), permanent, or {ttl: 7d}."""


class ShareFile(Strict):
    """A cap on the share of customers moved."""

    limit: Share
    """The share of customers."""
    per: Annotated[Duration, lasting(1, 366 * 86_400)]
    """The interval it is counted over."""


class GuardsFile(Strict):
    """What holds changes back."""

    margin: Annotated[Number, at_least(0)] = 0.0
    """Expected value that the second segment must add."""
    promoted_share: ShareFile | None = None
    """How many may be moved at most."""


class ControlFile(Strict):
    """The built-in experiment."""

    slices: Annotated[Duration, lasting(60, 86_400)]
    """The length of a slice of time."""
    share: Annotated[Share, at_least(0, 0.5)]
    """The share of slices in which decisions are not applied."""


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


def segments(document: Document) -> tuple[Catalogue | None, Problems]:
    """The document as a catalogue, and every mistake in it; None where there is one."""
    file, problems = checked(document, SegmentsFile)
    if file is None:
        return None, problems
    _check_names(file, problems)
    outcomes = {name: _outcome(name, one, problems) for name, one in file.outcomes.items()}
    names = segment_vocabulary(frozenset(file.outcomes))
    found = {name: _segment(name, one, names, problems) for name, one in file.segments.items()}
    return (None if problems.errors else _catalogue(file, outcomes, found)), problems


def _check_names(file: SegmentsFile, problems: Problems) -> None:
    defaults = [name for name, segment in file.segments.items() if segment.default]
    if not defaults:
        mend = "mark the segment of customers nobody knows with default: true"
        problems.add(("segments",), "none is the default", mend, unless=(("segments",),))
    for name in defaults[1:]:
        problems.add(
            ("segments", name, "default"), f"{defaults[0]} is the default already", "keep one of the two"
        )
    for name, segment in file.segments.items():
        if segment.objective not in file.objectives:
            path: Path_ = ("segments", name, "objective")
            message = f"there is no objective {shown(segment.objective)}"
            mend = nearest(segment.objective, list(file.objectives))
            problems.add(path, message, mend, unless=(("objectives", segment.objective),))


def _formula(path: Path_, text: str, names: Vocabulary, problems: Problems) -> Formula | None:
    try:
        return Formula(text, compile_expression(text, names=names).value)
    except ExpressionError as error:
        message = f"{shown(text)}, character {error.column}: {error.message}"
        problems.add(path, message, unless=(("outcomes",),))
        return None


def _outcome(name: str, one: OutcomeFile, problems: Problems) -> Outcome | None:
    value = _formula(("outcomes", name, "value"), one.value, segment_vocabulary(frozenset()), problems)
    return Outcome(name, value, one.model) if value else None


def _segment(name: str, one: SegmentFile, names: Vocabulary, problems: Problems) -> Segment:
    enter = _formula(("segments", name, "enter"), one.enter, names, problems) if one.enter else None
    scope = Scope(ScopeKind(one.scope.kind), one.scope.ttl) if one.scope else Scope()
    return Segment(name, one.rank, one.objective, one.default, enter, scope)


def _catalogue(
    file: SegmentsFile, outcomes: dict[str, Outcome | None], found: dict[str, Segment]
) -> Catalogue:
    share = file.guards.promoted_share
    return Catalogue(
        outcomes={name: outcome for name, outcome in outcomes.items() if outcome is not None},
        objectives={name: _objective(name, one) for name, one in file.objectives.items()},
        segments=found,
        guards=Guards(file.guards.margin, ShareLimit(share.limit, share.per) if share else None),
        control=Control(file.control.slices, file.control.share) if file.control else None,
        deadline=file.deadline,
    )


def _objective(name: str, one: ObjectiveFile) -> Objective:
    return Objective(
        name=name,
        queue=one.queue,
        importance=one.importance,
        metric=one.metric or "",
        priority=one.priority,
        penalty_max=one.penalty_max,
        wait_limit=one.wait_limit,
        offer=one.offer,
        prompt=one.prompt,
        announcement=one.announcement,
    )
