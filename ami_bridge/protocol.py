"""Our protocol class under panoramisk's Manager: frames, answers to actions, and the wake of a lost link.

It replaces what panoramisk's own does with bytes, and keeps what Manager needs of one: `send`, `close`, and
the attributes Manager sets. When to connect, and what is done with events, is the link's.
"""

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from panoramisk.ami_protocol import AMIProtocol

from ami_bridge.errors import (
    ActionRefused,
    AmiError,
    ForbiddenText,
    NotConnected,
    OutcomeUnknown,
    ProtocolError,
)
from ami_bridge.wire import Event, Message, MessageReader, Reply, encode_action

log = structlog.get_logger(__name__)

MAX_LISTING = 100_000
"""Events of one list. A box with 10,000 channels and 5,000 members in ten queues stays below it."""

MAX_UNSENT = 262_144
"""Bytes that may wait for a peer that does not read: some 500 actions. Then actions are refused unsent."""


class Owner(Protocol):
    """What the protocol needs of panoramisk's Manager."""

    def dispatch(self, event: Event) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


@dataclass(slots=True)
class Pending:
    """An action on its way: resolves to its reply, for a list when the list is complete."""

    action: str
    action_id: str
    listing: bool
    answer: asyncio.Future[Reply]
    events: list[Event] = field(default_factory=list)
    reply: Reply | None = None


class LinkProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection. `gone` is set when it has ended, `reason` says why where we ended it ourselves."""

    transport: asyncio.Transport

    def __init__(self, owner: Owner, wanted: Iterable[str], prefix: str) -> None:
        self.factory = owner
        self.reader = MessageReader(wanted)
        self.pending: dict[str, Pending] = {}
        self.stray = 0
        self.reason = ""
        self.closed = False
        self.gone = asyncio.Event()
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._ids = (f"{prefix}-{number}" for number in itertools.count(1))
        self.heard_at = self._loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.heard_at = self._loop.time()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        try:
            messages = self.reader.feed(data)
        except ProtocolError as fault:
            log.warning("ami.protocol_error", fault=str(fault))
            self.drop("protocol_error")
            return
        dispatch = self.factory.dispatch
        for message in messages:
            if not self.pending or not self._answers(message):
                if type(message) is Event:
                    dispatch(message)
                else:
                    self.stray += 1

    def send(self, data: Mapping[str, str], as_list: bool | None = None) -> asyncio.Future[Reply]:
        """What panoramisk's Manager calls, to log in."""
        headers = dict(data)
        return self.request(headers.pop("Action"), headers, {}, listing=bool(as_list)).answer

    def request(
        self,
        action: str,
        headers: Mapping[str, str],
        variables: Mapping[str, str],
        *,
        listing: bool = False,
        action_id: str | None = None,
    ) -> Pending:
        """Has one action written before the loop's next turn. Raises ForbiddenText or NotConnected, and then
        nothing is sent."""
        used_id = next(self._ids) if action_id is None else action_id
        encoded = encode_action(action, headers, variables, action_id=used_id)
        if used_id in self.pending:
            raise ForbiddenText(f"the ActionID {used_id} still waits for its answer")
        if self.closed or self.transport.is_closing():
            raise NotConnected(f"no link to Asterisk: {action} was not sent")
        if self.transport.get_write_buffer_size() + sum(map(len, self._unsent)) > MAX_UNSENT:
            raise NotConnected(f"Asterisk does not read what we send: {action} was not sent")
        pending = Pending(action, used_id, listing, self._loop.create_future())
        self.pending[used_id] = pending
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(encoded)
        return pending

    def _flush(self) -> None:
        """What was asked for in one turn of the loop goes out by one call of the system: a call of its own
        for each Originate costs more than all the rest of it."""
        unsent, self._unsent = self._unsent, []
        if not self.closed and not self.transport.is_closing():
            self.transport.write(b"".join(unsent))

    def forget(self, pending: Pending) -> None:
        """Leaves nothing behind of an action, answered or not."""
        self.pending.pop(pending.action_id, None)

    def waits_for(self, action: str) -> bool:
        return any(pending.action == action for pending in self.pending.values())

    def drop(self, reason: str) -> None:
        """Ends the connection at once, without waiting for a peer that may be gone."""
        self.reason = self.reason or reason
        self.transport.abort()

    def close(self) -> None:
        """What panoramisk's Manager calls to end a connection."""
        self.drop("closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        waiting, self.pending = self.pending, {}
        for pending in waiting.values():
            _fail(pending, OutcomeUnknown(pending.action, "the link was lost"))
        self.gone.set()
        self.factory.connection_lost(exc)

    def _answers(self, message: Message) -> bool:
        """Whether this message belongs to an action that waits: it goes there, not to the callbacks."""
        if type(message) is Event and b"\r\nActionID: " not in message.raw:
            return False
        pending = self.pending.get(message.action_id)
        if pending is None:
            return False
        if isinstance(message, Reply):
            return self._take_reply(pending, message)
        return pending.listing and self._take_item(pending, message)

    def _take_reply(self, pending: Pending, reply: Reply) -> bool:
        if pending.reply is not None:
            return False
        pending.reply = reply
        if not (pending.listing and reply.success and reply.get("EventList") == "start"):
            self._resolve(pending, reply)
        return True

    def _take_item(self, pending: Pending, event: Message) -> bool:
        if pending.reply is None or not isinstance(event, Event):
            return False
        end = event.get("EventList")
        if end == "Complete":
            self._resolve(pending, pending.reply)
        elif end == "cancelled":
            self.forget(pending)
            _fail(pending, ActionRefused(pending.action, "the list was cancelled half-way"))
        elif len(pending.events) >= MAX_LISTING:
            log.warning("ami.protocol_error", fault=f"a list of more than {MAX_LISTING} events")
            self.drop("protocol_error")
        else:
            pending.events.append(event)
        return True

    def _resolve(self, pending: Pending, reply: Reply) -> None:
        self.forget(pending)
        if not pending.answer.done():
            pending.answer.set_result(reply)


def _fail(pending: Pending, error: AmiError) -> None:
    if not pending.answer.done():
        pending.answer.set_exception(error)
        pending.answer.exception()  # a caller who gave up is not told again by the garbage collector
