"""Whatever an expression says, the compiled form means what a plain reading of its tree does, missing values
and what is counted of them included."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from strategies.expressions import ExpressionError, campaign_vocabulary, compile_expression
from strategies.patterns import like_pattern
from strategies.values import calculate, compare, contains, many

NAMES = campaign_vocabulary(frozenset({"promised", "refused"}))
RELATIONS: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
SUMS: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Plain:
    """Reads a tree node by node, each as the language says, with nothing worked out beforehand."""

    def __init__(self, names: dict[str, object]) -> None:
        self.names, self.missing = names, list[str]()

    def value(self, node: ast.expr) -> object:
        match node:
            case ast.Constant(value=bool() | str() as value):
                return value
            case ast.Constant(value=value):
                return Decimal(repr(value))
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self.value(part) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self.value(part) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return not self.value(part)
            case ast.UnaryOp(operand=part):
                return calculate(operator.neg, self.value(part))
            case ast.BinOp(op=op, left=left, right=right):
                return calculate(SUMS[type(op)], self.value(left), self.value(right))
            case ast.Attribute(attr=name):
                return self.names["contact"].get(name)  # type: ignore[attr-defined]
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Tuple(elts=parts):
                return tuple(self.value(part) for part in parts)
            case ast.Call(args=[subject, ast.Constant(value=str(text))]):
                found = self.value(subject)
                return self.counted(node, None if found is None else self.like(found, text)) or False
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.compared(node, left, op, right)
        raise AssertionError(ast.dump(node))

    @staticmethod
    def like(value: object, text: str) -> bool:
        return like_pattern(text).fullmatch(str(value)) is not None

    def counted(self, node: ast.expr, answer: bool | None) -> bool | None:
        if answer is None:
            self.missing.append(ast.unparse(node))
        return answer

    def compared(self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
        if isinstance(op, ast.Is | ast.IsNot):
            return (self.value(left) is None) is isinstance(op, ast.Is)
        if isinstance(op, ast.In | ast.NotIn):
            found = self.member(node, left, right)
            return found is True if isinstance(op, ast.In) else found is False
        return self.counted(node, compare(RELATIONS[type(op)], self.value(left), self.value(right))) or False

    def member(self, node: ast.expr, left: ast.expr, right: ast.expr) -> bool | None:
        among = self.value(right)
        if isinstance(left, ast.Name) and left.id == "any_response":
            return any(contains(among, value) for value in many(self.names.get("any_response")))
        if isinstance(right, ast.Name) and right.id in ("promised", "refused"):
            among = many(among)
        value = self.value(left)
        return self.counted(node, None if value is None or among is None else contains(among, value))


numbers = st.sampled_from(
    ["0", "5", "-3", "0.1", "0.10", "50", "1e3", "100000000000000000000001", "2.5", ".5"]
)
texts = st.sampled_from(['"5"', '"NY"', '"ny"', '"5.0"', '""', '"pressed_1"', '" 5 "', '"1e3"', '"0.1"'])
attributes = st.sampled_from(
    ["contact.a", "contact.b", "contact.c", "contact.gone", "attempts", "last_response"]
)
atoms = numbers | texts | attributes | attributes
terms = st.recursive(
    atoms,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner)
        | st.builds("(-{})".format, inner)
    ),
    max_leaves=4,
)
comparisons = (
    st.builds("{} {} {}".format, terms, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), terms)
    | st.builds("{} {} ({}, {})".format, terms, st.sampled_from(["in", "not in"]), atoms, atoms)
    | st.builds('{} {} ("NY", "5")'.format, attributes, st.sampled_from(["in", "not in"]))
    | st.builds(
        "{} in {}".format,
        st.sampled_from(["last_response", "any_response"]),
        st.sampled_from(["promised", "refused"]),
    )
    | st.builds("{} {} None".format, attributes, st.sampled_from(["is", "is not"]))
    | st.builds("like({}, {})".format, attributes, st.sampled_from(['"N%"', '"5_"', '"[0-9]%"', '""']))
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("({} {} {} {} {})".format, inner, st.just("and"), inner, st.just("and"), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=6,
)
CELLS = """5 5.0 +5 -3 0.1 0.10 0.1000000000000000055 NY ny . 1e3 1_0 ٥ 50 100000000000000000000000 02134 N/A
pressed_1 ² inf nan"""
cells = st.sampled_from([*CELLS.split(), " 5 ", "", "9" * 400])
odd = st.sampled_from([True, 5, 5.0, Decimal("0.1"), 0.1, float("inf")])
people = st.fixed_dictionaries(
    {
        "contact": st.fixed_dictionaries({}, optional={"a": cells, "b": cells | odd, "c": odd}),
        "attempts": st.integers(0, 60),
        "any_response": st.lists(st.sampled_from(["pressed_1", "text_stop", "5"])).map(tuple),
        "promised": st.sampled_from([("pressed_1",), ("5.0", "text_stop"), ()]),
        "refused": st.just(("text_stop",)),
    },
    optional={"last_response": cells},
)


@settings(max_examples=1500)
@given(conditions, people)
def test_the_compiled_form_means_what_the_tree_says(text: str, names: dict[str, object]) -> None:
    try:
        compiled = compile_expression(text, names=NAMES)
    except ExpressionError:  # a text where a number is wanted: refused before anything runs
        reject()
    plain, missing = Plain(names), list[str]()
    expected = plain.value(ast.parse(text, mode="eval").body)
    assert compiled.holds(names, missing) is bool(expected)
    assert missing == plain.missing
