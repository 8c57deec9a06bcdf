"""Turns rows of factors into the columns a logistic model weighs, by what the newest rows hold; fitting the
weights is left to `models.logistic`, the same sums inside ONNX to `models.graph`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.features import Factor, Kind

LEAST_SEEN = 20
"""Rows a value must occur in before it gets a column of its own."""

MOST_LEVELS = 64
"""Values of one factor with a column of their own, the commonest; more would be names of callers."""

PARTS = 8
"""A number's steps stand at the borders of eight parts of equal mass: a curve, not only a line."""

FAR = 4.0
"""Standard deviations beyond which a number counts as being there: an outlier moves nobody."""

STAYS = 0.5
"""Agreement of neighbouring rows beyond chance from which on a number describes the time."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A category's columns: one for each of `levels`; any other value has none."""

    input: str
    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.levels)


@dataclass(frozen=True, slots=True)
class Number:
    """A number's columns: missing; its distance from `mean` in `scale`; above each of `steps`; equal to each
    of `levels`. All bounds are 32-bit floats, as the graph will compare them."""

    input: str
    mean: float
    scale: float
    steps: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """Columns."""
        return 2 + len(self.steps) + len(self.levels)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The columns: first the categories', then the numbers'."""

    texts: tuple[Texts, ...]
    numbers: tuple[Number, ...]

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(text.width for text in self.texts) + sum(number.width for number in self.numbers)

    def matrix(self, table: pd.DataFrame) -> NDArray[np.float32]:
        """Shape (rows, width): the columns of a table made by `models.pipeline.frame`. A value without a
        column is 0 in all: it neither speaks for nor against."""
        parts = [_text_columns(part, table[part.input].to_numpy()) for part in self.texts]
        parts += [_number_columns(part, table[part.input].to_numpy()) for part in self.numbers]
        return np.hstack(parts) if parts else np.zeros((len(table), 0), np.float32)


def encoding_of(factors: Sequence[Factor], table: pd.DataFrame) -> Encoding:
    """The encoding that fits the rows of `table`, which stand in the order of time."""
    return Encoding(
        tuple(_texts(f.input, table[f.input]) for f in factors if f.kind is Kind.CATEGORY),
        tuple(
            _number(f.input, table[f.input].to_numpy(np.float32)) for f in factors if f.kind is Kind.NUMBER
        ),
    )


def _texts(name: str, column: "pd.Series[str]") -> Texts:
    counts = column.value_counts()
    often = counts[counts >= LEAST_SEEN].index[:MOST_LEVELS]
    return Texts(name, tuple(sorted(often)))


def _number(name: str, column: NDArray[np.float32]) -> Number:
    known = column[~np.isnan(column)]
    if not len(known):
        return Number(name, 0.0, 0.0)
    if _describes_the_time(known):
        # Tomorrow's value lies outside of all that was seen. A line drawn through the values of yesterday
        # says the most where it knows the least; a column for each value says nothing of a new one.
        return Number(name, 0.0, 0.0, (), _common(known))
    mean, scale = float(known.mean(dtype=np.float64)), float(known.std(dtype=np.float64))
    borders = np.quantile(known, np.arange(1, PARTS) / PARTS, method="inverted_cdf")
    steps = tuple(float(step) for step in np.unique(borders) if step < known.max())
    return Number(name, mean, scale or 1.0, steps)


def _describes_the_time(known: NDArray[np.float32]) -> bool:
    """Whether a number keeps its value from row to row (an interest rate does, an age does not): the
    agreement of neighbours beyond chance, as Cohen's kappa has it."""
    shares = np.unique(known, return_counts=True)[1] / len(known)
    chance = float((shares**2).sum())
    same = float(np.mean(known[1:] == known[:-1])) if len(known) > 1 else 0.0
    return chance < 1 and (same - chance) / (1 - chance) > STAYS


def _common(known: NDArray[np.float32]) -> tuple[float, ...]:
    values, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    return tuple(sorted(float(values[at]) for at in order if counts[at] >= LEAST_SEEN))


def _text_columns(part: Texts, values: NDArray[np.object_]) -> NDArray[np.float32]:
    made = np.zeros((len(values), part.width + 1), np.float32)
    made[np.arange(len(values)), pd.Index(part.levels, dtype=object).get_indexer(pd.Index(values))] = 1
    return made[:, : part.width]  # get_indexer says -1, the last column, for a value without one


def _number_columns(part: Number, values: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = np.isnan(values)
    column = values[:, None]
    distance = np.zeros(len(values))
    if part.scale:
        distance = np.where(
            missing, 0.0, np.clip((values.astype(np.float64) - part.mean) / part.scale, -FAR, FAR)
        )
    return np.hstack(
        [
            missing[:, None],
            distance[:, None],
            column > np.array(part.steps, np.float32),
            column == np.array(part.levels, np.float32),
        ]
    ).astype(np.float32)
