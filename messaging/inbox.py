"""Deals with what came in: delivery reports, replies, unsubscriptions, each exactly once; what they mean is
the engine's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from messaging.messenger import Messenger
from strategies.attempts import Intent
from strategies.contacts import Contact
from strategies.engine import reported, responded
from strategies.messages import Notice, amends
from strategies.state import ContactState, SubCampaign, due_at
from strategies.store import StaleState, Store, StoreUnavailable
from strategies.vocabulary import OPT_OUT, Kind, Result

log = structlog.get_logger(__name__)

BATCH = 200
TICK = 0.2  # seconds between two looks
STORE_AGAIN = 1.0  # seconds until the store is tried again
LIVE_AGAIN = 2.0  # seconds until a notice is looked at again whose contact is being called
UNKNOWN_AGAIN, UNKNOWN_UNTIL = 1.0, 30.0  # seconds: a report may be faster than the gateway's own answer


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about: a message, what its attempt came to, and the contact as it stands."""

    intent: Intent
    was: Result | None
    sub: SubCampaign
    contact: Contact
    state: ContactState


class Inbox:
    """One per messenger, which ends the attempts that still wait for their report."""

    def __init__(self, store: Store, messenger: Messenger, clock: Callable[[], float]) -> None:
        self._store, self._messenger, self._clock = store, messenger, clock

    async def run(self, leased: Callable[[], bool]) -> None:
        """Deal with notices as they come, until cancelled."""
        while True:
            try:
                more = await self.look() == BATCH if leased() else False
            except StoreUnavailable as error:
                log.warning("inbox.store_unavailable", error=str(error))
                await asyncio.sleep(STORE_AGAIN)
            else:
                await asyncio.sleep(0 if more else TICK)

    async def look(self) -> int:
        """Deal with what is there; how many were looked at. Raises StoreUnavailable."""
        notices = await self._store.inbox(self._clock(), BATCH)
        for identity, notice in notices:
            try:
                while not await self._dealt_with(identity, notice):
                    log.debug("notice.state_changed_meanwhile")
            except StoreUnavailable:
                raise
            except Exception:  # one that cannot be dealt with must not hold up the others
                log.exception("notice.not_dealt_with", kind=notice.kind)
                await self._store.postpone(identity, self._clock() + 600)
        return len(notices)

    async def _dealt_with(self, identity: str, notice: Notice) -> bool:
        """False where somebody else wrote at the same time: everything is to be read again."""
        if notice.result is None and not notice.responses:  # a report on the way, such as `queued`
            await self._store.settle(identity)
            return True
        found = await self._message(notice)
        if found is None:
            await self._wait_or_leave(identity, notice)
            return True
        intent, was = found
        sub, state = await self._store.sub(intent.sub), await self._store.state(intent.sub, intent.contact)
        contact = await self._store.contact(intent.contact)
        if sub is None or state is None or contact is None:  # erased since
            await self._store.settle(identity)
            return True
        if state.live == intent.attempt:
            return await self._end(identity, notice, intent)
        if state.live is not None:
            await self._store.postpone(identity, self._clock() + LIVE_AGAIN)
            return True
        return await self._amend(identity, notice, About(intent, was, sub, contact, state))

    async def _message(self, notice: Notice) -> tuple[Intent, Result | None] | None:
        attempt = notice.attempt
        if attempt is None and notice.called is not None:
            attempt = await self._store.message_called(notice.medium, notice.called)
        if attempt is None and notice.address is not None:
            attempt = await self._store.last_message_to(notice.medium, notice.address)
        return await self._store.message(attempt) if attempt is not None else None

    async def _wait_or_leave(self, identity: str, notice: Notice) -> None:
        """About a message nobody knows: perhaps its gateway's answer is still under way. Who wrote without
        being written to is in the ledger, of no campaign."""
        now = self._clock()
        if now < notice.at + UNKNOWN_UNTIL:
            await self._store.postpone(identity, now + UNKNOWN_AGAIN)
        elif await self._store.settle(identity):
            log.info("notice.of_no_message", kind=notice.kind, medium=str(notice.medium))
            if notice.responses:
                line = {"kind": Kind.RESPONDED, "medium": notice.medium, "address": notice.address}
                await self._store.append({**line, "responses": notice.responses}, at=now)

    async def _end(self, identity: str, notice: Notice, intent: Intent) -> bool:
        """The attempt was waiting for this: it is its result."""
        result = notice.result or Result.DELIVERED  # who unsubscribes by a link has had the message
        done = await self._messenger.end(intent, result, responses=notice.responses, reason=notice.reason)
        if done:
            await self._store.settle(identity)
        return done

    async def _amend(self, identity: str, notice: Notice, about: About) -> bool:
        """The attempt had ended: its result changes by what the table says, and who answered has answered."""
        intent, sub, contact, state = about.intent, about.sub, about.contact, about.state
        changed = about.was if amends(about.was, notice.result) else None
        if changed is None and not notice.responses:
            await self._store.settle(identity)
            return True
        now = self._clock()
        if changed is not None:
            move = reported(contact, state, sub, intent, changed, notice, now)
        else:
            move = responded(contact, state, sub, notice.responses, now)
        opted_out = not sub.campaign.group(OPT_OUT).isdisjoint(notice.responses)
        stopped = await self._store.addresses_of_person(contact.id) if opted_out else []
        due = due_at(move.step, now)
        try:
            written = await self._store.amend(
                identity, notice, intent, changed, move, due, state.version, stopped
            )
        except StaleState:
            return False
        if not written:
            await self._store.postpone(identity, now + LIVE_AGAIN)
        return True
