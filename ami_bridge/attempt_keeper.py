"""The one writer of voice attempts: gathers what is heard of each, and has its result recorded once it is
over; what that result is, and writing it, is left to `endings`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from ami_bridge.afterthoughts import Afterthoughts
from ami_bridge.agents import QueueBoard
from ami_bridge.endings import Endings
from ami_bridge.set_within import set_within
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Fact, FactName, is_picked_up
from strategies.store import Store
from strategies.store.patience import until_stored

log = structlog.get_logger(__name__)

SCRIPT_SETTLE = 2.0  # seconds the script's player may take to write its last fact after the hang-up
HANGUP_SETTLE = 1.0  # seconds an end that does not say why waits for the hang-up that does
MOST = 200  # facts written in one step
GATHER = (
    0.02  # seconds in which facts gather to be written, which a crash loses; what they come to has longer
)
OVER = frozenset({FactName.HUNG_UP, FactName.ORIGINATE_FAILED, FactName.GONE})


@dataclass(slots=True)
class LastWords:
    """What may still be said of an attempt that is over, each by another way than its end was."""

    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    script: asyncio.Event = field(default_factory=asyncio.Event)


class AttemptKeeper:
    """Facts come in by `hear` (Asterisk, in its order) and `learn` (the script's player, the agents' page);
    `run` does the writing."""

    def __init__(
        self, store: Store, subs: SubCampaigns, board: QueueBoard, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._board = board
        self._endings = Endings(store, subs, clock)
        self._afterthoughts = Afterthoughts(store, subs, clock)
        self._heard: asyncio.Queue[tuple[str, Fact]] = asyncio.Queue()
        self._has_channel: set[str] = set()
        self._picked_up: set[str] = set()
        self._last_words: dict[str, LastWords] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._beside: asyncio.TaskGroup | None = None  # of those, while it runs
        self._own_notes: set[tuple[str, Fact]] = set()  # what agents noted that came by Asterisk
        self.on_hung_up: Callable[[str], None] = lambda attempt: None
        self.on_ended: Callable[[str], None] = lambda attempt: None

    def hear(self, attempt: str, fact: Fact) -> None:
        """Something happened to an attempt; kept in order."""
        if fact.name is FactName.HUNG_UP:
            self.on_hung_up(attempt)
        if is_picked_up(fact):
            self._picked_up.add(attempt)
        if fact.name is FactName.DISPOSITION:
            self._own_notes.add((attempt, fact))
        self._heard.put_nowait((attempt, fact))

    def saw_channel(self, attempt: str) -> None:
        """The attempt has a channel, whose hang-up is sure to come: an Originate that failed does not end
        it. Asterisk says so of a second Originate with the same id, too, while the first call is up."""
        self._has_channel.add(attempt)

    def was_picked_up(self, attempt: str) -> bool:
        """Whether somebody or something was heard to answer, of an attempt that is not over."""
        return attempt in self._picked_up

    def learn(self, attempt: str, fact: Fact) -> None:
        """A fact is in the store, whoever wrote it: when it was the script's last one, whoever waits for it
        goes on; what an agent noted on their page is dealt with."""
        if fact.name is FactName.SCRIPT_ENDED and attempt in self._last_words:
            self._last_words[attempt].script.set()
        elif fact.name is FactName.DISPOSITION and (attempt, fact) in self._own_notes:
            self._own_notes.discard((attempt, fact))
        elif fact.name is FactName.DISPOSITION and self._beside is not None:
            self._watched(self._beside.create_task(self._note(attempt, fact), name=f"note {attempt}"))

    async def run(self) -> None:
        """Write facts as they come, all that wait at once, and finish attempts beside that, until
        cancelled."""
        async with asyncio.TaskGroup() as finishing:
            self._beside = finishing
            recording = finishing.create_task(self._endings.run(), name="endings")
            try:
                while True:
                    told = await self._all_heard()
                    for (attempt, fact), ours in zip(told, await self._write(told), strict=True):
                        self._go_on(attempt, fact, finishing, ours=ours)
                        self._heard.task_done()
            finally:
                self._beside = None
                recording.cancel()

    async def _all_heard(self) -> list[tuple[str, Fact]]:
        told = [await self._heard.get()]
        await asyncio.sleep(GATHER)
        while len(told) < MOST and not self._heard.empty():
            told.append(self._heard.get_nowait())
        return told

    def _go_on(self, attempt: str, fact: Fact, finishing: asyncio.TaskGroup, *, ours: bool) -> None:
        """What a fact that is written leads to."""
        if not ours:
            if fact.name in OVER:  # of another tenant, or the store has lost it: nothing is left to record
                self._forget(attempt)
        elif fact.name is FactName.DISPOSITION:
            self._watched(finishing.create_task(self._note(attempt, fact), name=f"note {attempt}"))
        elif self._ends(attempt, fact):
            self._last_words[attempt] = LastWords()
            self._watched(finishing.create_task(self._finish(attempt, fact), name=f"finish {attempt}"))

    def _watched(self, task: asyncio.Task[None]) -> None:
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _note(self, attempt: str, fact: Fact) -> None:
        try:
            await self._afterthoughts.note(attempt, fact)
        except Exception:
            log.exception("attempt.not_noted", attempt=attempt)

    async def drained(self) -> None:
        """Return once all that was heard is written, and all that is over is recorded."""
        await self._heard.join()
        if self._finishing:
            await asyncio.wait(self._finishing)

    async def _write(self, told: Sequence[tuple[str, Fact]]) -> list[bool]:
        """False where an attempt is none of ours: another tenant's bridge made it."""
        for attempt, fact in told:
            if fact.name is FactName.AGENT_CONNECTED:
                self._board.release(attempt)
        return await until_stored(lambda: self._store.add_facts(told))

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
                await set_within(words.hang_up, HANGUP_SETTLE)
            if not await until_stored(lambda: self._endings.record(attempt)):
                if not await set_within(words.script, SCRIPT_SETTLE):
                    log.warning("attempt.script_never_ended", attempt=attempt)
                await until_stored(lambda: self._endings.record(attempt, patient=False))
        except Exception:
            # The person stays locked, so that a mistake of ours costs them no second call.
            log.exception("attempt.not_recorded", attempt=attempt)
        finally:
            del self._last_words[attempt]
            self._forget(attempt)

    def _forget(self, attempt: str) -> None:
        """It is over: nothing of it counts any more."""
        self._has_channel.discard(attempt)
        self._picked_up.discard(attempt)
        self._board.release(attempt)
        self.on_ended(attempt)
