"""What segments, objectives and outcomes are; reading them from YAML is left to `config`, choosing among them
to `strategies.segmentation`."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from math import isfinite

Names = Mapping[str, object]
"""What a formula may look at: `contact`, `p`, `ev` and `queue`, each a mapping of names to values."""


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message starts with the path at fault and names the mend."""


class ScopeKind(StrEnum):
    """How long a re-association lasts."""

    INTERACTION = "interaction"
    TTL = "ttl"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Scope:
    """How long the customer stays in the segment; `ttl` in seconds, for `ScopeKind.TTL` only."""

    kind: ScopeKind = ScopeKind.INTERACTION
    ttl: float | None = None

    def __post_init__(self) -> None:
        if (self.kind is ScopeKind.TTL) != (self.ttl is not None):
            raise CatalogueError("scope: a time goes with ttl and with nothing else; write {ttl: 7d}")


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression of the catalogue: its text, and the compiled callable that gives its value.

    Two formulas are equal when their texts are: a catalogue that was read again is the same catalogue.
    """

    text: str
    value: Callable[[Names], object] = field(compare=False, repr=False)

    outcomes: frozenset[str] = field(init=False, compare=False, repr=False)
    """The outcomes whose probability or expected value the text names (`p.NAME`, `ev.NAME`)."""
    attributes: frozenset[str] = field(init=False, compare=False, repr=False)
    """The contact's attributes that the text names."""

    def __post_init__(self) -> None:
        named = _names_in(self.text)
        object.__setattr__(self, "outcomes", frozenset(name for space, name in named if space in ("p", "ev")))
        object.__setattr__(self, "attributes", frozenset(name for space, name in named if space == "contact"))


def _names_in(text: str) -> frozenset[tuple[str, str]]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise CatalogueError(f"{text!r} is not an expression ({error.msg}); write it as in Python") from error
    return frozenset(
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an interaction may come to; `value` is what it is worth, `model` the name of the model for it.

    `cost` is what it takes to try for it, whether it comes true or not; in the unit of the value. `label`
    says of a call that is over whether it came true (None: see `strategies.outcomes`); `shadows` are models
    that are asked too and never acted on.
    """

    name: str
    value: Formula
    model: str
    cost: Formula | None = None
    label: Formula | None = None
    shadows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownAttribute:
    """A list column that models may look at: a number or a category, the texts that stand for no value, and
    the value where there is none (empty: missing)."""

    name: str
    number: bool = False
    missing: tuple[str, ...] = ("unknown",)
    default: str = ""


class Otherwise(StrEnum):
    """What is done where an objective is the right one and its queue cannot take the caller as it should."""

    FIRST = "first"  # the first segment keeps the caller
    WIDEN = "widen"  # every member of the queue may take the call, whatever their penalty
    CALLBACK = "callback"  # the caller is offered to be called back


@dataclass(frozen=True, slots=True)
class Room:
    """What an objective's own queue, `queue` in `needs`, must be like for a caller to be moved there."""

    needs: Formula
    otherwise: Otherwise = Otherwise.FIRST


@dataclass(frozen=True, slots=True)
class Objective:
    """What the contact centre wants for a segment, and the handling it gets; `wait_limit` in seconds."""

    name: str
    queue: str
    importance: float = 1
    metric: str = ""
    priority: int = 0
    penalty_max: int | None = None
    wait_limit: float | None = None
    offer: str | None = None
    prompt: str | None = None
    announcement: str | None = None
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A class of customers. A lower `rank` goes first; without `enter` no decision moves anybody in."""

    name: str
    rank: int
    objective: str
    default: bool = False
    enter: Formula | None = None
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class ShareLimit:
    """At most this fraction of the decisions of the last `per` seconds may move a customer."""

    limit: float
    per: float

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= 1 or self.per <= 0:
            raise CatalogueError(
                "guards.promoted_share: write a share of 0% to 100% per a time, {limit: 30%, per: 5m}"
            )


@dataclass(frozen=True, slots=True)
class AgentFit:
    """That the agents who could take the call are looked at: an agent's rate of success counts as if they
    had `prior` more tries at the rate of all, and a lesser objective is taken where its best agent is
    likelier by at least `margin`."""

    prior: float = 20.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.prior) and self.prior > 0 and 0 <= self.margin <= 1):
            raise CatalogueError("guards.agent_fit: write {prior: 20, margin: 0.05}, the prior above 0")


@dataclass(frozen=True, slots=True)
class Guards:
    """What holds changes back: the least gain in expected value, the share of customers moved, and agents who
    would do better at something else."""

    margin: float = 0.0
    promoted_share: ShareLimit | None = None
    agent_fit: AgentFit | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.margin) and self.margin >= 0):
            raise CatalogueError("guards.margin: must be 0 or more, in the unit of the outcomes' values")


@dataclass(frozen=True, slots=True)
class Constant:
    """The third arm: a fraction of the slices in which everybody is handled by this one segment."""

    segment: str
    share: float


@dataclass(frozen=True, slots=True)
class Control:
    """The built-in experiment: slices of so many seconds, and the fraction of them that changes nothing.

    `constant`: the policy without a model that the decisions have to beat. `calls`: the fraction of single
    calls that are decided and left alone, for the log only: they share agents with the others and prove
    nothing. `explore`: the chance that each of the other segments a caller fits is taken instead, so that the
    log can say what they would have come to.
    """

    slices: float
    share: float
    constant: Constant | None = None
    calls: float = 0.0
    explore: float = 0.0

    def __post_init__(self) -> None:
        if not 60 <= self.slices <= 86_400:
            raise CatalogueError("control.slices: a slice lasts from 1m to 24h; write 30m")
        if self.share < 0 or self.share + (self.constant.share if self.constant else 0.0) > 0.5:
            raise CatalogueError(
                "control.share: at most 50%, with that of constant: one slice of a matched pair stays treated"
            )
        if not (0 <= self.calls <= 0.5 and 0 <= self.explore <= 0.2):
            raise CatalogueError("control: calls is at most 50%, explore at most 20%")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, checked: one default segment, and every name that is used exists. `deadline` in seconds."""

    outcomes: Mapping[str, Outcome]
    objectives: Mapping[str, Objective]
    segments: Mapping[str, Segment]
    guards: Guards = field(default_factory=Guards)
    control: Control | None = None
    deadline: float = 0.15
    factors: Mapping[str, KnownAttribute] = field(default_factory=dict)
    version: str = field(init=False, compare=False, repr=False)
    """The same for catalogues that say the same: what a decision was made by."""
    attributes: frozenset[str] = field(init=False, compare=False, repr=False)
    """The contact's attributes that any of the formulas names: what a decision depends on."""

    def __post_init__(self) -> None:
        defaults = [segment.name for segment in self.segments.values() if segment.default]
        if len(defaults) != 1:
            raise CatalogueError(
                f"segments: {len(defaults)} are marked default; mark exactly one with default: true"
            )
        for segment in self.segments.values():
            self._check(segment)
        constant = self.control.constant if self.control else None
        if constant is not None and constant.segment not in self.segments:
            raise CatalogueError(f"control.constant.segment: there is no segment {constant.segment!r}")
        object.__setattr__(self, "version", sha256(repr(self).encode()).hexdigest()[:12])
        named = (formula.attributes for formula in self._formulas())
        object.__setattr__(self, "attributes", frozenset(chain.from_iterable(named)))

    def _formulas(self) -> list[Formula]:
        of_outcomes = [formula for one in self.outcomes.values() for formula in (one.value, one.cost)]
        conditions = [segment.enter for segment in self.segments.values()]
        rooms = [one.room.needs for one in self.objectives.values() if one.room is not None]
        return [formula for formula in (*of_outcomes, *conditions, *rooms) if formula is not None]

    def _check(self, segment: Segment) -> None:
        where = f"segments.{segment.name}"
        if segment.objective not in self.objectives:
            known = ", ".join(sorted(self.objectives))
            raise CatalogueError(f"{where}.objective: no objective {segment.objective!r}; there are: {known}")
        unknown = (segment.enter.outcomes if segment.enter else frozenset()) - self.outcomes.keys()
        if unknown:
            named = ", ".join(sorted(unknown))
            raise CatalogueError(
                f"{where}.enter: no outcome {named}; add it under outcomes or correct the name"
            )

    @property
    def default(self) -> Segment:
        """The segment of a customer nobody knows."""
        return next(segment for segment in self.segments.values() if segment.default)

    def objective_of(self, segment: Segment) -> Objective:
        """The objective a segment is handled by."""
        return self.objectives[segment.objective]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer for one interaction: a probability from 0 to 1, or None and the reason."""

    probability: float | None
    model: str
    version: str
    missing: str = ""
