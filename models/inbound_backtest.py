"""Plays a log of inbound calls: learns from the earlier ones whether a queued caller hangs up, and scores the
later ones as production would have, by published ONNX files. Needs the `train` extra.

Each call is scored from what was known when it was queued; the layer is renewed from outcomes known by then.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.backtest import Played
from models.errors import TrainingError
from models.features import Factor
from models.inbound import CALLERS_PAST, FACTORS, QUEUE_STATE
from models.inbound_log import read_inbound
from models.inbound_training import (
    InboundOrigin,
    Queued,
    Trained,
    fitted,
    learned,
    publish_layer,
    queued,
)
from models.layer import layer_for
from models.outcome import OutcomeModel
from models.parity import LEAST_ROWS, run
from models.pipeline import probabilities
from models.registry import publish

Progress = Callable[[Iterable[int], int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class InboundPlay:
    """Calls before `train_until` are learned from, those from it on and before `until` are scored; the layer
    over the model is renewed after `every` of them. `compare`: also without the callers' past, and without
    the state of the queues either."""

    train_until: date
    until: date | None = None
    every: int = 200
    compare: bool = True
    name: str = "abandons"
    seed: int = 0


def backtest_inbound(
    paths: Sequence[Path], play: InboundPlay, out: Path | None = None, progress: Progress | None = None
) -> dict[str, object]:
    """The figures, as `secondpass model backtest-inbound --json` prints them; with `out`, the model that was
    learned is published there. Raises TrainingError, ConversionError, ParityError, RegistryError."""
    log = read_inbound(paths)
    calls = queued(log)
    learn, score = _parts(calls, play)
    source = ", ".join(path.name for path in paths)
    trained = learned(calls, learn, FACTORS, InboundOrigin(play.name, play.train_until, source, play.seed))
    starts = range(0, int(score.sum()), play.every)
    with tempfile.TemporaryDirectory() as folder:
        moments = progress(starts, len(starts)) if progress else starts
        stretches = (range(at, min(at + play.every, int(score.sum()))) for at in moments)
        played, frozen = _play(Path(folder), calls, np.flatnonzero(score), trained, stretches)
    report: dict[str, object] = {
        **played.report(),
        "learned_from": int(learn.sum()),
        "no_calls": log.no_calls,
        "unreadable": log.unreadable,
        "frozen": _figures(calls.labels[score], frozen),
    }
    if play.compare:
        poorer = {
            "without_history": [f for f in FACTORS if f.name not in CALLERS_PAST],
            "without_history_and_queue": [f for f in FACTORS if f.name not in CALLERS_PAST | QUEUE_STATE],
        }
        for what, factors in poorer.items():
            report[what] = _figures(calls.labels[score], _frozen(calls, learn, score, factors, play.seed))
    if out is not None:
        publish(out, trained.onnx, trained.card)
        report["published"] = trained.card.version
    return report


def _frozen(
    calls: Queued, learn: NDArray[np.bool_], score: NDArray[np.bool_], factors: Sequence[Factor], seed: int
) -> NDArray[np.float64]:
    """What a model with these factors alone foretells."""
    return probabilities(fitted(calls.table[learn], calls.labels[learn], factors, seed), calls.table[score])


def _play(
    root: Path, calls: Queued, places: NDArray[np.intp], trained: Trained, stretches: Iterable[range]
) -> tuple[Played, NDArray[np.float64]]:
    """The scored calls stretch by stretch, each by the file that was published before it; and what the model
    beneath foretells, never renewed."""
    beneath = run(trained.onnx, FACTORS, calls.table.iloc[places])
    proof = calls.table.iloc[: 2 * LEAST_ROWS : 2].reset_index(drop=True)
    given: list[NDArray[np.float64]] = []
    model = OutcomeModel.load(publish(root, trained.onnx, trained.card))
    for stretch in stretches:
        if stretch.start:
            known = np.flatnonzero(calls.over_at[places[: stretch.start]] <= calls.at[places[stretch.start]])
            layer = layer_for(beneath[known], calls.labels[places[known]])
            model = OutcomeModel.load(publish_layer(root, trained, layer, proof))
        given.append(model.probabilities([calls.rows[place] for place in places[stretch]]))
    return Played(calls.labels[places], np.concatenate(given), len(given), 0), beneath


def _figures(labels: NDArray[np.bool_], predicted: NDArray[np.float64]) -> dict[str, float | int]:
    report = Played(labels, predicted, 0, 0).report()
    return {name: report[name] for name in ("auc", "log_loss", "brier", "ece", "lift_10")}


def _parts(calls: Queued, play: InboundPlay) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which calls are learned from, which are scored. Raises TrainingError."""
    cut = _midnight(play.train_until)
    end = np.inf if play.until is None else _midnight(play.until)
    learn = calls.at < cut
    score = (calls.at >= cut) & (calls.at < end)
    if learn.sum() < 2 * LEAST_ROWS:
        raise TrainingError(
            f"{int(learn.sum())} queued calls before {play.train_until}, {2 * LEAST_ROWS} are needed; give "
            "earlier months too, or a later --train-until"
        )
    if not score.any() or len(set(calls.labels[score])) < 2:
        raise TrainingError(
            f"nothing to score from {play.train_until} on; give later months too, or an earlier --train-until"
        )
    return learn, score


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
