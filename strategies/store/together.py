"""Many small questions to the store as one: while one batch is answered, the next gathers. What is asked, and
whether it may be asked again, is left to whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """`ask` answers one item by having `answer` answer all that wait, at most `most` of them at once. One
    task asks for all, while anybody waits: who asks may be cancelled, and whoever has an answer goes on at
    once. `gather`: seconds that it waits for others who ask."""

    def __init__(
        self,
        answer: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        most: int = 100,
        *,
        gather: float = 0.0,
    ) -> None:
        self._answer, self._most, self._gather = answer, most, gather
        self._asking: asyncio.Task[None] | None = None
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []

    async def ask(self, item: T) -> R:
        """The item's answer; raises what `answer` raised for its batch."""
        mine: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all(), name="asked together")
        return await mine

    async def _ask_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._gather)  # those who ask meanwhile go along
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._answer([item for item, _ in batch])
                told = list(zip(batch, answers, strict=True))
            except Exception as error:  # noqa: BLE001  told to everybody whose item was in it
                for _, asked in batch:
                    _fail(asked, error)
                continue
            for (_, asked), answer in told:
                if not asked.done():
                    asked.set_result(answer)


def _fail(asked: asyncio.Future[R], error: Exception) -> None:
    if not asked.done():
        asked.set_exception(error)
        asked.exception()  # whoever gave up meanwhile is not told again by the garbage collector
