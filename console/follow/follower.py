"""Reads the ledger once, from its first closed day on, and then only what it has grown by; what is made of
its lines is left to the views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from console.ledger_files import place_of
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from console.ledger_days import Entry
    from console.ledger_files import Archive
    from strategies.store import Store

PAGE = 500  # lines of the stream in one go, so that nobody else waits long for the loop
CHUNK = 500  # of a closed day's file
ERASED = "person_erased"  # the change after which lines that were read read otherwise


class Views(Protocol):
    """What is made of the ledger."""

    @property
    def kinds(self) -> Collection[str]:
        """The lines it is made of."""

    def take(self, identity: str, line: dict[str, Any]) -> None:
        """One more line of these kinds, in the ledger's order."""


V = TypeVar("V", bound=Views)


@dataclass(slots=True)
class _Read(Generic[V]):
    """How far views have come: `after` the last line they have; `begun` after the last there was when the
    reading began."""

    views: V
    after: str
    begun: str


class Follower(Generic[V]):
    """One per process; `make` gives empty views. Where a person was erased, everything is read anew: nobody
    shall be shown what was read of them before."""

    def __init__(self, store: Store, files: Archive, make: Callable[[], V]) -> None:
        self._store, self._files, self._make = store, files, make
        self._kinds = frozenset({*make().kinds, Kind.CHANGED})
        self._now: _Read[V] | None = None
        self._one = asyncio.Lock()
        self._next: asyncio.Task[V] | None = None
        self._tasks: set[asyncio.Task[V]] = set()
        self.looks = self.lines = 0
        """How often the ledger was looked at, and how many lines of it were read."""

    async def caught_up(self) -> V:
        """The views with everything that was in the ledger when this was asked. Who asks while another's look
        is under way shares the one after it. Raises StoreError, and RefusedError where a closed day cannot be
        read."""
        look = self._begun()
        # The look is everybody's, and a link to the store is never cancelled in the middle of a command.
        await asyncio.wait({look})
        return look.result()

    async def soon(self, within: float) -> V | None:
        """The same; None where it takes longer than so many seconds."""
        look = self._begun()
        done, _ = await asyncio.wait({look}, timeout=within)
        return look.result() if done else None

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begun(self) -> asyncio.Task[V]:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._look(), name="ledger follower")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._done)
        return self._next

    def _done(self, task: asyncio.Task[V]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits is told; if nobody does any more, nobody needs to be

    async def _look(self) -> V:
        async with self._one:
            self._next = None  # who comes from now on may have written what this look misses
            self.looks += 1
            read = self._now
            if read is None or await self._read(read):
                read = await self._from_the_first()
            self._now = read
            return read.views

    async def _from_the_first(self) -> _Read[V]:
        while True:
            newest = [identity for identity, _ in await self._store.newest(count=1)]
            last = await asyncio.to_thread(self._files.last)
            read = _Read(self._make(), "-", max((*newest, last), key=place_of))
            if not await self._read(read):
                return read

    async def _read(self, read: _Read[V]) -> bool:
        """Give the views what they lack; True where somebody was erased since the reading began, and nothing
        of it is to be used."""
        while True:
            page = await self._store.ledger(read.after, PAGE)
            last = await asyncio.to_thread(self._files.last)
            if place_of(last) > place_of(read.after):  # days were moved there: the page may lack them
                lines = self._files.read(read.after, kinds=self._kinds)
                while chunk := await asyncio.to_thread(_chunk, lines):
                    if self._take(read, chunk):
                        return True
                read.after = last
                continue
            if self._take(read, page):
                return True
            if not page:
                return False
            read.after = page[-1][0]

    def _take(self, read: _Read[V], entries: Iterable[Entry]) -> bool:
        for identity, line in entries:
            self.lines += 1
            if line.get("what") == ERASED and place_of(identity) > place_of(read.begun):
                self._now = None
                return True
            if line.get("kind") in read.views.kinds:
                read.views.take(identity, line)
        return False


def _chunk(lines: Iterator[Entry]) -> list[Entry]:
    return list(islice(lines, CHUNK))
