"""After a gap: what Asterisk's own records tell of the time in which nobody heard its events goes to where
the events would have gone; what they mean is left to `calls`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from ami_bridge.call_facts import ATTEMPT_PREFIX, is_inbound
from ami_bridge.came_back import CameBack
from ami_bridge.logged.calls import LoggedCall, caller_number, facts_of, hung_up_in_queue
from ami_bridge.logged.files import ALWAYS, AsteriskFiles
from ami_bridge.logged.queue_log import ABANDONED, CONNECTED
from ami_bridge.lost_callers import LostCallers
from strategies.attempts import Fact, Intent
from strategies.numbers import normalise
from strategies.recovery import LostCaller
from strategies.store import Store

log = structlog.get_logger(__name__)

DEAF = 60.0  # seconds in which a link may have been silent, and thought alive, before it was found dead
WRITTEN = 1.0  # seconds within which Asterisk has written the record of a call that is over

Retell = Callable[[float], Awaitable[object]]
"""Has the ledger told of calls since a moment (epoch seconds) of which the store knows nothing."""


async def nobody_retells(_since: float) -> None:
    """Where Asterisk's files are not known, what a lost store knew is lost."""


class Gap:
    """One per bridge. `files` None: they cannot be read here, and what nobody heard stays unknown."""

    def __init__(  # noqa: PLR0913  who is told, by name
        self,
        store: Store,
        files: AsteriskFiles | None,
        *,
        lost_callers: LostCallers,
        came_back: CameBack,
        clock: Callable[[], float],
        country: str,
        retell: Retell = nobody_retells,
    ) -> None:
        self._store, self._files, self._clock, self._country = store, files, clock, country
        self._lost_callers, self._came_back, self._retell = lost_callers, came_back, retell
        self._strangers: set[str] = set()  # calls of ours that were up when the store was found to be new

    async def close(self, gone: Sequence[Intent], up: Mapping[str, object]) -> dict[str, list[Fact]]:
        """What became of these attempts whose channel is `gone`, as far as it is written; callers who were
        lost or served meanwhile are dealt with. `up`: the channels there are, by unique id.

        Raises StoreUnavailable. Files that cannot be read are told in the log, and are no evidence.
        """
        heard, now = await self._store.heard_until(), self._clock()
        if self._files is not None:
            try:
                told = await self._read(self._files, heard, gone, up)
            except OSError as error:
                mend = "let this user read the files that asterisk.queue_log and asterisk.cdr name"
                log.error("gap.records_unreadable", error=str(error), mend=mend)
                told = {}
        else:
            told = {}
            if heard is not None and gone:
                log.info("gap.no_records", gone=len(gone), mend="name asterisk.queue_log and asterisk.cdr")
        await self._store.begin_hearing(now)
        return told

    async def _read(
        self, files: AsteriskFiles, heard: float | None, gone: Sequence[Intent], up: Mapping[str, object]
    ) -> dict[str, list[Fact]]:
        await self._retell_lost(heard, up)
        moments = [intent.at for intent in gone] + ([] if heard is None else [heard - DEAF])
        if not moments:
            return {}
        calls = await asyncio.to_thread(files.calls, min(moments))
        if any(intent.attempt not in calls or calls[intent.attempt].record is None for intent in gone):
            await asyncio.sleep(WRITTEN)
            calls = await asyncio.to_thread(files.calls, min(moments))
        if heard is not None:
            await self._callers(calls, heard - DEAF)
        told = {
            intent.attempt: facts_of(calls[intent.attempt], intent.medium, intent.ring)
            for intent in gone
            if intent.attempt in calls
        }
        log.info("gap.read", calls=len(calls), gone=len(gone), told=sum(map(bool, told.values())))
        return told

    async def _retell_lost(self, heard: float | None, up: Mapping[str, object]) -> None:
        """A store that has never heard of anything may have been lost: then the ledger is told all there is.
        Calls that are up in that moment are told of when they are over."""
        if heard is None:
            ours = [call for call in up if call.startswith(ATTEMPT_PREFIX)]
            self._strangers |= await self._store.unknown(ours)
        elif not self._strangers or not self._strangers.isdisjoint(up):
            return
        else:
            self._strangers.clear()
            await asyncio.sleep(WRITTEN)
        await self._retell(ALWAYS)

    @property
    def is_open(self) -> bool:
        """Whether calls are still up that only Asterisk's records will tell of."""
        return bool(self._strangers)

    async def _callers(self, calls: Mapping[str, LoggedCall], since: float) -> None:
        """Callers whom an inbound queue lost or served, in that order of time in which it did."""
        moments = [
            (entry.at, logged)
            for call, logged in calls.items()
            if is_inbound(call)
            for entry in (logged.first(CONNECTED) or logged.last(ABANDONED),)
            if entry is not None and entry.at >= since
        ]
        for at, logged in sorted(moments, key=lambda pair: pair[0]):
            number = normalise(caller_number(logged), self._country)
            if number is None:
                continue
            if logged.first(CONNECTED) is not None:
                await self._came_back.talked(number, at)
            elif hung_up_in_queue(logged):
                queue = logged.entries[-1].queue
                await self._lost_callers.recover(LostCaller(logged.call, queue, number, at))
