"""The messenger's lease: one messenger at a time sends for a tenant; how a lease is kept is the store's."""

from __future__ import annotations

from messaging.errors import MessengerRefused
from strategies.store import lease


class Lease(lease.Lease):
    """The right to send for a tenant."""

    role = "messenger"
    refused = MessengerRefused

    async def _asked(self, seconds: float) -> bool:
        return await self._store.messenger_lease(self._owner, seconds)
