"""A task that only talks to the store can be cancelled at any moment."""

from __future__ import annotations

import asyncio
import random

from strategies.store import QueueFigures, Store


async def writes_for_ever(store: Store) -> None:
    while True:
        await store.put_queue_figures("collections", QueueFigures())


async def test_a_cancellation_is_never_lost_in_a_command(store: Store) -> None:
    chance = random.Random(1)
    for _ in range(400):
        task = asyncio.create_task(writes_for_ever(store))
        await asyncio.sleep(chance.random() * 0.004)
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=5)
        assert ended == {task}
        assert task.cancelled()
    await store.put_queue_figures("collections", QueueFigures(waiting=1))
    assert (await store.caller(None)).queues["collections"].waiting == 1
