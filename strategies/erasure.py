"""What stays of a ledger line once the person it tells of is erased: every figure, and nobody's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PEOPLE = frozenset({"contact", "customer"})  # keys whose value is a contact's id
OF_THE_PERSON = frozenset({"factors", "attributes", "history"})  # keys of what is known of somebody


def pseudonymised(line: Mapping[str, Any], ids: Mapping[str, str], addresses: Mapping[str, str]) -> Any:
    """The line with ids and addresses replaced; the line itself where it names none of them.

    An id is looked for where a contact stands only, for it may be as short as a figure; an address anywhere.
    In a line about the person what was known of them goes, too.
    """
    told = {name: _value(name, value, ids, addresses) for name, value in line.items()}
    if any(line.get(name) in ids or line.get(name) in addresses for name in PEOPLE):
        told = {name: _without_factors(value) for name, value in told.items()}
    return told if told != line else line


def _value(name: str, value: Any, ids: Mapping[str, str], addresses: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if name in PEOPLE and value in ids:
            return ids[value]
        return addresses.get(value, value)
    if isinstance(value, Mapping):
        return {key: _value(key, each, ids, addresses) for key, each in value.items()}
    if isinstance(value, list):
        return [_value(name, each, ids, addresses) for each in value]
    return value


def _without_factors(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_factors(each) for key, each in value.items() if key not in OF_THE_PERSON}
