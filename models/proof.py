"""Scores published versions on a record of calls and says which foretold it better; making one current is
left to `models.registry`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import NotBetterError, TrainingError
from models.evaluation import evaluate
from models.features import row
from models.outcome import OutcomeModel
from models.records import read_records
from models.registry import activate, current

LATER = 0.2
"""The last fifth of a record is what a version is scored on, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Held:
    """Calls a version is to be scored on: the rows of a CSV from `start` on, in the order of time. They prove
    something only of a version that learned from earlier ones."""

    path: Path
    label: str
    positive: str = "yes"
    sep: str = ","
    start: int | None = None


def score(folder: Path, held: Held) -> dict[str, float]:
    """The figures of a version's ONNX file on the rows held out. Raises TrainingError or ModelError."""
    records = read_records(held.path, label=held.label, positive=held.positive, sep=held.sep)
    start = int(len(records) * (1 - LATER)) if held.start is None else held.start
    later, labels = records.rows[start:], np.array(records.labels[start:], np.bool_)
    if not len(labels) or labels.all() or not labels.any():
        raise TrainingError(
            f"{held.path}: the outcome is the same in all of the {len(labels)} rows from row {start} on, so "
            "nothing can be evaluated; start earlier with --start"
        )
    model = OutcomeModel.load(folder)
    absent = [f.name for f in model.factors if f.name not in records.columns]
    if len(absent) == len(model.factors):
        raise TrainingError(
            f"{held.path}: none of the model's factors is a column; it needs {absent[0]}, ..."
        )
    predicted = model.probabilities([row(model.factors, texts, texts, {}) for texts in later])
    before = np.array(records.labels[:start] or records.labels)
    return evaluate(labels, predicted, float(before.mean()))


def promote(root: Path, name: str, version: str, held: Held) -> tuple[dict[str, float], dict[str, float]]:
    """Make a version the current one if it has the lower log loss on the rows held out; the figures of the
    one before and of this one. Raises NotBetterError, and what `score` raises; the current one then stays."""
    now = current(root, name)
    before, after = score(now, held), score(now.parent / version, held)
    if after["log_loss"] >= before["log_loss"]:
        raise NotBetterError(
            f"{name}: {version} has log loss {after['log_loss']} on {held.path.name}, {now.name} has "
            f"{before['log_loss']}: not promoted; train a better one"
        )
    activate(root, name, version)
    return before, after
