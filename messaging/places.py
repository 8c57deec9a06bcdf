"""Places in what is sent to a gateway, and paths in what it says; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{([a-z_]+)\}")


def filled(template: Any, places: Mapping[str, str]) -> Any:
    """A text, or mappings and lists of them, with each `{name}` replaced; what was filled in is not read
    again."""
    if isinstance(template, str):
        return _PLACE.sub(lambda place: places.get(place[1], place[0]), template)
    if isinstance(template, Mapping):
        return {name: filled(value, places) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, places) for value in template]
    return template


def at_path(value: Any, path: str) -> Any:
    """What stands at a path such as `messages.0.id` of a JSON value; None where nothing does."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
