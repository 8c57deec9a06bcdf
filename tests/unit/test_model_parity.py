"""The gate: converter paths that are silently wrong are refused, the exact ones pass."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from models.errors import ConversionError, ParityError
from models.features import Factor, Kind
from models.parity import ALLOWED, LEAST_ROWS, check_parity
from models.pipeline import convert, fit

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
    estimator.fit(TRAIN, LABELS)
    return check_parity(convert(estimator, FACTORS, "m"), estimator, FACTORS, HELD_OUT).largest


def test_the_shipped_recipe_passes_with_unseen_categories_and_missing_values():
    estimator = fit(TRAIN, LABELS, FACTORS, seed=3)
    parity = check_parity(convert(estimator, FACTORS, "m"), estimator, FACTORS, HELD_OUT)
    assert parity.rows == 2 * LEAST_ROWS
    assert parity.unseen > 500
    assert parity.missing > 1_000
    assert parity.largest < 1e-6


def test_sigmoid_calibration_passes():
    trees = CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=30), method="sigmoid", cv=2)
    assert gate(Pipeline([("prepare", prepared()), ("trees", trees)])) < ALLOWED


def test_a_scaler_before_the_trees_is_refused():
    trees = HistGradientBoostingClassifier(max_iter=200, min_samples_leaf=5)
    with pytest.raises(ParityError, match=r"differs from scikit-learn on \d+ of 4000 rows.*no scaler"):
        gate(Pipeline([("prepare", prepared(StandardScaler())), ("trees", trees)]))


def test_native_categorical_splits_are_refused():
    trees = HistGradientBoostingClassifier(max_iter=30, categorical_features=[2, 3])
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", prepared()), ("trees", trees)]))


def test_isotonic_calibration_is_refused():
    trees = CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=30), method="isotonic", cv=2)
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", prepared()), ("trees", trees)]))


def test_what_does_not_convert_is_refused_with_the_mend():
    inner = Pipeline([("prepare", prepared()), ("trees", HistGradientBoostingClassifier(max_iter=5))])
    calibrated = CalibratedClassifierCV(inner, method="sigmoid", cv=2).fit(TRAIN, LABELS)
    with pytest.raises(ConversionError, match="use ordinal encoding and gradient boosting"):
        convert(calibrated, FACTORS, "m")


def test_too_few_rows_prove_nothing():
    estimator = fit(TRAIN, LABELS, FACTORS, seed=3)
    onnx = convert(estimator, FACTORS, "m")
    with pytest.raises(ParityError, match=r"1999 rows .* 2000 are needed"):
        check_parity(onnx, estimator, FACTORS, HELD_OUT[: LEAST_ROWS - 1])


def test_another_model_s_file_and_a_broken_one_are_refused():
    estimator = fit(TRAIN, LABELS, FACTORS, seed=3)
    other = fit(TRAIN, ~LABELS, FACTORS, seed=3)
    with pytest.raises(ParityError, match="differs"):
        check_parity(convert(other, FACTORS, "m"), estimator, FACTORS, HELD_OUT)
    with pytest.raises(ParityError, match="cannot run"):
        check_parity(b"not a graph", estimator, FACTORS, HELD_OUT)
