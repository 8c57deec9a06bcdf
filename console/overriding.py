"""Overrides of running strategies as a person sets and cancels them: judged first, then written. What a patch
does is left to `config.patching`, keeping it to the store, asking for it to the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.campaigns import FINAL, named
from console.enrolling import entering
from console.launch import Ground, attributes_of, expressions, in_the_files, over_lists
from console.moments import local_moment
from console.refusal import Reason, RefusedError
from strategies.campaign import Campaign
from strategies.overrides import Override, Phase, latest_end
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from config.pass_rules import Scripts
    from config.project import Project
    from config.yaml_reader import Document
    from strategies.store import Store

TRIES = 5  # as often somebody else may change the plan of the same sub-campaign in between


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants overridden; `at` and `until` as written, None for now and for midnight."""

    patch: Document
    at: str | None = None
    until: str | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """An override, what holds without it when it begins and with it, and how many contacts are not through
    with each pass, and with the `campaign`; not yet kept if it was only tried."""

    sub: SubCampaign
    override: Override
    before: Campaign
    after: Campaign
    phases: tuple[Phase, ...]
    concerned: dict[str, int]


async def one_open(store: Store, name: str) -> SubCampaign:
    """The sub-campaign of that name, or the campaign's only one that is not over. Raises RefusedError."""
    subs = [sub for sub in await named(store, name) if sub.run_state not in FINAL]
    if len(subs) == 1:
        return subs[0]
    if not subs:
        raise RefusedError(
            f"{name} is over; nothing was changed", [Reason("only what runs can be overridden", "start it")]
        )
    known = ", ".join(sub.name for sub in subs)
    raise RefusedError(
        f"{name} runs more than once; nothing was changed", [Reason(known, "name one of them")]
    )


async def tried(store: Store, loaded: Project, name: str, wish: Wish) -> Laid:
    """What an override would do; nothing is kept. Raises RefusedError and ConfigErrors with every reason why
    it cannot be."""
    from config.patching import phases

    sub, now = await one_open(store, name), time.time()
    override = _override(sub, wish, now)
    launched, known = await store.launched(sub.name), await store.overrides(sub.name)
    scripts = await _scripts(store, loaded, sub)
    found = phases(launched, [*known, override], scripts, now=now, written={override.id: wish.patch})
    without = phases(launched, known, scripts, now=now)
    before = _holding(without, override.at, launched.campaign)
    mine = [one.campaign for one in found if override.id in one.overrides]
    await _refuse_what_cannot_run(store, loaded, sub, before, mine)
    waiting = await store.pass_waiting(sub.name)
    concerned = {"campaign": max(waiting.values()), **waiting}
    return Laid(sub, override, before, mine[0], found, concerned)


async def lay(store: Store, loaded: Project, name: str, wish: Wish) -> Laid:
    """Judge an override and keep it. Raises as `tried`; then nothing was changed."""
    for _ in range(TRIES):
        laid = await tried(store, loaded, name, wish)
        identity = await store.next_override_id(laid.sub.name)
        override = replace(laid.override, id=identity)
        phases = tuple(_renamed(one, laid.override.id, identity) for one in laid.phases)
        if await store.set_overrides(laid.sub, [override], phases):
            return replace(laid, override=override, phases=phases)
    raise _contended(name)


async def cancel(store: Store, loaded: Project, identity: str, *, by: str) -> Override:
    """End an override now, or keep it from beginning. Raises RefusedError where there is nothing to end."""
    from config.patching import phases

    for _ in range(TRIES):
        sub, override = await found(store, identity)
        now = time.time()
        if override.ends <= now:
            ended = local_moment(override.ends, sub.campaign.zone)
            raise RefusedError(f"{identity} holds no more since {ended}; nothing was changed")
        cancelled = replace(override, cancelled_at=now)
        remain = [cancelled if one.id == identity else one for one in await store.overrides(sub.name)]
        launched = await store.launched(sub.name)
        left = phases(launched, remain, await _scripts(store, loaded, sub), now=now)
        if await store.cancel_override(sub, cancelled, left, by=by):
            return cancelled
    raise _contended(sub.name)


async def found(store: Store, identity: str) -> tuple[SubCampaign, Override]:
    """An override by its id, and its sub-campaign. Raises RefusedError."""
    name = identity.rpartition(".")[0]
    sub = await store.sub(name) if name else None
    known = await store.overrides(name) if sub is not None else []
    override = next((one for one in known if one.id == identity), None)
    if sub is None or override is None:
        there = ", ".join(one.id for one in known) or "none of that sub-campaign"
        reason = Reason(f"there are: {there}", "see secondpass override list")
        raise RefusedError(f'there is no override "{identity}"', [reason])
    return sub, override


async def _scripts(store: Store, loaded: Project, sub: SubCampaign) -> Scripts:
    """The project's scripts; those of overrides that still hold are as they were when these were set."""
    known, now = loaded.known_scripts(), time.time()
    phases = [one for one in (await store.plan(sub.name)).phases if now < one.ends]
    passes = (one for phase in phases for one in phase.campaign.passes)
    used = {one.script.name: one.script for one in passes if one.script is not None}
    return replace(known, found={**known.found, **used})


def _override(sub: SubCampaign, wish: Wish, now: float) -> Override:
    """The override of a wish, with its moments. Raises RefusedError."""
    from config.overrides_file import faults, moment

    zone = sub.campaign.zone
    reasons: list[Reason] = []
    moments = [now, 0.0]
    for place, (key, text) in enumerate((("--at", wish.at), ("--until", wish.until))):
        try:
            if text is not None:
                moments[place] = moment(text, zone, moments[0])
            elif place:
                moments[1] = latest_end(zone, moments[0])
        except ValueError as error:
            reasons.append(Reason(f"{key}: {error}", "write 17:00, or a moment such as 2030-01-31T17:00"))
    if not reasons:
        told = faults(moments[0], moments[1], zone, now)
        reasons = [Reason(f"--{key} {message}", mend) for key, message, mend in told]
    if reasons:
        raise RefusedError(f"{sub.name} was not overridden; nothing was changed", reasons)
    patch = wish.patch.data if isinstance(wish.patch.data, dict) else {}
    return Override(
        f"{sub.name}.new", max(now, moments[0]), moments[1], patch, wish.by, wish.reason, set_at=now
    )


def _holding(phases: Sequence[Phase], at: float, otherwise: Campaign) -> Campaign:
    return next((one.campaign for one in phases if one.begins <= at < one.ends), otherwise)


async def _refuse_what_cannot_run(
    store: Store, loaded: Project, sub: SubCampaign, before: Campaign, after: Sequence[Campaign]
) -> None:
    """Raises RefusedError with what would refuse a start of such a campaign, unless it is so without."""
    trunk, media = bool(loaded.settings.asterisk.trunks), loaded.settings.gateways.media()
    known = set(in_the_files(before, trunk=trunk, gateways=media))
    reasons = dict.fromkeys(
        reason
        for campaign in after
        for reason in in_the_files(campaign, trunk=trunk, gateways=media)
        if reason not in known
    )
    for campaign in after:
        if set(_attributes(campaign)) - set(_attributes(before)):
            lists = [name for name, one in sub.attached.items() if not one.detached]
            have = {name: (await entering(store, campaign, name)).attributes for name in lists}
            ground = Ground(await store.lists(), have, None)
            reasons |= dict.fromkeys(over_lists(campaign, lists, ground))
    if reasons:
        raise RefusedError(f"{sub.name} was not overridden; nothing was changed", list(reasons))


def _attributes(campaign: Campaign) -> Iterator[str]:
    for _, text in expressions(campaign):
        yield from attributes_of(campaign, text)


def _renamed(phase: Phase, old: str, new: str) -> Phase:
    return replace(phase, overrides=tuple(new if one == old else one for one in phase.overrides))


def _contended(name: str) -> RefusedError:
    reason = Reason("others change its overrides at this very moment", "try again")
    return RefusedError(f"{name} was not overridden; nothing was changed", [reason])
