"""A model that takes a second delays nobody past the deadline, and what quick models say is used all the
same."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from segment_stage import CATALOGUE, KNOWN, Books, Model, called, catalogue, knows

from agi.beside import AT_ONCE, NOT_IN_TIME, Beside
from agi.segment import SegmentHook
from models.features import Factor
from models.live import LiveModel
from models.outcome import OutcomeModel
from models.registry import SHIPPED, current
from strategies.segments import Prediction
from strategies.store import Store

DEADLINE = 0.15


class Held:
    """Predicts once it is let go."""

    factors: Sequence[Factor] = ()

    def __init__(self) -> None:
        self.free = threading.Event()
        self.threads: set[int] = set()

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        self.threads.add(threading.get_ident())
        self.free.wait(30)
        return Prediction(0.9, "held", "1")


def slow(beside: Beside, model: object) -> None:
    """As after a prediction that took long."""
    beside._slow.add(model)


async def test_who_is_slow_is_asked_beside_the_loop_and_not_waited_for_past_the_deadline() -> None:
    beside, held = Beside(), Held()
    slow(beside, held)
    until = asyncio.get_running_loop().time() + DEADLINE
    found = await beside.predictions([("pays", held), ("buys", Model(0.7))], {}, until)
    assert (found["pays"].probability, found["pays"].missing) == (None, NOT_IN_TIME)
    assert found["buys"].probability == 0.7
    held.free.set()
    assert held.threads.isdisjoint({threading.get_ident()})


async def test_callers_beyond_those_under_way_are_not_held_at_all() -> None:
    beside, held = Beside(), Held()
    slow(beside, held)
    loop = asyncio.get_running_loop()
    waiting = [
        asyncio.create_task(beside.predictions([("pays", held)], {}, loop.time() + 30))
        for _ in range(AT_ONCE)
    ]
    await asyncio.sleep(0)
    began = loop.time()
    found = await beside.predictions([("pays", held)], {}, began + 30)
    assert found["pays"].missing == NOT_IN_TIME
    assert loop.time() - began < 15
    held.free.set()
    assert [one["pays"].probability for one in await asyncio.gather(*waiting)] == [0.9] * AT_ONCE


async def test_a_model_that_took_long_is_slow_from_then_on_until_it_is_quick_again() -> None:
    beside, model = Beside(), Model(0.7, takes=0.05)
    until = asyncio.get_running_loop().time() + 5
    await beside.predictions([("buys", model)], {}, until)
    assert beside._is_slow(model)
    model._takes = 0.0
    assert (await beside.predictions([("buys", model)], {}, until))["buys"].probability == 0.7
    assert not beside._is_slow(model)


async def test_a_model_that_was_slow_at_its_warm_up_never_holds_the_loop() -> None:
    published = OutcomeModel.load(current(SHIPPED, "accepts_offer"))
    assert 0 < published.takes < 1
    published.takes = 1.0
    ticks = 0

    async def others() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    free = threading.Event()

    def held(row: Mapping[str, float | str]) -> Prediction:
        free.wait(30)
        return Prediction(0.9, "accepts_offer", "1")

    published.predict = held  # type: ignore[method-assign]
    books = Books(knows(KNOWN))
    hook = SegmentHook(
        cast(Store, books),
        catalogue(CATALOGUE, DEADLINE),
        {"offers": LiveModel(published)},
        country="US",
        tenant="t",
    )
    ticking = asyncio.create_task(others())
    call, _ = called()
    began = time.perf_counter()
    await hook(call)
    took = time.perf_counter() - began
    ticking.cancel()
    free.set()
    assert took < 15
    assert (call.variables["SP_SEGMENT"], call.variables["SP_CUSTOMER"]) == ("loyal", "ada")
    assert ticks >= 2, "others were served meanwhile"


async def test_a_slow_model_that_raises_leaves_no_prediction() -> None:
    beside, broken = Beside(), Model(broken=True)
    slow(beside, broken)
    found = await beside.predictions([("buys", broken)], {}, asyncio.get_running_loop().time() + 5)
    assert found["buys"].probability is None


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
async def test_predictions_stand_in_the_order_asked(order: tuple[str, str]) -> None:
    beside = Beside()
    asked = [(name, Model(0.5)) for name in order]
    assert tuple(await beside.predictions(asked, {}, asyncio.get_running_loop().time() + 5)) == order
