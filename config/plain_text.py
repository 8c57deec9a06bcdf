"""Makes texts fit for channel variables; which variables there are is `config.variables`'."""

from __future__ import annotations

import re

# What the dialplan would expand or cut at; in a text for an agent's eyes a space says as much.
_NOT_PLAIN = re.compile(r"[$\[\]{}(),;&|\"'\\\x00-\x1f\x7f-\x9f]+")
LONGEST = 116  # bytes of one value: so all fourteen of a decision fit one command's 1,900


def plain(text: str) -> str:
    """The text without the characters that mean something to a dialplan, cut to LONGEST bytes."""
    words = " ".join(_NOT_PLAIN.sub(" ", text).split())
    return words.encode(errors="ignore")[:LONGEST].decode(errors="ignore")
