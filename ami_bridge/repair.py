"""After each login, and whenever events may have been missed: agents and attempts are set right by a
snapshot of Asterisk; what became of which attempt is `reconcile`'s to say, and the records' of `logged`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.attempt_keeper import AttemptKeeper
from ami_bridge.dialer import Dialer
from ami_bridge.errors import AmiError
from ami_bridge.link import AmiLink
from ami_bridge.logged.gap import Gap
from ami_bridge.reconcile import Findings, compare
from ami_bridge.set_within import set_within
from ami_bridge.snapshot import LiveChannel, snapshot
from config.variables import Context
from strategies.attempts import FactName, Intent
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import VOICE, Medium

log = structlog.get_logger(__name__)

AGAIN = 1.0  # seconds until a repair that could not be made is tried again
UNDECIDED_AGAIN = 2.0  # seconds until attempts are looked at again whose channel was still to come


class Repair:
    """`due` asks for a repair; the dialer waits for it."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts that are set right
        self,
        store: Store,
        link: AmiLink,
        board: QueueBoard,
        keeper: AttemptKeeper,
        dialer: Dialer,
        clock: Callable[[], float],
        gap: Gap | None = None,
    ) -> None:
        self._store, self._link, self._gap = store, link, gap
        self._board, self._keeper, self._dialer, self._clock = board, keeper, dialer, clock
        self.due = asyncio.Event()

    async def run(self) -> None:
        """Repair whenever it is due, until cancelled."""
        again: float | None = None
        while True:
            await set_within(self.due, again)
            self.due.clear()
            try:
                undecided = (await self.once()).undecided
                again = UNDECIDED_AGAIN if undecided or (self._gap and self._gap.is_open) else None
            except (AmiError, StoreUnavailable) as error:
                log.warning("bridge.repair_failed", error=str(error))
                again = AGAIN if self._link.connected else None

    async def once(self) -> Findings:
        """One repair. Raises AmiError or StoreUnavailable where it could not be made."""
        live = [one for one in await self._store.live() if one[0].medium in VOICE]
        # Read after the store and before the snapshot: what is not awaited now has its channel if it got one.
        awaited = self._dialer.awaited(self._clock())
        with self._link.held():
            seen = await snapshot(self._link)
            now = self._clock()
            self._board.replace(seen.queues.values(), now, seen.pool)
        found = compare(live, seen.channels, awaited, now)
        await self._adopt(found, seen.channels)
        await self._end(found, [intent for intent, _ in live], seen.channels)
        self._dialer.set_right(seen.generation)
        log.info(
            "bridge.repaired",
            live=len(live),
            gone=len(found.gone),
            undecided=len(found.undecided),
            queues=len(seen.queues),
        )
        return found

    async def _end(
        self, found: Findings, live: Sequence[Intent], channels: Mapping[str, LiveChannel]
    ) -> None:
        """Whose channel is gone: by what Asterisk wrote of the call, where nobody heard it; else it is only
        gone."""
        ends = dict(found.gone)
        gone = [intent for intent in live if intent.attempt in ends]
        told = {} if self._gap is None else await self._gap.close(gone, channels)
        for attempt, only_gone in found.gone:
            facts = told.get(attempt, [])
            known = {fact.name for fact in await self._store.facts(attempt)} if facts else set()
            over = any(fact.name is FactName.HUNG_UP for fact in facts)
            for fact in [*facts, *([] if over else [only_gone])]:
                if fact.name not in known:
                    self._keeper.hear(attempt, fact)

    async def _adopt(self, found: Findings, channels: Mapping[str, LiveChannel]) -> None:
        """Calls that are up, whoever asked for them: their hang-up is to come, and they take channels and
        agents."""
        for intent in found.up:
            self._keeper.saw_channel(intent.attempt)
            self._dialer.adopt(intent, to_agent=_still_to_reach_queue(intent, channels[intent.attempt]))
        for attempt in found.adopted:
            await self._store.placed(attempt)


def _still_to_reach_queue(intent: Intent, channel: LiveChannel) -> bool:
    """Whether an agent must be kept for it; in the queue's context it waits, or talks to one, already."""
    return intent.medium is Medium.DIALER and channel.context != Context.AGENT
