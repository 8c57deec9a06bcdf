"""Says how good probabilities were, against always saying the base rate; which rows they are for is the
caller's."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

WINDOW = 1_000
"""Rows of a window: about a day of calls. Ranking *inside* it is what a segmenter lives off; an AUC over
all rows is mostly an answer to the question which month it is."""


def evaluate(
    labels: NDArray[np.bool_], predicted: NDArray[np.float64], base_before: float
) -> dict[str, float]:
    """AUC, AUC inside windows, log loss, and the log loss of always saying `base_before`, the rate of the
    rows the model was fitted on. Rows in time order; both outcomes must occur."""
    constant = np.full(len(labels), base_before)
    return {
        "rows": len(labels),
        "base": round(float(labels.mean()), 4),
        "base_before": round(float(base_before), 4),
        "auc": round(float(roc_auc_score(labels, predicted)), 4),
        "auc_within": round(_auc_within(labels, predicted), 4),
        "log_loss": round(float(log_loss(labels, predicted)), 4),
        "log_loss_of_base": round(float(log_loss(labels, constant)), 4),
        "mean_predicted": round(float(predicted.mean()), 4),
    }


def _auc_within(labels: NDArray[np.bool_], predicted: NDArray[np.float64]) -> float:
    """The mean over whole windows in which both outcomes occur; over all rows when there is no such
    window."""
    starts = range(0, len(labels) - WINDOW + 1, WINDOW)
    parts = [slice(at, at + WINDOW) for at in starts if len(set(labels[at : at + WINDOW])) == 2]
    whole = [slice(0, len(labels))]
    return float(np.mean([roc_auc_score(labels[part], predicted[part]) for part in parts or whole]))
