"""Hands for the telephony tests: place calls, hang up what is left of them, wait for what gives no event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

from telephony_wire import Ami

SERIAL = count(1)
NUMBERS = count(1)


def number(area: str) -> str:
    """A number at the carrier that no other call of this session dials."""
    return f"+1{area}55501{next(NUMBERS) % 100:02}"


async def eventually(true: Callable[[], object], within: float = 30) -> None:
    """Poll what tells us nothing by itself (a file, a list) until it is so; TimeoutError after `within` s."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(0.02)


async def eventually_answers(ask: Callable[[], Awaitable[bool]], within: float = 30) -> None:
    """As `eventually`, where asking takes a conversation."""
    async with asyncio.timeout(within):
        while not await ask():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class Calls:
    """Places calls, each under an attempt id of its own, and hangs up what is left of them."""

    def __init__(self, ami: Ami) -> None:
        self.placed: list[str] = []
        self._ami = ami

    async def quiet(self, exten: str, context: str = "facts", **headers: str) -> str:
        """Run an extension for a caller who says nothing, answered at once; returns the attempt id."""
        return await self._place("Local/s@quiet/n", exten, context, headers)

    async def carrier(self, number: str, exten: str, context: str = "facts", **headers: str) -> str:
        """Dial a number at the carrier and run an extension once it is answered; returns the attempt id."""
        return await self._place(f"PJSIP/{number}@carrier", exten, context, headers)

    async def hang_up_last(self) -> None:
        await self._ami.send("Hangup", Channel=self.placed[-1])

    async def hang_up(self) -> None:
        for attempt in self.placed:
            await self._ami.send("Hangup", Channel=attempt)

    async def _place(self, channel: str, exten: str, context: str, headers: dict[str, str]) -> str:
        attempt = f"sp-test{next(SERIAL):04}"
        self.placed.append(attempt)
        await self._ami.originate(channel, attempt, Context=context, Exten=exten, **headers)
        return attempt
