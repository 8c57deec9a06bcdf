"""Trains an outcome model on past calls, evaluates it on later ones, and proves its ONNX file; keeping the
file is left to `models.registry`. Needs the `train` extra."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.card import Card
from models.errors import TrainingError
from models.evaluation import evaluate
from models.features import row
from models.parity import LEAST_ROWS, check_parity
from models.pipeline import convert, fit, probabilities
from models.records import factors_of, read_records
from models.table import frame

LATER = 0.2
"""The last fifth of the rows is what a model fitted on the rows before is scored on."""


KEPT_ROWS = LEAST_ROWS
"""Rows that the published model never learns from: for the proof, and for the figures of the same time."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to learn from which columns, and what the card says of the data."""

    name: str
    label: str
    positive: str = "yes"
    sep: str = ","
    exclude: tuple[str, ...] = ()
    seed: int = 0
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model that passed the gate: the ONNX file's bytes and its card."""

    onnx: bytes
    card: Card


def train(path: Path, task: Task) -> TrainedModel:
    """Train on a CSV whose rows are in time order, oldest first. The same file and seed give the same model.

    What is published learned from all the rows up to the newest, but for one in every few that are kept out:
    where the base rate drifts, the newest calls are worth the most. The `later` figures are those of the same
    recipe stopped at the first 80 % of the rows.

    Raises TrainingError (the data), ConversionError, ParityError (the ONNX file is not the model).
    """
    records = read_records(path, label=task.label, positive=task.positive, sep=task.sep)
    if len(records) < 2 * KEPT_ROWS:
        raise TrainingError(f"{path}: {len(records)} rows; give at least {2 * KEPT_ROWS}")
    first = int(len(records) * (1 - LATER))
    kept = _kept(len(records))
    labels = np.array(records.labels)
    _check_labels(path, (labels[:first], labels[first:], labels[kept], labels[~kept]))
    factors, left_out = factors_of(records[:first], task.exclude)
    table = frame(factors, [row(factors, texts, texts, {}) for texts in records.rows])

    stopped = fit(table[:first], labels[:first], factors, task.seed)
    estimator = fit(table[~kept], labels[~kept], factors, task.seed)
    onnx = convert(estimator, factors, task.name)
    parity = check_parity(onnx, estimator, factors, table[kept])
    digest = sha256(onnx).hexdigest()
    card = Card(
        name=task.name,
        version=digest[:12],
        sha256=digest,
        label=task.label,
        positive=task.positive,
        factors=factors,
        left_out=left_out,
        rows=int((~kept).sum()),
        window=f"rows 1 to {len(records)} in time order, {int(kept.sum())} of them kept out",
        metrics={
            "later": evaluate(labels[first:], probabilities(stopped, table[first:]), labels[:first].mean()),
            "same_time": evaluate(labels[kept], probabilities(estimator, table[kept]), labels[~kept].mean()),
        },
        parity=parity,
        libraries={each: version(each) for each in ("scikit-learn", "skl2onnx", "onnx", "onnxruntime")},
        seed=task.seed,
        source=task.source or f"{path.name}, sha256 {sha256(path.read_bytes()).hexdigest()}",
        notes=task.notes,
    )
    return TrainedModel(onnx, card)


def _kept(rows: int) -> NDArray[np.bool_]:
    """Shape (rows,): the rows kept out, every so many-th so that all times are among them."""
    step = rows // KEPT_ROWS
    return np.asarray(np.arange(rows) % step == step - 1)


def _check_labels(path: Path, parts: Sequence[NDArray[np.bool_]]) -> None:
    if any(part.all() or not part.any() for part in parts):
        raise TrainingError(
            f"{path}: the outcome is the same all through the first or the last rows, so nothing can be "
            "evaluated; train on a longer record of calls, in time order"
        )
