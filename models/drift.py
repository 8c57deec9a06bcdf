"""Says how far what comes in today is from what came in before, factor by factor; what to do about it is left
to whoever reads it.

The population stability index: the sum over bins of (new - old) * ln(new / old), of shares. Below 0.1 nothing
has changed to speak of, above 0.25 the customers are others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.features import Factor, Kind

PARTS = 10
COMMON = 0.01
"""The share from which on a value has a bin of its own."""


def drift(factors: Sequence[Factor], before: pd.DataFrame, newest: pd.DataFrame) -> Mapping[str, float]:
    """The index of each factor, the largest first; tables as `models.table.frame` makes them. Nothing where
    one of them has no rows."""
    if not len(before) or not len(newest):
        return {}
    found = {f.name: _index(f, before[f.input].to_numpy(), newest[f.input].to_numpy()) for f in factors}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _index(factor: Factor, before: NDArray[np.generic], newest: NDArray[np.generic]) -> float:
    if factor.kind is Kind.NUMBER:
        edges = _edges(before.astype(np.float64))
        old, new = (_number_bins(column.astype(np.float64), edges) for column in (before, newest))
    else:
        levels, counts = np.unique(before.astype(str), return_counts=True)
        common = levels[counts >= COMMON * len(before)]
        old, new = (_text_bins(column.astype(str), common) for column in (before, newest))
    return round(float(((new - old) * np.log(new / old)).sum()), 4)


def _edges(column: NDArray[np.float64]) -> NDArray[np.float64]:
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros(0)
    return np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS, method="inverted_cdf"))


def _number_bins(column: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last bin is for what is missing."""
    bins = np.searchsorted(edges, column, side="left")
    bins[np.isnan(column)] = len(edges) + 1
    return _shares(np.bincount(bins, minlength=len(edges) + 2))


def _text_bins(column: NDArray[np.str_], common: NDArray[np.str_]) -> NDArray[np.float64]:
    """The last bin is for every value that was not common before."""
    counts = [int((column == level).sum()) for level in common]
    return _shares(np.array([*counts, len(column) - sum(counts)]))


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Half a row in each bin more, so that an empty one is no infinity."""
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
