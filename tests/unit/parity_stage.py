"""A small record of calls and the gate before publishing, for the tests of what it lets through."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from models.features import Factor, Kind
from models.parity import LEAST_ROWS, check_parity
from models.pipeline import convert

FACTORS = (
    Factor("balance", Kind.NUMBER),
    Factor("age", Kind.NUMBER),
    Factor("job", Kind.CATEGORY),
    Factor("euro.rate", Kind.CATEGORY),
)
NUMBERS, CATEGORIES = ["x_balance", "x_age"], ["x_job", "x_euro_rate"]


def table(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    balance = rng.integers(0, 400, rows).astype(np.float32) / 10
    balance[rng.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "x_balance": balance,
            "x_age": rng.integers(18, 90, rows).astype(np.float32),
            "x_job": rng.choice(np.array(["", *"abcdefghij"], dtype=object), rows),
            "x_euro_rate": rng.choice(np.array(["", "low", "high"], dtype=object), rows),
        }
    )


def said_yes(rows: pd.DataFrame) -> np.ndarray:
    rng = np.random.default_rng(5)
    balance = rows["x_balance"].fillna(0)
    chance = (
        0.1 + 0.3 * (balance % 7 < 3) + 0.2 * rows["x_job"].isin(["b", "f", "g"]) + 0.3 * (rows["x_age"] > 60)
    )
    return np.asarray(rng.random(len(rows)) < chance)


TRAIN, HELD_OUT = table(4_000, 1), table(LEAST_ROWS, 2)
LABELS = said_yes(TRAIN)


def encoder() -> OrdinalEncoder:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def prepared(numbers: object = "passthrough") -> ColumnTransformer:
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", encoder(), CATEGORIES)])


def gate(estimator: Pipeline) -> float:
    """How far the file is off; raises what the gate raises."""
    estimator.fit(TRAIN, LABELS)
    return check_parity(convert(estimator, FACTORS, "m"), estimator, FACTORS, HELD_OUT).largest


def one_hot(*number_steps: object, dense: bool = True) -> ColumnTransformer:
    """A column for each category; missing numbers are filled in, then go through `number_steps`."""
    steps = [SimpleImputer(), *number_steps]
    numbers = Pipeline([(f"step{nth}", step) for nth, step in enumerate(steps)])
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=not dense)
    parts = [("numbers", numbers, NUMBERS), ("categories", categories, CATEGORIES)]
    return ColumnTransformer(parts, sparse_threshold=0 if dense else 1)
