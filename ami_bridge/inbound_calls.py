"""What calls that came in came to, from the first queue to the hang-up, and what agents noted of any call:
told to the store, where the models learn from it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ami_bridge.call_facts import DISPOSITION_EVENT, HANGS_UP_WITHIN, MEMBER, WORD, is_inbound
from ami_bridge.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    UserEvent,
)
from strategies.numbers import normalise
from strategies.past_calls import CallOver, CallResult
from strategies.store import Store
from strategies.store.notes import Note
from strategies.store.patience import until_stored

MOST = 20_000  # calls followed at once; their hang-ups cannot have been missed for so many

_CALL = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_ANSWERS = {"yes": True, "no": False}


@dataclass(slots=True)
class _Call:
    """A call that is up: `since` when it began to wait, None while it does not; `left` when a queue last said
    that it went without an agent."""

    queue: str
    since: float | None
    number: str = ""
    waited: float = 0.0
    agent: str = ""
    talks: float | None = None
    talked: float = 0.0
    left: float | None = None


class InboundCalls:
    """`hear` is told of every event; `run` writes what came of the calls."""

    def __init__(self, store: Store, country: str) -> None:
        self._store, self._country = store, country
        self._calls: dict[str, _Call] = {}
        self._over: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue()

    def hear(self, event: AmiEvent, now: float) -> CallOver | Note | None:
        """What an event ended or told."""
        if isinstance(event, UserEvent):
            return self._noted(event.fields, now) if event.name == DISPOSITION_EVENT else None
        if not is_inbound(getattr(event, "uniqueid", "")):
            return None
        match event:
            case QueueCallerJoin(queue=queue, uniqueid=call):
                self._joined(call, queue, now)
            case QueueCallerLeave(uniqueid=call) if call in self._calls:
                _waits_no_more(self._calls[call], now)
            case QueueCallerAbandon(uniqueid=call, caller_number=number) if call in self._calls:
                self._calls[call].left, self._calls[call].number = now, number
            case AgentConnect(uniqueid=call):
                self._connected(event, call, now)
            case AgentComplete(uniqueid=call, talk_seconds=talked) if call in self._calls:
                self._calls[call].talks = None
                self._calls[call].talked += talked
            case Hangup(uniqueid=call) if call in self._calls:
                return self._hung_up(call, now)
        return None

    async def run(self) -> None:
        """Write what came of calls, until cancelled."""
        while True:
            write = await self._over.get()
            await until_stored(write)

    def _joined(self, call: str, queue: str, now: float) -> None:
        known = self._calls.setdefault(call, _Call(queue, now))
        known.queue, known.since, known.left = queue, now, None
        while len(self._calls) > MOST:
            self._calls.pop(next(iter(self._calls)))

    def _connected(self, event: AgentConnect, call: str, now: float) -> None:
        """Also of a call that began to wait before we were there."""
        known = self._calls.setdefault(call, _Call(event.queue, now - event.hold_seconds))
        _waits_no_more(known, now)
        known.number, known.talks, known.left = event.caller_number, now, None
        known.agent = known.agent or event.interface

    def _hung_up(self, call: str, now: float) -> CallOver:
        known = self._calls.pop(call)
        _waits_no_more(known, now)
        if known.talks is not None:
            known.talked += now - known.talks
        over = CallOver(call, now, _result(known, now), known.queue, known.waited, known.talked, known.agent)
        number = normalise(known.number, self._country)
        self._over.put_nowait(lambda: self._keep(over, number))
        return over

    async def _keep(self, over: CallOver, number: str | None) -> None:
        await self._store.call_over(over, await self._store.customer_of(over.interaction, number))

    def _noted(self, fields: Mapping[str, str], now: float) -> Note | None:
        """What an agent noted of a call: `Interaction` or `Attempt`, and any of `Disposition`, `Pursued`,
        `Achieved` (yes or no) and `Agent`. Text from outside: what does not look like it is left out. An
        attempt's disposition alone is its keeper's."""
        interaction = fields.get("Interaction") or fields.get("Attempt", "")
        said, agent = fields.get("Disposition", ""), fields.get("Agent", "")
        note = Note(
            interaction,
            now,
            disposition=said if WORD.fullmatch(said) else "",
            pursued=_ANSWERS.get(fields.get("Pursued", "").lower()),
            achieved=_ANSWERS.get(fields.get("Achieved", "").lower()),
            agent=agent if MEMBER.fullmatch(agent) else "",
        )
        if not _CALL.fullmatch(interaction) or not note.says_anything:
            return None
        if not is_inbound(interaction) and not note.tells_of_the_objective:
            return None
        self._over.put_nowait(lambda: self._store.note(note))
        return note


def _waits_no_more(call: _Call, now: float) -> None:
    if call.since is not None:
        call.waited += now - call.since
        call.since = None


def _result(call: _Call, now: float) -> CallResult:
    if call.agent:
        return CallResult.CONNECTED
    if call.left is not None and now - call.left <= HANGS_UP_WITHIN:
        return CallResult.ABANDONED
    return CallResult.LEFT
