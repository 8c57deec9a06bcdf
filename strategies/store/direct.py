"""One connection on which several commands may be under way at once, each task waiting for its own answer;
for a simulation alone, as nothing here guards against a server that is slow or far."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis import exceptions


class Direct(asyncio.Protocol):
    """Commands go out in the order they are asked, and so come their answers."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(replyError=exceptions.ResponseError)
        self._awaited: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def connected(cls, socket: str) -> Direct:
        """Over the unix socket at this path."""
        _, made = await asyncio.get_running_loop().create_unix_connection(cls, socket)
        return made

    async def ask(self, words: Sequence[Any]) -> Any:
        """One command's answer. Raises the client library's ResponseError and ConnectionError."""
        if self._transport is None:
            raise exceptions.ConnectionError("the connection is closed")
        answer = asyncio.get_running_loop().create_future()
        self._awaited.append(answer)
        self._transport.write(hiredis.pack_command(tuple(words)))
        return await answer

    def close(self) -> None:
        """Whoever still waits is told that the connection is gone."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's word that it stands."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """The loop's word of what came."""
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            waiting = self._awaited.popleft()
            if waiting.done():  # given up meanwhile
                continue
            if isinstance(answer, exceptions.ResponseError):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop's word that it is gone."""
        self._transport = None
        for waiting in self._awaited:
            if not waiting.done():
                waiting.set_exception(exceptions.ConnectionError(f"the connection broke: {exc}"))
        self._awaited.clear()
