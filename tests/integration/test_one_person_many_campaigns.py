"""One person, many campaigns: one attempt at a time, and priority decides whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from bridge_stage import ADA, Stage, launched, staged
from store_people import Clock, person

from strategies.store import Store

TWIN = person("a-2", "+12025550101")  # the same number on another list


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


async def campaign_of(stage: Stage, attempt: str) -> str:
    intent = await stage.store.intent(attempt)
    assert intent is not None
    return intent.sub


async def test_when_two_campaigns_want_one_person_the_higher_priority_gets_them_and_the_other_waits(
    stage: Stage,
) -> None:
    low = await launched(stage.store, [ADA], name="low", priority=3)
    high = await launched(stage.store, [TWIN], name="high", priority=8)
    first = await stage.one_call()
    assert await campaign_of(stage, first) == high.name
    assert [line["reason"] for line in await stage.told("skipped")] == ["person_busy"]
    assert await stage.look(29.0) == []
    await stage.hang_up(first)
    [second] = await stage.look(1.0)  # half a minute after it was turned away
    assert await campaign_of(stage, second) == low.name


async def test_a_lower_priority_does_not_cut_off_a_call_that_is_up(stage: Stage) -> None:
    low = await launched(stage.store, [ADA], name="low", priority=3)
    first = await stage.one_call()
    await launched(stage.store, [TWIN], name="high", priority=8)
    assert await stage.look() == []
    assert await campaign_of(stage, first) == low.name
    await stage.hang_up(first)
    assert len(await stage.look(31.0)) == 1
