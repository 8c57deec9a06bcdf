"""The light layer over a model that is trained seldom: its log odds moved and stretched to fit what came of
the newest calls, inside the same ONNX file; when it is renewed is the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.errors import ConversionError

HALF_LIFE = 2_000.0
"""Outcomes after which one counts half: two days of a centre with a thousand calls a day."""

SHIFT_PULL, SLOPE_PULL = 6.0, 60.0
"""What pulls the layer to changing nothing, in outcomes' worth of information: a slope needs more of them."""

SURE = 1e-6
"""A probability nearer to 0 or 1 counts as this near."""

STEPS = 12
OUTPUT, BENEATH = "probabilities", "foretold_beneath"


@dataclass(frozen=True, slots=True)
class Layer:
    """Log odds become `shift + slope * log odds`; as it begins it changes nothing."""

    shift: float = 0.0
    slope: float = 1.0

    def over(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (rows,): the probabilities after the layer."""
        return _chances(self.shift + self.slope * log_odds(predicted))


def log_odds(predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of probabilities; finite."""
    sure = np.clip(predicted, SURE, 1 - SURE)
    return np.asarray(np.log(sure) - np.log1p(-sure))


def layer_for(predicted: NDArray[np.float64], labels: NDArray[np.bool_]) -> Layer:
    """The layer that fits the newest outcomes, newest last: `predicted` by the model beneath, before the
    outcomes were known. Newton's method on the log loss with forgetting; none at all change nothing."""
    margins = log_odds(predicted)
    counts = 0.5 ** (np.arange(len(labels) - 1, -1, -1) / HALF_LIFE)
    design = np.stack([np.ones(len(labels)), margins], axis=1)
    pull, rest = np.array([SHIFT_PULL, SLOPE_PULL]) / 4, np.array([0.0, 1.0])
    found = rest
    for _ in range(STEPS):
        chances = _chances(design @ found)
        slope = design.T @ (counts * (labels - chances)) - pull * (found - rest)
        curvature = (design * (counts * chances * (1 - chances))[:, None]).T @ design + np.diag(pull)
        found = found + np.linalg.solve(curvature, slope)
    return Layer(float(found[0]), float(found[1]))


def layered(model: bytes, layer: Layer) -> bytes:
    """The ONNX file with the layer on top of it. Raises ConversionError for one that has no output
    `probabilities`, or has a layer already."""
    made = onnx.load_from_string(model)
    graph = made.graph
    names = {name for node in graph.node for name in node.output}
    if OUTPUT not in names or BENEATH in names:
        raise ConversionError("a layer goes over a trained model's own file; give that one")
    for node in graph.node:
        _rename(node.output)
        _rename(node.input)
    constants = {
        "layer_column": np.array([1]),
        "layer_low": np.array(SURE),
        "layer_high": np.array(1 - SURE),
        "layer_one": np.array(1.0),
        "layer_slope": np.array(layer.slope),
        "layer_shift": np.array(layer.shift),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    for operation, inputs, output, attributes in _NODES:
        graph.node.append(helper.make_node(operation, inputs, [output], **attributes))
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))


_NODES: tuple[tuple[str, list[str], str, Mapping[str, Any]], ...] = (
    ("Gather", [BENEATH, "layer_column"], "layer_yes", {"axis": 1}),
    ("Cast", ["layer_yes"], "layer_double", {"to": TensorProto.DOUBLE}),
    ("Clip", ["layer_double", "layer_low", "layer_high"], "layer_sure", {}),
    ("Sub", ["layer_one", "layer_sure"], "layer_not", {}),
    ("Div", ["layer_sure", "layer_not"], "layer_odds", {}),
    ("Log", ["layer_odds"], "layer_margin", {}),
    ("Mul", ["layer_margin", "layer_slope"], "layer_stretched", {}),
    ("Add", ["layer_stretched", "layer_shift"], "layer_moved", {}),
    ("Sigmoid", ["layer_moved"], "layer_chance", {}),
    ("Sub", ["layer_one", "layer_chance"], "layer_other", {}),
    ("Concat", ["layer_other", "layer_chance"], "layer_both", {"axis": 1}),
    ("Cast", ["layer_both"], OUTPUT, {"to": TensorProto.FLOAT}),
)


def _rename(names: list[str]) -> None:
    for place, name in enumerate(names):
        if name == OUTPUT:
            names[place] = BENEATH


def _chances(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 + np.tanh(margins / 2)) / 2)  # the logistic function, without overflow
