"""Sends: lets choose who is due, claims them in the store, and only then offers each message to its gateway,
once; what came in later is the inbox's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from messaging.carrier import Carrier
from messaging.choice import Candidate, Choice
from strategies.attempts import Intent, Outcome, Stage
from strategies.engine import ended, refused
from strategies.messages import RESULTS, Answer, Fate
from strategies.state import SubCampaign, due_at
from strategies.store import StaleState, Store, StoreUnavailable
from strategies.store.patience import until_stored
from strategies.vocabulary import VOICE, Medium, Refusal, Result, RunState

log = structlog.get_logger(__name__)

TICK = 0.2  # seconds between two looks at who is due
STORE_AGAIN = 1.0  # seconds until the store is tried again


class Messenger:
    """One per tenant. `leased` says whether this one may still send.

    An attempt of ours is claimed, offered, and then waits for its report or ends at once. One that was
    claimed by a messenger that died, and of which no gateway's answer is known, may have been sent: it ends
    as unknown, and is never offered again.
    """

    def __init__(  # noqa: PLR0913  each its own part, by name
        self,
        store: Store,
        carriers: Mapping[Medium, Carrier[Any]],
        *,
        countries: tuple[str, ...],
        clock: Callable[[], float],
        new_id: Callable[[], str],
        leased: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._leased = store, clock, leased
        self._choice = Choice(store, carriers, countries, new_id)
        self._waiting: dict[str, float] = {}  # attempt -> until when its report is waited for
        self._offered: set[str] = set()  # claimed by this messenger, and not yet accepted or ended
        self._unasked: set[str] = (
            set()
        )  # claims whose answer was lost: nothing was offered on the strength of them
        self._settled = False
        self._room = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Look each TICK until `stop`, then wait for what was offered."""
        async with asyncio.TaskGroup() as offers:
            while not stop.is_set():
                if self._leased():
                    try:
                        await self.look(offers)
                    except StoreUnavailable as error:
                        log.warning("messenger.store_unavailable", error=str(error))
                        await self._until_store_is_back()
                await self._until_next(stop)

    async def _until_next(self, stop: asyncio.Event) -> None:
        """A tick later, or as soon as a gateway that was busy has room again, or `stop` is set."""
        waits = [asyncio.ensure_future(stop.wait())]
        if self._offered:
            waits.append(asyncio.ensure_future(self._room.wait()))
        await asyncio.wait(waits, timeout=TICK, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        self._room.clear()

    async def look(self, offers: asyncio.TaskGroup) -> None:
        """End who waited long enough, then claim and offer what is due; each offer is a task of `offers`.

        Raises StoreUnavailable.
        """
        if not self._settled:
            await self._settle()
        await self._end_waits()
        now = self._clock()
        for sub in _running(await self._store.subs(), now):
            await self._claim(sub, await self._choice.of(sub, now), offers)

    async def _settle(self) -> None:
        """Take over what another messenger, or this one before the store was lost, left behind."""
        for intent, stage in await self._store.live():
            attempt = intent.attempt
            if intent.medium in VOICE or attempt in self._offered or attempt in self._waiting:
                continue
            until = await self._store.reported_until(attempt) if stage is Stage.PLACED else None
            if until is not None:
                self._waiting[attempt] = until
            else:
                await self.end(intent, Result.UNKNOWN, reason="not known whether it was sent")
        self._settled = True

    async def _claim(self, sub: SubCampaign, chosen: list[Candidate], offers: asyncio.TaskGroup) -> None:
        """One step in the store for all; who is refused there is put off or ended by the rules."""
        if not chosen:
            return
        now = self._clock()
        self._unasked = {one.claim.intent.attempt for one in chosen}
        answers = await self._store.claim([one.claim for one in chosen], now)
        self._unasked.clear()
        refusals = list[tuple[str, Refusal]]()
        for one, refusal in zip(chosen, answers, strict=True):
            intent = one.claim.intent
            if refusal is None:
                self._offered.add(intent.attempt)
                one.carrier.under_way += 1
                offers.create_task(self._offer(one), name=f"offer {intent.attempt}")
            else:
                refusals.append((intent.contact, refusal))
        for contact_id, refusal in refusals:
            await self._turn_away(sub, contact_id, refusal, now)

    async def _turn_away(self, sub: SubCampaign, contact_id: str, refusal: Refusal, now: float) -> None:
        contact, state = await self._store.contact(contact_id), await self._store.state(sub.name, contact_id)
        if contact is not None and state is not None:
            move = refused(contact, state, sub, refusal, now)
            await self._store.put(sub.name, contact.id, state.version, move, due_at(move.step, now))

    async def _offer(self, one: Candidate) -> None:
        intent, carrier = one.claim.intent, one.carrier
        try:
            if self._leased():  # this process may have been frozen since the claim
                answer = await carrier.offer(one.message, self._clock)
            else:
                answer = Answer(Fate.NOT_SENT, "the lease is lost")
            await self._heed(intent, carrier, answer)
        except Exception:
            # The person stays locked, so that a mistake of ours costs them no second message.
            log.exception("message.not_recorded", attempt=intent.attempt)
        finally:
            carrier.under_way -= 1
            self._room.set()
            self._offered.discard(intent.attempt)

    async def _heed(self, intent: Intent, carrier: Carrier[Any], answer: Answer) -> None:
        """What the gateway's answer comes to."""
        attempt = intent.attempt
        log.info("message.offered", attempt=attempt, medium=str(intent.medium), fate=str(answer.fate))
        if answer.fate is Fate.NOT_SENT:
            await until_stored(lambda: self._store.release(attempt, "not_sent"))
            return
        if answer.fate is Fate.ACCEPTED:
            until = self._clock() + carrier.waits
            await until_stored(lambda: self._store.accepted(intent, answer.id, until))
            if carrier.waits > 0:
                self._waiting[attempt] = until
                return
        await until_stored(lambda: self.end(intent, RESULTS[answer.fate], reason=answer.reason))

    async def _end_waits(self) -> None:
        """Whoever heard nothing of a message for long enough knows that it was sent, and no more."""
        now = self._clock()
        for attempt in [one for one, until in self._waiting.items() if until <= now]:
            intent = await self._store.intent(attempt)
            if intent is not None:
                await self.end(intent, Result.SENT)
            self._waiting.pop(attempt, None)

    async def end(
        self, intent: Intent, result: Result, *, responses: tuple[str, ...] = (), reason: str = ""
    ) -> bool:
        """Record an attempt's one result with what the rules make of it; False if it had ended before. Raises
        StoreUnavailable; may be repeated."""
        self._waiting.pop(intent.attempt, None)
        sub = await self._store.sub(intent.sub)
        while sub is not None:
            contact = await self._store.contact(intent.contact)
            state = await self._store.state(intent.sub, intent.contact)
            if contact is None or state is None:
                return False
            now = self._clock()
            outcome = Outcome(intent.attempt, result, responses, at=now, reason=reason)
            move = ended(contact, state, sub, intent, outcome, now)
            try:
                done = await self._store.record(intent, outcome, move, due_at(move.step, now), state.version)
            except StaleState:
                continue
            await self._store.message_ended(intent.attempt, result)
            return done
        return False

    async def _until_store_is_back(self) -> None:
        """Claims whose answer was lost may stand in the store: they are undone before anything is sent."""
        await asyncio.sleep(STORE_AGAIN)
        await until_stored(self._store.revive)
        for attempt in sorted(self._unasked):
            await until_stored(lambda: self._store.release(attempt, "not_asked"))  # noqa: B023  awaited here
        self._unasked.clear()
        self._settled = False


def _running(subs: list[SubCampaign], now: float) -> list[SubCampaign]:
    """Those that may send, in the order in which they may claim a person."""
    running = (
        sub for sub in subs if sub.run_state is RunState.RUNNING and (sub.ends is None or now < sub.ends)
    )
    return sorted(running, key=lambda sub: (-sub.campaign.priority, sub.created))
