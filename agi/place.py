"""A caller who waits in a queue would rather be called back: promises it and keeps the place, or lets them
wait on; who is called back and when is the rules' and the dialer's."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from agi.channel import Channel
from config.variables import Next, Variable
from strategies.numbers import normalise
from strategies.store import Store, StoreUnavailable
from strategies.store.promises import promise_caller

log = structlog.get_logger(__name__)

LONGEST = 86_400.0  # seconds; a moment of entry that lies further back is none


class PlaceHook:
    """Asked with the queue and the moment the caller entered it (epoch seconds). SP_NEXT is `hangup` where
    the promise stands, and `hold` in any other case: nobody is sent away with nothing."""

    def __init__(self, store: Store, country: str, clock: Callable[[], float] = time.time) -> None:
        self._store, self._country, self._clock = store, country, clock

    async def __call__(self, channel: Channel) -> None:
        """Sets SP_NEXT."""
        queue, entered = (*channel.arguments, "", "")[:2]
        number = normalise(channel.environment.get("agi_callerid", ""), self._country)
        promised = None
        if number is not None:
            try:
                since = self._since(entered)
                promised = await promise_caller(self._store, queue, number, since, self._clock)
            except StoreUnavailable as error:
                log.warning("callback.store_unavailable", error=str(error))
        if promised is not None:
            log.info("callback.place_kept", campaign=promised.sub, queue=queue)
        await channel.set_variable(Variable.NEXT, Next.HOLD if promised is None else Next.HANGUP)

    def _since(self, entered: str) -> float:
        """When the caller began to wait; now where the dialplan told nothing that could be."""
        now = self._clock()
        since = float(entered) if entered.isascii() and entered.isdigit() else now
        return since if now - LONGEST < since < now else now
