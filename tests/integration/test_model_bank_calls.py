"""The outcome model on real telemarketing calls, from the CSV to a published file that answers."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.backtest import Play, backtest
from models.features import row
from models.outcome import open_model
from models.publish import train_and_publish
from models.registry import SHIPPED, current, load_version

ROOT = Path(__file__).parents[2]
CALLS = Path(os.environ.get("SECONDPASS_DATA", ROOT.parent / "shared" / "data")) / "bank_calls_train.csv"
SHIPPED_CARD = load_version(current(SHIPPED, "accepts_offer"))[1]

pytestmark = pytest.mark.skipif(not CALLS.exists(), reason="not run: no data")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("registry")
    exclude = [name for name, why in SHIPPED_CARD.left_out.items() if why == "excluded by the user"]
    train_and_publish(
        CALLS, out, name="accepts_offer", label="y", sep=";", exclude=exclude, seed=SHIPPED_CARD.seed
    )
    return out


def test_the_shipped_model_is_what_these_calls_and_its_seed_give(registry):
    _, card = load_version(current(registry, "accepts_offer"))
    assert card.factors == SHIPPED_CARD.factors
    assert card.rows == SHIPPED_CARD.rows
    for protocol, figures in SHIPPED_CARD.metrics.items():
        again = {name: card.metrics[protocol][name] for name in figures}
        assert again == pytest.approx(figures, abs=0.005)
    if card.libraries == SHIPPED_CARD.libraries:
        assert card.sha256 == SHIPPED_CARD.sha256


def test_its_figures_are_those_of_later_calls_and_beat_the_base_rate(registry):
    later = load_version(current(registry, "accepts_offer"))[1].metrics["later"]
    assert later["rows"] == 6_590
    assert later["log_loss"] < later["log_loss_of_base"]
    assert 0.5 < later["auc_within"] < 0.65


def test_it_proved_itself_on_at_least_two_thousand_rows_and_kept_out_the_leak(registry):
    card = load_version(current(registry, "accepts_offer"))[1]
    assert card.parity.rows >= 2_000
    assert card.parity.unseen > 0 < card.parity.missing
    assert card.parity.largest <= 1e-4
    assert card.left_out["duration"] == "known only after the call"


def test_with_every_column_and_no_choice_of_ours_duration_still_stays_out(tmp_path):
    card = train_and_publish(CALLS, tmp_path, name="accepts_offer", label="y", sep=";", seed=1)
    assert "duration" not in {factor.name for factor in card.factors}
    assert {"month", "euribor3m"} <= {factor.name for factor in card.factors}
    model = open_model("accepts_offer", [tmp_path])
    live = row(model.factors, {"age": "41", "euribor3m": "0.7"}, datetime(2026, 11, 2, tzinfo=UTC), {})
    probability = model.predict(live).probability
    assert probability is not None
    assert 0 < probability < 1


def test_the_learner_that_keeps_up_ranks_months_in_which_a_frozen_model_falls_below_a_coin():
    report = backtest(
        CALLS, Play(24_000, every=200, until=27_000), label="y", sep=";", exclude=("duration",)
    ).report()
    assert (report["rows"], report["updates"], report["onnx_parity_failures"]) == (3_000, 15, 0)
    assert report["auc"] > 0.6
    assert report["ece"] < 0.03
