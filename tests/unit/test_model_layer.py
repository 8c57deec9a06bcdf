"""The light layer: what it learns from outcomes, and that it is the same inside the ONNX file."""

import numpy as np
import pytest
from parity_stage import FACTORS, HELD_OUT, LABELS, TRAIN

from models.errors import ConversionError
from models.layer import Layer, layer_for, layered, log_odds
from models.parity import ALLOWED, run
from models.pipeline import convert, fit


def outcomes(rows: int, layer: Layer, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are wrong, and outcomes as they are right with the layer over them."""
    rng = np.random.default_rng(seed)
    predicted = rng.beta(1, 3, rows)
    return predicted, rng.random(rows) < layer.over(predicted)


def test_without_outcomes_it_changes_nothing():
    layer = layer_for(np.zeros(0), np.zeros(0, np.bool_))
    assert layer == Layer()
    assert layer.over(np.array([0.2, 0.7])) == pytest.approx([0.2, 0.7])


def test_where_fewer_hang_up_than_foretold_it_moves_all_of_them_down():
    predicted, labels = outcomes(4_000, Layer(shift=-0.7))
    layer = layer_for(predicted, labels)
    assert layer.shift == pytest.approx(-0.7, abs=0.15)
    assert layer.slope == pytest.approx(1, abs=0.15)
    assert layer.over(predicted).mean() == pytest.approx(labels.mean(), abs=0.01)


def test_what_is_too_sure_of_itself_is_brought_nearer_to_even():
    predicted, labels = outcomes(4_000, Layer(slope=0.5))
    assert layer_for(predicted, labels).slope == pytest.approx(0.5, abs=0.1)


def test_a_handful_of_outcomes_moves_it_little():
    assert abs(layer_for(np.full(5, 0.2), np.ones(5, np.bool_)).shift) < 1.5
    certain = layer_for(np.full(5, 0.2), np.zeros(5, np.bool_))
    assert -1 < certain.shift < 0


def test_property_it_never_changes_who_is_likelier():
    for seed in range(10):
        predicted, labels = outcomes(300, Layer(seed / 5 - 1, 0.4 + seed / 10), seed)
        moved = layer_for(predicted, labels).over(np.sort(predicted))
        assert (np.diff(moved) >= 0).all()


def test_in_the_file_it_is_what_it_is_in_numpy():
    estimator = fit(TRAIN, LABELS, FACTORS, seed=3)
    onnx, layer = convert(estimator, FACTORS, "m"), Layer(-0.6, 1.3)
    found = run(layered(onnx, layer), FACTORS, HELD_OUT)
    assert np.abs(found - layer.over(run(onnx, FACTORS, HELD_OUT))).max() < ALLOWED / 10
    assert layered(onnx, layer) == layered(onnx, layer)


def test_a_layer_goes_over_a_model_and_not_over_a_layer():
    onnx = convert(fit(TRAIN, LABELS, FACTORS, seed=3), FACTORS, "m")
    with pytest.raises(ConversionError, match="trained model's own file"):
        layered(layered(onnx, Layer()), Layer())


def test_log_odds_of_certainty_are_finite():
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
