"""The one writer of voice attempts: gathers what is heard of each, and records its result once it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Fact, FactName, Intent, Outcome, outcome
from strategies.engine import ended
from strategies.state import SubCampaign, due_at
from strategies.store import StaleState, Store
from strategies.store.patience import until_stored
from strategies.vocabulary import Result

log = structlog.get_logger(__name__)

SCRIPT_SETTLE = 2.0  # seconds the script's player may take to write its last fact after the hang-up
HANGUP_SETTLE = 1.0  # seconds an end that does not say why waits for the hang-up that does
OVER = frozenset({FactName.HUNG_UP, FactName.ORIGINATE_FAILED, FactName.GONE})


@dataclass(slots=True)
class LastWords:
    """What may still be said of an attempt that is over, each by another way than its end was."""

    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    script: asyncio.Event = field(default_factory=asyncio.Event)


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
        self._last_words: dict[str, LastWords] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self.on_ended: Callable[[str], None] = lambda attempt: None

    def hear(self, attempt: str, fact: Fact) -> None:
        """Something happened to an attempt; kept in order."""
        self._heard.put_nowait((attempt, fact))

    def saw_channel(self, attempt: str) -> None:
        """The attempt has a channel, whose hang-up is sure to come: an Originate that failed does not end
        it. Asterisk says so of a second Originate with the same id, too, while the first call is up."""
        self._has_channel.add(attempt)

    def learn(self, attempt: str, fact: Fact) -> None:
        """The player wrote a fact: when it was the last one, whoever waits for it goes on."""
        if fact.name is FactName.SCRIPT_ENDED and attempt in self._last_words:
            self._last_words[attempt].script.set()

    async def run(self) -> None:
        """Write facts as they come, and finish attempts beside that, until cancelled."""
        async with asyncio.TaskGroup() as finishing:
            while True:
                attempt, fact = await self._heard.get()
                if not await self._write(attempt, fact):
                    self._has_channel.discard(attempt)
                elif self._ends(attempt, fact):
                    self._last_words[attempt] = LastWords()
                    task = finishing.create_task(self._finish(attempt, fact), name=f"finish {attempt}")
                    self._finishing.add(task)
                    task.add_done_callback(self._finishing.discard)
                self._heard.task_done()

    async def drained(self) -> None:
        """Return once all that was heard is written, and all that is over is recorded."""
        await self._heard.join()
        if self._finishing:
            await asyncio.wait(self._finishing)

    async def _write(self, attempt: str, fact: Fact) -> bool:
        """False where the attempt is none of ours: another tenant's bridge made it."""
        if fact.name is FactName.AGENT_CONNECTED:
            self._board.release(attempt)
        return await until_stored(lambda: self._store.add_fact(attempt, fact))

    def _ends(self, attempt: str, fact: Fact) -> bool:
        """Whether the attempt is to be finished now, because this fact is its end."""
        if attempt in self._last_words:
            if fact.name is FactName.HUNG_UP:
                self._last_words[attempt].hang_up.set()
            return False
        if fact.name is FactName.ORIGINATE_FAILED and attempt in self._has_channel:
            return False
        return fact.name in OVER

    async def _finish(self, attempt: str, last: Fact) -> None:
        words = self._last_words[attempt]
        try:
            if last.name is not FactName.HUNG_UP:
                await _said(words.hang_up, HANGUP_SETTLE)
            await until_stored(lambda: self._record(attempt, words))
        except Exception:
            # The person stays locked, so that a mistake of ours costs them no second call.
            log.exception("attempt.not_recorded", attempt=attempt)
        finally:
            del self._last_words[attempt]
            self._has_channel.discard(attempt)
            self._board.release(attempt)
            self.on_ended(attempt)

    async def _record(self, attempt: str, words: LastWords) -> None:
        intent = await self._store.intent(attempt)
        sub = None if intent is None else await self._subs.get(intent.sub)
        if intent is None or sub is None:
            return
        facts = await self._facts(attempt, words)
        came_to = outcome(intent, facts, await self._store.campaign_of(intent))
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
        now, lockout = self._clock(), sub.campaign.limits.abandon_lockout
        if lockout and came_to.result is Result.ABANDONED_NO_AGENT:
            await self._store.abandoned(intent.contact, intent.device.address, came_to.at)
        move = ended(contact, state, sub, intent, came_to, now)
        return await self._store.record(intent, came_to, move, due_at(move.step, now), state.version)

    async def _facts(self, attempt: str, words: LastWords) -> list[Fact]:
        """All facts of an attempt that is over, the script's last word among them if a script was running."""
        facts = await self._store.facts(attempt)
        names = {fact.name for fact in facts}
        if FactName.SCRIPT_STARTED not in names or FactName.SCRIPT_ENDED in names:
            return facts
        if not await _said(words.script, SCRIPT_SETTLE):
            log.warning("attempt.script_never_ended", attempt=attempt)
        return await self._store.facts(attempt)


async def _said(word: asyncio.Event, within: float) -> bool:
    """Wait for a last word; False if it did not come in time."""
    try:
        async with asyncio.timeout(within):
            return await word.wait()
    except TimeoutError:
        return False
