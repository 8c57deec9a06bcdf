"""One TCP connection of Asterisk's, from its headers to the end of its handler. It reads all the time, so a
hang-up is noticed whatever the handler awaits. Which connections there may be is left to the server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog

from agi.admission import Admission, opening
from agi.errors import HungUp, Refused, RemoteProtocolError
from agi.protocol import AgiReader, Environment, Event, clean
from agi.session import AgiSession

Handler = Callable[[AgiSession], Awaitable[None]]

# Asterisk aborts the session at this line and sets AGISTATUS=FAILURE; a mere close reads as SUCCESS.
_FAILURE = b"failure\n"

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server grants; all times in seconds."""

    sessions: int = 500
    """At once. Each takes a file descriptor, of which a process has 1,024 unless told otherwise."""
    environment: float = 2.0
    """For the opening headers, which Asterisk sends within a millisecond."""
    command: float = 5.0
    """For the answer to a command that neither plays nor waits."""
    after_hangup: float = 5.0
    """For a handler to finish once its call is gone or the session closed; then it is cancelled."""


class Connection(asyncio.Protocol):
    """`on_made` gets the connection and its peer's address and raises Refused to keep it out; `on_gone` is
    called once, when the socket is closed and the handler has ended."""

    def __init__(
        self,
        admission: Admission[Handler],
        limits: Limits,
        *,
        on_made: Callable[["Connection", str], None],
        on_gone: Callable[["Connection"], None],
    ) -> None:
        self.task: asyncio.Task[None] | None = None
        self._admission = admission
        self._limits = limits
        self._on_made = on_made
        self._on_gone = on_gone
        self._reader = AgiReader()
        self._session: AgiSession | None = None
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._failed = False
        self._broken_by: RemoteProtocolError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        try:
            self._on_made(self, peer[0] if peer else "")
        except Refused as refused:
            self._refuse(refused)
        else:
            self._later(self._limits.environment, self._environment_late)

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._reader.feed(data):
                self._take(event)
        except Refused as refused:
            self._refuse(refused)
        except RemoteProtocolError as error:
            self._broken(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._cancel_timer()
        if self._session is not None:
            self._session.lost(HungUp("Asterisk closed the session"))
        if self.task is None or self.task.done():
            self._on_gone(self)
        else:
            self._later(self._limits.after_hangup, self.task.cancel)

    def abort(self) -> None:
        """Close at once, whether or not the peer has read what was written."""
        self._transport.abort()

    def _take(self, event: Event) -> None:
        if isinstance(event, Environment):
            self._begin(event)
        elif self._session is not None:
            self._session.deliver(event)

    def _begin(self, environment: Environment) -> None:
        self._cancel_timer()
        asked = opening(environment.headers)
        handler = self._admission.handler(asked.script, asked.token)
        transport = self._transport
        self._session = AgiSession(
            asked,
            write=transport.write,
            close=transport.close,
            abort=transport.abort,
            deadline=self._limits.command,
        )
        self.task = asyncio.get_running_loop().create_task(self._run(handler, self._session))
        self.task.add_done_callback(self._handler_ended)

    async def _run(self, handler: Handler, session: AgiSession) -> None:
        try:
            await handler(session)
        except HungUp:
            log.info("agi.hung_up", **self._names())
        except asyncio.CancelledError:
            log.warning("agi.handler_cancelled", **self._names())
            raise
        except Exception as error:  # noqa: BLE001  the outermost edge: a handler costs its own session only
            self._failed = True
            if error is not self._broken_by:
                log.error(
                    "agi.handler_failed", error=clean(repr(error), 200), at=_place(error), **self._names()
                )

    def _handler_ended(self, task: asyncio.Task[None]) -> None:
        if self._closed:
            self._cancel_timer()
            self._on_gone(self)
        elif self._failed or task.cancelled():
            self._fail()
        else:
            self._transport.close()

    def _refuse(self, refused: Refused) -> None:
        log.warning("agi.refused", reason=refused.reason, detail=refused.detail)
        self._fail()

    def _broken(self, error: RemoteProtocolError) -> None:
        log.warning("agi.protocol_error", error=str(error), **self._names())
        self._broken_by = error
        if self._session is not None:
            self._session.lost(error)
        self._fail()

    def _fail(self) -> None:
        self._transport.write(_FAILURE)
        self._transport.close()

    def _environment_late(self) -> None:
        log.warning("agi.refused", reason="environment_late", detail="")
        self._transport.abort()

    def _later(self, seconds: float, what: Callable[[], object]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, what)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _names(self) -> dict[str, str]:
        """What a log line says of the session."""
        if self._session is None:
            return {}
        environment = self._session.environment
        return {
            "script": clean(self._session.script),
            "channel": clean(environment.get("agi_channel", "")),
            "uniqueid": clean(environment.get("agi_uniqueid", "")),
        }


def _place(error: BaseException) -> str:
    """File and line the error was raised at."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place is not None else ""
