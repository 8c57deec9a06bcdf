"""A link to the store that a test can slow down or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path


class Proxy:
    """Forwards a TCP port of loopback to a unix socket; `delay` gives the seconds each piece waits."""

    def __init__(self, socket: Path, delay: Callable[[], float] = lambda: 0.0) -> None:
        self._socket, self._delay = socket, delay
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()
        self.port = 0
        self.swallow_replies = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Accept again, on the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Cut every link and accept no other."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        far_reader, far_writer = await asyncio.open_unix_connection(str(self._socket))
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, far_writer, replies=False))
                both.create_task(self._carry(far_reader, writer, replies=True))
        except* (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._carrying.discard(task)
            writer.close()
            far_writer.close()

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        while piece := await source.read(65536):
            await asyncio.sleep(self._delay())
            if replies and self.swallow_replies:
                break
            target.write(piece)
            await target.drain()
        raise ConnectionResetError


@asynccontextmanager
async def proxied(socket: Path, delay: Callable[[], float] = lambda: 0.0) -> AsyncIterator[Proxy]:
    """A proxy that is up."""
    proxy = Proxy(socket, delay)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.down()
