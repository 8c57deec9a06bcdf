"""What the bridge tells others and is told: its lease, and why it dials nobody; the ledger, rules over live
figures, erasure and backup have rooms of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from strategies.store.codec import text
from strategies.store.erasure import Erasure
from strategies.store.rules import Rules
from strategies.store.seats import SeatsRoom
from strategies.store.standings import Standings
from strategies.store.upkeep import Upkeep
from strategies.store.vault import Vault


@dataclass(frozen=True, slots=True)
class DialerStatus:
    """What the bridge says of itself at `at` (epoch seconds).

    `hindrance`: why it may dial nobody at all, None if it may. `held`: sub-campaign -> pass -> what the next
    call of the pass waits for.
    """

    at: float
    hindrance: str | None = None
    held: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_status = msgspec.json.Decoder(DialerStatus).decode


class Desk(Erasure, Standings, Vault, Upkeep, Rules, SeatsRoom):
    """Who may dial."""

    async def bridge_lease(self, owner: str, ttl: float) -> bool:
        """Be, or stay, the one bridge for `ttl` seconds; False while somebody else is."""
        return bool(
            await self._call(
                "bridge_lease", (self._keys.bridge,), {"owner": owner, "ttl_ms": int(ttl * 1000)}
            )
        )

    async def end_bridge_lease(self, owner: str) -> bool:
        """Let the next bridge start at once; False if the lease is another's."""
        return await self.bridge_lease(owner, 0)

    async def bridge_holder(self) -> str | None:
        """The bridge that holds the lease now."""
        raw = await self._command("GET", self._keys.bridge)
        return raw.decode() if raw else None

    async def put_dialer_status(self, status: DialerStatus) -> None:
        """What others may know of the dialer; the bridge's to write."""
        await self._command("SET", self._keys.dialer, text(status))

    async def dialer_status(self) -> DialerStatus | None:
        """What the bridge last said of its dialer; None if none ever ran."""
        raw = await self._command("GET", self._keys.dialer)
        return _status(raw) if raw else None
