"""Makes texts fit for channel variables and sets all of a decision; what it means is the dialplan's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agi.channel import Channel

# What the dialplan would expand or cut at; in a text for an agent's eyes a space says as much.
_NOT_PLAIN = re.compile(r"[$\[\]{}(),;&|\"'\\\x00-\x1f\x7f-\x9f]+")
LONGEST = 116  # bytes of one value: so all fourteen of a decision fit one command's 1,900


def plain(text: str) -> str:
    """The text without the characters that mean something to a dialplan, cut to LONGEST bytes."""
    words = " ".join(_NOT_PLAIN.sub(" ", text).split())
    return words.encode(errors="ignore")[:LONGEST].decode(errors="ignore")


async def set_all(channel: Channel, values: Mapping[str, str]) -> None:
    """Set all of them in one step: a call has the whole decision or none of it."""
    await channel.set_variables({name: plain(value) for name, value in values.items()})
