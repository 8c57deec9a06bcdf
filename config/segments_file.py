"""segments.yaml and its way into the frozen catalogue; `strategies` chooses among segments."""

from __future__ import annotations

from config.checking import Problems, checked
from config.errors import Path_, shown
from config.scalars import nearest
from config.segments_words import (
    ControlFile,
    GuardsFile,
    ObjectiveFile,
    OutcomeFile,
    RoomFile,
    SegmentFile,
    SegmentsFile,
)
from config.yaml_reader import Document
from strategies.expressions import (
    ExpressionError,
    Vocabulary,
    compile_expression,
    outcome_vocabulary,
    room_vocabulary,
    segment_vocabulary,
)
from strategies.segments import (
    AgentFit,
    Catalogue,
    Constant,
    Control,
    Formula,
    Guards,
    KnownAttribute,
    Objective,
    Outcome,
    Room,
    Scope,
    ScopeKind,
    Segment,
    ShareLimit,
)


def segments(document: Document) -> tuple[Catalogue | None, Problems]:
    """The document as a catalogue, and every mistake in it; None where there is one."""
    file, problems = checked(document, SegmentsFile)
    if file is None:
        return None, problems
    _check_names(file, problems)
    outcomes = {name: _outcome(name, one, problems) for name, one in file.outcomes.items()}
    names = segment_vocabulary(frozenset(file.outcomes))
    found = {name: _segment(name, one, names, problems) for name, one in file.segments.items()}
    objectives = {name: _objective(name, one, problems) for name, one in file.objectives.items()}
    return (None if problems.errors else _catalogue(file, outcomes, objectives, found)), problems


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
    constant = file.control.constant if file.control else None
    if constant is not None and constant.segment not in file.segments:
        message = f"there is no segment {shown(constant.segment)}"
        path = ("control", "constant", "segment")
        problems.add(path, message, nearest(constant.segment, list(file.segments)))
    if file.control is not None and file.control.share + (constant.share if constant else 0.0) > 0.5:
        message = "is above 50% with that of constant"
        problems.add(
            ("control", "share"), message, "one slice of a matched pair stays treated: lower one of them"
        )


def _formula(path: Path_, text: str, names: Vocabulary, problems: Problems) -> Formula | None:
    try:
        return Formula(text, compile_expression(text, names=names).value)
    except ExpressionError as error:
        message = f"{shown(text)}, character {error.column}: {error.message}"
        problems.add(path, message, unless=(("outcomes",),))
        return None


def _outcome(name: str, one: OutcomeFile, problems: Problems) -> Outcome | None:
    names = segment_vocabulary(frozenset())
    value = _formula(("outcomes", name, "value"), one.value, names, problems)
    cost = _formula(("outcomes", name, "cost"), one.cost, names, problems) if one.cost else None
    label = (
        _formula(("outcomes", name, "label"), one.label, outcome_vocabulary(), problems)
        if one.label
        else None
    )
    return Outcome(name, value, one.model, cost, label, one.shadows) if value else None


def _segment(name: str, one: SegmentFile, names: Vocabulary, problems: Problems) -> Segment:
    enter = _formula(("segments", name, "enter"), one.enter, names, problems) if one.enter else None
    scope = Scope(ScopeKind(one.scope.kind), one.scope.ttl) if one.scope else Scope()
    return Segment(name, one.rank, one.objective, one.default, enter, scope)


def _catalogue(
    file: SegmentsFile,
    outcomes: dict[str, Outcome | None],
    objectives: dict[str, Objective],
    found: dict[str, Segment],
) -> Catalogue:
    return Catalogue(
        outcomes={name: outcome for name, outcome in outcomes.items() if outcome is not None},
        objectives=objectives,
        segments=found,
        guards=_guards(file.guards),
        control=_control(file.control) if file.control else None,
        deadline=file.deadline,
        factors={
            name: KnownAttribute(name, one.kind == "number", one.missing, one.default or "")
            for name, one in file.factors.items()
        },
    )


def _guards(file: GuardsFile) -> Guards:
    share, fit = file.promoted_share, file.agent_fit
    return Guards(
        file.margin,
        ShareLimit(share.limit, share.per) if share else None,
        AgentFit(fit.prior, fit.margin) if fit else None,
    )


def _control(file: ControlFile) -> Control:
    constant = file.constant
    return Control(
        file.slices,
        file.share,
        Constant(constant.segment, constant.share) if constant else None,
        file.calls,
        file.explore,
    )


def _room(path: Path_, one: RoomFile, problems: Problems) -> Room | None:
    needs = _formula((*path, "needs"), one.needs, room_vocabulary(), problems)
    return Room(needs, one.otherwise) if needs else None


def _objective(name: str, one: ObjectiveFile, problems: Problems) -> Objective:
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
        room=_room(("objectives", name, "room"), one.room, problems) if one.room else None,
    )
