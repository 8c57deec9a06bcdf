"""What the bridge and whoever counts need: the bridge's lease, the ledger as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies.store.codec import read_plain
from strategies.store.connection import Door, unnested
from strategies.store.lines import Line, packed


class Desk(Door):
    """Who may dial, and the ledger."""

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

    async def append(self, line: Line, *, at: float) -> None:
        """A ledger line on its own, for what no other function writes (a call that entered and was not
        decided)."""
        [[written, adds]] = packed([line], at=at)
        figures = self._keys.figures(str(line.get("campaign", "")))
        await self._call("append", (self._keys.ledger, figures), {"lines": [[written, adds]]})

    async def ledger(self, after: str = "-", count: int = 1000) -> list[tuple[str, dict[str, Any]]]:
        """Lines after a stream id (`-`: from the start) with their ids, the oldest first."""
        start = "-" if after == "-" else f"({after}"
        entries = await self._command("XRANGE", self._keys.ledger, start, "+", "COUNT", count)
        return [_line(identity, body) for identity, body in unnested(entries)]


def _line(identity: bytes, body: Any) -> tuple[str, dict[str, Any]]:
    pairs: Mapping[bytes, bytes] = (
        body if isinstance(body, dict) else dict(zip(body[::2], body[1::2], strict=True))
    )
    return identity.decode(), read_plain(pairs[b"line"])
