"""The store as a whole: opened once per process, given to whoever needs it; each of its rooms has a file of
its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from strategies.store.attempts import Attempts
from strategies.store.callers import Callers
from strategies.store.configuration import Configuration
from strategies.store.desk import Desk
from strategies.store.embedded import EmbeddedServer
from strategies.store.facts import Facts
from strategies.store.imports import Imports
from strategies.store.learning import LearningRoom
from strategies.store.live_answers import LiveAnswers
from strategies.store.messages import Messages
from strategies.store.moments import Moments
from strategies.store.notes import Notes
from strategies.store.offers import Offers
from strategies.store.overrides import Overrides
from strategies.store.retold import Retold
from strategies.store.tokens import Tokens


class Store(
    Attempts,
    Imports,
    Overrides,
    Messages,
    Facts,
    Callers,
    Desk,
    Moments,
    Configuration,
    LiveAnswers,
    Offers,
    Retold,
    LearningRoom,
    Notes,
    Tokens,
):
    """The only door to Redis. Every method raises StoreUnavailable while the server cannot be used, and
    works again by itself when it is back; after a cut link no write is ever repeated."""

    _embedded: EmbeddedServer | None

    @classmethod
    async def open(
        cls,
        url: str | None,
        data_dir: Path,
        tenant: str,
        *,
        clock: Callable[[], float] = time.time,
        durable: bool = True,
    ) -> Store:
        """Connect to `url`, or to the built-in server of `data_dir` when it is None, which is started if
        need be.

        `clock` gives epoch seconds. Not `durable`: claims do not wait for the disk, which is for simulations;
        nobody may be called by such a store. Raises StoreUnavailable, or StoreUnfit for a server that must
        not be used.
        """
        embedded = EmbeddedServer(data_dir, durable=durable) if url is None else None
        if embedded is not None:
            await embedded.ensure()
        store = cls(embedded.url if embedded else str(url), tenant, clock)
        store._embedded = embedded
        store._snapshots, store._told = {}, {}
        try:
            if not durable:
                await store._trust(embedded.url if embedded else str(url))
            await store._prepare()
        except BaseException:
            await store.close()
            raise
        return store

    async def revive(self) -> None:
        """After StoreUnavailable: start the built-in server again if it died, and check the server anew."""
        if self._embedded is not None:
            await self._embedded.ensure()
        await self._prepare()

    async def close(self) -> None:
        """Let go; the built-in server ends with the last process that uses it."""
        await self._disconnect()
        if self._embedded is not None:
            await self._embedded.leave()
