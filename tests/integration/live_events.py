"""The live stream as a reader takes it: one event after the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any


async def events(content: Any) -> AsyncIterator[tuple[str, Any]]:
    """Topic and value of each event, from the body of an answer of aiohttp's client."""
    topic = ""
    async for raw in content:
        line = raw.decode().rstrip("\n")
        if line.startswith("event: "):
            topic = line[7:]
        elif line.startswith("data: "):
            yield topic, json.loads(line[6:])


async def until_told(told: AsyncIterator[tuple[str, Any]], last: str) -> AsyncIterator[tuple[str, Any]]:
    """The events up to the first of the topic `last`, which is among them."""
    async for topic, value in told:
        yield topic, value
        if topic == last:
            return
