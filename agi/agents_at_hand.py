"""The agents who could take a call and what each made of every objective so far, read anew while calls go on;
what follows from it is `strategies.agent_fit`'s."""

from __future__ import annotations

import asyncio
import contextlib

from strategies.agent_fit import AgentRecord
from strategies.segments import Catalogue
from strategies.store import Store, StoreUnavailable
from strategies.store.seats import agent_record

LOOK = 1.0  # seconds between two readings
OLD = 10.0  # seconds after which what the bridge told of the agents is not gone by


class AgentsAtHand:
    """One per server: kept while the catalogue is replaced. Reads only where that looks at agents."""

    def __init__(self) -> None:
        self._wanted = False
        self._read_at = 0.0
        self._records: tuple[AgentRecord, ...] = ()

    def hold_to(self, catalogue: Catalogue) -> None:
        """Read what this catalogue looks at."""
        self._wanted = catalogue.guards.agent_fit is not None

    def records(self, now: float) -> tuple[AgentRecord, ...]:
        """Everybody who works; nobody where what is known is too old to go by."""
        return self._records if now - self._read_at <= OLD else ()

    async def look(self, store: Store) -> None:
        """Read who is at what, and the tallies."""
        seats = await store.seats() if self._wanted else None
        if seats is None:
            self._records = ()
            return
        tallies = await store.tallies()
        self._read_at = seats.at
        self._records = tuple(agent_record(seat, tallies.get(seat.interface, {})) for seat in seats.seats)

    async def keep_up(self, store: Store) -> None:
        """Look until cancelled; while the store is away what was read last holds until it is too old."""
        while True:
            with contextlib.suppress(StoreUnavailable):
                await self.look(store)
            await asyncio.sleep(LOOK)
