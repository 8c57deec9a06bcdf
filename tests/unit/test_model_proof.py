"""How good probabilities were; and a version is promoted only where it is better, and can be rolled back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_calls import write_calls
from sklearn import metrics

from models.errors import NotBetterError, RegistryError, TrainingError
from models.evaluation import auc, auc_within, brier, ece, evaluate, lift, log_loss
from models.features import row
from models.online import Candidate, begin, renewed
from models.proof import Held, promote, score
from models.records import factors_of, read_records
from models.registry import REMEMBERED, activate, current, rollback
from models.renewal import Origin, publish_renewal
from models.table import frame


def foretold(rows: int = 6_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    predicted = np.round(rng.uniform(0.02, 0.6, rows), 2)  # with ties
    return rng.random(rows) < predicted, predicted


def test_the_figures_are_scikit_learn_s():
    labels, predicted = foretold()
    assert auc(labels, predicted) == pytest.approx(metrics.roc_auc_score(labels, predicted))
    assert log_loss(labels, predicted) == pytest.approx(metrics.log_loss(labels, predicted))
    assert brier(labels, predicted) == pytest.approx(metrics.brier_score_loss(labels, predicted))


def test_one_that_is_sure_and_wrong_has_a_log_loss_all_the_same():
    assert log_loss(np.array([True]), np.array([0.0])) == pytest.approx(34.5, abs=0.1)


def test_auc_of_one_outcome_only_is_unknown():
    assert np.isnan(auc(np.ones(3, bool), np.array([0.1, 0.2, 0.3])))


def test_auc_inside_a_window_does_not_reward_knowing_the_month():
    month = np.repeat([0.1, 0.5], 1_000)
    labels = np.random.default_rng(2).random(2_000) < month
    assert auc(labels, month) > 0.7
    assert auc_within(labels, month) == 0.5


def test_auc_inside_windows_takes_whole_ones_in_which_both_outcomes_occur():
    labels, predicted = foretold(2_500)
    labels[1_000:2_000] = False
    assert auc_within(labels, predicted) == auc(labels[:1_000], predicted[:1_000])
    assert auc_within(labels[:900], predicted[:900]) == auc(labels[:900], predicted[:900])


def test_the_calibration_error_is_that_of_fifteen_bins_of_equal_mass():
    labels, predicted = foretold()
    assert ece(labels, predicted) < 0.03
    assert ece(labels, predicted + 0.1) == pytest.approx(0.1, abs=0.01)
    by_hand = np.array([True] * 5 + [False] * 10)
    assert ece(by_hand, np.linspace(0, 1, 15)) == pytest.approx(
        np.abs(by_hand - np.linspace(0, 1, 15)).mean()
    )


def test_lift_is_the_rate_of_the_best_tenth_over_that_of_all():
    labels = np.zeros(100, bool)
    labels[:20] = True
    assert lift(labels, np.linspace(1, 0, 100)) == 5
    assert lift(labels, np.linspace(0, 1, 100)) == 0
    assert lift(labels[:3], np.ones(3)) == 1


def test_all_figures_beside_always_saying_the_base_rate():
    labels, predicted = foretold()
    figures = evaluate(labels, predicted, 0.3)
    assert figures["log_loss"] < figures["log_loss_of_base"]
    assert {"auc", "auc_within", "log_loss", "brier", "ece", "lift_10", "rows"} <= set(figures)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_calls(tmp_path_factory.mktemp("calls") / "calls.csv")


@pytest.fixture
def registry(tmp_path: Path, calls: Path) -> tuple[Path, str, str]:
    """Two versions that learned from the first 3,000 calls: a poor one, current, and a good one."""
    records = read_records(calls, label="y", positive="yes", sep=";")[:3_000]
    factors, _ = factors_of(records, ("duration",))
    table = frame(factors, [row(factors, texts, texts, {}) for texts in records.rows])
    versions = []
    for ridge in (1.0, 1e6):
        learner = renewed(begin(factors, (Candidate(3_000, ridge),)), table, np.array(records.labels))
        versions.append(publish_renewal(tmp_path, learner, Origin("says_yes", "y", "yes")).name)
    good, poor = versions
    return tmp_path, good, poor


def test_the_better_version_is_promoted_and_a_worse_one_refused(registry, calls):
    root, good, poor = registry
    held = Held(calls, "y", sep=";", start=3_000)
    before, after = promote(root, "says_yes", good, held)
    assert current(root, "says_yes").name == good
    assert after["log_loss"] < before["log_loss"]
    assert after["rows"] == before["rows"] == 1_400
    with pytest.raises(NotBetterError, match=rf"{poor} has log loss .* {good} has .* not promoted"):
        promote(root, "says_yes", poor, held)
    with pytest.raises(NotBetterError):
        promote(root, "says_yes", good, held)
    assert current(root, "says_yes").name == good


def test_rolling_back_goes_step_by_step_to_what_was_current_before(registry):
    root, good, poor = registry
    activate(root, "says_yes", good)
    assert rollback(root, "says_yes") == poor == current(root, "says_yes").name
    assert rollback(root, "says_yes") == good == current(root, "says_yes").name
    with pytest.raises(RegistryError, match="no version was current before"):
        rollback(root, "says_yes")


def test_the_way_back_has_an_end(registry):
    root, good, poor = registry
    for _ in range(REMEMBERED):
        activate(root, "says_yes", good)
        activate(root, "says_yes", poor)
    assert len((root / "says_yes" / "current").read_text().split()) == REMEMBERED


def test_a_version_that_was_spoilt_meanwhile_is_not_gone_back_to(registry):
    root, good, poor = registry
    activate(root, "says_yes", good)
    (root / "says_yes" / poor / "model.onnx").write_bytes(b"x")
    with pytest.raises(RegistryError, match="not the file its card describes"):
        rollback(root, "says_yes")
    assert current(root, "says_yes").name == good


def test_the_last_fifth_is_scored_if_nothing_is_said(registry, calls):
    root, good, _ = registry
    assert score(root / "says_yes" / good, Held(calls, "y", sep=";"))["rows"] == 880


@pytest.mark.parametrize("start", [4_399, 4_400, 5_000])
def test_rows_that_cannot_prove_anything_are_refused(registry, calls, start):
    root, good, _ = registry
    with pytest.raises(TrainingError, match=r"from row \d+ on, so nothing can be evaluated; .*--start"):
        score(root / "says_yes" / good, Held(calls, "y", sep=";", start=start))


def test_a_record_without_the_model_s_columns_is_refused(registry, tmp_path):
    root, good, _ = registry
    other = tmp_path / "other.csv"
    other.write_text("colour,y\nred,yes\nblue,no\ngreen,yes\nred,no\n")
    with pytest.raises(TrainingError, match="none of the model's factors is a column"):
        score(root / "says_yes" / good, replace(Held(other, "y"), start=0))
