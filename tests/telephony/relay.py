"""A port of one of the parts at another address, where connections to it can be cut, refused and deafened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Relay:
    """Carries bytes both ways between whoever connects to `host` and the part at `there`."""

    def __init__(self, host: str, there: str) -> None:
        self._host, self._there = host, there
        self._writers: list[asyncio.StreamWriter] = []
        self._deaf: set[asyncio.StreamWriter] = set()
        self.refuses = False

    @asynccontextmanager
    async def laid(self, port: int) -> AsyncIterator[Relay]:
        """Listens on the port, and connects to the same one there."""
        self._port = port
        server = await asyncio.start_server(self._join, self._host, port)
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Every connection is reset."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def deafen(self) -> None:
        """Half open: the connections there are stay up, and nothing comes through them any more."""
        self._deaf |= set(self._writers)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            there, to_there = await asyncio.open_connection(self._there, self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, to_there]
        async with asyncio.TaskGroup() as both:
            both.create_task(self._carry(reader, to_there))
            both.create_task(self._carry(there, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65536):
                if writer not in self._deaf:
                    writer.write(block)
                    await writer.drain()
        except ConnectionError:
            pass
        writer.close()
