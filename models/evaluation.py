"""Says how good probabilities were, against always saying the base rate; which rows they are for is the
caller's."""

import numpy as np
from numpy.typing import NDArray

WINDOW = 1_000
"""Rows of a window: about a day of calls. Ranking *inside* it is what a segmenter lives off; an AUC over
all rows is mostly an answer to the question which month it is."""

BINS = 15
TENTH = 0.1
NEVER = 1e-15
"""A probability nearer to 0 or 1 counts as this near: else one sure mistake would be all that is seen."""

Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]


def evaluate(labels: Labels, predicted: Probabilities, base_before: float) -> dict[str, float]:
    """All figures, and the log loss of always saying `base_before`, the rate of the rows the model was
    fitted on. Rows in time order; both outcomes must occur."""
    constant = np.full(len(labels), base_before)
    figures = {
        "rows": len(labels),
        "base": float(labels.mean()),
        "base_before": float(base_before),
        "auc": auc(labels, predicted),
        "auc_within": auc_within(labels, predicted),
        "log_loss": log_loss(labels, predicted),
        "log_loss_of_base": log_loss(labels, constant),
        "mean_predicted": float(predicted.mean()),
        "brier": brier(labels, predicted),
        "ece": ece(labels, predicted),
        "lift_10": lift(labels, predicted),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def auc(labels: Labels, predicted: Probabilities) -> float:
    """The chance that a success was given more than a failure, ties counting half; NaN unless both occur."""
    successes = int(labels.sum())
    failures = len(labels) - successes
    if not successes or not failures:
        return float("nan")
    _, place, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[labels].sum() - successes * (successes + 1) / 2) / (successes * failures))


def auc_within(labels: Labels, predicted: Probabilities) -> float:
    """The mean over whole windows in which both outcomes occur; over all rows when there is no such
    window."""
    starts = range(0, len(labels) - WINDOW + 1, WINDOW)
    inside = [auc(labels[at : at + WINDOW], predicted[at : at + WINDOW]) for at in starts]
    known = [value for value in inside if not np.isnan(value)]
    return float(np.mean(known)) if known else auc(labels, predicted)


def log_loss(labels: Labels, predicted: Probabilities) -> float:
    """The mean log loss in nats."""
    sure = np.clip(predicted, NEVER, 1 - NEVER)
    return float(-np.mean(np.where(labels, np.log(sure), np.log1p(-sure))))


def brier(labels: Labels, predicted: Probabilities) -> float:
    """The mean squared difference of probability and outcome."""
    return float(np.mean((predicted - labels) ** 2))


def ece(labels: Labels, predicted: Probabilities) -> float:
    """Calibration error: the distance of mean probability and rate of success, in 15 bins of equal mass by
    probability, weighted by size."""
    order = np.argsort(predicted, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    off = [abs(float(predicted[part].mean() - labels[part].mean())) * len(part) for part in bins]
    return sum(off) / len(labels)


def lift(labels: Labels, predicted: Probabilities) -> float:
    """The rate of success in the tenth with the highest probabilities over the rate of all; of rows given
    the same, the earlier goes first."""
    best = np.argsort(-predicted, kind="stable")[: max(round(TENTH * len(labels)), 1)]
    return float(labels[best].mean() / labels.mean())
