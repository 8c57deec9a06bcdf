"""The one writer of voice attempts: gathers what is heard of each, and records its result once it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Fact, FactName, Intent, Outcome, outcome
from strategies.engine import ended
from strategies.state import Dial, Step, SubCampaign, Wait
from strategies.store import StaleState, Store, StoreUnavailable

log = structlog.get_logger(__name__)

SCRIPT_SETTLE = 2.0  # seconds the script's player may take to write its last fact after the hang-up
OVER = frozenset({FactName.HUNG_UP, FactName.ORIGINATE_FAILED, FactName.GONE})
T = TypeVar("T")


def due_at(step: Step, now: float) -> float | None:
    """When a contact is to be looked at again, epoch seconds; None when a pass ends, or never."""
    match step:
        case Dial():
            return now
        case Wait(until=until):
            return until
    return None


async def until_stored(write: Callable[[], Awaitable[T]]) -> T:
    """Repeat a write that may be repeated until the store takes it: what happened on the line must not
    be lost."""
    delay = 0.2
    while True:
        try:
            return await write()
        except StoreUnavailable as error:
            log.warning("bridge.store_unavailable", error=str(error), retry_in=delay)
            await asyncio.sleep(delay)
            delay = min(2.0, delay * 2)


class AttemptKeeper:
    """Facts come in by `hear` (Asterisk, in its order) and `learn` (the script's player); `run` does
    the writing."""

    def __init__(
        self, store: Store, subs: SubCampaigns, board: QueueBoard, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._subs = subs
        self._board = board
        self._clock = clock
        self._heard: asyncio.Queue[tuple[str, Fact]] = asyncio.Queue()
        self._has_channel: set[str] = set()
        self._script_over: dict[str, asyncio.Event] = {}
        self._finishing: set[str] = set()
        self.on_ended: Callable[[str], None] = lambda attempt: None

    def hear(self, attempt: str, fact: Fact) -> None:
        """Something happened to an attempt; kept in order."""
        self._heard.put_nowait((attempt, fact))

    def saw_channel(self, attempt: str) -> None:
        """The attempt has a channel, so a failed Originate is followed by its hang-up, which says why."""
        self._has_channel.add(attempt)

    def learn(self, attempt: str, fact: Fact) -> None:
        """The player wrote a fact: when it was the last one, whoever waits for it goes on."""
        if fact.name is FactName.SCRIPT_ENDED and attempt in self._script_over:
            self._script_over[attempt].set()

    async def run(self) -> None:
        """Write facts as they come, and finish attempts beside that, until cancelled."""
        async with asyncio.TaskGroup() as finishing:
            while True:
                attempt, fact = await self._heard.get()
                if await self._write(attempt, fact) and self._is_last(attempt, fact):
                    self._finishing.add(attempt)
                    finishing.create_task(self._finish(attempt), name=f"finish {attempt}")

    async def _write(self, attempt: str, fact: Fact) -> bool:
        """False where the attempt is none of ours: another bridge's, or one that has been recorded."""
        if attempt in self._finishing:
            return False
        if fact.name is FactName.AGENT_CONNECTED:
            self._board.release(attempt)
        return await until_stored(lambda: self._store.add_fact(attempt, fact))

    def _is_last(self, attempt: str, fact: Fact) -> bool:
        return fact.name in OVER and not (
            fact.name is FactName.ORIGINATE_FAILED and attempt in self._has_channel
        )

    async def _finish(self, attempt: str) -> None:
        try:
            await until_stored(lambda: self._record(attempt))
        except Exception:
            # The person stays locked, so that a mistake of ours costs them no second call.
            log.exception("attempt.not_recorded", attempt=attempt)
        finally:
            self._finishing.discard(attempt)
            self._has_channel.discard(attempt)
            self._board.release(attempt)
            self.on_ended(attempt)

    async def _record(self, attempt: str) -> None:
        intent = await self._store.intent(attempt)
        sub = None if intent is None else await self._subs.get(intent.sub)
        if intent is None or sub is None:
            return
        came_to = outcome(intent, await self._facts(attempt), sub.campaign)
        while came_to is not None:
            try:
                if await self._end(intent, sub, came_to):
                    log.info("attempt.ended", attempt=attempt, campaign=sub.name, result=came_to.result.value)
                return
            except StaleState:
                log.warning("attempt.state_changed_meanwhile", attempt=attempt)

    async def _end(self, intent: Intent, sub: SubCampaign, came_to: Outcome) -> bool:
        """What the rules make of the outcome, in one step of the store; False if it had ended before."""
        standing = await self._subs.standing(sub, intent.contact)
        if standing is None:
            return False
        contact, state = standing
        now = self._clock()
        move = ended(contact, state, sub, intent, came_to, now)
        return await self._store.record(intent, came_to, move, due_at(move.step, now), state.version)

    async def _facts(self, attempt: str) -> list[Fact]:
        """All facts of an attempt that is over, the script's last word among them if a script was running."""
        over = self._script_over.setdefault(attempt, asyncio.Event())
        try:
            facts = await self._store.facts(attempt)
            names = {fact.name for fact in facts}
            if FactName.SCRIPT_STARTED in names and FactName.SCRIPT_ENDED not in names:
                try:
                    async with asyncio.timeout(SCRIPT_SETTLE):
                        await over.wait()
                except TimeoutError:
                    log.warning("attempt.script_never_ended", attempt=attempt)
                facts = await self._store.facts(attempt)
            return facts
        finally:
            self._script_over.pop(attempt, None)
