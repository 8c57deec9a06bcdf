"""A manager that shows the faults a real Asterisk cannot be made to show: it says what a test tells it to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Self

from ami_bridge.dispatch import LinkState
from ami_bridge.link import AmiAddress, AmiLink, LinkLimits
from ami_bridge.reconnect import Backoff

BANNER = b"Asterisk Call Manager/11.0.0\r\n"

QUICK = LinkLimits(
    connect=2.0, quiet=0.1, answer=0.1, backoff=Backoff(first=0.01, longest=0.05, settled=10.0)
)
"""Bounds short enough for a test; `quiet` and `answer` are raised where silence is not the matter."""

PATIENT = LinkLimits(backoff=Backoff(first=0.01, longest=0.05, settled=10.0))


def block(*headers: tuple[str, str] | str) -> bytes:
    """A message as Asterisk writes it."""
    lines = (line if isinstance(line, str) else f"{line[0]}: {line[1]}" for line in headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def event(name: str, **headers: str) -> bytes:
    return block(("Event", name), *headers.items())


class Action(dict[str, str]):
    """An action as it came, its bytes beside it."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        pairs = (line.partition(": ") for line in raw.decode().split("\r\n"))
        super().__init__({name: value for name, _, value in pairs})

    @property
    def name(self) -> str:
        return self["Action"]


class Connection:
    """One client at the fake manager."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    def reply(self, action: Action, response: str = "Success", *headers: tuple[str, str]) -> None:
        self.send(block(("Response", response), ("ActionID", action.get("ActionID", "")), *headers))

    def reset(self) -> None:
        self.writer.transport.abort()


Answer = Callable[[Connection, Action], None]


def silence(connection: Connection, action: Action) -> None:
    """Takes the action and never answers."""


def hang_up(connection: Connection, action: Action) -> None:
    """Takes the action and cuts the connection before any answer."""
    connection.reset()


def _version(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("AsteriskVersion", "22.10.1"))


class FakeAmi:
    """Listens on loopback; `answers` says what is done for which action, everything else is a Success."""

    def __init__(self, banner: bytes = BANNER) -> None:
        self.banner = banner
        self.answers: dict[str, Answer] = {"CoreSettings": _version}
        self.actions: list[Action] = []
        self.connections: list[Connection] = []
        self.open = 0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for connection in self.connections:
            connection.reset()
        await self.until(lambda: self.open == 0)

    def named(self, name: str) -> list[Action]:
        return [action for action in self.actions if action.name == name]

    @property
    def peer(self) -> Connection:
        """The client that came last."""
        return self.connections[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition on what was received holds; the test fails after five seconds."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(condition)

    async def received(self, name: str, times: int = 1) -> list[Action]:
        await self.until(lambda: len(self.named(name)) >= times)
        return self.named(name)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self.connections.append(connection)
        self.open += 1
        connection.send(self.banner)
        try:
            while True:
                await self._take(connection, await reader.readuntil(b"\r\n\r\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            self.open -= 1
            await self._tell()

    async def _take(self, connection: Connection, raw: bytes) -> None:
        action = Action(raw.removesuffix(b"\r\n\r\n"))
        self.actions.append(action)
        answer = self.answers.get(action.name, Connection.reply)
        answer(connection, action)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Watched:
    """A link together with what it told: events' names in order, and states."""

    def __init__(self, link_limits: LinkLimits, port: int, *names: str) -> None:
        self.heard: list[str] = []
        self.states: list[LinkState] = []
        self._changed = asyncio.Condition()
        self.link = AmiLink(
            AmiAddress("127.0.0.1", port, "secondpass", "secret"),
            on_event={
                name: lambda event: self.heard.append(event.get("Mark") or event.name) for name in names
            },
            on_state=self.states.append,
            limits=link_limits,
            jitter=lambda: 0.5,
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits, one turn of the loop after another, until a condition on the link holds."""
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110  there is no one event for "any callback ran"
                await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def linked(
    ami: FakeAmi, *names: str, limits: LinkLimits = PATIENT, connected: bool = True
) -> AsyncIterator[Watched]:
    """A running link to a fake manager; afterwards nothing of it may be left: no task, no connection."""
    before = asyncio.all_tasks()
    watched = Watched(limits, ami.port, *names)
    run = asyncio.create_task(watched.link.run())
    try:
        if connected:
            await watched.until(lambda: watched.link.connected and bool(watched.states))
        yield watched
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
    await ami.until(lambda: ami.open == 0)
    left = [task for task in asyncio.all_tasks() - before if "FakeAmi" not in repr(task)]
    assert not left, f"tasks left over: {left}"
