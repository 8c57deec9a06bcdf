"""Carries out what agents ask of themselves on their page: to be paused in their queues, or to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ami_bridge.errors import AmiError
from ami_bridge.link import AmiLink
from strategies.store import Store, StoreUnavailable
from strategies.store.seats import Wish

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
HOLDS = 10.0  # seconds; an older wish is forgotten: the agent has seen that nothing came of it
STORE_AGAIN = 1.0


class AgentWishes:
    """One per bridge. `leased`: whether this bridge may still work for its tenant."""

    def __init__(
        self, store: Store, link: AmiLink, clock: Callable[[], float], leased: Callable[[], bool]
    ) -> None:
        self._store, self._link, self._clock, self._leased = store, link, clock, leased

    async def run(self) -> None:
        """Carry out one after the other, until cancelled."""
        after = f"{round((self._clock() - HOLDS) * 1000)}-0"
        while True:
            try:
                for identity, wish in await self._store.wishes(after, BLOCK_MS):
                    after = identity
                    await self.carry_out(wish)
            except StoreUnavailable:
                await asyncio.sleep(STORE_AGAIN)

    async def carry_out(self, wish: Wish) -> None:
        """Have the agent paused, or not, in every queue. The page shows what Asterisk then tells."""
        if not self._leased() or self._clock() - wish.at > HOLDS:
            return
        headers = {"Interface": wish.interface, "Paused": "true" if wish.paused else "false"}
        if wish.reason:
            headers["Reason"] = wish.reason
        try:
            await self._link.call("QueuePause", headers)
        except AmiError as error:
            log.warning("agent.not_paused", agent=wish.interface, paused=wish.paused, error=str(error))
