"""Answers with a probability for one interaction, in the caller's own time and without ever raising;
publishing and checking models is left to `models.registry`."""

import time
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.card import NUMBERS, TEXTS, Card
from models.errors import ModelError
from models.features import Factor, Kind
from models.registry import find, load_version
from strategies.segments import Prediction

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WARM_UP_ROWS = 3
"""The first runs allocate; the first caller should not wait for that."""


class Predictor(Protocol):
    """Something that answers for a row made by `models.features.row` with its factors."""

    @property
    def factors(self) -> Sequence[Factor]:
        """What to put into a row."""
        ...

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        """A probability, or none and the reason. Never raises."""
        ...


class NullModel:
    """Stands where a model is absent or broken: it never predicts, and says why."""

    factors: Sequence[Factor] = ()
    takes = 0.0

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        """No probability, and the reason."""
        return Prediction(None, self.name, "", self.reason)


class OutcomeModel:
    """A published model, loaded and warm. `takes`: seconds of one prediction, at the warm-up."""

    def __init__(self, session: "InferenceSession", card: Card) -> None:
        self.card = card
        self.factors: Sequence[Factor] = card.factors
        self.takes = inf
        self._session = session
        self._numbers = [(f.name, f.input) for f in card.factors if f.kind is Kind.NUMBER]
        self._categories = [(f.name, f.input) for f in card.factors if f.kind is Kind.CATEGORY]
        self._joined = {each.name for each in session.get_inputs()} & {NUMBERS, TEXTS}

    @classmethod
    def load(cls, folder: Path) -> "OutcomeModel":
        """Load a version's folder, check it against its card and warm it up. Raises ModelError."""
        onnx, card = load_version(folder)
        try:
            model = cls(_session(onnx), card)
            probability = min(model._timed_probability() for _ in range(WARM_UP_ROWS))
        except Exception as error:  # onnxruntime's errors have no base of their own
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise ModelError(f"{folder}: onnxruntime cannot run it ({reason}); publish it again") from error
        if not 0 <= probability <= 1:
            raise ModelError(f"{folder}: gives {probability}, which is no probability; publish it again")
        return model

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        """The probability that the outcome comes true; a factor absent from the row is missing.

        One row costs some tens of microseconds, so it runs in the event loop. Never raises.
        """
        try:
            probability = self._probability(row)
        except Exception as error:  # noqa: BLE001  a caller is waiting: whatever failed, the call goes on
            return Prediction(None, self.card.name, self.card.version, f"{type(error).__name__} in the model")
        return Prediction(probability, self.card.name, self.card.version)

    def probabilities(self, rows: Sequence[Mapping[str, float | str]]) -> NDArray[np.float64]:
        """Shape (rows,): the probabilities of many rows at once, for lists. A thousand take milliseconds: run
        it in a thread where calls are waiting. Raises what onnxruntime raises."""
        feed = self._all_at_once(rows) if self._joined else self._each_at_once(rows)
        return np.asarray(self._session.run(["probabilities"], feed)[0][:, 1], dtype=np.float64)

    def _timed_probability(self) -> float:
        """The probability of a row of which nothing is known; the quickest of them tells what one takes."""
        began = time.perf_counter()
        probability = self._probability({})
        self.takes = min(self.takes, time.perf_counter() - began)
        return probability

    def _probability(self, row: Mapping[str, float | str]) -> float:
        feed = self._all_at_once([row]) if self._joined else self._one_by_one(row)
        return float(self._session.run(["probabilities"], feed)[0][0, 1])

    def _all_at_once(self, rows: Sequence[Mapping[str, float | str]]) -> dict[str, NDArray[Any]]:
        """For a file with the inputs `numbers` and `texts`."""
        feed: dict[str, NDArray[Any]] = {}
        if NUMBERS in self._joined:
            names = [name for name, _ in self._numbers]
            feed[NUMBERS] = np.array([[row.get(name, np.nan) for name in names] for row in rows], np.float32)
        if TEXTS in self._joined:
            names = [name for name, _ in self._categories]
            feed[TEXTS] = np.array([[row.get(name, "") for name in names] for row in rows], object)
        return feed

    def _one_by_one(self, row: Mapping[str, float | str]) -> dict[str, NDArray[Any]]:
        """For a file with one input a factor; so much quicker for one row than `_each_at_once`."""
        feed: dict[str, NDArray[Any]] = {
            key: np.array([[row.get(name, np.nan)]], np.float32) for name, key in self._numbers
        }
        return feed | {key: np.array([[row.get(name, "")]], object) for name, key in self._categories}

    def _each_at_once(self, rows: Sequence[Mapping[str, float | str]]) -> dict[str, NDArray[Any]]:
        feed: dict[str, NDArray[Any]] = {
            key: np.array([row.get(name, np.nan) for row in rows], np.float32).reshape(-1, 1)
            for name, key in self._numbers
        }
        return feed | {
            key: np.array([row.get(name, "") for row in rows], object).reshape(-1, 1)
            for name, key in self._categories
        }


def open_model(name: str, roots: Sequence[Path]) -> OutcomeModel | NullModel:
    """The current version from the first registry that has the model, or a NullModel with the reason."""
    try:
        return OutcomeModel.load(find(name, roots))
    except ModelError as error:
        return NullModel(name, str(error))


def _session(onnx: bytes) -> "InferenceSession":
    """One thread that does not spin: more of them cost twice the CPU and a hundred times the slowest
    answer."""
    import onnxruntime as ort  # noqa: PLC0415  30 ms and 30 MB that only a process with a model should pay

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
