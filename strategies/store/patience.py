"""Writes that must not be lost: asked again until the store takes them; only for those that may be
repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from strategies.store.errors import StoreUnavailable

log = structlog.get_logger(__name__)

FIRST, LONGEST = 0.2, 2.0  # seconds between two tries, doubling in between
T = TypeVar("T")


async def until_stored(write: Callable[[], Awaitable[T]]) -> T:
    """Repeat a write that may be repeated until the store takes it: what happened outside must not be
    lost."""
    delay = FIRST
    while True:
        try:
            return await write()
        except StoreUnavailable as error:
            log.warning("store.unavailable", error=str(error), retry_in=delay)
            await asyncio.sleep(delay)
            delay = min(LONGEST, delay * 2)
