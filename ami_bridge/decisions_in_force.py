"""The decision that each call was last handled by, from the ledger as it grows; deciding anew is left to
`ami_bridge.waiting`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from strategies.store import Store

BEFORE = 1_800.0  # seconds before the start from which the ledger is read: somebody may wait since then
KEPT = 20_000  # decisions; more callers than that do not wait
PAGE = 1_000


class DecisionsInForce:
    """Read on before each use: it costs one round trip where nothing was written."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._after = f"{round((clock() - BEFORE) * 1000)}-0"
        self._lines: dict[str, dict[str, Any]] = {}

    async def read(self) -> None:
        """Take in what was written since. Raises StoreUnavailable."""
        while True:
            page = await self._store.ledger_texts(self._after, PAGE)
            for identity, written in page:
                self._after = identity
                if b'"decision":{' in written:
                    self._take(json.loads(written))
            if len(page) < PAGE:
                return

    def of(self, call: str) -> dict[str, Any] | None:
        """The newest ledger line with a decision about this call."""
        return self._lines.get(call)

    def _take(self, line: dict[str, Any]) -> None:
        self._lines.pop(line["interaction"], None)
        self._lines[line["interaction"]] = line
        while len(self._lines) > KEPT:
            del self._lines[next(iter(self._lines))]
