"""What each node of an expression does, as closures; which nodes there are is `expression_nodes`'s, how
values meet is `values`'s.

The common shapes (an attribute against a number or a text, a response in a group) have closures of their own,
because they are asked a million times when a filter goes over a list. They give what the general ones give:
text meets a number first as a float, which keeps the order of decimals, and as a decimal where the floats are
equal.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from strategies.values import calculate, compare, contains, many

Names = Mapping[str, object]
"""What an expression is evaluated over: spaces (`contact`) to mappings, plain names and groups to values."""

Evaluate = Callable[[Names, list[str]], object]
"""A compiled node: the names, and a list that takes the text of each comparison false for want of a value."""

Relation = Callable[..., bool]

_MIRRORED: Mapping[Relation, Relation] = {
    operator.eq: operator.eq,
    operator.ne: operator.ne,
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
}
_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the expression, or several in brackets."""

    value: object

    def __call__(self, _names: Names, _missing: list[str]) -> object:
        return self.value


def constant(value: str | bool | Decimal) -> Evaluate:
    """A value as it is written."""
    return Constant(value)


def listed(parts: list[Evaluate]) -> Evaluate:
    """Several values in brackets."""
    written = [part.value for part in parts if isinstance(part, Constant)]
    if len(written) == len(parts):
        return Constant(tuple(written))
    return lambda names, missing: tuple(part(names, missing) for part in parts)


def plain(name: str) -> Evaluate:
    """The value of a plain name."""
    return lambda names, _: names.get(name)


def gathered(name: str) -> Evaluate:
    """The values of a group or a collection."""
    return lambda names, _: many(names.get(name))


def lookup(space: str, name: str) -> Evaluate:
    """An attribute in a space."""
    return lambda names, _: names.get(space, _NOTHING).get(name)  # type: ignore[attr-defined]


def negated(part: Evaluate) -> Evaluate:
    """`not`, two-valued."""
    return lambda names, missing: not part(names, missing)


def outside(part: Evaluate) -> Evaluate:
    """`not in`: a comparison of its own, so a missing value makes it false and not true."""
    return lambda names, missing: part(names, missing) is False


def absence(part: Evaluate, *, wanted: bool) -> Evaluate:
    """`is None` and `is not None`."""
    return lambda names, missing: (part(names, missing) is None) is wanted


def joined(parts: list[Evaluate], *, every: bool) -> Evaluate:
    """`and`, `or`: the rest is not asked once the answer is known."""

    def all_of(names: Names, missing: list[str]) -> object:
        for part in parts:  # noqa: SIM110 - a generator would cost as much as a comparison
            if not part(names, missing):
                return False
        return True

    def any_of(names: Names, missing: list[str]) -> object:
        for part in parts:  # noqa: SIM110
            if part(names, missing):
                return True
        return False

    return all_of if every else any_of


def calculated(function: Callable[..., object], parts: list[Evaluate]) -> Evaluate:
    """Arithmetic, and the functions of numbers; of what is written out, once."""
    written = [part.value for part in parts if isinstance(part, Constant)]
    if len(written) == len(parts):
        return Constant(calculate(function, *written))
    return lambda names, missing: calculate(function, *(part(names, missing) for part in parts))


def matching(part: Evaluate, pattern: re.Pattern[str], said: str) -> Evaluate:
    """`like`."""

    def evaluate(names: Names, missing: list[str]) -> object:
        value = part(names, missing)
        if value is None:
            missing.append(said)
            return False
        return pattern.fullmatch(str(value)) is not None

    return evaluate


def overlaps(name: str, items: Evaluate) -> Evaluate:
    """Whether any value of a collection is among the items."""

    def evaluate(names: Names, missing: list[str]) -> object:
        held = many(names.get(name))
        among = items(names, missing) if held else ()
        return any(contains(among, value) for value in held)

    return evaluate


def belongs(part: Evaluate, items: Evaluate, said: str) -> Evaluate:
    """Whether a value is among the items; None, not False, if one of the two is missing: `not in` needs to
    know."""
    written = items.value if isinstance(items, Constant) else None
    if isinstance(written, tuple) and all(type(item) is str for item in written):
        return _among_texts(part, written, frozenset(written), said)

    def evaluate(names: Names, missing: list[str]) -> object:
        found, among = part(names, missing), items(names, missing)
        if found is None or among is None:
            missing.append(said)
            return None
        return contains(among, found)

    return evaluate


def _among_texts(part: Evaluate, items: tuple[object, ...], texts: frozenset[object], said: str) -> Evaluate:
    def evaluate(names: Names, missing: list[str]) -> object:
        found = part(names, missing)
        if found is None:
            missing.append(said)
            return None
        return found in texts if type(found) is str else contains(items, found)

    return evaluate


def related(relation: Relation, left: Evaluate, right: Evaluate, said: str) -> Evaluate:
    """Whether a relation holds; false, and counted, where a value is missing."""
    if isinstance(left, Constant) and not isinstance(right, Constant):
        relation, left, right = _MIRRORED[relation], right, left
    if isinstance(right, Constant) and isinstance(right.value, Decimal):
        return _to_number(relation, left, right.value, said)
    if isinstance(right, Constant) and isinstance(right.value, str):
        return _to_text(relation, left, right.value, said)

    def evaluate(names: Names, missing: list[str]) -> object:
        holds = compare(relation, left(names, missing), right(names, missing))
        if holds is None:
            missing.append(said)
            return False
        return holds

    return evaluate


def _to_text(relation: Relation, part: Evaluate, text: str, said: str) -> Evaluate:
    def evaluate(names: Names, missing: list[str]) -> object:
        value = part(names, missing)
        if type(value) is str:
            return relation(value, text)
        holds = compare(relation, value, text)
        if holds is None:
            missing.append(said)
            return False
        return holds

    return evaluate


def _to_number(relation: Relation, part: Evaluate, number: Decimal, said: str) -> Evaluate:
    near = float(number)
    above, below = relation(1, 0), relation(-1, 0)

    def evaluate(names: Names, missing: list[str]) -> object:
        value = part(names, missing)
        if type(value) is str and value.isascii() and value.replace(".", "", 1).isdigit():
            read = float(value)
            if read > near:
                return above
            if read < near:
                return below
        holds = compare(relation, value, number)
        if holds is None:
            missing.append(said)
            return False
        return holds

    return evaluate
