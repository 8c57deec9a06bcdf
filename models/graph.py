"""Writes a logistic model as an ONNX file: the columns of `models.encoding` and their weights, in one small
graph; whether it says the same as numpy is decided by `models.parity`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.card import NUMBERS, TEXTS
from models.encoding import FAR, Encoding, Number
from models.features import Factor, Kind
from models.fused_lookups import one_lookup

OPSET = (helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3))
IR_VERSION = 10
"""What goes with opset 21; a newer one would ask for a newer onnxruntime than is needed."""


def logistic_graph(
    factors: Sequence[Factor], encoding: Encoding, weights: NDArray[np.float64], name: str
) -> bytes:
    """The ONNX file of the model `sigmoid(weights[0] + columns @ weights[1:])`: the inputs `numbers` and
    `texts`, each where there are factors of that kind, and the output `probabilities`, shape (rows, 2).

    A text is looked up for its weight's place; numbers are compared and summed in 64 bits, so that a large
    one loses nothing. The same weights give the same file.
    """
    parts = _Parts()
    sums = [parts.constant("intercept", weights[:1].reshape(1, 1))]
    cut = 1 + sum(text.width for text in encoding.texts)
    if encoding.texts:
        sums.append(_texts(parts, encoding, weights[1:cut]))
    if encoding.numbers:
        sums += _numbers(parts, encoding, weights[cut:])
    margin = parts.add("Sum", *sums)
    yes = parts.add("Sigmoid", margin)
    no = parts.add("Sigmoid", parts.add("Neg", margin))
    both = parts.add("Concat", no, yes, axis=1)
    parts.add("Cast", both, to=TensorProto.FLOAT, output="probabilities")
    kinds = [factor.kind for factor in factors]
    shapes = (
        (NUMBERS, TensorProto.FLOAT, kinds.count(Kind.NUMBER)),
        (TEXTS, TensorProto.STRING, kinds.count(Kind.CATEGORY)),
    )
    inputs = [
        helper.make_tensor_value_info(name, type_, [None, width]) for name, type_, width in shapes if width
    ]
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])
    graph = helper.make_graph(parts.nodes, name, inputs, [output], parts.constants)
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION, producer_name="secondpass")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class _Parts:
    """The nodes and constants of a graph in the making; each is named after its place."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operation: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        """A node; the name of what it gives."""
        output = output or f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operation, list(inputs), [output], domain=domain or None, **attributes)
        )
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Constant values; their name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _texts(parts: _Parts, encoding: Encoding, weights: NDArray[np.float64]) -> str:
    """The sum of the categories' weights, shape (rows, 1). The place behind the last is for a value without a
    column: it weighs nothing."""
    ends = np.cumsum([text.width for text in encoding.texts])
    if not ends[-1]:
        return parts.constant("no_texts", np.zeros((1, 1)))
    codes = [
        dict(zip((level.encode() for level in text.levels), range(end - text.width, end), strict=True))
        for text, end in zip(encoding.texts, map(int, ends), strict=True)
    ]
    marks, steps = one_lookup(codes, len(weights), "places")
    parts.constants.append(marks)
    parts.nodes += steps
    table = parts.constant("text_weights", np.append(weights, 0.0))
    found = parts.add("Gather", table, "places")
    return parts.add("ReduceSum", found, parts.constant("second_axis", np.array([1])), keepdims=1)


def _numbers(parts: _Parts, encoding: Encoding, weights: NDArray[np.float64]) -> list[str]:
    """The sums of the numbers' weights, each of shape (rows, 1): missing, distance, steps and levels."""
    numbers = encoding.numbers
    own = np.split(weights, np.cumsum([number.width for number in numbers])[:-1])
    values = parts.add("Cast", NUMBERS, to=TensorProto.DOUBLE)
    missing = parts.add("IsNaN", values)
    # A number without a scale has no distance: its column is 0 in numpy, so it weighs nothing here.
    lines = [w[1] if number.scale else 0.0 for number, w in zip(numbers, own, strict=True)]
    sums = [
        _weighed(parts, missing, "missing", [w[0] for w in own]),
        _weighed(parts, _distance(parts, values, missing, numbers), "distance", lines),
    ]
    steps = [(n, step) for n, number in enumerate(numbers) for step in number.steps]
    if steps:
        above = _compared(parts, values, "Greater", steps)
        cut = [w[2 : 2 + len(number.steps)] for number, w in zip(numbers, own, strict=True)]
        sums.append(_weighed(parts, above, "steps", np.concatenate(cut)))
    levels = [(n, level) for n, number in enumerate(numbers) for level in number.levels]
    if levels:
        equal = _compared(parts, values, "Equal", levels)
        cut = [w[2 + len(number.steps) :] for number, w in zip(numbers, own, strict=True)]
        sums.append(_weighed(parts, equal, "levels", np.concatenate(cut)))
    return sums


def _distance(parts: _Parts, values: str, missing: str, numbers: Sequence[Number]) -> str:
    """Each number's distance from its mean in its scale, 0 where it is missing; shape (rows, numbers)."""
    means = parts.constant("means", np.array([[number.mean for number in numbers]]))
    scales = parts.constant("scales", np.array([[number.scale or 1.0 for number in numbers]]))
    far = [parts.constant(f"far_{side}", np.array(side * FAR)) for side in (-1, 1)]
    distance = parts.add("Clip", parts.add("Div", parts.add("Sub", values, means), scales), *far)
    return parts.add("Where", missing, parts.constant("none", np.zeros((1, 1))), distance)


def _compared(parts: _Parts, values: str, operation: str, bounds: Sequence[tuple[int, float]]) -> str:
    """Whether each bound holds for the number it belongs to; shape (rows, bounds)."""
    places = parts.constant(f"{operation}_of", np.array([place for place, _ in bounds]))
    edges = parts.constant(f"{operation}_than", np.array([[bound for _, bound in bounds]]))
    return parts.add(operation, parts.add("Gather", values, places, axis=1), edges)


def _weighed(parts: _Parts, columns: str, name: str, weights: Sequence[float] | NDArray[np.float64]) -> str:
    """The columns, made 64-bit numbers, times their weights."""
    column = np.asarray(weights, np.float64).reshape(-1, 1)
    numbers = parts.add("Cast", columns, to=TensorProto.DOUBLE)
    return parts.add("MatMul", numbers, parts.constant(f"{name}_weights", column))
