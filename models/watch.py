"""Watches whether a model's probabilities still come true, and says when to stop acting on them; stopping is
left to `models.live`."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SPAN = 1_000
"""Outcomes looked back on; as many since it was lost, before trust can be regained."""

LEAST = 200
"""Outcomes from which on trust can be lost."""

LOST, REGAINED = 6.0, 3.0
"""Standard errors between what was foretold and what came true: above the first trust is lost, below the
second it is regained. Chance alone hardly ever passes the first; the gap keeps trust from flickering."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The last outcomes, newest last, beside what was foretold for each; whether the model is trusted."""

    predicted: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    labels: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    trusted: bool = True


def watched(watch: Watch, predicted: NDArray[np.float64], labels: NDArray[np.bool_]) -> Watch:
    """The watch after further outcomes: one probability, given before the outcome was known, and one label
    each."""
    foretold = np.concatenate([watch.predicted, predicted])[-SPAN:]
    known = np.concatenate([watch.labels, labels])[-SPAN:]
    if len(known) < (LEAST if watch.trusted else SPAN):
        return Watch(foretold, known, watch.trusted)
    trusted = off_by(foretold, known) < (LOST if watch.trusted else REGAINED)
    if watch.trusted and not trusted:
        return Watch(trusted=False)  # trust comes back by what is foretold from now on, not by what was
    return Watch(foretold, known, trusted)


def off_by(predicted: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """Standard errors by which the successes miss what was foretold, in the better or the worse half of the
    rows, whichever is farther off: a model upside down may be right on the whole."""
    halves = np.array_split(np.argsort(predicted, kind="stable"), 2)
    return max(_standard_errors(predicted[half], labels[half]) for half in halves)


def _standard_errors(predicted: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    # At least one success' worth of variance: with next to none foretold, one success is no proof.
    spread = np.sqrt(max(float((predicted * (1 - predicted)).sum()), 1.0))
    return abs(float(labels.sum() - predicted.sum())) / float(spread)
