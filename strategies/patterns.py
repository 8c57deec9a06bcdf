"""Turns a `like` pattern (`%`, `_`, `[ab]`, `[^ab]`) into a regular expression that cannot run away."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def like_pattern(pattern: str) -> re.Pattern[str]:
    """The whole-text matcher of a `like` pattern.

    `%` any text, `_` one character, `[ab]` one of these, `[^ab]` one other, `[a-c]` a range, `[%]` a
    percent sign. Each `%` settles for the first place where what follows fits (an atomic group), so time is
    linear in the text for each `%`, whatever a list's cell contains. Raises ValueError naming the mend.
    """
    pieces = _pieces(pattern)
    *middle, last = _split(pieces)
    if not middle:
        return re.compile("".join(last), re.DOTALL)
    first, *inner = middle
    body = "".join(first) + "".join(f"(?>.*?{''.join(part)})" for part in inner if part)
    return re.compile(body + ".*" + "".join(last), re.DOTALL)


def _pieces(pattern: str) -> list[str]:
    """One regular expression per character or bracket; `%` stays as it is."""
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise ValueError(f"the [ in {pattern!r} is not closed; write [[] for a bracket itself")
            pieces.append(_bracket(pattern[at + 1 : end]))
            at = end
        else:
            pieces.append({"_": ".", "%": "%"}.get(char) or re.escape(char))
        at += 1
    return pieces


def _bracket(inside: str) -> str:
    negated = inside.startswith("^") and len(inside) > 1
    members = inside[1:] if negated else inside
    escaped = "".join(c if c == "-" else re.escape(c) for c in members)
    found = f"[{'^' if negated else ''}{escaped}]"
    try:
        re.compile(found)
    except re.error:
        raise ValueError(f"[{inside}] is no set of characters; a range goes upwards, as in [a-c]") from None
    return found


def _split(pieces: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "%":
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts
