"""Writes down what attempts came to that are over: all that wait for it at once, in a few steps of the store;
when one is over, and that nothing more is said of it, is the keeper's to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Fact, FactName, Intent, Outcome, outcome
from strategies.contacts import Contact
from strategies.engine import ended
from strategies.state import ContactState, SubCampaign, due_at
from strategies.store import Store, StoreUnavailable
from strategies.store.attempts import End
from strategies.vocabulary import Result

log = structlog.get_logger(__name__)

GATHER = 0.2  # seconds in which ends gather: a step takes five turns of the store, however few it records
MOST = 100  # attempts recorded in one step: others who ask the store meanwhile wait for a few milliseconds


@dataclass(slots=True)
class _Over:
    """An attempt to record; `done` says whether it was, or its script has yet to say its last word."""

    attempt: str
    patient: bool
    done: asyncio.Future[bool]


@dataclass(frozen=True, slots=True)
class _Ended:
    """One whose result is known."""

    over: _Over
    intent: Intent
    sub: SubCampaign
    came_to: Outcome


class Endings:
    """One per bridge; `run` does the writing."""

    def __init__(self, store: Store, subs: SubCampaigns, clock: Callable[[], float]) -> None:
        self._store, self._subs, self._clock = store, subs, clock
        self._waiting: list[_Over] = []
        self._wake = asyncio.Event()

    async def record(self, attempt: str, *, patient: bool = True) -> bool:
        """Return once the result is in the store. False, and nothing is written, where a `patient` one has a
        script that has not said its last word. Raises StoreUnavailable: it may be asked again."""
        over = _Over(attempt, patient, asyncio.get_running_loop().create_future())
        self._waiting.append(over)
        self._wake.set()
        return await over.done

    async def run(self) -> None:
        """Record what waits, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER)
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not self._waiting:
                self._wake.clear()
            await self._tried(batch)

    async def _tried(self, batch: Sequence[_Over]) -> None:
        """A mistake of ours in one of them costs the others nothing."""
        try:
            await self._record(batch)
        except StoreUnavailable as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001  whoever asked for it is told, and logs it
            if len(batch) == 1:
                _fail(batch, error)
            for over in batch if len(batch) > 1 else ():
                if not over.done.done():
                    await self._tried([over])

    async def _record(self, batch: Sequence[_Over]) -> None:
        while batch:
            known = await self._store.known_of([over.attempt for over in batch])
            found = [await self._outcome(over, *each) for over, each in zip(batch, known, strict=True)]
            batch = await self._write([one for one in found if one is not None])

    async def _outcome(self, over: _Over, intent: Intent | None, facts: Sequence[Fact]) -> _Ended | None:
        """What it came to; None where there is nothing to write, or not yet."""
        sub = None if intent is None else await self._subs.get(intent.sub)
        if intent is None or sub is None:
            _settle(over, recorded=True)
            return None
        if over.patient and _script_runs(facts):
            _settle(over, recorded=False)
            return None
        came_to = outcome(intent, facts, await self._store.campaign_of(intent))
        if came_to is None:
            _settle(over, recorded=True)
            return None
        return _Ended(over, intent, sub, came_to)

    async def _write(self, found: Sequence[_Ended]) -> list[_Over]:
        """What the rules make of the outcomes, in one step of the store; who is to be judged anew, because
        their state has changed meanwhile."""
        standings, now = await self._standings(found), self._clock()
        ends: list[tuple[_Ended, End]] = []
        for one in found:
            standing = standings.get((one.sub.name, one.intent.contact))
            if standing is None:
                _settle(one.over, recorded=True)  # detached or erased meanwhile
                continue
            await self._lock_out(one)
            contact, state = standing
            move = ended(contact, state, one.sub, one.intent, one.came_to, now)
            ends.append((one, End(one.intent, one.came_to, move, due_at(move.step, now), state.version)))
        answers = await self._store.record_many([end for _, end in ends])
        stale: list[_Over] = []
        for (one, _), answer in zip(ends, answers, strict=True):
            if answer is None:
                log.warning("attempt.state_changed_meanwhile", attempt=one.intent.attempt)
                stale.append(one.over)
                continue
            if answer:
                result = one.came_to.result.value
                log.info("attempt.ended", attempt=one.intent.attempt, campaign=one.sub.name, result=result)
            _settle(one.over, recorded=True)
        return stale

    async def _standings(
        self, found: Sequence[_Ended]
    ) -> Mapping[tuple[str, str], tuple[Contact, ContactState]]:
        """The contacts and where they stand, by sub-campaign and contact."""
        contacts = {
            one.id: one for one in await self._store.contacts(list({one.intent.contact for one in found}))
        }
        standings: dict[tuple[str, str], tuple[Contact, ContactState]] = {}
        for sub in {one.sub.name for one in found}:
            own = [
                one.intent.contact for one in found if one.sub.name == sub and one.intent.contact in contacts
            ]
            for identity, state in zip(own, await self._store.states(sub, own), strict=True):
                if state is not None:
                    standings[sub, identity] = contacts[identity], state
        return standings

    async def _lock_out(self, one: _Ended) -> None:
        """Nobody who was abandoned is called again for as long as the preset says."""
        if one.sub.campaign.limits.abandon_lockout and one.came_to.result is Result.ABANDONED_NO_AGENT:
            await self._store.abandoned(one.intent.contact, one.intent.device.address, one.came_to.at)


def _script_runs(facts: Sequence[Fact]) -> bool:
    """Whether the script's player has begun and said nothing of its end."""
    names = {fact.name for fact in facts}
    return FactName.SCRIPT_STARTED in names and FactName.SCRIPT_ENDED not in names


def _settle(over: _Over, *, recorded: bool) -> None:
    if not over.done.done():
        over.done.set_result(recorded)


def _fail(batch: Sequence[_Over], error: Exception) -> None:
    for over in batch:
        if not over.done.done():
            over.done.set_exception(error)
