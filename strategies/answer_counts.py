"""How many of some calls are answered, and how many agents come free meanwhile: the probabilities that pacing
rests on, for calls that are all alike and for calls with a chance each. What is done with them is left to
`predictive`.

The number answered of calls with unequal chances is worked out by the transform of its probabilities, which
is the product of those of the single calls: its logarithm is one sum over the calls, of a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Transform = npt.NDArray[np.complexfloating[Any, Any]]

GRID = 80  # chances are told apart by steps of 1/80; none of them, however halved, is 1/2, which has a zero
_COUNT = np.arange(1 << 13, dtype=float)
_LOG_FACTORIAL = np.concatenate(([0.0], np.cumsum(np.log(_COUNT[1:]))))


def binomial(n: int, least: int, log_odds: Array, log_missed: Array) -> Array:
    """The probabilities of `least` to `n` answers of `n` calls alike, a row for each probability p in (0, 1),
    given as columns log(p / (1 - p)) and log(1 - p)."""
    logs: Array = _log_choose(n)[least:] + log_odds * _COUNT[least : n + 1] + n * log_missed
    return np.exp(logs)


def poisson(mean: Array, most: int) -> Array:
    """The probabilities of 0 to `most` events, a row for each mean of a column."""
    safe = np.maximum(mean, 1e-300)
    logs: Array = np.log(safe) * _COUNT[: most + 1] - safe - _LOG_FACTORIAL[: most + 1]
    return np.exp(logs)


@lru_cache(maxsize=4096)
def _log_choose(n: int) -> Array:
    logs: Array = _LOG_FACTORIAL[n] - _LOG_FACTORIAL[: n + 1] - _LOG_FACTORIAL[n::-1]
    return logs


def quantile(likely: Array, doubt: float) -> int:
    """The count that is exceeded with the probability `doubt` at most; `likely`: those of 0 to n."""
    found = int(np.searchsorted(np.cumsum(likely), 1 - doubt))
    return min(len(likely) - 1, found)


class UnequalCalls:
    """Calls with a chance of an answer each, to which others can be added; `parts`: the shares of each chance
    that count, for each of which there is an answer."""

    def __init__(self, chances: Iterable[float], parts: tuple[float, ...]) -> None:
        self._parts = parts
        self._cells = [_cell(chance) for chance in chances]
        self._made_anew()

    def __len__(self) -> int:
        return len(self._cells)

    def _made_anew(self) -> None:
        self._table = _table(self._parts, max(5, (len(self._cells) + 4).bit_length()))
        self._answers: Array | None = None
        kinds = Counter(self._cells)
        many = np.array(list(kinds.values()), float)
        self._logs: Transform = np.einsum("c,cpf->pf", many, self._table[list(kinds)])

    def add(self, chance: float) -> None:
        """One call more."""
        self._answers = None
        self._cells.append(cell := _cell(chance))
        if len(self._cells) >= 2 * (self._table.shape[-1] - 1):
            self._made_anew()
        else:
            self._logs = self._logs + self._table[cell]

    def answers(self) -> Array:
        """The probabilities of 0 to n answers, a row for each of the parts."""
        if self._answers is None:
            likely: Array = np.fft.irfft(np.exp(self._logs), axis=-1)[:, : len(self._cells) + 1]
            self._answers = np.maximum(likely, 0.0)
        return self._answers


def _cell(chance: float) -> int:
    return min(GRID - 1, max(0, int(chance * GRID)))


@lru_cache(maxsize=16)
def _table(parts: tuple[float, ...], bits: int) -> Transform:
    """The logarithm of a single call's transform: by cell of the chance, part and frequency. Good for fewer
    than 2 ** bits calls."""
    turn = np.exp(-2j * np.pi * np.arange((1 << (bits - 1)) + 1) / (1 << bits))
    chance = np.outer((np.arange(GRID) + 0.5) / GRID, parts)
    table: Transform = np.log(1 + chance[:, :, None] * (turn - 1))
    return table
