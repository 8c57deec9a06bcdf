"""The queue between the socket's reader and the callbacks; what an event means is the callbacks' business.

The reader only ever appends, so it never waits. One task takes entries out in order and calls the callbacks,
yielding to the loop after every few. When callbacks fall too far behind, everything waiting is dropped and
the gap is told: half of a story is worse than a fresh snapshot.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from ami_bridge.wire import Event

log = structlog.get_logger(__name__)

BATCH = 1_024
"""Callbacks between two looks at the socket. One look brings 256 KiB, some 560 events: with fewer callbacks
than that, a burst would pile up however quick they are."""


MENDS = {
    "login_refused": "check the AMI user's name, secret and permit lines in manager.conf",
    "no_answer": "Asterisk takes the connection and says nothing: is it frozen, or is this another service?",
    "overflow": "events came faster than we handled them: filter more of them in manager.conf (eventfilter)",
    "protocol_error": "check the AMI host and port: the peer does not speak as Asterisk's manager does",
    "silent": "Asterisk, or the network to it, stopped answering",
    "unreachable": "check that Asterisk runs and that manager.conf enables the AMI on this host and port",
}


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where the link stands. `generation` grows when events may have been missed: take a snapshot then."""

    connected: bool = False
    generation: int = 0
    gaps: int = 0
    """Times that events may have been missed: a link lost after its login, or callbacks too far behind."""
    reason: str = "starting"
    """`connected`, `starting`, `lost`, or a key of MENDS."""
    retry_in: float | None = None
    """Seconds until the next try, while not connected."""

    @property
    def mend(self) -> str:
        """What a person can do about it; empty where nothing needs doing."""
        return MENDS.get(self.reason, "")


class EventQueue:
    """Events and changes of state, in the order they came, to callbacks chosen by the event's name."""

    def __init__(
        self,
        handlers: Mapping[str, Callable[[Event], None]],
        on_state: Callable[[LinkState], None],
        on_overflow: Callable[[], None],
        *,
        most: int,
        most_bytes: int,
    ) -> None:
        self.handlers = dict(handlers)
        self.failures: Counter[str] = Counter()
        self.dropped = 0
        self._on_state = on_state
        self._on_overflow = on_overflow
        self._most = most
        self._most_bytes = most_bytes
        self._entries: deque[Event | LinkState] = deque()
        self._bytes = 0
        self._holds = 0
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, event: Event) -> None:
        """Appends an event; past either bound drops all that wait, and reports that instead."""
        self._bytes += len(event.raw)
        if len(self._entries) >= self._most or self._bytes > self._most_bytes:
            self.dropped += 1 + sum(isinstance(entry, Event) for entry in self._entries)
            self._entries.clear()
            self._bytes = 0
            self._on_overflow()
            return
        self._entries.append(event)
        self._wake.set()

    def put_state(self, state: LinkState) -> None:
        """Appends a change of state, so that it is told after the events that came before it."""
        self._entries.append(state)
        self._wake.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Events wait (and the bounds still count) until the block ends."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._wake.set()

    async def consume(self) -> None:
        """Calls the callbacks until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            taken = 0
            while self._entries and not self._holds:
                self._handle(self._entries.popleft())
                taken += 1
                if taken % BATCH == 0:
                    await asyncio.sleep(0)

    def _handle(self, entry: Event | LinkState) -> None:
        name = "on_state" if isinstance(entry, LinkState) else entry.name
        try:
            if isinstance(entry, LinkState):
                self._on_state(entry)
            else:
                self._bytes -= len(entry.raw)
                handler = self.handlers.get(name)
                if handler is not None:
                    handler(entry)
        except Exception:  # noqa: BLE001  a callback's fault costs this event's handling, never the link
            self.failures[name] += 1
            first = self.failures[name] == 1
            (log.exception if first else log.debug)(
                "ami.callback_failed", callback=name, failures=self.failures[name]
            )
