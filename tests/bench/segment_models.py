"""Three outcome models of forty factors for the benchmark of the hook, two versions of each, and one that
takes a second; what they are asked is `tests.bench.segment_hook`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper

from models.card import NUMBERS, Card, Parity
from models.features import Factor, Kind, row
from models.pipeline import convert, fit
from models.registry import publish
from models.table import frame

OUTCOMES = ("buys", "pays", "stays")
FACTORS = tuple(
    [Factor(f"number_{n}", Kind.NUMBER) for n in range(25)]
    + [Factor(f"category_{n}", Kind.CATEGORY) for n in range(15)]
)
ROWS = 600
SIZE, PRODUCTS = 1_200, 14  # of the matrices of the slow model: about a second on one core


def published(root: Path) -> dict[str, tuple[str, str]]:
    """Publish all of them into the registry; outcome to its current version and the one to be swapped in."""
    first, second = (_trained(seed) for seed in (1, 2))
    found = {}
    for name in OUTCOMES:
        versions = [
            publish(root, onnx, replace(_card(onnx, FACTORS), name=name), keep_current=keep).name
            for onnx, keep in ((first, False), (second, True))
        ]
        found[name] = versions[0], versions[1]
    return found


def publish_slow(root: Path, name: str) -> str:
    """Make the current version of a model one that takes a second; its name."""
    onnx = _slow()
    return publish(root, onnx, replace(_card(onnx, FACTORS[:1]), name=name)).name


def attributes(number: int) -> dict[str, str]:
    """What a list says of a customer."""
    drawn = np.random.default_rng(number).integers(0, 80, len(FACTORS))
    values = {
        factor.name: str(value) if factor.kind is Kind.NUMBER else f"c{value % 10}"
        for factor, value in zip(FACTORS, drawn, strict=True)
    }
    return values | {"worth": "400"}


def _trained(seed: int) -> bytes:
    texts = [attributes(seed * 10_000 + n) for n in range(ROWS)]
    labels = np.array([int(one["number_0"]) > 40 for one in texts])
    table = frame(FACTORS, [row(FACTORS, one, one, {}) for one in texts])
    return convert(fit(table, labels, FACTORS, seed=seed), FACTORS, "measured")


def _card(onnx: bytes, factors: Sequence[Factor]) -> Card:
    digest, parity = sha256(onnx).hexdigest(), Parity(0, 0, 0, 0.0, 0.0)
    return Card(
        "measured", digest[:12], digest, "y", "yes", tuple(factors), {}, ROWS, "drawn", {}, parity, {}, 1
    )


def _slow() -> bytes:
    """Products of matrices that hang on the input, so that nothing of it can be worked out before."""
    nodes = [
        helper.make_node("ReduceMean", [NUMBERS], ["mean"], keepdims=0),
        helper.make_node("IsNaN", ["mean"], ["unknown"]),
        helper.make_node("Where", ["unknown", "none", "mean"], ["known"]),
        helper.make_node("ConstantOfShape", ["shape"], ["ones"], value=_number("value", [1], [1e-5])),
        helper.make_node("Mul", ["ones", "known"], ["product_0"]),
        *(
            helper.make_node("MatMul", [f"product_{n}", "product_0"], [f"product_{n + 1}"])
            for n in range(PRODUCTS)
        ),
        helper.make_node("ReduceMean", [f"product_{PRODUCTS}"], ["all"], keepdims=0),
        helper.make_node("Mul", ["all", "nought"], ["gone"]),
        helper.make_node("Add", ["both", "gone"], ["probabilities"]),
    ]
    initial = [
        _number("none", [], [0.0]),
        _number("nought", [], [0.0]),
        _number("both", [1, 2], [0.6, 0.4]),
        helper.make_tensor("shape", TensorProto.INT64, [2], [SIZE, SIZE]),
    ]
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info(NUMBERS, TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 2])],
        initial,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    made.ir_version = 10
    checker.check_model(made)
    return bytes(made.SerializeToString())


def _number(name: str, shape: list[int], values: list[float]):  # type: ignore[no-untyped-def]
    return helper.make_tensor(name, TensorProto.FLOAT, shape, values)
