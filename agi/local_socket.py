"""The same hook over a unix socket, for `secondpass.agi`: one JSON line asks, one JSON line answers with the
variables to set. What to set is left to the handlers, which cannot tell it from a FastAGI session."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from agi.admission import Admission
from agi.channel import ChannelHandler
from agi.errors import ListenFailed, LocalProtocolError, Refused
from agi.protocol import MAX_ENVIRONMENT, clean, encode_set_variables

# JSON can write one character in six; a client that needs more than this sends no AGI environment.
MAX_REQUEST = 6 * MAX_ENVIRONMENT

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """The line the script sends."""

    script: str
    token: str
    environment: dict[str, str]
    arguments: list[str] = []


class LocalCall:
    """A call that is asked about over the socket: a Channel whose variables are collected for the answer,
    which `answer` sends."""

    def __init__(
        self,
        environment: Mapping[str, str],
        answer: Callable[[bytes], None],
        arguments: Sequence[str] = (),
    ) -> None:
        self.environment: Mapping[str, str] = {
            name: value for name, value in environment.items() if not name.startswith("agi_arg_")
        }
        self.arguments: Sequence[str] = arguments
        self.variables: dict[str, str] = {}
        self._answer: Callable[[bytes], None] | None = answer

    async def set_variable(self, name: str, value: str) -> None:
        """As `set_variables`."""
        await self.set_variables({name: value})

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Refuses what a FastAGI session would refuse, so that a value's way in decides nothing."""
        if self._answer is None:
            raise LocalProtocolError("the handler has closed the call; set variables before that")
        encode_set_variables(values)
        self.variables |= values

    def close(self) -> None:
        """Send the answer, once."""
        if self._answer is not None:
            self._answer(msgspec.json.encode({"variables": self.variables}) + b"\n")
            self._answer = None


class LocalServer:
    """Listens at the unix socket `path`, open to its owner and group only.

    `deadline` (seconds) covers a request from connect to the handler's end; `sessions` is how many there may
    be at once.
    """

    def __init__(
        self,
        path: Path,
        *,
        token: str | None,
        routes: Mapping[str, ChannelHandler],
        deadline: float = 2.0,
        sessions: int = 100,
    ) -> None:
        self._path = path
        self._admission: Admission[ChannelHandler] = Admission(routes, token)
        self._deadline = deadline
        self._limit = sessions
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; takes the place of a socket nobody listens at. Raises ListenFailed."""
        try:
            listener = _listener(self._path)
        except OSError as error:
            raise ListenFailed(
                f"cannot listen at {self._path} ({error}); does its folder exist, may we write there, "
                "is another secondpass running?"
            ) from error
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=MAX_REQUEST)
        log.info("agi.local_listening", path=str(self._path))

    def take(self, routes: Mapping[str, ChannelHandler]) -> None:
        """Calls that are asked about from now on find these routes."""
        self._admission.routes = routes

    async def close(self, drain: float = 5.0) -> None:
        """Stop listening, give running requests `drain` seconds, cancel the rest, remove the socket."""
        if self._server is None:
            return
        self._server.close()
        self._path.unlink(missing_ok=True)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=drain)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= self._limit:
            log.warning("agi.local_refused", reason="too_many_sessions", detail=str(self._limit))
            writer.close()
            return
        self._tasks.add(task)
        try:
            async with asyncio.timeout(self._deadline):
                await self._answer(reader, writer)
                await writer.drain()
        except Refused as refused:
            log.warning("agi.local_refused", reason=refused.reason, detail=refused.detail)
        except asyncio.CancelledError:
            # Only `close` cancels; raised on, the streams of Python 3.11 would report it as their own fault.
            log.warning("agi.local_cancelled")
        except Exception as error:  # noqa: BLE001  the outermost edge: a request costs itself only
            log.error("agi.local_failed", error=clean(repr(error), 200))
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.json.decode(await reader.readuntil(b"\n"), type=Request)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, msgspec.DecodeError) as error:
            raise Refused("not_a_request", clean(str(error))) from error
        handler = self._admission.handler(request.script, request.token)
        call = LocalCall(request.environment, writer.write, request.arguments)
        await handler(call)
        call.close()


def _listener(path: Path) -> socket.socket:
    """A bound socket, shut to others before anybody can connect to it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)
    except OSError:
        listener.close()
        raise
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True
