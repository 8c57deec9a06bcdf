"""The loop of a simulation: at each moment what has ended is recorded, and who is due is judged by the rules,
claimed in the store and started; then the clock jumps to the next moment at which anything can happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from ami_bridge.preparation import Candidate
from console.simulator.ahead import PATIENCE
from console.simulator.attempt import Running, claim_for, outcome_of, running
from console.simulator.fates import AT_ONCE, TALK, Fate, Fates
from console.simulator.grants import Grants
from console.simulator.ledger import LedgerFile
from console.simulator.look import Look, Moved
from console.simulator.timeline import Timeline, VirtualClock
from strategies.contacts import Contact
from strategies.engine import ended, refused
from strategies.precedence import in_turn
from strategies.state import ContactState, Dial, Move, SubCampaign, due_at
from strategies.store import Claim, Put, StaleState, Store
from strategies.store.attempts import End
from strategies.store.lanes import LaneNames
from strategies.vocabulary import VOICE, Refusal, Result
from strategies.windows import contact_zones

TOLD = 128  # claims or ends in one step: the server works on them while the rules judge the next ones
STALE = 10_000  # claims of one moment that the store may refuse as decided by what holds no more


@dataclass(frozen=True, slots=True)
class Stage:
    """What a simulation runs on."""

    store: Store
    clock: VirtualClock
    fates: Fates
    grants: Grants
    countries: tuple[str, ...]
    ledger: LedgerFile


class Asked(NamedTuple):
    """Claims that the server has been sent."""

    chosen: Sequence[Candidate]
    claims: Sequence[Claim]
    answers: asyncio.Task[list[Refusal | None]]


class Simulation:
    """One sub-campaign, from the clock's moment to `until`."""

    def __init__(self, stage: Stage, sub: SubCampaign, until: float) -> None:
        self._store, self._clock, self._stage = stage.store, stage.clock, stage
        self._sub, self._until = sub, until
        self._coming: Timeline[Callable[[], None]] = Timeline()
        self._over: list[Running] = []
        self._looks: dict[LaneNames, Look] = {
            "calls": Look(stage.grants, self._coming, voice=True),
            "messages": Look(stage.grants, self._coming, voice=False),
        }
        self._turned: tuple[str, ...] = ()  # the overrides whose beginning was told
        self._stale = 0
        self._letters = True  # somebody may wait in the lane of messages
        self._moved = True  # somebody may be through with a pass since passes were last looked at
        self._before_over = 0  # so many contacts must be written at least until a pass can be over

    async def run(self) -> None:
        """Let the time pass; work that is left at `until` stays."""
        self._stage.grants.ahead.people = await self._store.pass_waiting(self._sub.name)
        await self._turn()
        while True:
            await self._moment()
            following = await self._next()
            if following is None or following > self._until:
                break
            self._clock.now = following
            await self._turn()
            for happen in self._coming.take(following):
                happen()
        await self._stage.ledger.drain(self._clock.now, self._sub.overrides)

    async def _turn(self) -> None:
        """Begin and end what overrides there are; what the ledger told before belongs to those before."""
        if self._sub.plan_until is not None and self._clock.now >= self._sub.plan_until:
            await self._stage.ledger.drain(self._clock.now, self._sub.overrides)
            await self._refresh()
        elif self._stage.ledger.behind(self._clock.now):
            await self._stage.ledger.drain(self._clock.now, self._sub.overrides)
        if self._turned != self._sub.overrides:
            self._turned = self._sub.overrides
            await self._store.turn_phases(self._sub, self._clock.now)
            self._letters = True

    async def _moment(self) -> None:
        """Everything of this moment. At the last one nothing starts any more."""
        await self._record()
        self._stale = 0
        more = self._clock.now < self._until
        while more:
            more = await self._work()
            more = await self._end_passes() or more

    async def _next(self) -> float | None:
        """The next moment, a whole second, at which anything can happen."""
        now = self._clock.now
        known = [self._coming.next(), self._stage.grants.again, self._sub.plan_until]
        ahead = [ceil(moment) for moment in known if moment is not None and moment > now]
        self._stage.grants.again = None
        if ahead:
            return min(ahead)
        due = await self._store.next_due(self._sub.name, now)
        return None if due is None else ceil(due)

    async def _record(self) -> None:
        """Record every attempt that is over."""
        over, self._over = self._over, []
        writing: asyncio.Task[None] | None = None
        for at in range(0, len(over), TOLD):
            batch = [(one, self._end(one)) for one in over[at : at + TOLD]]
            if writing is not None:
                await writing
            writing = asyncio.create_task(self._write(batch))
            await asyncio.sleep(0)  # until it is sent
        if writing is not None:
            await writing

    async def _write(self, batch: Sequence[tuple[Running, End]]) -> None:
        if None in await self._store.record_many([end for _, end in batch]):
            raise StaleState("a simulation's store was written by somebody else: run it again")
        for one, end in batch:
            self._free(one)
            self._later(one.contact, one.state, end.move, end.due_at)

    def _end(self, one: Running) -> End:
        now = self._clock.now
        outcome = outcome_of(one, self._sub.campaign, now)
        move = ended(one.contact, one.state, self._sub, one.intent, outcome, now)
        return End(one.intent, outcome, move, due_at(move.step, now), one.state.version)

    def _later(self, contact: Contact, before: ContactState, move: Move, at: float | None) -> None:
        """Look again when a contact's moment comes, and at the passes if it is through with one."""
        self._before_over -= 1
        if at is not None and at > self._clock.now:
            self._coming.wake(at)
        if isinstance(move.step, Dial) and self._sub.campaign.find(move.step.pass_name).medium not in VOICE:
            self._letters = True
        if move.state.ended is not None or _passes_through(move.state) != _passes_through(before):
            self._moved = True
            self._stage.grants.finishing.moved(contact, before, move.state)

    def _free(self, one: Running) -> None:
        """Its channel at once; the agent who spoke, after the wrap-up."""
        attempt, agents = one.intent.attempt, self._stage.grants.agents
        self._stage.grants.ended(attempt)
        self._stage.grants.ahead.over(attempt, self._clock.now)
        if one.fate.result is Result.CONNECTED_AGENT:
            self._coming.note(self._clock.now + self._sub.campaign.wrap_up, lambda: self._freed(attempt))
        else:
            agents.release(attempt)

    def _freed(self, attempt: str) -> None:
        self._stage.grants.ahead.freed(self._clock.now)
        self._stage.grants.agents.release(attempt)

    async def _work(self) -> bool:
        """One look at who is due, for calls and for messages; whether another one may find more."""
        again = False
        for lanes, look in self._looks.items():
            if lanes == "messages" and not self._letters:
                continue
            limit = look.limit
            due = await self._store.due(self._sub.name, self._clock.now, limit, lanes)
            self._letters = bool(due) if lanes == "messages" else self._letters
            found = look.at(in_turn(due, self._sub.campaign), self._sub, self._clock.now)
            await self._put(found.moves)
            refused_ones = await self._claim(found.chosen)
            worked = bool(found.moves or found.chosen)
            again = again or found.again or refused_ones or (worked and len(due) == limit)
        return again

    async def _put(self, moves: Sequence[Moved]) -> None:
        puts = [Put(one.contact.id, one.state.version, one.move, one.due_at) for one in moves]
        await self._store.put_many(self._sub.name, puts)
        for one in moves:
            self._later(one.contact, one.state, one.move, one.due_at)

    async def _claim(self, chosen: Sequence[Candidate]) -> bool:
        """Claim them all, and start those that were granted; whether one was refused that is to be looked at
        again at once."""
        sub, now = self._sub, self._clock.now
        turned_away, asked = list[Moved](), list[Asked]()
        for at in range(0, len(chosen), TOLD):
            claims = [claim_for(one, sub, self._stage.countries, now) for one in chosen[at : at + TOLD]]
            answers = asyncio.create_task(self._store.claim(claims, now))
            asked.append(Asked(chosen[at : at + TOLD], claims, answers))
            await asyncio.sleep(0)  # until it is sent
            if len(asked) > 1:
                turned_away += await self._begin(asked[-2])
        if asked:
            turned_away += await self._begin(asked[-1])
        await self._put(turned_away)
        return any(one.due_at is not None and one.due_at <= now for one in turned_away)

    async def _begin(self, asked: Asked) -> list[Moved]:
        """Start those that were granted; what becomes of the others."""
        now, turned_away = self._clock.now, list[Moved]()
        self._before_over -= len(asked.claims)
        for one, claim, refusal in zip(asked.chosen, asked.claims, await asked.answers, strict=True):
            if refusal is None:
                zone = contact_zones(one.contact, one.dial.device, self._sub.campaign)[0]
                self._start(running(claim, self._stage.fates.draw(claim.intent, self._sub.campaign, zone)))
                continue
            self._stage.grants.give_back(one.attempt, now)
            move = refused(one.contact, one.state, self._sub, refusal, now)
            turned_away.append(Moved(one.contact, one.state, move, due_at(move.step, now)))
            if refusal is Refusal.STALE:
                await self._look_anew()
        return turned_away

    def _start(self, one: Running) -> None:
        fate, now = one.fate, self._clock.now
        ahead, attempt = self._stage.grants.ahead, one.intent.attempt
        if ahead.has(attempt):
            ahead.placed(attempt, now)
        if fate.result is Result.CONNECTED_AGENT and ahead.has(attempt):
            self._coming.note(now + fate.ring, lambda: self._answered_ahead(one))
        elif fate.result is not Result.CONNECTED_AGENT or self._stage.grants.agents.has(one.intent.attempt):
            self._ends(one, now + fate.ring + fate.talk)
        elif fate.ring:
            self._coming.note(now + fate.ring, lambda: self._to_an_agent(one))
        else:
            self._to_an_agent(one)

    def _answered_ahead(self, one: Running) -> None:
        """Somebody answered a call that was placed before an agent was free for it."""
        self._stage.grants.ahead.answered(one.intent.attempt, self._clock.now)
        self._connect(one, self._clock.now + PATIENCE)

    def _connect(self, one: Running, until: float) -> None:
        """Who waits is looked at once a second, and led away when the patience is over."""
        ahead, now = self._stage.grants.ahead, self._clock.now
        if ahead.connected(one.intent.attempt):
            self._ends(one, now + one.fate.talk)
        elif now < until:
            self._coming.note(min(now + 1, until), lambda: self._connect(one, until))
        else:
            ahead.abandoned()
            lost = Fate(Result.ABANDONED_NO_AGENT, talk=TALK[Result.ABANDONED_NO_AGENT])
            self._ends(replace(one, fate=lost), now + lost.talk)

    def _to_an_agent(self, one: Running) -> None:
        """A script leads to an agent. Where the file says that one spoke, one did, free or not."""
        agents, fate = self._stage.grants.agents, one.fate
        if not agents.reserve(one.intent.attempt):
            if fate.otherwise is None:
                agents.engage(one.intent.attempt)
            one = replace(one, fate=fate.otherwise or fate)
        self._ends(one, self._clock.now + one.fate.talk)

    def _ends(self, one: Running, at: float) -> None:
        """The attempt is over at `at`; nothing takes no time at all, or a day could have endless attempts."""
        self._coming.note(max(at, self._clock.now + AT_ONCE), lambda: self._over.append(one))

    async def _end_passes(self) -> bool:
        """Passes nobody is left in are over; whether any was. The store is asked only when one can be: each
        writing of a contact leaves one less in a pass at most."""
        if not self._moved or self._before_over > 0:
            return False
        self._moved = False
        waiting = await self._store.pass_waiting(self._sub.name)
        self._stage.grants.ahead.people = waiting
        left = {name: n for name, n in waiting.items() if name not in self._sub.passes_ended}
        over = [name for name, n in left.items() if n == 0]
        if self._stage.grants.agents.staffed is None:  # else the pacing goes by who is left
            self._before_over = min(left.values(), default=0)
        for name in over:
            await self._store.pass_ended(self._sub.name, name, self._clock.now)
        if over:
            await self._refresh()
        return bool(over)

    async def _look_anew(self) -> None:
        """Something has changed that this process did not do: it may have been an override's moment."""
        self._stale += 1
        if self._stale > STALE:
            raise StaleState("the store refuses every claim as decided by what holds no more")
        await self._refresh()

    async def _refresh(self) -> None:
        self._sub = await self._store.sub(self._sub.name) or self._sub
        self._before_over = 0


def _passes_through(state: ContactState) -> int:
    return sum(record.through_at is not None for record in state.records)
