"""The sub-campaigns as the store last told them; who starts, pauses and stops them writes to the
store, not here."""

from __future__ import annotations

from strategies.contacts import Contact
from strategies.state import ContactState, SubCampaign
from strategies.store import Store
from strategies.vocabulary import RunState

KEEPER = "bridge"  # who the audit names for what follows from the clock or from the last contact's end


class SubCampaigns:
    """A copy that `refresh` renews; highest priority first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, SubCampaign] = {}

    async def refresh(self) -> None:
        """Read all sub-campaigns anew."""
        self._known = {sub.name: sub for sub in await self._store.subs()}

    async def get(self, name: str) -> SubCampaign | None:
        """One by name, running or not; read from the store where the copy lacks it."""
        return self._known.get(name) or await self._store.sub(name)

    async def standing(self, sub: SubCampaign, contact: str) -> tuple[Contact, ContactState] | None:
        """A contact and where it stands; None if it is not attached, or was erased."""
        who, state = await self._store.contact(contact), await self._store.state(sub.name, contact)
        return None if who is None or state is None else (who, state)

    async def turn(self, now: float) -> None:
        """Start those whose moment has come, and close those whose time is up or that have nobody left; let
        everybody be judged by the overrides that have begun or ended."""
        for sub in self._known.values():
            await self._store.turn_phases(sub, now)
            state = await self._next_state(sub, now)
            if state is not None:
                await self._store.set_run_state(sub.name, state, by=KEEPER)

    async def _next_state(self, sub: SubCampaign, now: float) -> RunState | None:
        if sub.run_state is RunState.SCHEDULED and (sub.starts is None or sub.starts <= now):
            return RunState.RUNNING
        if sub.run_state is not RunState.RUNNING:
            return None
        figures = await self._store.counters(sub.name)
        time_is_up = sub.ends is not None and sub.ends <= now
        nobody_left = 0 < figures.contacts <= figures.ended
        over = (time_is_up or nobody_left) and not figures.in_progress
        return RunState.COMPLETED if over else None

    def running(self, now: float) -> list[SubCampaign]:
        """Those that may dial, in the order in which they may claim a person."""
        running = (
            sub
            for sub in self._known.values()
            if sub.run_state is RunState.RUNNING and (sub.ends is None or now < sub.ends)
        )
        return sorted(running, key=lambda sub: (-sub.campaign.priority, sub.created))
