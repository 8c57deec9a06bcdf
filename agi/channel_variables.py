"""Makes texts fit for channel variables and sets all of a decision; what it means is the dialplan's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agi.channel import Channel

# What the dialplan would expand or cut at; in a text for an agent's eyes a space says as much.
_NOT_PLAIN = re.compile(r"[$\[\]{}(),;&|\"'\\\x00-\x1f\x7f]+")
LONGEST = 150  # characters of one value: eleven of them still fit one command's 1,900 bytes


def plain(text: str) -> str:
    """The text without the characters that mean something to a dialplan, cut to LONGEST."""
    return " ".join(_NOT_PLAIN.sub(" ", text).split())[:LONGEST]


async def set_all(channel: Channel, values: Mapping[str, str]) -> None:
    """Set the variables that have a value; the dialplan has emptied all of them before it asked."""
    for name, value in values.items():
        if value:
            await channel.set_variable(name, plain(value))
