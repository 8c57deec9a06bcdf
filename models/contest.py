"""Whether the learner foretells better than the model in use, over the same outcomes; replacing that is left
to `models.keeping_up`.

A model that a person trained, promoted or went back to is not replaced because outcomes have come in, but
because the learner, which is scored on outcomes before it learns from them, has foretold them better.
"""

import numpy as np
from numpy.typing import NDArray

from models.evaluation import log_loss

SPAN = 1_000
"""Outcomes looked back on."""

LEAST = 400
"""Outcomes from which on the learner can win."""


class Contest:
    """While it is `open` the model in use stays until the learner has won."""

    def __init__(self, *, open: bool) -> None:  # noqa: A002  what it is
        self.open = open
        self._labels = np.zeros(0, np.bool_)
        self._learner = np.zeros(0)
        self._in_use = np.zeros(0)

    def add(
        self, labels: NDArray[np.bool_], learner: NDArray[np.float64], in_use: NDArray[np.float64]
    ) -> None:
        """Outcomes with what both foretold of them; NaN where the model in use said nothing."""
        both = ~np.isnan(in_use)
        self._labels = np.concatenate([self._labels, labels[both]])[-SPAN:]
        self._learner = np.concatenate([self._learner, learner[both]])[-SPAN:]
        self._in_use = np.concatenate([self._in_use, in_use[both]])[-SPAN:]

    @property
    def losses(self) -> tuple[float, float] | None:
        """Log loss of the learner and of the model in use; None before the first outcome."""
        if not len(self._labels):
            return None
        return log_loss(self._labels, self._learner), log_loss(self._labels, self._in_use)

    @property
    def won(self) -> bool:
        """Whether the learner foretold better, over enough outcomes to say so."""
        losses = self.losses
        return losses is not None and len(self._labels) >= LEAST and losses[0] < losses[1]

    @property
    def why(self) -> str:
        """How it stands, in words."""
        losses = self.losses
        if losses is None or len(self._labels) < LEAST:
            return f"{len(self._labels)} of {LEAST} outcomes to compare it by"
        return f"log loss {losses[0]:.4f}, of the one in use {losses[1]:.4f}"
