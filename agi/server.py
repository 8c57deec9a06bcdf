"""The FastAGI server: where it listens, how many sessions it holds, how it ends. A session's course is left
to its connection, what is said in it to the handlers."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from agi.admission import Admission, Network, peer_allowed
from agi.connection import Connection, Handler, Limits
from agi.errors import ListenFailed, Refused

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class FastAgiServer:
    """Serves `routes` (script name to handler) at `host`:`port` to the peers in `allow`.

    `token`, unless None, must be the first argument of every AGI() call. Whatever one session does, the
    others go on.
    """

    def __init__(  # noqa: PLR0913  what an admin may set, each by its name
        self,
        host: str,
        port: int,
        *,
        allow: Sequence[Network],
        token: str | None,
        routes: Mapping[str, Handler],
        limits: Limits | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._allow = tuple(allow)
        self._admission: Admission[Handler] = Admission(routes, token)
        self._limits = limits or Limits()
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._closing = False
        self._server: asyncio.Server | None = None

    @property
    def sessions(self) -> int:
        """How many connections are open or have a handler still running."""
        return len(self._connections)

    async def start(self) -> int:
        """Begin to listen; returns the port, which matters when 0 was asked for. Raises ListenFailed."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._connection, self._host, self._port, backlog=self._limits.sessions
            )
        except OSError as error:
            raise ListenFailed(
                f"cannot listen on {self._host}:{self._port} ({error.strerror}); is another secondpass "
                "running, or is the address not this machine's?"
            ) from error
        port: int = self._server.sockets[0].getsockname()[1]
        log.info("agi.listening", host=self._host, port=port)
        return port

    def take(self, routes: Mapping[str, Handler]) -> None:
        """Sessions that begin from now on find these routes; those that run keep their handlers."""
        self._admission.routes = routes

    async def close(self, drain: float = 5.0) -> None:
        """Let nobody in, give running handlers `drain` seconds, cancel the rest, and leave nothing behind."""
        self._closing = True
        if self._server is None:
            return
        self._server.close()
        await self._drain(drain)
        while self._connections:
            self._empty.clear()
            for connection in self._connections:
                connection.abort()
            await self._empty.wait()
        await self._server.wait_closed()

    async def _drain(self, seconds: float) -> None:
        tasks = [c.task for c in self._connections if c.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connection(self) -> Connection:
        return Connection(self._admission, self._limits, on_made=self._made, on_gone=self._gone)

    def _made(self, connection: Connection, peer: str) -> None:
        if not peer_allowed(peer, self._allow):
            raise Refused("peer_not_allowed", peer)
        if self._closing:
            raise Refused("closing")
        if len(self._connections) >= self._limits.sessions:
            raise Refused("too_many_sessions", str(self._limits.sessions))
        self._connections.add(connection)

    def _gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
