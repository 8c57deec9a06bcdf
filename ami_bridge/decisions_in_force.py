"""The decision that each call was last handled by and what was known when it came in, from the ledger as it
grows; deciding anew is left to `ami_bridge.waiting`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from strategies.store import Store
from strategies.vocabulary import Kind

BEFORE = 1_800.0  # seconds before the start from which the ledger is read: somebody may wait since then
KEPT = 20_000  # decisions; more callers than that do not wait
PAGE = 1_000
ENTERED = f'"kind":"{Kind.CALL_ENTERED}"'.encode()

T = TypeVar("T")


class DecisionsInForce:
    """Read on before each use: it costs one round trip where nothing was written."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._after = f"{round((clock() - BEFORE) * 1000)}-0"
        self._lines: dict[str, dict[str, Any]] = {}
        self._known: dict[str, Mapping[str, float | str]] = {}

    async def read(self) -> None:
        """Take in what was written since. Raises StoreUnavailable."""
        while True:
            page = await self._store.ledger_texts(self._after, PAGE)
            for identity, written in page:
                self._after = identity
                if b'"decision":{' in written or ENTERED in written:
                    self._take(json.loads(written))
            if len(page) < PAGE:
                return

    def of(self, call: str) -> dict[str, Any] | None:
        """The newest ledger line with a decision about this call."""
        return self._lines.get(call)

    def known(self, call: str) -> Mapping[str, float | str]:
        """The factors when this call came in; none where nothing was foreseen."""
        return self._known.get(call, {})

    def _take(self, line: dict[str, Any]) -> None:
        call = line["interaction"]
        if "decision" in line:
            _put(self._lines, call, line)
        else:
            _put(self._known, call, line.get("factors", {}))


def _put(into: dict[str, T], call: str, what: T) -> None:
    into.pop(call, None)
    into[call] = what
    while len(into) > KEPT:
        del into[next(iter(into))]
