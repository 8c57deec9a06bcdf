"""What holds when, while overrides of a running strategy begin and end: which are in force, the phases of a
sub-campaign that follow, and how their patches are laid over one another.

Whether a patch makes sense is left to `config.patching`, keeping it to the store.

Settled here, where the language leaves room: of several overrides the one that begins later is the later one,
of two that begin together the one that was set later. A later patch of a pass brings back a pass that an
earlier one has taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from strategies.campaign import Campaign
from strategies.state import SubCampaign
from strategies.windows import next_midnight

Patch = Mapping[str, Mapping[str, Any] | None]
"""Pass name (or `campaign`) to the keys that are replaced; None takes the pass out."""

KEPT = 86400.0  # seconds for which a phase that is over is known: attempts that began in it may still be up


@dataclass(frozen=True, slots=True)
class Override:
    """A change of a running strategy, in force on [at, until); all moments in epoch seconds.

    `by` and `reason` are for the audit; `set_at`: when it was set, `cancelled_at`: when somebody ended it
    before its time.
    """

    id: str
    at: float
    until: float
    patch: Patch
    by: str = ""
    reason: str = ""
    set_at: float = 0.0
    cancelled_at: float | None = None

    @property
    def ends(self) -> float:
        """The moment from which it holds no more; before `at` if it never began."""
        return self.until if self.cancelled_at is None else min(self.until, self.cancelled_at)


class Standing(StrEnum):
    """How an override stands at a moment."""

    TO_COME = "to_come"
    IN_FORCE = "in_force"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The overrides that hold on [begins, ends), the later ones last."""

    begins: float
    ends: float
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """The campaign as it holds on [begins, ends), with the ids of the overrides laid over it."""

    begins: float
    ends: float
    overrides: tuple[str, ...]
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a sub-campaign's phases; between them its snapshot holds. `revision` counts the
    changes of the plan."""

    revision: int = 0
    phases: tuple[Phase, ...] = ()


def standing(override: Override, now: float) -> Standing:
    """How the override stands at `now`."""
    if override.cancelled_at is not None and override.cancelled_at < override.until:
        return Standing.CANCELLED
    if now < override.at:
        return Standing.TO_COME
    return Standing.IN_FORCE if now < override.until else Standing.OVER


def latest_end(zone: str, at: float) -> float:
    """The moment at which an override that begins at `at` ends at the latest, and if nothing else is said:
    midnight in the campaign's zone."""
    return next_midnight(zone, at)


def stretches(overrides: Sequence[Override], now: float) -> list[Stretch]:
    """What is to hold from `now` on, in the order of time; `overrides` in the order in which they were set.

    Times in which nothing is in force have no stretch.
    """
    lasting = sorted((one for one in overrides if one.at < one.ends and now < one.ends), key=lambda o: o.at)
    moments = sorted({moment for one in lasting for moment in (one.at, one.ends)})
    found = [
        Stretch(begins, ends, tuple(one for one in lasting if one.at <= begins and ends <= one.ends))
        for begins, ends in pairwise(moments)
    ]
    return [stretch for stretch in found if stretch.overrides and now < stretch.ends]


def merged(patches: Iterable[Patch]) -> dict[str, dict[str, Any] | None]:
    """The patches as one: the later wins, key by key."""
    result: dict[str, dict[str, Any] | None] = {}
    for patch in patches:
        for name, keys in patch.items():
            before = result.get(name) or {}
            result[name] = None if keys is None else {**before, **keys}
    return result


def spliced(old: Sequence[Phase], new: Sequence[Phase], now: float) -> tuple[Phase, ...]:
    """The phases of a plan that is changed at `now`: what has been stays as it was, what is to come is
    new."""
    been = [replace(one, ends=min(one.ends, now)) for one in old if one.begins < now < one.ends + KEPT]
    to_come = [replace(one, begins=max(one.begins, now)) for one in new if now < one.ends]
    return (*been, *to_come)


def as_of(sub: SubCampaign, plan: Plan, now: float) -> SubCampaign:
    """The sub-campaign as it holds at `now`; `sub` as it was launched."""
    current = next((one for one in plan.phases if one.begins <= now < one.ends), None)
    moments = (moment for one in plan.phases for moment in (one.begins, one.ends))
    return replace(
        sub,
        campaign=sub.campaign if current is None else current.campaign,
        overrides=() if current is None else current.overrides,
        plan=plan.revision,
        plan_until=min((moment for moment in moments if now < moment), default=None),
    )
