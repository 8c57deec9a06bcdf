"""The bridge's lease: one bridge at a time dials for a tenant; how a lease is kept is the store's."""

from __future__ import annotations

from ami_bridge.errors import BridgeError
from strategies.store import lease
from strategies.store.lease import new_owner

__all__ = ["BridgeRefused", "Lease", "new_owner"]


class BridgeRefused(BridgeError):
    """The bridge does not start, or may not go on; the message names the mend."""


class Lease(lease.Lease):
    """The right to dial for a tenant."""

    role = "bridge"
    refused = BridgeRefused

    async def _asked(self, seconds: float) -> bool:
        return await self._store.bridge_lease(self._owner, seconds)
