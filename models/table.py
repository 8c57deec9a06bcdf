"""Rows of factors as a table, and a table as the inputs of an ONNX graph; what is in a row is left to
`models.features`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.card import NUMBERS, TEXTS
from models.features import Factor, Kind, Row


def frame(factors: Sequence[Factor], rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as a table with one column a factor; numbers as 32-bit floats, as the graph will see them."""
    return pd.DataFrame(
        {
            factor.input: np.array([row[factor.name] for row in rows], dtype=np.float32)
            if factor.kind is Kind.NUMBER
            else np.array([row[factor.name] for row in rows], dtype=object)
            for factor in factors
        }
    )


def feeds(
    factors: Sequence[Factor], table: pd.DataFrame, inputs: Collection[str] = ()
) -> Mapping[str, NDArray[Any]]:
    """A table as the inputs of a graph, by their names: all numbers and all categories at once if it has such
    inputs, else one of shape (rows, 1) a factor."""
    if not {NUMBERS, TEXTS}.isdisjoint(inputs):
        names = {kind: [f.input for f in factors if f.kind is kind] for kind in Kind}
        numbers, texts = table[names[Kind.NUMBER]], table[names[Kind.CATEGORY]]
        both = {NUMBERS: numbers.to_numpy(np.float32), TEXTS: texts.to_numpy(object)}
        return {name: both[name] for name in inputs}
    return {
        f.input: table[f.input].to_numpy(np.float32 if f.kind is Kind.NUMBER else object).reshape(-1, 1)
        for f in factors
    }
