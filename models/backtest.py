"""Plays a record of calls through the learner that keeps up, as production would have run it: each renewal is
published and each call is scored by the published file. Needs the `train` extra."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ParityError, TrainingError
from models.evaluation import auc, auc_within, brier, ece, lift, log_loss
from models.features import row
from models.online import CANDIDATES, Candidate, begin, renewed
from models.outcome import OutcomeModel
from models.parity import LEAST_ROWS
from models.records import Records, factors_of, read_records
from models.renewal import Origin, publish_renewal
from models.table import frame

WARM_UP = 4_000
"""Rows before the first one scored in which the candidates already foretell, so that they can be weighed."""

Progress = Callable[[Iterable[int], int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Play:
    """Rows `start` to `until` are scored; the model is renewed before the first and after every `every` of
    them; a row's outcome is known `delay` rows later."""

    start: int
    every: int = 200
    until: int | None = None
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Played:
    """The labels and probabilities of the rows scored, the renewals, and how many failed the gate."""

    labels: NDArray[np.bool_]
    predicted: NDArray[np.float64]
    updates: int
    parity_failures: int

    def report(self) -> dict[str, float | int]:
        """The figures, as `secondpass model backtest --json` prints them."""
        labels, predicted = self.labels, self.predicted
        return {
            "rows": len(labels),
            "base": round(float(labels.mean()), 4),
            "auc": round(auc(labels, predicted), 4),
            "auc_within_1000": round(auc_within(labels, predicted), 4),
            "log_loss": round(log_loss(labels, predicted), 4),
            "brier": round(brier(labels, predicted), 4),
            "ece": round(ece(labels, predicted), 4),
            "lift_10": round(lift(labels, predicted), 4),
            "updates": self.updates,
            "onnx_parity_failures": self.parity_failures,
        }


def backtest(  # noqa: PLR0913  the options of the command, one by one
    path: Path,
    play: Play,
    *,
    label: str,
    positive: str = "yes",
    sep: str = ",",
    exclude: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Played:
    """Play a CSV whose rows are in time order, oldest first. Raises TrainingError."""
    records = read_records(path, label=label, positive=positive, sep=sep)
    play = _checked(path, play, len(records))
    origin = Origin("backtest", label, positive, path.name)
    played = replay(records, play, exclude, origin, progress=progress)
    if played.labels.all() or not played.labels.any():
        raise TrainingError(f"{path}: the outcome is the same in all rows scored; score more of them")
    return played


def replay(  # noqa: PLR0913  who learns what from which rows
    records: Records,
    play: Play,
    exclude: tuple[str, ...],
    origin: Origin,
    *,
    candidates: tuple[Candidate, ...] = CANDIDATES,
    progress: Progress | None = None,
) -> Played:
    """Score the rows of `play` one stretch after the other, each by what was known before it.

    What a column is (a number or a category) is judged by the rows whose outcomes were known at the start.
    """
    factors, _ = factors_of(records[: play.start - play.delay], exclude, silent=True)
    until = play.until or len(records)
    rows = [row(factors, texts, texts, {}) for texts in records.rows[:until]]
    table = frame(factors, rows)
    labels = np.array(records.labels[:until])
    predicted: list[NDArray[np.float64]] = []
    failures = seen = 0
    learner = begin(factors, candidates)
    moments = _moments(play, until)
    with tempfile.TemporaryDirectory() as folder:
        for at in progress(moments, len(moments)) if progress else moments:
            known = at - play.delay
            learner = renewed(learner, table[seen:known], labels[seen:known])
            seen = known
            if at < play.start:
                continue
            try:
                model = OutcomeModel.load(publish_renewal(Path(folder), learner, origin))
            except ParityError:
                failures += 1
                if not predicted:
                    raise
            predicted.append(model.probabilities(rows[at : at + play.every]))
    updates = len(predicted) - failures
    return Played(labels[play.start : until], np.concatenate(predicted), updates, failures)


def _moments(play: Play, until: int) -> list[int]:
    """The rows before which the learner is renewed: those of the warm-up, then those of the play."""
    earliest = max(play.start - WARM_UP, LEAST_ROWS + play.delay)
    warm_up = range(play.start - play.every, earliest - 1, -play.every)
    return [*reversed(warm_up), *range(play.start, until, play.every)]


def _checked(path: Path, play: Play, rows: int) -> Play:
    if play.every < 1 or play.delay < 0:
        raise TrainingError("--every is at least 1 and --label-delay at least 0; correct the number")
    if play.start - play.delay < LEAST_ROWS:
        raise TrainingError(
            f"only {max(play.start - play.delay, 0)} outcomes are known at row {play.start}, "
            f"{LEAST_ROWS} are needed to prove the first file; start later with --start"
        )
    until = rows if play.until is None else min(play.until, rows)
    if until <= play.start:
        raise TrainingError(f"{path}: {rows} rows, none to score from row {play.start}; start earlier")
    return Play(play.start, play.every, until, play.delay)
