"""Fits logistic regression with forgetting: the newer a row, the more it counts; the columns are
`models.encoding`'s."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENOUGH = 1e-3
"""A step that improves the loss, a sum over some hundreds of rows, by less than this is the last."""

MOST_STEPS = 20
FREE = 0.01
"""The penalty of the intercept: next to none."""

SHORTEST_STEP = 1e-3


def forgetting(rows: int, half_life: float) -> NDArray[np.float32]:
    """Shape (rows,): what each row counts, the newest (last) 1 and half as much every `half_life` rows."""
    return np.asarray(0.5 ** (np.arange(rows - 1, -1, -1) / half_life), dtype=np.float32)


def fit(
    columns: NDArray[np.float32], labels: NDArray[np.bool_], counts: NDArray[np.float32], ridge: float
) -> NDArray[np.float64]:
    """Shape (1 + width,): the intercept and the weights with the least log loss, each row weighed by
    `counts`, plus `ridge` / 2 times the squared weights.

    Newton's method, each step halved until it helps: without that it runs away where a column tells the
    outcome apart completely. Raises nothing for labels that are all alike.
    """
    problem = _Problem(
        np.hstack([np.ones((len(columns), 1), np.float32), columns]),
        labels.astype(np.float32),
        counts,
        np.array([FREE] + [ridge] * columns.shape[1]),
    )
    base = (float(counts @ problem.labels) + 0.5) / (float(counts.sum()) + 1)
    weights = np.zeros(len(problem.penalty))
    weights[0] = np.log(base / (1 - base))
    loss = problem.loss(weights)
    for _ in range(MOST_STEPS):
        before = loss
        weights, loss = _improved(problem, weights, loss)
        if before - loss < ENOUGH:
            break
    return weights


@dataclass(frozen=True, slots=True)
class _Problem:
    design: NDArray[np.float32]
    labels: NDArray[np.float32]
    counts: NDArray[np.float32]
    penalty: NDArray[np.float64]

    def margins(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        return self.design @ weights.astype(np.float32)

    def loss(self, weights: NDArray[np.float64]) -> float:
        at = self.margins(weights)
        rows = np.logaddexp(0, at) - self.labels * at
        return float(np.dot(self.counts, rows)) + 0.5 * float(self.penalty @ weights**2)

    def direction(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where Newton's method goes from `weights`."""
        chance = 1 / (1 + np.exp(-self.margins(weights)))
        slope = self.design.T @ (self.counts * (self.labels - chance)) - self.penalty * weights
        weighed = self.design * (self.counts * chance * (1 - chance))[:, None]
        curvature = (weighed.T @ self.design).astype(np.float64)
        curvature[np.diag_indices_from(curvature)] += self.penalty
        return np.asarray(np.linalg.solve(curvature, slope), dtype=np.float64)


def _improved(
    problem: _Problem, weights: NDArray[np.float64], loss: float
) -> tuple[NDArray[np.float64], float]:
    """The weights after one step and their loss; as they were where no step helps."""
    direction, length = problem.direction(weights), 1.0
    while length > SHORTEST_STEP:
        tried = weights + length * direction
        found = problem.loss(tried)
        if found < loss:
            return tried, found
        length /= 2
    return weights, loss
