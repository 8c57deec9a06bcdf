"""Predicting for a caller who waits: the shipped model, and a model that is missing or broken."""

import math
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import Kind, row
from models.outcome import NullModel, OutcomeModel, open_model
from models.registry import SHIPPED, current

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEEN = {
    "age": "70",
    "job": "retired",
    "contact": "cellular",
    "poutcome": "success",
    "previous": "2",
    "pdays": "3",
}


@pytest.fixture(scope="module")
def model() -> OutcomeModel:
    return OutcomeModel.load(current(SHIPPED, "accepts_offer"))


def probability(model: OutcomeModel, contact: dict[str, str]) -> float:
    found = model.predict(row(model.factors, contact, MONDAY, {})).probability
    assert found is not None
    return found


def test_the_shipped_model_tells_the_keen_from_the_rest(model):
    assert probability(model, KEEN) > 0.25
    assert probability(model, {"age": "40", "job": "blue-collar", "poutcome": "nonexistent"}) < 0.1


def test_a_contact_nothing_is_known_about_gets_about_the_base_rate(model):
    base = model.card.metrics["same_time"]["base_before"]
    assert probability(model, {}) == pytest.approx(base, rel=0.25)


def test_a_category_never_seen_counts_as_missing(model):
    assert probability(model, KEEN | {"job": "astronaut"}) == pytest.approx(
        probability(model, KEEN | {"job": ""}), abs=0.05
    )


def test_a_prediction_names_its_model_and_version(model):
    prediction = model.predict({})
    assert (prediction.model, prediction.version) == ("accepts_offer", model.card.version)
    assert prediction.missing == ""


def test_the_shipped_card_is_honest(model):
    card = model.card
    assert "duration" not in {factor.name for factor in card.factors}
    assert card.parity.rows >= 2_000
    assert card.parity.largest <= 1e-4
    assert card.metrics["later"]["auc"] < card.metrics["same_time"]["auc"]
    assert "CC BY 4.0" in card.source


def test_the_shipped_model_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 300_000


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.none(), st.floats())))
def test_property_whatever_a_contact_holds_there_is_a_probability(model, contact):
    assert 0 <= probability(model, contact) <= 1


@pytest.mark.parametrize("value", ["text", None, [1, 2], "\ud800"])
def test_a_row_of_the_wrong_types_gives_a_reason_and_raises_nothing(model, value):
    bad = {f.name: value for f in model.factors if f.kind is Kind.NUMBER or value == "\ud800"}
    prediction = model.predict(bad)
    if value is None:
        assert prediction.probability == model.predict({}).probability
    else:
        assert prediction.probability is None
        assert prediction.missing.endswith("in the model")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "models")
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "model.onnx").write_bytes(b"\0" * 100), "not the file its card describes"),
        (lambda folder: (folder / "model.onnx").unlink(), "No such file"),
        (lambda folder: (folder / "card.json").write_text("{}"), "not a model's card"),
        (shutil.rmtree, "No such file"),
    ],
)
def test_a_broken_model_never_predicts_and_says_why(registry, spoil, reason):
    spoil(current(registry, "accepts_offer"))
    broken = open_model("accepts_offer", [registry, SHIPPED])
    assert isinstance(broken, NullModel)
    prediction = broken.predict({})
    assert prediction.probability is None
    assert reason in prediction.missing


def test_a_file_onnxruntime_cannot_run_never_predicts(registry):
    folder = current(registry, "accepts_offer")
    made = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(made[:1_000])
    card = folder / "card.json"
    card.write_text(card.read_text().replace(sha256(made).hexdigest(), sha256(made[:1_000]).hexdigest()))
    assert "onnxruntime cannot run it" in open_model("accepts_offer", [registry]).predict({}).missing


def test_a_model_nobody_has_never_predicts():
    assert "secondpass model train" in open_model("churns", [SHIPPED]).predict({}).missing


def test_a_missing_number_is_nan_for_the_model_as_in_training(model):
    assert model.predict({"age": math.nan}).probability == model.predict({}).probability


def test_predicting_needs_no_training_library_and_training_s_door_no_onnxruntime():
    script = (
        "import sys; import models.publish, models.outcome, models.registry; "
        "assert 'onnxruntime' not in sys.modules; "
        "model = models.outcome.open_model('accepts_offer', [models.registry.SHIPPED]); "
        "assert model.predict({}).probability is not None; "
        "assert not {'sklearn', 'pandas', 'skl2onnx', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
