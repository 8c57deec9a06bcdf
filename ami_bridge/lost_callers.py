"""Callers who hung up while they waited in an inbound queue, and whom a campaign has a pass to reach again;
what makes a recovery is the rules' to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ami_bridge.call_facts import HANGS_UP_WITHIN, is_inbound
from ami_bridge.events import AmiEvent, Hangup, QueueCallerAbandon
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.engine import lost_caller
from strategies.numbers import normalise
from strategies.recovery import LostCaller
from strategies.state import SubCampaign, due_at
from strategies.store import Store
from strategies.store.patience import until_stored

log = structlog.get_logger(__name__)


class LostCallers:
    """`hear` is told of inbound calls; `run` has who was lost called again where a campaign wants that."""

    def __init__(self, store: Store, subs: SubCampaigns, clock: Callable[[], float], country: str) -> None:
        self._store, self._subs, self._clock, self._country = store, subs, clock, country
        self._left: dict[str, tuple[LostCaller, float]] = {}  # call -> who left a queue, when
        self._lost: asyncio.Queue[LostCaller] = asyncio.Queue()

    def hear(self, event: AmiEvent, now: float) -> LostCaller | None:
        """Who was lost by this event: who left a queue and hung up with that. A queue says the same of
        callers whom a time-out or we ourselves took out of it."""
        match event:
            case QueueCallerAbandon(queue=queue, uniqueid=call, caller_number=caller) if is_inbound(call):
                self._left = {one: who for one, who in self._left.items() if now - who[1] <= HANGS_UP_WITHIN}
                number = normalise(caller, self._country)
                if number is not None:
                    self._left[call] = LostCaller(call, queue, number, now), now
            case Hangup(uniqueid=call) if call in self._left:
                lost, left_at = self._left.pop(call)
                if now - left_at <= HANGS_UP_WITHIN:
                    self._lost.put_nowait(lost)
                    return lost
        return None

    async def run(self) -> None:
        """Begin their recoveries, until cancelled."""
        while True:
            lost = await self._lost.get()
            await until_stored(lambda: self.recover(lost))  # noqa: B023  awaited before the next

    async def recover(self, lost: LostCaller) -> None:
        """One recovery for one loss, by whatever way and however often it is told: of the sub-campaign that
        comes first, and the first contact with the number. None while one who has it is to be called anyway.
        """
        if not await self._store.knows_lost(lost.call):
            await self._begin(lost)
            await self._store.note_lost(lost.call)

    async def _begin(self, lost: LostCaller) -> None:
        contacts = await self._store.contacts_of_number(lost.number)
        places = [(sub, contact) for sub in self._subs.running(self._clock()) for contact in contacts]
        for place in places:
            if await self._is_sought(*place):
                return
        for place in places:
            if await self._begun(*place, lost):
                return

    async def _is_sought(self, sub: SubCampaign, contact_id: str) -> bool:
        """Whether the contact is to be called for an earlier loss, or was promised a call."""
        state, now = await self._store.state(sub.name, contact_id), self._clock()
        if state is None:
            return False
        lost, promised = state.recovery, state.callback
        return (lost is not None and now < lost.expires) or (promised is not None and now < promised.until)

    async def _begun(self, sub: SubCampaign, contact_id: str, lost: LostCaller) -> bool:
        """Read anew where somebody else wrote the contact's state at the same time."""
        while standing := await self._subs.standing(sub, contact_id):
            contact, state = standing
            now = self._clock()
            move = lost_caller(contact, state, sub, lost, now)
            if move is None:
                return False
            if await self._store.put(sub.name, contact_id, state.version, move, due_at(move.step, now)):
                log.info("recovery.caller_lost", campaign=sub.name, queue=lost.queue, recovers=lost.call)
                return True
        return False
