"""Gives a converted graph one look-up for all its categories instead of one for each: for one caller the
steps themselves cost onnxruntime more than what they compute, which stays the same to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from models.card import NUMBERS, TEXTS

_SPLIT, _JOINED = "Split", "Concat"
MARKS, MARKED = "marks_of_texts", "marked_texts"
"""Names in the graph: each factor's mark, and the texts behind the mark of their factor."""


def fuse_lookups(graph: GraphProto) -> None:
    """Let a graph with joined inputs look all texts up at once and take its numbers as they come, where it
    takes them apart only to put them together again in the same order; any other graph stays as it is."""
    makers = {name: node for node in graph.node for name in node.output}
    apart = {node.input[0]: list(node.output) for node in graph.node if node.op_type == _SPLIT}
    for node in list(graph.node):
        if node.op_type != _JOINED:
            continue
        if list(node.input) == apart.get(NUMBERS):
            _read_instead(graph, node.output[0], NUMBERS)
        elif (encoders := _encoders(node, makers)) and _read(encoders) == apart.get(TEXTS):
            lookups = [found for encoder in encoders if (found := _codes_of(encoder)) is not None]
            if len({other for _, other in lookups}) == 1:
                marks, steps = one_lookup([codes for codes, _ in lookups], lookups[0][1], node.output[0])
                graph.initializer.append(marks)
                _put_in_place_of(graph, node, steps)
    _drop_unread(graph)


def one_lookup(
    codes: Sequence[Mapping[bytes, int]], other: int, output: str
) -> tuple[TensorProto, list[NodeProto]]:
    """The steps that give each text, shape (rows, factors), the code that its own factor has for it, and
    `other` where it has none; and the constant they need. A text is looked up behind its factor's mark, a
    number and a sign that no number holds: so one table does for all of them."""
    marks = [f"{nth}=" for nth in range(len(codes))]
    words = {
        mark.encode() + word: code for mark, of in zip(marks, codes, strict=True) for word, code in of.items()
    }
    lookup = helper.make_node(
        "LabelEncoder",
        [MARKED],
        [output],
        domain="ai.onnx.ml",
        keys_strings=list(words),
        values_int64s=list(words.values()),
        default_int64=other,
    )
    constant = numpy_helper.from_array(np.array([marks], object), MARKS)
    return constant, [helper.make_node("StringConcat", [MARKS, TEXTS], [MARKED]), lookup]


def _encoders(joined: NodeProto, makers: Mapping[str, NodeProto]) -> list[NodeProto]:
    """The look-ups whose codes are joined, in their order; none where anything else is joined too."""
    shaped = [makers.get(name) for name in joined.input]
    found = [makers.get(node.input[0]) for node in shaped if node is not None and node.op_type == "Reshape"]
    encoders = [node for node in found if node is not None and _codes_of(node) is not None]
    return encoders if len(encoders) == len(joined.input) else []


def _read(encoders: Sequence[NodeProto]) -> list[str]:
    return [node.input[0] for node in encoders]


def _codes_of(node: NodeProto) -> tuple[Mapping[bytes, int], int] | None:
    """Text to code, and the code of any other text; None for what is no such look-up."""
    given: dict[str, Any] = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    if node.op_type != "LabelEncoder" or not {"keys_strings", "values_int64s"} <= given.keys():
        return None
    codes = dict(zip(given["keys_strings"], given["values_int64s"], strict=True))
    return codes, given.get("default_int64", -1)


def _put_in_place_of(graph: GraphProto, node: NodeProto, others: Sequence[NodeProto]) -> None:
    at = list(graph.node).index(node)
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*kept[:at], *others, *kept[at + 1 :]])


def _read_instead(graph: GraphProto, name: str, other: str) -> None:
    for node in graph.node:
        for at, read in enumerate(node.input):
            if read == name:
                node.input[at] = other


def _drop_unread(graph: GraphProto) -> None:
    """Steps and constants that nobody reads any more."""
    wanted = {output.name for output in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):  # whoever reads stands behind what is read
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    constants = [one for one in graph.initializer if one.name in wanted]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)
