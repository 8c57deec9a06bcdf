"""Figures as they change, as server-sent events: looked up once for everybody who watches, encoded once,
written raw; whoever reads too slowly is let go and comes back by itself."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from console.web.operations import Call, Operation, Query
from console.web.problems import Problem
from strategies.store import StoreError

log = structlog.get_logger(__name__)

EVERY = 0.5  # seconds between two looks
PULSE = 15.0  # seconds after which something is said in any case, so that both ends know
STILL_MAY = 15.0  # seconds after which the token of whoever watches is looked at again
UNREAD = 16  # events somebody may be behind
WRITE_WITHIN = 10.0  # seconds for one event to be taken by the peer's system
UNSENT = 16_384  # bytes kept for one reader, by us and by the system each: else it would keep megabytes

TROUBLE = "trouble"  # the topic of why figures stand still; everybody gets it
STORE_AWAY = "the store does not answer; figures stand still"
OURS = "an error of ours; figures stand still, and its details are in the log of the console"

Look = Callable[[], Awaitable[dict[str, Any]]]
"""What is shown now, by topic; an event is a topic that changed."""

StillMay = Callable[[web.Request], Awaitable[object]]
"""Raises Problem where the request would no more be let in."""


class Watched(Query):
    """`topics`: only those, with commas between; all if not said."""

    topics: str = ""


@dataclass(eq=False, slots=True)
class _Reader:
    topics: frozenset[str]
    transport: asyncio.Transport | None = None
    events: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(UNREAD))

    def wants(self, topic: str) -> bool:
        return (
            not self.topics
            or topic == TROUBLE
            or any(topic == one or topic.startswith(f"{one}:") for one in self.topics)
        )


class Live:
    """One look for all readers, while there are any."""

    def __init__(self, look: Look, still_may: StillMay) -> None:
        self._look, self._still = look, still_may
        self._readers: set[_Reader] = set()
        self._found: dict[str, Any] = {}
        self._last: dict[str, bytes] = {}
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    @property
    def readers(self) -> int:
        """How many watch."""
        return len(self._readers)

    async def watch(self, call: Call) -> web.StreamResponse:
        """Everything as it is, then whatever changes, until the peer is gone, too slow, or its token ends."""
        topics = call.asked(Watched).topics
        reader = _Reader(frozenset(filter(None, topics.split(","))), _bounded(call.request))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(call.request)
        self._join(reader)
        try:
            await self._serve(reader, response, call)
        finally:
            self._leave(reader)
        return response

    async def _serve(self, reader: _Reader, response: web.StreamResponse, call: Call) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        with suppress(ConnectionError):
            while True:
                try:
                    async with asyncio.timeout(min(PULSE, STILL_MAY)):
                        event = await reader.events.get()
                except TimeoutError:
                    event = b": still here\n\n"
                if event is None:
                    return
                if loop.time() - looked >= STILL_MAY:
                    looked = loop.time()
                    if not await self._still_may(call):
                        return
                try:
                    async with asyncio.timeout(WRITE_WITHIN):
                        await response.write(event)
                except TimeoutError:
                    self._let_go(reader)
                    return

    async def _still_may(self, call: Call) -> bool:
        """Whether the token holds that opened this; a store that is away ends nobody's watching."""
        try:
            await self._still(call.request)
        except Problem as problem:
            return problem.told.status not in {401, 403}
        except StoreError:
            return True
        return True

    def _join(self, reader: _Reader) -> None:
        # One who was let go may still hang on a write: the look goes on until nobody is left.
        if self._task is None:
            self._found, self._last = {}, {}  # nobody looked since
            self._task = asyncio.get_running_loop().create_task(self._run(), name="live figures")
        self._readers.add(reader)
        for topic, event in self._last.items():
            self._tell(reader, topic, event)

    def _leave(self, reader: _Reader) -> None:
        self._readers.discard(reader)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """Let everybody go."""
        for reader in list(self._readers):
            while not reader.events.empty():
                reader.events.get_nowait()
            reader.events.put_nowait(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                self._found = await self._look()
                trouble = {}
            except StoreError as error:
                log.warning("live.store_unavailable", error=str(error))
                trouble = {TROUBLE: {"detail": STORE_AWAY}}
            except Exception:
                log.exception("live.failed")
                trouble = {TROUBLE: {"detail": OURS}}
            self._publish({**self._found, **trouble})
            await asyncio.sleep(EVERY)

    def _publish(self, found: dict[str, Any]) -> None:
        for topic, value in found.items():
            event = _event(topic, value)
            if self._last.get(topic) != event:
                self._last[topic] = event
                for reader in list(self._readers):
                    self._tell(reader, topic, event)
        for gone in self._last.keys() - found.keys():
            del self._last[gone]
            for reader in list(self._readers):
                self._tell(reader, gone, _event(gone, None))

    def _tell(self, reader: _Reader, topic: str, event: bytes) -> None:
        if not reader.wants(topic):
            return
        try:
            reader.events.put_nowait(event)
        except asyncio.QueueFull:
            self._let_go(reader)

    def _let_go(self, reader: _Reader) -> None:
        """Nobody waits for a slow reader: it is cut off, and gets everything anew when it comes back."""
        if reader not in self._readers:
            return
        self.dropped += 1
        self._readers.discard(reader)
        if reader.transport is not None:
            reader.transport.abort()  # a close would wait until the reader has taken what it does not take
        while not reader.events.empty():
            reader.events.get_nowait()
        reader.events.put_nowait(None)


def _bounded(request: web.Request) -> asyncio.Transport | None:
    """The reader's connection, which from now on keeps little of what the reader has not taken."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        return None
    transport.set_write_buffer_limits(high=UNSENT)
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT)
    return transport


def _event(topic: str, value: Any) -> bytes:
    """One event; JSON has no line break that is not escaped."""
    return f"event: {topic}\ndata: {json.dumps(value, separators=(',', ':'), default=str)}\n\n".encode()


def operation(live: Live) -> Operation:
    """The way to watch."""
    return Operation(
        "GET",
        "/api/live",
        "Figures as they change (server-sent events)",
        live.watch,
        answer="text/event-stream",
        query=Watched,
    )
