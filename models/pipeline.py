"""Builds and fits the scikit-learn pipeline of an outcome model and turns it into ONNX; whether the two
agree is decided by `models.parity`.

Only what converts exactly is used: raw numbers and ordinal codes into gradient boosted trees. A scaler before
trees, native categorical splits and isotonic calibration convert without a warning and give wrong answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from models.errors import ConversionError
from models.features import Factor, Kind, Source
from models.fused_lookups import fuse_lookups
from models.joined_inputs import join_inputs

OPSET = {"": 21, "ai.onnx.ml": 3}
"""Fixed, so that the same data give the same file whatever converter is installed."""


@dataclass(frozen=True, slots=True)
class Trees:
    """How many trees of how many leaves are grown, and how far each goes."""

    rounds: int = 100
    leaves: int = 8
    step: float = 0.05


def masked(table: pd.DataFrame, factors: Sequence[Factor], rng: np.random.Generator) -> pd.DataFrame:
    """The table with half of the contact's values taken away at random.

    A caller's list seldom has every column. Trees that never saw a value missing send it wherever the larger
    child happens to be; trees that did learn what little then can be said.
    """
    holes = table.copy()
    for factor in factors:
        if factor.source is not Source.MOMENT:
            gone = rng.random(len(table)) < 0.5
            holes.loc[gone, factor.input] = np.nan if factor.kind is Kind.NUMBER else ""
    return holes


def build(table: pd.DataFrame, factors: Sequence[Factor], seed: int, trees: Trees = Trees()) -> Pipeline:
    """The unfitted pipeline. "" is the first category of each factor, so that its code 0 lies beside the -1
    of a category never seen: what is unknown is treated like what is missing."""
    numbers = [factor.input for factor in factors if factor.kind is Kind.NUMBER]
    categories = [factor.input for factor in factors if factor.kind is Kind.CATEGORY]
    known = [["", *sorted(set(table[name]) - {""})] for name in categories]
    encoder = OrdinalEncoder(categories=known, handle_unknown="use_encoded_value", unknown_value=-1)
    parts = [("numbers", "passthrough", numbers), ("categories", encoder, categories)]
    booster = HistGradientBoostingClassifier(
        max_iter=trees.rounds,
        learning_rate=trees.step,
        max_leaf_nodes=trees.leaves,
        min_samples_leaf=50,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("prepare", ColumnTransformer([p for p in parts if p[2]])), ("trees", booster)])


def fit(table: pd.DataFrame, labels: NDArray[np.bool_], factors: Sequence[Factor], seed: int) -> Pipeline:
    """A pipeline fitted on the rows as they are and once more with holes in them."""
    both = pd.concat([table, masked(table, factors, np.random.default_rng(seed))], ignore_index=True)
    return build(table, factors, seed).fit(both, np.tile(labels.astype(np.int64), 2))


def probabilities(estimator: Any, table: pd.DataFrame) -> NDArray[np.float64]:
    """Shape (rows,): scikit-learn's probability that the outcome comes true."""
    return np.asarray(estimator.predict_proba(table)[:, 1], dtype=np.float64)


def convert(estimator: Any, factors: Sequence[Factor], name: str) -> bytes:
    """The fitted pipeline as an ONNX file that takes all numbers and all categories at once, in the order of
    the factors. Raises ConversionError."""
    inputs = [
        (f.input, FloatTensorType([None, 1]) if f.kind is Kind.NUMBER else StringTensorType([None, 1]))
        for f in factors
    ]
    try:
        graph = to_onnx(
            estimator,
            initial_types=inputs,
            options={"zipmap": False},
            target_opset=OPSET,
            name=name,
        )
    except Exception as error:  # the converter raises anything from KeyError to its own classes
        raise ConversionError(
            f"the pipeline cannot be converted to ONNX ({type(error).__name__}: {str(error)[:200]}); "
            "use ordinal encoding and gradient boosting, and protobuf below 7"
        ) from error
    join_inputs(graph.graph)
    fuse_lookups(graph.graph)
    # The converter writes these in the order of a set, which differs from one process to the next.
    graph.opset_import.sort(key=lambda opset: str(opset.domain))
    return bytes(graph.SerializeToString(deterministic=True))
