"""Waits for an event, and no longer than so long; whose event it is, and what follows, is the caller's."""

from __future__ import annotations

import asyncio


async def set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Whether it was set in that time; without a time, wait until it is."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
