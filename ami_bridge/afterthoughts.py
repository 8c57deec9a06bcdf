"""What agents note of a call that is over: written down once, with all that follows from it. What they note
while it is up is part of its result, which is the keeper's and `endings`' to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Fact, Intent, is_afterthought, promised
from strategies.callbacks import Wish
from strategies.engine import responded
from strategies.frozen import replace
from strategies.state import SubCampaign, due_at
from strategies.store import Store
from strategies.store.lines import noted
from strategies.store.patience import until_stored
from strategies.store.promises import promise
from strategies.vocabulary import OPT_OUT

log = structlog.get_logger(__name__)

AGAIN = 1.0  # seconds until a contact is looked at again whose attempt has not ended, or who is being called


class Afterthoughts:
    """One per bridge."""

    def __init__(self, store: Store, subs: SubCampaigns, clock: Callable[[], float]) -> None:
        self._store, self._subs, self._clock = store, subs, clock

    async def note(self, attempt: str, fact: Fact) -> None:
        """Return once a disposition that was noted after the call's end is in ledger and state, with
        do-not-call and callback if it asks for them; at once for any other, and for one told before."""
        if not is_afterthought(fact, await until_stored(lambda: self._store.facts(attempt))):
            return
        if await until_stored(lambda: self._store.is_noted(attempt, fact)):
            return
        intent = await until_stored(lambda: self._store.intent(attempt))
        sub = None if intent is None else await until_stored(lambda: self._subs.get(intent.sub))
        if intent is None or sub is None:
            return
        response = f"agent_{fact.value}"
        if response in sub.campaign.group(OPT_OUT):
            await until_stored(lambda: self._opt_out(intent, response))
        while not await until_stored(lambda: self._written(intent, sub, response)):  # noqa: ASYNC110  told by none
            await asyncio.sleep(AGAIN)
        again = promised([fact])
        if again is not None:
            wish = Wish(again.at, "disposition", again.agent, intent.device.address)
            await until_stored(lambda: promise(self._store, sub, intent.contact, wish, self._clock))
        await until_stored(lambda: self._store.set_noted(attempt, fact))
        log.info("attempt.noted", attempt=attempt, campaign=sub.name, response=response)

    async def _opt_out(self, intent: Intent, response: str) -> None:
        """At once, whatever else is to be done about it."""
        addresses = [*await self._store.addresses_of_person(intent.contact), intent.device.address]
        await self._store.do_not_call(addresses, reason=response, by=intent.attempt)

    async def _written(self, intent: Intent, sub: SubCampaign, response: str) -> bool:
        """False while an attempt of the contact is in progress, and where somebody wrote at the same time."""
        line, now = noted(intent, response), self._clock()
        standing = await self._subs.standing(sub, intent.contact)
        if standing is None:  # detached or erased meanwhile
            await self._store.append(line, at=now)
            return True
        contact, state = standing
        if state.live is not None:
            return False
        move = responded(contact, state, sub, (response,), now)
        told = replace(move, lines=(line, *move.lines))
        return await self._store.put(sub.name, contact.id, state.version, told, due_at(move.step, now))
