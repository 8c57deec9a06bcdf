"""Measures one prediction as the inbound hook makes it, against scikit-learn's predict_proba of the same
model on the same row."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

import numpy as np

from models.card import Card, Parity
from models.features import Factor, Kind, row
from models.outcome import OutcomeModel
from models.pipeline import convert, fit, probabilities
from models.registry import SHIPPED, current, load_version, publish
from models.table import frame

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONTACT = {"age": "41", "job": "c3", "marital": "c1", "contact": "c0", "poutcome": "c2", "previous": "2"}


def run() -> list[dict[str, Any]]:
    """Median microseconds to make a row of a contact and predict it, one after the other in one thread.

    The model has the shipped one's factors and size and is fitted on calls drawn at random.
    """
    factors = load_version(current(SHIPPED, "accepts_offer"))[1].factors
    estimator = _fitted(factors)
    with tempfile.TemporaryDirectory() as folder:
        onnx = convert(estimator, factors, "measured")
        model = OutcomeModel.load(publish(Path(folder), onnx, _card(onnx, factors)))
    ours = _microseconds(lambda: model.predict(row(factors, CONTACT, AT, {})), 3_000)
    peer = _microseconds(
        lambda: probabilities(estimator, frame(factors, [row(factors, CONTACT, AT, {})])), 100
    )
    return [
        {
            "name": "one row made and predicted",
            "value": round(ours, 1),
            "unit": "us",
            "peer": round(peer, 1),
            "peer_name": "scikit-learn predict_proba",
            "ratio": round(peer / ours, 1),
        }
    ]


def _fitted(factors: tuple[Factor, ...]) -> Any:
    rng = np.random.default_rng(1)
    drawn = {
        f.name: [str(v) if f.kind is Kind.NUMBER else f"c{v % 10}" for v in rng.integers(0, 80, 6_000)]
        for f in factors
    }
    texts = [{name: values[n] for name, values in drawn.items()} for n in range(6_000)]
    labels = np.array([(int(t["age"]) > 40) ^ (t["job"] > "c4") for t in texts]) ^ (rng.random(6_000) < 0.3)
    return fit(frame(factors, [row(factors, t, t, {}) for t in texts]), labels, factors, seed=1)


def _card(onnx: bytes, factors: tuple[Factor, ...]) -> Card:
    digest = sha256(onnx).hexdigest()
    parity = Parity(0, 0, 0, 0.0, 0.0)
    return Card("measured", digest[:12], digest, "y", "yes", factors, {}, 6_000, "drawn", {}, parity, {}, 1)


def _microseconds(work: Callable[[], object], times: int) -> float:
    for _ in range(max(times // 20, 3)):
        work()
    spent = []
    for _ in range(times):
        start = perf_counter_ns()
        work()
        spent.append(perf_counter_ns() - start)
    return median(spent) / 1_000
