"""Many small questions to the store as one: while one batch is answered, the next gathers. What is asked, and
whether it may be asked again, is left to whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """`ask` answers one item by having `answer` answer all that wait, at most `most` of them at once. The
    first who waits asks for the others, so that no task is needed; who asks may be cancelled. `gather`:
    seconds that the first waits for others who ask."""

    def __init__(
        self,
        answer: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        most: int = 100,
        *,
        gather: float = 0.0,
    ) -> None:
        self._answer, self._most, self._gather = answer, most, gather
        self._asking = asyncio.Lock()
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []

    async def ask(self, item: T) -> R:
        """The item's answer; raises what `answer` raised for its batch."""
        mine: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, mine))
        async with self._asking:
            while not mine.done():
                await asyncio.sleep(self._gather)  # those who ask meanwhile go along
                await self._ask_next()
        return await mine

    async def _ask_next(self) -> None:
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers = await self._answer([item for item, _ in batch])
        except asyncio.CancelledError:
            self._waiting = [*batch, *self._waiting]  # the next who waits asks for them
            raise
        except Exception as error:  # noqa: BLE001  told to everybody whose item was in it
            for _, asked in batch:
                _fail(asked, error)
            return
        for (_, asked), answer in zip(batch, answers, strict=True):
            if not asked.done():
                asked.set_result(answer)


def _fail(asked: asyncio.Future[R], error: Exception) -> None:
    if not asked.done():
        asked.set_exception(error)
        asked.exception()  # whoever gave up meanwhile is not told again by the garbage collector
