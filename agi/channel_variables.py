"""Sets all of a decision on a channel; what it means is the dialplan's."""

from __future__ import annotations

from collections.abc import Mapping

from agi.channel import Channel
from config.plain_text import LONGEST, plain

__all__ = ["LONGEST", "plain", "set_all"]


async def set_all(channel: Channel, values: Mapping[str, str]) -> None:
    """Set all of them in one step: a call has the whole decision or none of it."""
    await channel.set_variables({name: plain(value) for name, value in values.items()})
