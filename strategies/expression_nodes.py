"""Reads the nodes of an expression and refuses foreign ones; parsing is left to `expressions`, evaluating to
`expression_closures`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from strategies.expression_closures import (
    Evaluate,
    absence,
    belongs,
    calculated,
    constant,
    gathered,
    joined,
    listed,
    lookup,
    matching,
    negated,
    outside,
    overlaps,
    plain,
    related,
)
from strategies.patterns import like_pattern
from strategies.values import number_of

MAX_DEPTH = 40  # nested nodes; far beyond what a person writes, far below Python's recursion limit


class ExpressionError(ValueError):
    """The text is no expression of the language. `column` counts from 1 within the text."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names an expression may use.

    `spaces`: dotted names (`contact.balance`) as (space, its attributes), None for any attribute; `values`:
    plain names; `groups`: names of collections, allowed only to the right of `in`; `collections`: names that
    hold many values at once, of which `in` asks whether any is in the group. `numbers`: names, and spaces,
    whose values are numbers; `words`: names whose value is one of a closed list of words.
    """

    spaces: tuple[tuple[str, frozenset[str] | None], ...] = ()
    values: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    words: tuple[tuple[str, frozenset[str]], ...] = ()


_ARITHMETIC: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
}
_SIGNS: dict[type[ast.unaryop], Callable[..., object]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_RELATIONS: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, tuple[Callable[..., object], int, int]] = {
    "min": (min, 2, 100),
    "max": (max, 2, 100),
    "abs": (abs, 1, 1),
}
_TOLD = {"IfExp": "if/else", "Lambda": "lambda", "Subscript": "[...]", "JoinedStr": "an f-string"}


class Reader:
    """Reads nodes under one vocabulary; `references` keeps the names it met, dotted ones whole."""

    def __init__(self, names: Vocabulary) -> None:
        self.names = names
        self.spaces = dict(names.spaces)
        self.references: set[str] = set()

    def read(self, node: ast.expr, depth: int = 0) -> Evaluate:
        """The closure of a node; raises ExpressionError at the node's column."""
        if depth > MAX_DEPTH:
            raise _error(node, f"nested deeper than {MAX_DEPTH}; split the condition")
        below = depth + 1
        match node:
            case ast.Constant(value=value):
                return constant(_literal(node, value))
            case ast.BoolOp(op=op, values=values):
                return joined([self.read(v, below) for v in values], every=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negated(self.read(operand, below))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
                self._check_number(operand)
                return calculated(_SIGNS[type(op)], [self.read(operand, below)])
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
                self._check_number(left, right)
                return calculated(_ARITHMETIC[type(op)], [self.read(left, below), self.read(right, below)])
            case ast.Compare():
                return self._compare(node, below)
            case ast.Call(func=ast.Name(id="like")):
                return self._like(node, below)
            case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
                return self._function(node, name, below)
            case ast.Attribute(value=ast.Name(id=space), attr=name):
                return self._attribute(node, space, name)
            case ast.Name(id=name):
                return self._name(node, name)
        raise _error(
            node,
            f"{_told(node)} is not in the language; there are comparisons, and or not in, like min max abs",
        )

    def _attribute(self, node: ast.expr, space: str, name: str) -> Evaluate:
        if space not in self.spaces:
            raise _error(
                node, f"{_cut(f'{space}.{name}')} is unknown here; there are: {_listed(self._known())}"
            )
        allowed = self.spaces[space]
        if allowed is not None and name not in allowed:
            raise _error(node, f"{space} has no {_cut(name)}; there are: {_listed(allowed)}")
        self.references.add(f"{space}.{name}")
        return lookup(space, name)

    def _name(self, node: ast.expr, name: str) -> Evaluate:
        if name in self.names.values:
            self.references.add(name)
            return plain(name)
        if name in self.names.groups:
            raise _error(node, f"{name} is a response group; write last_response in {name}")
        if name in self.names.collections:
            raise _error(node, f"{name} holds many values; write {name} in GROUP")
        raise _error(node, f"{_cut(name)} is unknown here; there are: {_listed(self._known())}")

    def _known(self) -> set[str]:
        return {*self.names.values, *(f"{space}.NAME" for space in self.spaces)}

    def _function(self, node: ast.Call, name: str, depth: int) -> Evaluate:
        function, fewest, most = _FUNCTIONS[name]
        if node.keywords or not fewest <= len(node.args) <= most:
            raise _error(node, f"{name} takes {'one value' if most == 1 else 'two or more values'}")
        self._check_number(*node.args)
        return calculated(function, [self.read(argument, depth) for argument in node.args])

    def _like(self, node: ast.Call, depth: int) -> Evaluate:
        match node.args:
            case [subject, ast.Constant(value=str(text)) as quoted] if not node.keywords:
                try:
                    pattern = like_pattern(text)
                except ValueError as error:
                    raise _error(quoted, str(error)) from None
                return matching(self.read(subject, depth), pattern, ast.unparse(node))
        raise _error(node, 'like takes a text and a pattern in quotes: like(contact.city, "New%")')

    def _compare(self, node: ast.Compare, depth: int) -> Evaluate:
        parts: list[Evaluate] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self._pair(left, op, right, depth))
            left = right
        return parts[0] if len(parts) == 1 else joined(parts, every=True)

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> Evaluate:
        said = ast.unparse(ast.Compare(left, [op], [right]))
        self._check_kinds(left, right)
        self._check_kinds(right, left)
        if isinstance(op, ast.Is | ast.IsNot):
            if not _is_none(right):
                raise _error(right, "is asks only for None; write ==")
            return absence(self.read(left, depth), wanted=isinstance(op, ast.Is))
        if isinstance(op, ast.In | ast.NotIn):
            found = self._membership(left, right, said, depth)
            return found if isinstance(op, ast.In) else outside(found)
        for side in (left, right):
            if _is_none(side):
                raise _error(side, "a missing value equals nothing; write is None or is not None")
        return related(_RELATIONS[type(op)], self.read(left, depth), self.read(right, depth), said)

    def _check_kinds(self, one: ast.expr, other: ast.expr) -> None:
        """Refuses a text that the other side can never be: a word for a number, a word not in the list."""
        texts = other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else [other]
        if self._is_number(one):
            self._check_number(*texts)
        known = dict(self.names.words).get(one.id) if isinstance(one, ast.Name) else None
        if known is None:
            return
        for node in texts:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in known:
                said = f"{_cut(repr(node.value))} is never the {ast.unparse(one)}"
                raise _error(node, f"{said}; there are: {_listed(known)}")

    def _check_number(self, *nodes: ast.expr) -> None:
        for node in nodes:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and number_of(node.value) is None
            ):
                raise _error(node, f"{_cut(repr(node.value))} is no number, where one is wanted")

    def _is_number(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=bool()):
                return False
            case ast.Constant(value=int() | float()) | ast.BinOp():
                return True
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return True
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name)):
                return name in self.names.numbers
            case ast.Call(func=ast.Name(id=name)):
                return name in _FUNCTIONS
        return False

    def _membership(self, left: ast.expr, right: ast.expr, said: str, depth: int) -> Evaluate:
        """Whether the left is in the right; None, not False, if the left is missing: `not in` needs to
        know."""
        items = self._items(right, depth)
        if isinstance(left, ast.Name) and left.id in self.names.collections:
            self.references.add(left.id)
            return overlaps(left.id, items)
        return belongs(self.read(left, depth), items, said)

    def _items(self, node: ast.expr, depth: int) -> Evaluate:
        """What stands to the right of `in`: a group, a list of values, or a text to look within."""
        if isinstance(node, ast.Name) and node.id in self.names.groups | self.names.collections:
            name = node.id
            self.references.add(name)
            return gathered(name)
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return listed([self.read(element, depth) for element in node.elts])
        if isinstance(node, ast.Name) and node.id not in self.names.values:
            raise _error(node, f"no response group {_cut(node.id)}; there are: {_listed(self.names.groups)}")
        return self.read(node, depth)


def _error(node: ast.expr, message: str) -> ExpressionError:
    return ExpressionError(message, node.col_offset + 1)


def _told(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return f"the function {_cut(ast.unparse(node.func))}"
    if isinstance(node, ast.BinOp):
        return f"this operator ({_cut(ast.unparse(node))})"
    return _TOLD.get(type(node).__name__, _cut(ast.unparse(node)))


def _cut(text: str) -> str:
    """A part of the user's text as a message shows it."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def _listed(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _literal(node: ast.expr, value: object) -> str | bool | Decimal:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return Decimal(value)
    raise _error(node, f"{_cut(repr(value))} cannot stand here; use a text, a number, True or False")
