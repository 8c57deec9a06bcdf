"""Fills a text with a person's attributes; speaking it and sending it are left to the shells."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def places(text: str) -> frozenset[str]:
    """The attribute names a text asks for."""
    return frozenset(_PLACE.findall(text))


def fill(text: str, attributes: Mapping[str, str]) -> str:
    """The text with each `{name}` replaced by the attribute, a missing one by nothing.

    What a list says is data: control characters in it become spaces, and braces in it are not read again.
    """
    filled = _PLACE.sub(lambda place: _CONTROL.sub(" ", attributes.get(place[1], "")), text)
    return re.sub(r" {2,}", " ", re.sub(r" +([,.;:!?])", r"\1", filled)).strip()
