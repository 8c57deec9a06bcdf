"""Many small questions are asked as one, and nobody's answer is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from strategies.store.together import Together


class Asked:
    """Answers each number with its double, once it is let; notes what was asked at once."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let = asyncio.Event()
        self.asking = asyncio.Event()
        self.let.set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.asking.set()
        await self.let.wait()
        if 13 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]


async def test_what_waits_while_a_batch_is_answered_is_the_next_batch() -> None:
    asked = Asked()
    together = Together(asked, most=4)
    answers = await asyncio.gather(*(together.ask(n) for n in range(10)))
    assert answers == [2 * n for n in range(10)]
    assert asked.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_who_asks_within_the_time_to_gather_goes_along() -> None:
    asked = Asked()
    together = Together(asked, gather=0.2)
    first = asyncio.create_task(together.ask(1))
    await asyncio.sleep(0.01)
    assert await asyncio.gather(first, together.ask(2)) == [2, 4]
    assert asked.batches == [[1, 2]]


async def test_one_alone_is_asked_at_once() -> None:
    asked = Asked()
    assert await Together(asked).ask(21) == 42
    assert asked.batches == [[21]]


async def test_a_batch_that_fails_is_told_to_those_in_it_and_to_nobody_else() -> None:
    together = Together(Asked(), most=2)
    answers = await asyncio.gather(*(together.ask(n) for n in (1, 13, 3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ZeroDivisionError, ZeroDivisionError, int]
    assert answers[2] == 6


async def test_who_gives_up_while_asking_for_others_leaves_them_to_the_next() -> None:
    asked = Asked()
    asked.let.clear()
    together = Together(asked)
    first = asyncio.create_task(together.ask(1))
    second = asyncio.create_task(together.ask(2))
    await asked.asking.wait()
    assert asked.batches == [[1, 2]]
    first.cancel()
    asked.let.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 4


async def test_who_gives_up_as_their_turn_to_ask_comes_leaves_it_to_the_next() -> None:
    asked = Asked()
    asked.let.clear()
    together = Together(asked, most=1)
    first, second, third = (asyncio.create_task(together.ask(n)) for n in (1, 2, 3))
    await asked.asking.wait()
    asked.let.set()
    assert await first == 2
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await third == 6
    assert await together.ask(4) == 8


async def test_who_comes_later_does_not_wait_until_each_before_has_gone_on() -> None:
    asked = Asked()
    asked.let.clear()
    together = Together(asked, most=1000)
    before = [asyncio.create_task(together.ask(n)) for n in range(20, 520)]
    await asked.asking.wait()
    asked.let.set()
    await before[0]
    later = asyncio.create_task(together.ask(1))
    for _ in range(5):  # turns of the loop
        await asyncio.sleep(0)
    assert later.done()
    assert await later == 2
