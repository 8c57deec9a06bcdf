"""Looks again at callers who wait in a queue when more is known: raises them in it, or moves them to another
with the age they have; whether, is `strategies.waiting`'s to say.

What was decided when they came in stands in the ledger, which is read as it grows.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from ami_bridge.abandoning import is_served
from ami_bridge.agents import QueueBoard
from ami_bridge.call_facts import WORD, is_inbound
from ami_bridge.decisions_in_force import DecisionsInForce
from ami_bridge.errors import AmiError, NotConnected
from ami_bridge.events import (
    AgentComplete,
    AmiEvent,
    Hangup,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberStatus,
    UserEvent,
)
from ami_bridge.foreseen_anew import ForeseenAnew, Waits
from ami_bridge.link import AmiLink
from ami_bridge.set_within import set_within
from config.plain_text import plain
from config.variables import Context, Variable
from models.models_in_use import ModelsInUse
from strategies.agent_fit import AgentRecord
from strategies.decisions import Decision
from strategies.segments import Catalogue, Objective
from strategies.store import QueueFigures, Store, StoreUnavailable
from strategies.store.seats import agent_record
from strategies.waiting import decided_anew, place_by_age, raised_to

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks where nothing happens: waits grow by themselves
PAUSE = 0.2  # seconds after a look in which what happens is gathered
MOST = 20_000  # callers followed at once; their hang-ups cannot have been missed for so many
ANSWER_EVENT = "SecondpassAnswer"  # UserEvent of a dialplan: a caller answered something (`Name`, `Value`)

_VALUE = re.compile(r"[A-Za-z0-9_.+*#\-]{1,40}")


@dataclass(slots=True)
class _Caller:
    """Who waits: `entered` when they began to (epoch seconds), through all queues; `been`: the objectives
    that handled them so far, the last of them now."""

    call: str
    channel: str
    queue: str
    entered: float
    been: list[str] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)


class WaitingCallers:
    """One per bridge; `queues` gives the figures at a moment, `catalogue` the one that holds now, None while
    there is none; `models` are those of the catalogue."""

    def __init__(  # noqa: PLR0913  each its own source of what is known, by name
        self,
        store: Store,
        link: AmiLink,
        board: QueueBoard,
        *,
        queues: Callable[[float], Mapping[str, QueueFigures]],
        clock: Callable[[], float],
        catalogue: Callable[[], Catalogue | None],
        leased: Callable[[], bool],
        models: ModelsInUse,
    ) -> None:
        self._store, self._link, self._board, self._queues = store, link, board, queues
        self._clock, self._catalogue, self._leased = clock, catalogue, leased
        self._foreseen = ForeseenAnew(models, store)
        self._in_force = DecisionsInForce(store, clock)
        self._callers: dict[str, _Caller] = {}
        self._news = asyncio.Event()

    def hear(self, event: AmiEvent, now: float) -> None:
        """Told of every event."""
        match event:
            case QueueCallerJoin(queue=queue, channel=channel, uniqueid=call) if is_inbound(call):
                self._joined(call, channel, queue, now)
            case Hangup(uniqueid=call):
                self._callers.pop(call, None)
            case UserEvent(name=name, uniqueid=call) if name == ANSWER_EVENT and call in self._callers:
                self._answered(self._callers[call], event.fields)
            case QueueCallerLeave() | AgentComplete() | QueueMemberStatus():
                pass
            case _:
                return
        self._news.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(PAUSE)
            self._news.clear()
            if self._leased():
                try:
                    await self.look(self._clock())
                except (StoreUnavailable, AmiError) as error:
                    log.debug("waiting.not_looked", error=str(error))
            await set_within(self._news, LOOK)

    async def look(self, now: float) -> None:
        """Decide anew about everybody who waits, the longest first, and carry out what is better."""
        catalogue = self._catalogue()
        queues = self._queues(now)
        if catalogue is None or not await self._all_known(queues):
            return
        await self._in_force.read()
        views = {name: figures.seen() for name, figures in queues.items()}
        agents = await self._agents(catalogue)
        decided = [one for one in sorted(self._waiting(), key=_age) if self._decided(one, queues)]
        waits = [self._waits(one, queues[one.queue], now) for one in decided]
        await self._foreseen.look(waits, catalogue, now)
        for caller in decided:
            record, figures = self._in_force.of(caller.call), queues.get(caller.queue)
            if record is None or figures is None or caller.call not in self._board.waiting(caller.queue):
                continue  # they had an agent meanwhile
            caller.been = caller.been or [str(record["decision"]["objective"])]
            ahead = self._board.ahead(caller.queue, caller.entered)
            decision = decided_anew(
                record["decision"],
                catalogue,
                queue=figures.seen(now - caller.entered, ahead),
                queues=views,
                agents=agents,
                answers=caller.answers,
                predictions=self._foreseen.of(caller.call).predictions,
            )
            if decision is not None:
                await self._carry_out(caller, str(record["customer"]), decision, catalogue, now)

    def _waiting(self) -> list[_Caller]:
        """As the board has it, which is mended after a gap."""
        return [one for one in self._callers.values() if one.call in self._board.waiting(one.queue)]

    def _decided(self, caller: _Caller, queues: Mapping[str, QueueFigures]) -> bool:
        """Whether there is what to decide anew by; of who was erased there is not."""
        record = self._in_force.of(caller.call)
        return record is not None and caller.queue in queues and "attributes" in record["decision"]["facts"]

    def _waits(self, caller: _Caller, figures: QueueFigures, now: float) -> Waits:
        known = self._in_force.known(caller.call)
        return Waits(caller.call, known, dict(caller.answers), figures, now - caller.entered)

    async def _all_known(self, queues: Iterable[str]) -> bool:
        """Whether anybody waits. Of those who did before we were there, Asterisk is asked the channel."""
        there = {call: name for name in queues for call in self._board.waiting(name) if is_inbound(call)}
        if there.keys() - self._callers.keys():
            for entry in await self._link.listing("QueueStatus"):
                call, queue = entry.get("Uniqueid"), entry.get("Queue")
                since = self._board.waits_since(queue, call)
                if entry.name == "QueueEntry" and call not in self._callers and since is not None:
                    self._callers[call] = _Caller(call, entry.get("Channel"), queue, since)
        return bool(there)

    def _joined(self, call: str, channel: str, queue: str, now: float) -> None:
        """Who comes from another queue keeps the age they have."""
        known = self._callers.get(call)
        if known is None:
            self._callers[call] = _Caller(call, channel, queue, now)
            while len(self._callers) > MOST:
                self._callers.pop(next(iter(self._callers)))
            return
        known.channel, known.queue = channel, queue
        self._board.joined(queue, call, known.entered)

    def _answered(self, caller: _Caller, fields: Mapping[str, str]) -> None:
        """Text from outside: what does not look like an answer is left out."""
        name, value = fields.get("Name", ""), fields.get("Value", "")
        if WORD.fullmatch(name) and _VALUE.fullmatch(value):
            caller.answers[name] = value

    async def _agents(self, catalogue: Catalogue) -> tuple[AgentRecord, ...]:
        if catalogue.guards.agent_fit is None:
            return ()
        tallies = await self._store.tallies()
        return tuple(agent_record(seat, tallies.get(seat.interface, {})) for seat in self._board.seats())

    async def _carry_out(
        self, caller: _Caller, customer: str, decision: Decision, catalogue: Catalogue, now: float
    ) -> None:
        """Ask Asterisk, and write it down once it was done. Where it was not, the next look tries again."""
        held = catalogue.objectives.get(caller.been[-1])
        objective = None if held is None else raised_to(decision, held, {*caller.been}, catalogue)
        if held is None or objective is None:
            return
        try:
            await self._ask(caller, objective, decision, now)
        except AmiError as error:
            log.info("waiting.not_raised", call=caller.call, error=str(error))
            return
        caller.been.append(objective.name)
        segment = catalogue.segments[decision.handled_by]
        await self._store.reassociate_again(
            interaction=caller.call,
            nth=len(caller.been) - 1,
            customer=customer,
            decision=decision.as_record(),
            scope=segment.scope if decision.re_associated else None,
            now=now,
            waited=now - caller.entered,
            factors=self._foreseen.of(caller.call).seen,
        )
        log.info("waiting.raised", call=caller.call, objective=objective.name, waited=now - caller.entered)

    async def _ask(self, caller: _Caller, objective: Objective, decision: Decision, now: float) -> None:
        """Raise the caller where they wait, or lead them to the other queue. The agent's screen first: the
        agent may answer at once."""
        if not self._link.connected:
            raise NotConnected("no link to Asterisk")
        moves = objective.queue != caller.queue
        told = _screen(objective, decision)
        if moves:
            told |= self._way_there(caller, objective, now)
        for name, value in told.items():
            await self._link.call("Setvar", {"Channel": caller.channel}, {name: plain(value)})
        if moves:
            asked = {"Channel": caller.channel, "Variables": Variable.SERVED}
            if any(is_served(one) for one in await self._link.listing("Status", asked)):
                raise AmiError("an agent is there already, of whom we had not heard yet")
            place = {"Channel": caller.channel, "Context": Context.WAIT, "Exten": "s", "Priority": "1"}
            await self._link.call("Redirect", place)
        else:
            change = {"Queue": caller.queue, "Caller": caller.channel, "Immediate": "yes"}
            await self._link.call(
                "QueueChangePriorityCaller", {**change, "Priority": str(objective.priority)}
            )

    def _way_there(self, caller: _Caller, objective: Objective, now: float) -> dict[str, str]:
        """How the dialplan enters the other queue. The wait limit is for the whole wait."""
        limit = objective.wait_limit
        left = "" if limit is None else str(max(1, round(limit - (now - caller.entered))))
        penalty = "" if objective.penalty_max is None else str(objective.penalty_max)
        return {
            Variable.QUEUE: objective.queue,
            Variable.WAIT_LIMIT: left,
            Variable.PENALTY_MAX: penalty,
            Variable.POSITION: str(place_by_age(caller.entered, self._board.waiting(objective.queue))),
        }


def _age(caller: _Caller) -> float:
    return caller.entered


def _screen(objective: Objective, decision: Decision) -> dict[str, str]:
    """What the agent is to see."""
    return {
        Variable.PRIORITY: str(objective.priority),
        Variable.SEGMENT: decision.handled_by,
        Variable.OBJECTIVE: objective.name,
        Variable.OFFER: objective.offer or "",
        Variable.PROMPT: objective.prompt or "",
    }
