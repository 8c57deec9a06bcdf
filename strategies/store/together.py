"""Many small questions to the store as one: while one batch is answered, the next gathers. What is asked, and
whether it may be asked again, is left to whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")
_YOURS = object()


@dataclass(slots=True, eq=False)
class _Asked(Generic[T, R]):
    """An item that waits. `answer` may be told before that it is its turn to ask for all (`_YOURS`); then
    its place is taken by a new one."""

    item: T
    answer: asyncio.Future[R]


class Together(Generic[T, R]):
    """`ask` answers one item by having `answer` answer all that wait, at most `most` of them at once. The
    first who waits asks for the others, so that no task is needed; who asks may be cancelled. Whoever has an
    answer goes on at once. `gather`: seconds that the first waits for others who ask."""

    def __init__(
        self,
        answer: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        most: int = 100,
        *,
        gather: float = 0.0,
    ) -> None:
        self._answer, self._most, self._gather = answer, most, gather
        self._asking = False  # whether one of those who wait asks, or was told to
        self._waiting: list[_Asked[T, R]] = []

    async def ask(self, item: T) -> R:
        """The item's answer; raises what `answer` raised for its batch."""
        asked = _Asked[T, R](item, _future())
        self._waiting.append(asked)
        if self._asking and (answer := await self._answered(asked)) is not _YOURS:
            return answer
        self._asking = True
        try:
            while not asked.answer.done():
                await asyncio.sleep(self._gather)  # those who ask meanwhile go along
                await self._ask_next()
        finally:
            asked.answer.cancel()  # no turn for who gave up
            self._hand_on()
        return asked.answer.result()

    async def _answered(self, asked: _Asked[T, R]) -> R:
        """The answer, or `_YOURS`."""
        told = asked.answer
        try:
            return await told
        except asyncio.CancelledError:
            if told is not asked.answer:  # told to ask, and gave up in that moment
                asked.answer.cancel()
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        """The next who still waits asks."""
        for asked in self._waiting:
            if not asked.answer.done():
                told, asked.answer = asked.answer, _future()
                told.set_result(cast(R, _YOURS))
                return
        self._asking = False

    async def _ask_next(self) -> None:
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers = await self._answer([asked.item for asked in batch])
        except asyncio.CancelledError:
            self._waiting = [*batch, *self._waiting]  # the next who waits asks for them
            raise
        except Exception as error:  # noqa: BLE001  told to everybody whose item was in it
            for asked in batch:
                _fail(asked.answer, error)
            return
        for asked, answer in zip(batch, answers, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(answer)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _fail(asked: asyncio.Future[R], error: Exception) -> None:
    if not asked.done():
        asked.set_exception(error)
        asked.exception()  # whoever gave up meanwhile is not told again by the garbage collector
