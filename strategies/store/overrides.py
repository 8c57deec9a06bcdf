"""Overrides of running strategies as they are kept: set and cancelled in one step with the plan that follows
from them, and told in the ledger as they begin and end; what a patch does to a campaign is decided before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from strategies.attempts import Intent
from strategies.campaign import Campaign
from strategies.engine import OVER
from strategies.overrides import Override, Phase, Plan, spliced
from strategies.state import SubCampaign
from strategies.store.codec import read_names, read_override, text
from strategies.store.ledger_stream import LedgerStream
from strategies.store.lines import Line, packed
from strategies.store.plans import kept, mark
from strategies.store.ranking import Ranking
from strategies.vocabulary import Kind

ROUSED = 10_000  # contacts in one step: some milliseconds of the server


class Overrides(Ranking, LedgerStream):
    """What is laid over the snapshots, and who laid it there."""

    async def next_override_id(self, sub: str) -> str:
        """An id nobody had: `NAME/N.K`, the Kth override of the sub-campaign NAME/N."""
        return f"{sub}.{await self._command('HINCRBY', self._keys.numbering, sub, 1)}"

    async def launched(self, sub: str) -> SubCampaign:
        """The sub-campaign as it was launched, nothing laid over it. Raises StoreError for an unknown one."""
        return await self._snapshot(sub)

    async def overrides(self, sub: str) -> list[Override]:
        """All overrides ever set, in the order in which they were."""
        kept_ones = await self._command("HVALS", self._keys.overrides(sub))
        return sorted((read_override(raw) for raw in kept_ones), key=_place)

    async def set_overrides(
        self, sub: SubCampaign, overrides: Sequence[Override], phases: Sequence[Phase]
    ) -> bool:
        """Keep overrides, with the phases that follow from them and all others, in one step.

        `sub`: as it was read when that was decided. False, and nothing is kept, if its plan has changed
        since: read it again.
        """
        new = [("override_set", one, None, _said(one)) for one in overrides]
        return await self._replan(sub, overrides, phases, [_changed(*one, by=one[1].by) for one in new])

    async def cancel_override(
        self, sub: SubCampaign, override: Override, phases: Sequence[Phase], *, by: str
    ) -> bool:
        """End an override now: nothing is claimed by it from the moment this returns. `phases`: those that
        remain. False if the plan has changed since `sub` was read."""
        line = _changed("override_cancelled", override, _said(override), None, by=by)
        return await self._replan(sub, [override], phases, [line])

    async def note_promoted(self, override: Override, version: str, *, by: str) -> None:
        """The audit of an override that was written into the strategy, which then has this version."""
        await self.changed(
            "override_promoted",
            by=by,
            campaign=override.id.rpartition(".")[0],
            override=override.id,
            old=_said(override),
            new={"strategy": version},
        )

    async def turn_phases(self, sub: SubCampaign, now: float) -> bool:
        """Tell, once each, which overrides have begun and ended by the phase `sub` was read in, and let
        everybody who waits be judged by it; whether there was something to tell.

        To be called with the sub-campaign as read, before anybody is judged by it.
        """
        told, rousing = self._turned.get(sub.name, ("", False))
        over = sub.run_state in OVER or (sub.ends is not None and sub.ends <= now)
        in_force = "" if over else mark(sub.overrides)
        if told == in_force and not rousing:
            return False
        if told != in_force and not await self._tell(sub, told, in_force, now):
            return False
        await self._put_in_order(sub)
        while await self.rouse(sub.name, now, ROUSED) == ROUSED:
            pass
        await self._command("HDEL", self._keys.control(sub.name), "rousing")
        self._turned[sub.name] = (in_force, False)
        return True

    async def campaign_of(self, intent: Intent) -> Campaign:
        """The campaign as it held when an attempt was claimed. Raises StoreError for an unknown
        sub-campaign."""
        snapshot = (await self._snapshot(intent.sub)).campaign
        if not intent.overrides:
            return snapshot
        plan = self._plans.get(intent.sub)
        for known in (plan, None):
            phases = (known or await self.plan(intent.sub)).phases
            found = next((one.campaign for one in phases if one.overrides == intent.overrides), None)
            if found is not None:
                return found
        return snapshot

    async def _replan(
        self, sub: SubCampaign, changed: Sequence[Override], phases: Sequence[Phase], told: Sequence[Line]
    ) -> bool:
        now = self._clock()
        old = await self.plan(sub.name)
        plan = Plan(sub.plan + 1, spliced(old.phases, phases, now))
        fields = kept(plan)
        forgotten = {mark(one.overrides) for one in old.phases} - fields.keys()
        done = await self._call(
            "replan",
            (
                self._keys.overrides(sub.name),
                self._keys.plan(sub.name),
                self._keys.control(sub.name),
                self._keys.ledger,
                self._keys.figures(sub.name),
            ),
            {
                "was": sub.plan,
                "revision": plan.revision,
                "overrides": [word for one in changed for word in (one.id, text(one))],
                "fields": [word for pair in fields.items() for word in pair],
                "forgotten": sorted(forgotten),
                "lines": packed(told, at=now, campaign=sub.name),
            },
        )
        return bool(done)

    async def _put_in_order(self, sub: SubCampaign) -> None:
        """Where this phase has another order than the one before, everybody's place changes."""
        control = self._keys.control(sub.name)
        last = await self._command("HGET", control, "order")
        launched = (await self._snapshot(sub.name)).campaign.order
        if (read_names(last) if last is not None else launched) != sub.campaign.order:
            await self.rank_anew(sub)
            await self._command("HSET", control, "order", text(sub.campaign.order))

    async def _tell(self, sub: SubCampaign, told: str, in_force: str, now: float) -> bool:
        """The lines of what has begun and ended; False if another process told them at this very moment."""
        known = {one.id: one for one in await self.overrides(sub.name)}
        lines = list(_turns(known, _names(told), _names(in_force), now))
        done = await self._call(
            "turn_phase",
            (self._keys.control(sub.name), self._keys.ledger, self._keys.figures(sub.name)),
            {"was": told, "phase": in_force, "lines": packed(lines, campaign=sub.name)},
        )
        return bool(done)


def _names(in_force: str) -> list[str]:
    return in_force.split(",") if in_force else []


def _turns(
    known: Mapping[str, Override], before: Sequence[str], after: Sequence[str], now: float
) -> Iterator[Line]:
    """What ends, then what begins, each at its own moment; earlier only with the whole sub-campaign."""
    for name in before:
        if name not in after:
            yield {**_of(known[name]), "kind": Kind.OVERRIDE_ENDED, "at": min(known[name].ends, now)}
    for name in after:
        if name not in before:
            one = known[name]
            yield {**_of(one), "kind": Kind.OVERRIDE_BEGAN, "at": one.at, "until": one.until}


def _changed(what: str, override: Override, old: object, new: object, *, by: str) -> Line:
    return {
        "kind": Kind.CHANGED,
        "what": what,
        "override": override.id,
        "old": old,
        "new": new,
        "by": by or None,
    }


def _of(override: Override) -> dict[str, object]:
    return {"override": override.id, "by": override.by or None, "reason": override.reason or None}


def _said(override: Override) -> dict[str, object]:
    return {
        "at": override.at,
        "until": override.until,
        "reason": override.reason,
        "patch": override.patch,
    }


def _place(override: Override) -> int:
    return int(override.id.rpartition(".")[2])
