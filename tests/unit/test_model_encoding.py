"""What a logistic model sees of a row, in numpy and in the ONNX file alike."""

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from models.encoding import encoding_of
from models.features import Factor, Kind
from models.graph import logistic_graph
from models.logistic import fit, forgetting
from models.online import Fitted
from models.parity import LEAST_ROWS, compare
from models.table import feeds

AGE, RATE, JOB = Factor("age", Kind.NUMBER), Factor("rate", Kind.NUMBER), Factor("job", Kind.CATEGORY)
NEVER_GIVEN = Factor("income", Kind.NUMBER)
FACTORS = (AGE, RATE, JOB, NEVER_GIVEN)


def calls(rows: int, seed: int = 1) -> pd.DataFrame:
    """The rate stays for hundreds of rows; an age does not; an income was never given."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows).astype(np.float32)
    age[rng.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "x_age": age,
            "x_rate": np.repeat(rng.random(rows // 100 + 1).astype(np.float32), 100)[:rows],
            "x_job": rng.choice(np.array(["", "clerk", "student", "retired"], dtype=object), rows),
            "x_income": np.full(rows, np.nan, np.float32),
        }
    )


CALLS = calls(3_000)
ENCODING = encoding_of(FACTORS, CALLS)
AGES, RATES, INCOMES = ENCODING.numbers


def columns(**values: object) -> np.ndarray:
    row = {"x_age": np.nan, "x_rate": np.nan, "x_job": "", "x_income": np.nan} | values
    table = pd.DataFrame({name: [value] for name, value in row.items()})
    return ENCODING.matrix(table.astype({name: np.float32 for name in row if name != "x_job"}))[0]


def test_a_number_of_the_person_gets_a_line_and_steps():
    assert AGES.scale > 0
    assert len(AGES.steps) == 7
    assert AGES.levels == ()


def test_a_number_that_describes_the_time_gets_a_column_for_each_value_and_no_line():
    assert RATES.scale == 0
    assert RATES.steps == ()
    assert set(RATES.levels) == {float(rate) for rate in CALLS["x_rate"].unique()}


def test_tomorrow_s_rate_says_nothing_instead_of_ever_more():
    assert (columns(x_rate=7.0)[:-2] == columns(x_rate=8.0)[:-2]).all()
    assert columns(x_rate=7.0).sum() == columns(x_rate=8.0).sum() < columns(x_rate=RATES.levels[0]).sum()


def test_a_category_never_seen_has_no_column_and_a_missing_one_its_own():
    width = ENCODING.texts[0].width
    assert columns(x_job="astronaut")[:width].sum() == 0
    assert columns(x_job="")[:width].sum() == 1


def test_an_outlier_is_no_farther_away_than_far():
    assert (columns(x_age=1e30) == columns(x_age=1e6)).all()


def test_a_number_never_given_is_missing_and_no_more():
    assert INCOMES.width == 2
    assert columns()[-2:].tolist() == [1, 0]
    assert columns(x_income=5e4)[-2:].tolist() == [0, 0]


def test_the_matrix_is_as_wide_as_it_says():
    assert ENCODING.matrix(CALLS).shape == (3_000, ENCODING.width)


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return np.random.default_rng(2).normal(size=1 + ENCODING.width)


def test_the_file_says_what_numpy_says_for_missing_unseen_and_huge_values(weights):
    fitted = Fitted(ENCODING, weights[None], np.ones(1))
    onnx = logistic_graph(FACTORS, ENCODING, weights, "m")
    parity = compare(onnx, fitted.probabilities, FACTORS, calls(LEAST_ROWS, 3), peer="numpy", mend="")
    assert parity.unseen > 300
    assert parity.missing > 1_000
    assert parity.largest < 1e-6
    huge = calls(50, 4).assign(x_age=np.float32(3e38), x_income=np.float32(-3e38))
    session = ort.InferenceSession(onnx)
    fed = feeds(FACTORS, huge, [each.name for each in session.get_inputs()])
    (found,) = session.run(["probabilities"], dict(fed))
    assert found[:, 1] == pytest.approx(fitted.probabilities(huge), abs=1e-6)


@pytest.mark.parametrize("factors", [(JOB,), (AGE,), (RATE,), (NEVER_GIVEN,)])
def test_any_single_factor_makes_a_file(factors):
    encoding = encoding_of(factors, CALLS)
    weights = np.linspace(-1, 1, 1 + encoding.width)
    fitted = Fitted(encoding, weights[None], np.ones(1))
    onnx = logistic_graph(factors, encoding, weights, "m")
    assert compare(onnx, fitted.probabilities, factors, CALLS, peer="numpy", mend="").largest < 1e-6


def test_a_category_with_no_common_value_makes_a_file():
    table = pd.DataFrame({"x_job": np.array([f"job {n}" for n in range(LEAST_ROWS)], dtype=object)})
    encoding = encoding_of((JOB,), table)
    assert encoding.width == 0
    onnx = logistic_graph((JOB,), encoding, np.array([-1.0]), "m")
    fitted = Fitted(encoding, np.array([[-1.0]]), np.ones(1))
    assert compare(onnx, fitted.probabilities, (JOB,), table, peer="numpy", mend="").largest < 1e-6


def test_the_same_weights_make_the_same_file(weights):
    assert logistic_graph(FACTORS, ENCODING, weights, "m") == logistic_graph(FACTORS, ENCODING, weights, "m")


def test_what_is_forgotten_counts_half_at_each_half_life():
    assert forgetting(201, 100)[[0, 100, 200]].tolist() == [0.25, 0.5, 1]


def test_the_fit_finds_the_weights_that_made_the_labels():
    rng = np.random.default_rng(6)
    seen = rng.integers(0, 2, (20_000, 3)).astype(np.float32)
    odds = -1 + seen @ np.array([2.0, -1.0, 0.0])
    labels = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    assert fit(seen, labels, np.ones(20_000, np.float32), 0.01) == pytest.approx([-1, 2, -1, 0], abs=0.1)


@pytest.mark.parametrize("label", [True, False])
def test_labels_all_alike_and_a_column_that_tells_all_run_nowhere(label):
    seen = np.eye(2, dtype=np.float32)[np.arange(400) % 2]
    alike = fit(seen, np.full(400, label), np.ones(400, np.float32), 1.0)
    told = fit(seen, seen[:, 0] > 0, np.ones(400, np.float32), 1.0)
    assert np.abs(alike).max() < 20
    assert told[1] > 1 > -1 > told[2]


def test_an_infinite_ridge_leaves_the_base_rate():
    labels = np.arange(1_000) % 4 == 0
    found = fit(ENCODING.matrix(CALLS[:1_000]), labels, np.ones(1_000, np.float32), 1e6)
    assert found[0] == pytest.approx(np.log(1 / 3), abs=0.01)
    assert np.abs(found[1:]).max() < 0.001
