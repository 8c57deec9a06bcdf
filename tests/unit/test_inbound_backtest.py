"""Learning from a log of inbound calls who hangs up: what is scored, what is published, what is refused."""

import json
from datetime import date
from pathlib import Path

import pytest
from inbound_logs import busy_days, write_log
from typer.testing import CliRunner

from console.cli import app
from models.errors import ParityError, TrainingError
from models.inbound_backtest import InboundPlay, backtest_inbound
from models.layer import Layer
from models.outcome import OutcomeModel
from models.pipeline import Trees
from models.registry import current, load_version

CUT = date(1999, 1, 8)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for calls that were made up in so simple a way."""
    monkeypatch.setattr("models.inbound_training.TREES", Trees(20, 8, 0.2))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "log.tsv", busy_days(6_200))


@pytest.fixture(scope="module")
def published(log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    out = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("models.inbound_training.TREES", Trees(20, 8, 0.2))
        return backtest_inbound([log], InboundPlay(CUT, every=200), out), out


def test_later_calls_are_scored_by_what_earlier_ones_taught(published):
    report, _ = published
    assert report["learned_from"] + report["rows"] == 6_200
    assert report["auc"] > 0.75
    assert report["updates"] == -(-report["rows"] // 200)
    assert report["onnx_parity_failures"] == 0


def test_the_callers_past_is_what_tells_most_here_and_without_it_little_is_known(published):
    report, _ = published
    assert report["auc"] > report["without_history"]["auc"] + 0.1
    assert set(report["frozen"]) == set(report["without_history_and_queue"])


def test_what_is_published_answers_and_says_what_it_must_not_look_at(published):
    report, out = published
    folder = current(out, "abandons")
    _, card = load_version(folder)
    assert folder.name == report["published"] == card.version
    assert card.parity.largest <= 1e-4
    assert "they tell the outcome" in card.left_out["customer_id, priority"]
    model = OutcomeModel.load(folder)
    hasty = model.predict({"calls": 6.0, "calls_abandoned": 5.0, "calls_abandoned_share": 0.83}).probability
    patient = model.predict({"calls": 6.0, "calls_abandoned": 0.0, "calls_abandoned_share": 0.0}).probability
    assert hasty > patient


def test_a_layer_whose_file_is_not_the_layer_is_refused(log, monkeypatch):
    import models.inbound_training as training

    right = training.layered
    monkeypatch.setattr(training, "layered", lambda onnx, _: right(onnx, Layer(1.0, 1.0)))
    with pytest.raises(ParityError, match="differs from numpy"):
        backtest_inbound([log], InboundPlay(CUT, every=200, compare=False))


@pytest.mark.parametrize(
    ("play", "mend"),
    [
        (InboundPlay(date(1999, 1, 5)), "give earlier months too"),
        (InboundPlay(date(2000, 1, 1)), "nothing to score from 2000-01-01"),
        (InboundPlay(CUT, until=CUT), "nothing to score"),
    ],
)
def test_too_little_on_one_side_of_the_day_is_refused(log, play, mend):
    with pytest.raises(TrainingError, match=mend):
        backtest_inbound([log], play)


def test_the_command_prints_the_figures(log):
    words = ["model", "backtest-inbound", str(log), "--train-until", "1999-01-08", "--no-compare", "--json"]
    done = CliRunner().invoke(app, [*words, "--every", "500"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert {"rows", "base", "auc", "log_loss", "ece", "frozen"} <= set(report)
    assert "without_history" not in report
