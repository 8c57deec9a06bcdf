"""The sub-campaigns as the store last told them, begun and ended by the clock; who starts, pauses and stops
them writes to the store, not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from strategies.contacts import Contact
from strategies.engine import OVER, advance
from strategies.state import ContactState, SubCampaign, due_at
from strategies.store import Put, Store
from strategies.vocabulary import RunState

KEEPER = "bridge"  # who the audit names for what follows from the clock or from the last contact's end
STEP = 500  # contacts brought to their end in one look
NOBODY: Mapping[str, int] = MappingProxyType({})


class SubCampaigns:
    """A copy that `refresh` renews; highest priority first. `slowed` are those a rule slows just now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, SubCampaign] = {}
        self.slowed: frozenset[str] = frozenset()

    async def refresh(self) -> None:
        """Read anew all sub-campaigns that are not over."""
        self._known = {sub.name: sub for sub in await self._store.open_subs()}

    def known(self) -> list[SubCampaign]:
        """All that are not over, as the copy has them."""
        return list(self._known.values())

    async def get(self, name: str) -> SubCampaign | None:
        """One by name, running or not; read from the store where the copy lacks it."""
        return self._known.get(name) or await self._store.sub(name)

    async def standing(self, sub: SubCampaign, contact: str) -> tuple[Contact, ContactState] | None:
        """A contact and where it stands; None if it is not attached, or was erased."""
        who, state = await self._store.contact(contact), await self._store.state(sub.name, contact)
        return None if who is None or state is None else (who, state)

    async def turn(self, now: float) -> None:
        """Start those whose moment has come, let everybody be judged by the overrides that have begun or
        ended, and bring those to an end whose time is up, that were stopped or have nobody left."""
        for sub in self._known.values():
            await self._store.turn_phases(sub, now)
            if sub.run_state is RunState.SCHEDULED and (sub.starts is None or sub.starts <= now):
                await self._store.set_run_state(sub.name, RunState.RUNNING, by=KEEPER)
            if sub.run_state in OVER or (sub.ends is not None and sub.ends <= now):
                await self._bring_to_an_end(sub, now)
            else:
                await self._end_detached(sub, now)
                await self._complete(sub)

    async def _bring_to_an_end(self, sub: SubCampaign, now: float) -> None:
        """Everybody who waits ends with the reason; once nobody is left it is over, and read no more."""
        in_progress = (await self._store.counters(sub.name)).in_progress
        if not await self._end(sub, await self._store.waiting(sub.name, STEP), now) and not in_progress:
            if sub.run_state not in OVER:
                await self._store.set_run_state(sub.name, RunState.COMPLETED, by=KEEPER)
            await self._store.close_sub(sub.name)

    async def _end_detached(self, sub: SubCampaign, now: float) -> None:
        detached = [each.index for each in sub.attached.values() if each.detached]
        if detached:
            await self._end(sub, await self._store.waiting(sub.name, STEP, detached), now)

    async def _complete(self, sub: SubCampaign) -> None:
        """One that runs and has nobody left is over, unless it is there for callers that a queue loses."""
        waits = any(going.recovery and going.recovery.queue for going in sub.campaign.passes)
        if sub.run_state is RunState.RUNNING and not waits:
            figures = await self._store.counters(sub.name)
            if 0 < figures.contacts <= figures.ended and not figures.in_progress:
                await self._store.set_run_state(sub.name, RunState.COMPLETED, by=KEEPER)

    async def _end(self, sub: SubCampaign, who: Sequence[tuple[Contact, ContactState]], now: float) -> int:
        """What the rules say to contacts of whom nothing more is to come; how many they were."""
        moves = [(contact, state, advance(contact, state, sub, now)) for contact, state in who]
        puts = [
            Put(contact.id, state.version, move, due_at(move.step, now)) for contact, state, move in moves
        ]
        await self._store.put_many(sub.name, puts)
        return len(puts)

    def running(self, now: float, under_way: Mapping[str, int] = NOBODY) -> list[SubCampaign]:
        """Those that may dial, in the order in which they may claim a person or an agent: by priority, and of
        the same priority who has the fewest calls to agents `under_way` (by sub-campaign)."""
        running = (
            replace(sub, slowed=True) if sub.name in self.slowed else sub
            for sub in self._known.values()
            if sub.run_state is RunState.RUNNING and (sub.ends is None or now < sub.ends)
        )
        return sorted(
            running, key=lambda sub: (-sub.campaign.priority, under_way.get(sub.name, 0), sub.created)
        )
