"""People who were to be recovered or called back and got through by themselves: nobody dials them then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ami_bridge.sub_campaigns import SubCampaigns
from strategies.engine import came_back
from strategies.numbers import normalise
from strategies.state import SubCampaign, due_at
from strategies.store import Store
from strategies.store.patience import until_stored

log = structlog.get_logger(__name__)


class CameBack:
    """`connected` is told of inbound callers with an agent; `run` looks whether we were after them."""

    def __init__(self, store: Store, subs: SubCampaigns, clock: Callable[[], float], country: str) -> None:
        self._store, self._subs, self._clock, self._country = store, subs, clock, country
        self._talks: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    def connected(self, caller_number: str) -> None:
        """A caller, by the number the network gave, talks to an agent."""
        number = normalise(caller_number, self._country)
        if number is not None:
            self._talks.put_nowait((number, self._clock()))

    async def run(self) -> None:
        """End the recoveries of who got through, and have the conversation count for the limits on calls
        about debts, until cancelled."""
        while True:
            number, at = await self._talks.get()
            await until_stored(lambda: self.talked(number, at))  # noqa: B023  awaited before the next

    async def talked(self, number: str, at: float) -> None:
        """Somebody with this number got an agent at that moment; telling it twice does no harm."""
        await self._store.spoke(number, at)
        await self.end_recoveries(number, at)

    async def end_recoveries(self, number: str, at: float) -> None:
        """End every recovery of the contacts with this number, and every call they were promised, that was
        open at that moment."""
        for contact_id in await self._store.contacts_of_number(number):
            for sub in self._subs.known():
                while not await self._ended(sub, contact_id, at):
                    log.debug("recovery.state_changed_meanwhile", campaign=sub.name)

    async def _ended(self, sub: SubCampaign, contact_id: str, at: float) -> bool:
        """False where somebody else wrote the contact's state at the same time: it is to be read again."""
        standing = await self._subs.standing(sub, contact_id)
        if standing is None:
            return True
        contact, state = standing
        if state.live is not None or not any(
            one is not None and one.made < at for one in (state.recovery, state.callback)
        ):
            return True
        now = self._clock()
        move = came_back(contact, state, sub, at, now)
        if not await self._store.put(sub.name, contact_id, state.version, move, due_at(move.step, now)):
            return False
        recovered = None if state.recovery is None else state.recovery.recovers
        log.info("recovery.came_back", campaign=sub.name, recovers=recovered)
        return True
