"""How texts, numbers and missing values meet in an expression; who asks is left to `expression_closures`.

A missing value is None. A text meets a number as a decimal: digits with an optional sign and point; a text
that is none counts as missing. A float (a probability) makes the other side a float, so that 0.3 equals
0.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)

Number = Decimal | float


def number_of(value: object) -> Number | None:
    """A value as a number: a text if it is a plain decimal, else None; floats stay floats."""
    if isinstance(value, str):
        if value.isascii() and value.replace(".", "", 1).isdigit():  # most of them, and much faster
            return Decimal(value)
        text = value.strip()
        return Decimal(text) if _DECIMAL.fullmatch(text) else None
    if isinstance(value, Decimal | float):
        return value
    return Decimal(value) if isinstance(value, int) else None


def as_numbers(values: Sequence[object]) -> list[Number] | None:
    """All as numbers of one kind, or None if one is missing."""
    read = [n for n in map(number_of, values) if n is not None]
    if len(read) < len(values):
        return None
    return [float(n) for n in read] if any(isinstance(n, float) for n in read) else read


def calculate(function: Callable[..., object], *values: object) -> object:
    """A function of numbers; None (missing) if a value is missing or there is no answer, as in a division
    by 0."""
    numbers = as_numbers(values)
    if numbers is None:
        return None
    try:
        return function(*numbers)
    except ArithmeticError:
        return None


def compare(relation: Callable[..., bool], a: object, b: object) -> bool | None:
    """Whether the relation holds: texts as texts, anything else as numbers; None if a value is missing."""
    if isinstance(a, str) and isinstance(b, str):
        return relation(a, b)
    x, y = number_of(a), number_of(b)
    if x is None or y is None:
        return None
    if isinstance(x, float) or isinstance(y, float):
        return relation(float(x), float(y))
    return relation(x, y)


def many(value: object) -> tuple[object, ...]:
    """The values of a collection or group; an absent one is empty."""
    return tuple(value) if isinstance(value, tuple | frozenset | list | set) else ()


def contains(among: object, value: object) -> bool:
    """Whether a value is one of many; within a text, whether it is a part of it."""
    if isinstance(among, str):
        return str(value) in among
    return any(_same(value, item) for item in many(among))


def _same(a: object, b: object) -> bool:
    return a == b if isinstance(a, str) and isinstance(b, str) else bool(compare(_equal, a, b))


def _equal(a: Number, b: Number) -> bool:
    return a == b
