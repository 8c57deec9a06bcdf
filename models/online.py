"""Keeps an outcome model up with the times: each renewal fits the newest outcomes anew and weighs the
candidates by how well they foretold; making files of it and putting them to work is left to
`models.keeping_up`.

A state goes in, a new one comes out. Nothing here looks at a row before its outcome is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.encoding import Encoding, encoding_of
from models.features import Factor
from models.logistic import fit, forgetting
from models.table import frame

WINDOW = 10_000
"""Outcomes kept: of an older one even the slowest candidate has forgotten nine tenths."""

MEMORY = 6
"""Half-lives a candidate looks back; the rows beyond would count less than a sixtieth each."""

SHARPNESS = 0.3
"""How much a nat of log loss counts when candidates are weighed against one another."""

EQUAL = 0.3
"""The part of the weight that every renewal deals out evenly. What foretold best in quiet times is the worst
guide when times change: without this, the candidate that had learned nothing kept the lead for months."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A logistic model with forgetting: rows count half after `half_life` more; `ridge` pulls to nothing."""

    half_life: float
    ridge: float


CANDIDATES = (
    Candidate(300, 5),
    Candidate(700, 2),
    Candidate(700, 5),
    Candidate(1_500, 2),
    Candidate(1_500, 5),
    Candidate(3_000, 5),
    Candidate(700, 1e6),  # the base rate of the last weeks, for outcomes that nothing foretells
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What one renewal came to: `weights` of shape (candidates, 1 + encoding.width), and how much each
    candidate counts, which adds up to 1."""

    encoding: Encoding
    weights: NDArray[np.float64]
    shares: NDArray[np.float64]

    @property
    def mixed(self) -> NDArray[np.float64]:
        """Shape (1 + encoding.width,): the one logistic model whose log odds are the candidates' mean."""
        return np.asarray(self.shares @ self.weights)

    def margins(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (candidates, rows): each candidate's log odds."""
        columns = self.encoding.matrix(table).astype(np.float64)
        return np.asarray(self.weights[:, :1] + self.weights[:, 1:] @ columns.T)

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (rows,): the probabilities of the mixed model."""
        mixed = self.mixed
        odds = mixed[0] + self.encoding.matrix(table).astype(np.float64) @ mixed[1:]
        return np.asarray((1 + np.tanh(odds / 2)) / 2)  # the logistic function, without overflow


@dataclass(frozen=True, slots=True)
class Learner:
    """The outcomes learned from, newest last, and what came of it; `fitted` is None before the first."""

    factors: tuple[Factor, ...]
    table: pd.DataFrame
    labels: NDArray[np.bool_]
    shares: NDArray[np.float64]
    candidates: tuple[Candidate, ...] = CANDIDATES
    fitted: Fitted | None = None


def begin(factors: Sequence[Factor], candidates: tuple[Candidate, ...] = CANDIDATES) -> Learner:
    """A learner that has seen nothing."""
    even = np.full(len(candidates), 1 / len(candidates))
    return Learner(tuple(factors), frame(factors, []), np.zeros(0, np.bool_), even, candidates)


def renewed(learner: Learner, table: pd.DataFrame, labels: NDArray[np.bool_]) -> Learner:
    """The learner after further outcomes, in the order in which they became known: one row and one label
    each. First the candidates answer for them as they were fitted before; then they learn from them."""
    shares = learner.shares
    if learner.fitted is not None and len(table):
        shares = weighed(shares, learner.fitted.margins(table), labels)
    kept = pd.concat([learner.table, table], ignore_index=True)[-WINDOW:]
    known = np.concatenate([learner.labels, labels])[-WINDOW:]
    encoding = encoding_of(learner.factors, kept)
    columns = encoding.matrix(kept)
    weights = np.array([_fitted(candidate, columns, known) for candidate in learner.candidates])
    fitted = Fitted(encoding, weights, shares)
    return replace(learner, table=kept, labels=known, shares=shares, fitted=fitted)


def weighed(
    shares: NDArray[np.float64], margins: NDArray[np.float64], labels: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Shape (candidates,): how much each counts once the outcomes of `margins`, shape (candidates, rows), are
    known. Fixed share: Herbster and Warmuth, "Tracking the best expert", Machine Learning 32, 1998."""
    loss = (np.logaddexp(0, margins) - labels * margins).sum(axis=1)
    better = shares * np.exp(-SHARPNESS * (loss - loss.min()))
    return np.asarray((1 - EQUAL) * better / better.sum() + EQUAL / len(shares))


def _fitted(
    candidate: Candidate, columns: NDArray[np.float32], labels: NDArray[np.bool_]
) -> NDArray[np.float64]:
    rows = min(len(labels), int(MEMORY * candidate.half_life))
    counts = forgetting(rows, candidate.half_life)
    return fit(columns[-rows:], labels[-rows:], counts, candidate.ridge)
