"""The gate: every converter path that is known to be wrong without a word is refused, the exact ones pass."""

import importlib
from collections.abc import Callable

import pytest
from parity_stage import FACTORS, HELD_OUT, LABELS, TRAIN, gate, one_hot, prepared
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from models.errors import ConversionError, ParityError
from models.parity import ALLOWED, LEAST_ROWS, check_parity
from models.pipeline import convert, fit


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


def test_one_column_a_category_and_a_scaler_before_the_trees_are_refused():
    trees = HistGradientBoostingClassifier(max_iter=200, min_samples_leaf=5)
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", one_hot(StandardScaler())), ("trees", trees)]))


def test_a_scaler_before_xgboost_is_refused():
    xgboost = boosted_by("xgboost")
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", one_hot(StandardScaler())), ("trees", xgboost(200))]))


def test_xgboost_without_a_scaler_passes():
    xgboost = boosted_by("xgboost")
    assert gate(Pipeline([("prepare", one_hot()), ("trees", xgboost(30))])) < ALLOWED


def test_a_sparse_matrix_whose_noughts_xgboost_takes_for_missing_is_refused():
    xgboost = boosted_by("xgboost")
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", one_hot(dense=False)), ("trees", xgboost(30))]))


def test_calibration_around_lightgbm_is_refused():
    lightgbm = boosted_by("lightgbm")
    calibrated = CalibratedClassifierCV(lightgbm(30), method="sigmoid", cv=2)
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", one_hot()), ("trees", calibrated)]))


def test_lightgbm_alone_passes():
    lightgbm = boosted_by("lightgbm")
    assert gate(Pipeline([("prepare", one_hot()), ("trees", lightgbm(30))])) < ALLOWED


@pytest.mark.parametrize(
    "learner",
    [
        LogisticRegression(max_iter=500),
        MLPClassifier((8,), max_iter=20, random_state=1),
        RandomForestClassifier(20, max_depth=6, random_state=1),
    ],
    ids=["logistic", "network", "forest"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_learners_that_compare_with_no_borders_pass_with_a_scaler(learner):
    numbers = () if isinstance(learner, RandomForestClassifier) else (StandardScaler(),)
    assert gate(Pipeline([("prepare", one_hot(*numbers)), ("learner", learner)])) < ALLOWED


def test_native_categorical_splits_are_refused():
    trees = HistGradientBoostingClassifier(max_iter=30, categorical_features=[2, 3])
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", prepared()), ("trees", trees)]))


def test_isotonic_calibration_is_refused():
    trees = CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=30), method="isotonic", cv=2)
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        gate(Pipeline([("prepare", prepared()), ("trees", trees)]))


def boosted_by(library: str) -> Callable[[int], object]:
    """Makes a classifier of so many trees, its converter registered; skips where it is not installed."""
    try:
        learners = importlib.import_module(library)
    except (ImportError, OSError) as error:  # OSError: it is there, a library of the system's is not
        pytest.skip(f"not run: no {library}: {error}")
    pytest.importorskip("onnxmltools", reason="not run: no onnxmltools")
    if library == "lightgbm":
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as converter

        made, alias = learners.LGBMClassifier, "LightGbmLGBMClassifier"
    else:
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost as converter

        made, alias = learners.XGBClassifier, "XGBoostXGBClassifier"
    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    update_registered_converter(
        made, alias, calculate_linear_classifier_output_shapes, converter, options=options
    )
    quiet = {"verbose": -1} if library == "lightgbm" else {}
    return lambda trees: made(n_estimators=trees, n_jobs=1, random_state=1, **quiet)


def test_a_converter_that_breaks_is_refused_with_the_mend(monkeypatch):
    """As protobuf 7 breaks that of gradient boosting."""

    def breaks(*_: object, **__: object) -> None:
        raise TypeError("ints: Expected an int, got a boolean")

    estimator = fit(TRAIN, LABELS, FACTORS, seed=3)
    monkeypatch.setattr("models.pipeline.to_onnx", breaks)
    with pytest.raises(ConversionError, match="protobuf below 7"):
        convert(estimator, FACTORS, "m")


def test_calibration_around_a_frozen_pipeline_is_refused_with_the_mend():
    inner = Pipeline([("prepare", prepared()), ("trees", HistGradientBoostingClassifier(max_iter=5))])
    frozen = FrozenEstimator(inner.fit(TRAIN, LABELS))
    calibrated = CalibratedClassifierCV(frozen, method="sigmoid").fit(TRAIN, LABELS)
    with pytest.raises(ConversionError, match="use ordinal encoding and gradient boosting"):
        convert(calibrated, FACTORS, "m")


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
