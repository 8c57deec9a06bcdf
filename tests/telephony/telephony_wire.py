"""Raw peers for the telephony tests: a manager client and a FastAGI server that do exactly what a test says.

They know nothing of secondpass, so that what a test learns is a fact about Asterisk.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Message = dict[str, str]
SERIAL = itertools.count(1)


class Ami:
    """A manager session that keeps every event it was sent, in order; `Received` is the loop's time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[Message] = []
        self._reader, self._writer = reader, writer
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def send(self, action: str, **headers: str) -> Message:
        """Send an action and return its response (not the events of a list)."""
        number = f"wire-{next(SERIAL)}"
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        lines = (f"{name}: {value}" for name, value in headers.items())
        text = "\r\n".join([f"Action: {action}", f"ActionID: {number}", *lines, "", ""])
        self._writer.write(text.encode())
        async with asyncio.timeout(10):
            return await answer

    async def listed(self, action: str, **headers: str) -> list[Message]:
        """The events a list action answers with."""
        before = len(self.events)
        response = await self.send(action, **headers)
        same = {"ActionID": response["ActionID"]}
        await self._until(
            lambda: [e for e in self._matching(before, same) if e.get("EventList") == "Complete"]
        )
        return [event for event in self._matching(before, same) if event.get("EventList") != "Complete"]

    async def event(self, name: str, since: int = 0, within: float = 60, **fields: str) -> Message:
        """The first event of this name, of those after number `since`, whose headers include `fields`."""
        await self._until(lambda: self.seen(name, since, **fields), within)
        return self.seen(name, since, **fields)[0]

    def seen(self, name: str, since: int = 0, **fields: str) -> list[Message]:
        """Every event of this name so far whose headers include `fields`."""
        return self._matching(since, {"Event": name, **fields})

    async def originate(self, channel: str, attempt: str, **headers: str) -> Message:
        """Call `channel` under the id `attempt`; the response to the action, not the call's outcome."""
        rest = {"Priority": "1", "Timeout": "30000", "Async": "true", **headers}
        return await self.send("Originate", Channel=channel, ChannelId=attempt, **rest)

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()

    def _matching(self, since: int, fields: Message) -> list[Message]:
        return [event for event in self.events[since:] if fields.items() <= event.items()]

    async def _until(self, true: Callable[[], object], within: float = 60) -> None:
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(true)

    async def _read(self) -> None:
        while True:
            block = await self._block()
            if "Response" in block and (answer := self._answers.pop(block.get("ActionID", ""), None)):
                answer.set_result(block)
            else:
                self.events.append(block)
            async with self._news:
                self._news.notify_all()

    async def _block(self) -> Message:
        text = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        pairs = (line.partition(":") for line in text.split("\r\n") if line)
        return {
            "Received": str(asyncio.get_running_loop().time()),
            **{name: value.strip() for name, _, value in pairs},
        }


@asynccontextmanager
async def manager(host: str, user: str, secret: str) -> AsyncIterator[Ami]:
    """A manager session, logged in."""
    reader, writer = await asyncio.open_connection(host, 5038)
    await reader.readline()
    ami = Ami(reader, writer)
    answer = await ami.send("Login", Username=user, Secret=secret)
    assert answer["Response"] == "Success", answer
    try:
        yield ami
    finally:
        await ami.close()


class AgiCall:
    """One FastAGI connection: its environment, and commands one at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.environment: Message = {}
        self._reader, self._writer = reader, writer

    async def begin(self) -> None:
        while line := await self.line():
            name, _, value = line.partition(": ")
            self.environment[name] = value

    async def command(self, text: str) -> str:
        """Send one line and return the next line Asterisk sends, whatever it is."""
        self._writer.write(text.encode() + b"\n")
        return await self.line()

    async def line(self) -> str:
        """The next line; empty at a blank one and at the end of the connection."""
        async with asyncio.timeout(20):
            return (await self._reader.readline()).decode().rstrip("\n")

    def end(self) -> None:
        """Say that no more commands come, and go on reading."""
        self._writer.write_eof()


@asynccontextmanager
async def fastagi(
    host: str, handler: Callable[[AgiCall], Awaitable[None]], port: int = 4573
) -> AsyncIterator[list[AgiCall]]:
    """A FastAGI server that runs `handler` for each connection; yields the connections so far."""
    seen: list[AgiCall] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = AgiCall(reader, writer)
        try:
            await call.begin()
            seen.append(call)
            await handler(call)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, port)
    try:
        yield seen
    finally:
        server.close()
