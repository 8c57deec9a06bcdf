"""What segments, objectives and outcomes are; reading them from YAML is left to `config`, choosing among them
to `strategies.segmentation`."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "outcomes", _outcomes_named(self.text))


def _outcomes_named(text: str) -> frozenset[str]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise CatalogueError(f"{text!r} is not an expression ({error.msg}); write it as in Python") from error
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("p", "ev")
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an interaction may come to; `value` is what it is worth, `model` the name of the model for it."""

    name: str
    value: Formula
    model: str


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
class Guards:
    """What holds changes back: the least gain in expected value, and the share of customers moved."""

    margin: float = 0.0
    promoted_share: ShareLimit | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.margin) and self.margin >= 0):
            raise CatalogueError("guards.margin: must be 0 or more, in the unit of the outcomes' values")


@dataclass(frozen=True, slots=True)
class Control:
    """The built-in experiment: slices of so many seconds, and the fraction of them that changes nothing."""

    slices: float
    share: float

    def __post_init__(self) -> None:
        if not 60 <= self.slices <= 86_400:
            raise CatalogueError("control.slices: a slice lasts from 1m to 24h; write 30m")
        if not 0 <= self.share <= 0.5:
            raise CatalogueError(
                "control.share: at most 50%, since one slice of a matched pair stays treated"
            )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, checked: one default segment, and every name that is used exists. `deadline` in seconds."""

    outcomes: Mapping[str, Outcome]
    objectives: Mapping[str, Objective]
    segments: Mapping[str, Segment]
    guards: Guards = field(default_factory=Guards)
    control: Control | None = None
    deadline: float = 0.15

    def __post_init__(self) -> None:
        defaults = [segment.name for segment in self.segments.values() if segment.default]
        if len(defaults) != 1:
            raise CatalogueError(
                f"segments: {len(defaults)} are marked default; mark exactly one with default: true"
            )
        for segment in self.segments.values():
            self._check(segment)

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
