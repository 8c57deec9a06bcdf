"""Keeps the model in use up with what comes of the calls: collects outcomes, and when it is due has the
learner renewed, published and put to work; where outcomes come from is the caller's. Needs `train`."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.contest import Contest
from models.drift import drift
from models.errors import ModelError
from models.evaluation import ece
from models.features import Kind, Row
from models.live import LiveModel
from models.online import Learner, renewed
from models.outcome import NullModel, OutcomeModel
from models.parity import LEAST_ROWS
from models.registry import newest, prune
from models.renewal import Origin, publish_renewal
from models.table import frame
from models.watch import Watch, off_by, watched
from strategies.store.learning import Calibration, Example

EVERY = 200
"""Outcomes after which the model is renewed."""

WARM_UP = 4_000
"""The newest outcomes a learner that starts again foretells one stretch after the other, so that its
candidates are weighed much as they were."""

STRETCH = 1_000
"""Outcomes of such a stretch: five fits, and not twenty, before the learner goes on."""

NEWEST = 500
"""The newest outcomes whose factors are compared with those before."""

Lived = tuple[Row, bool, float | None]
"""The row of a call, whether the outcome came true, and what was foretold of it."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of a renewal: the version now in use, or why the one before stays."""

    version: str = ""
    reason: str = ""


class KeepingUp:
    """One outcome's. `outcome` belongs into the event loop, `renew` into a thread beside it."""

    def __init__(
        self, root: Path, origin: Origin, learner: Learner, live: LiveModel, every: int = EVERY
    ) -> None:
        self._root, self._origin, self._live, self._every = root, origin, live, every
        self._learner = learner
        self._watch = Watch()
        self._contest = Contest(open=_is_foreign(root, origin, live))
        self._pending: deque[Lived] = deque()  # the loop adds at one end, the thread takes
        self._renewing = Lock()

    @property
    def due(self) -> bool:
        """Whether a renewal is due."""
        enough = len(self._learner.labels) + len(self._pending) >= LEAST_ROWS
        return enough and len(self._pending) >= self._every

    @property
    def outcomes(self) -> int:
        """How many outcomes are learned from, or are to be."""
        return len(self._learner.labels) + len(self._pending)

    def drift(self) -> Mapping[str, float]:
        """How far the newest values of each factor are from those before."""
        table = self._learner.table
        return drift(self._learner.factors, table[:-NEWEST], table[-NEWEST:])

    @property
    def losses(self) -> tuple[float, float] | None:
        """Log loss of the learner and of the model in use over the same newest outcomes."""
        return self._contest.losses

    @property
    def calibration(self) -> Calibration:
        """How what was foretold of the newest outcomes came true."""
        predicted, labels = self._watch.predicted, self._watch.labels
        if not len(labels):
            return Calibration()
        error, off = round(ece(labels, predicted), 4), round(off_by(predicted, labels), 2)
        means = round(float(predicted.mean()), 4), round(float(labels.mean()), 4)
        return Calibration(len(labels), *means, error, off)

    def outcome(self, row: Row, label: bool, predicted: float | None = None, version: str = "") -> bool:
        """Take what came of one call, with the row as it was when the call was decided, and with what
        `version` foretold of it then, if anything was; whether a renewal is due. Trust in the model is lost
        and regained here."""
        foretold = None
        if self._counts(version or self._version):
            foretold = predicted if predicted is not None else self._live.foretold(row)
        self._look_back(foretold, label)
        self._pending.append((self._complete(row), label, foretold))
        return self.due

    def resume(self, examples: Iterable[Example]) -> None:
        """Take the outcomes that were known before the process began, the oldest first: learn the older ones
        at once, and the newest as they were learned then. Takes some seconds for ten thousand."""
        opened = cache(self._opened)
        known = [self._lived(example, opened) for example in examples]
        for _, label, foretold in known:
            self._look_back(foretold, label)
        if len(known) < LEAST_ROWS:
            self._pending.extend(known)
            return
        first = max(len(known) - WARM_UP, LEAST_ROWS)
        for begin, end in [
            (0, first),
            *((at, at + STRETCH) for at in range(first, len(known), STRETCH)),
        ]:
            self._learn(known[begin:end])
        if isinstance(self._live.model, NullModel):
            self._put_to_use()

    def follow(self, model: OutcomeModel | NullModel) -> None:
        """Somebody chose another version: it is in use from now on, trusted until it is wrong, and the
        learner has to prove itself against it."""
        self._live.swap(model)
        self._watch, self._live.trusted = Watch(), True
        self._contest = Contest(open=isinstance(model, OutcomeModel))

    def renew(self) -> Renewal:
        """Learn from the outcomes that have come in, publish, and swap. A file that fails the gate, or a disk
        that is full, leaves the model in use as it is; what was learned is kept. Takes about a second."""
        with self._renewing:
            self._learn([self._pending.popleft() for _ in range(len(self._pending))])
            return self._put_to_use()

    def _learn(self, lived: list[Lived]) -> None:
        learner = self._learner
        table = frame(learner.factors, [row for row, _, _ in lived])
        labels = np.array([label for _, label, _ in lived], np.bool_)
        if learner.fitted is not None:
            in_use = np.array([np.nan if p is None else p for _, _, p in lived], np.float64)
            self._contest.add(labels, learner.fitted.probabilities(table), in_use)
        self._learner = renewed(learner, table, labels)

    def _put_to_use(self) -> Renewal:
        stays = self._contest.open and not self._contest.won
        name = self._origin.name
        try:
            folder = publish_renewal(self._root, self._learner, self._origin, beside=stays)
            if stays:
                prune(self._root, name)
                return Renewal(reason=f"{folder.name} is published beside it: {self._contest.why}")
            model = OutcomeModel.load(folder)
            prune(self._root, name)
        except ModelError as error:
            return Renewal(reason=str(error))
        self._contest = Contest(open=False)
        self._live.swap(model)
        return Renewal(version=model.card.version)

    @property
    def _version(self) -> str:
        """Of the model in use, empty where there is none."""
        model = self._live.model
        return model.card.version if isinstance(model, OutcomeModel) else ""

    def _counts(self, version: str) -> bool:
        """Whether what `version` foretold tells of the model in use: one that somebody chose is judged by
        itself, one of the learner's own by those it was renewed from too."""
        return version == self._version or not self._contest.open

    def _lived(self, example: Example, opened: Callable[[str], OutcomeModel | NullModel]) -> Lived:
        """What was not foretold, because the version was not trusted, that version says now: a later one
        may have learned from the call."""
        foretold = None
        if self._counts(example.version):
            foretold = example.predicted
            if foretold is None:
                foretold = opened(example.version).predict(example.factors).probability
        return self._complete(example.factors), example.label, foretold

    def _opened(self, version: str) -> OutcomeModel | NullModel:
        """The version in use, or one that was published before it; a NullModel where that is gone."""
        if version == self._version:
            return self._live.model
        try:
            return OutcomeModel.load(self._root / self._origin.name / version)
        except ModelError as error:
            return NullModel(self._origin.name, str(error))

    def _look_back(self, foretold: float | None, label: bool) -> None:
        if foretold is not None:
            self._watch = watched(self._watch, _one(foretold), np.array([label]))
            self._live.trusted = self._watch.trusted

    def _complete(self, row: Mapping[str, float | str]) -> Row:
        """The row with the learner's factors; one that was not among the model's is missing."""
        missing: Row = {f.name: np.nan if f.kind is Kind.NUMBER else "" for f in self._learner.factors}
        known = {f.name: f.kind for f in self._learner.factors}
        return missing | {name: value for name, value in row.items() if _fits(value, known.get(name))}


def _fits(value: float | str, kind: Kind | None) -> bool:
    """A factor that was a number once and is a category now is missing in the older rows."""
    return kind is not None and isinstance(value, str) == (kind is Kind.CATEGORY)


def _one(value: float) -> NDArray[np.float64]:
    return np.array([value], np.float64)


def _is_foreign(root: Path, origin: Origin, live: LiveModel) -> bool:
    """Whether the model in use is not the one that the learner published last: a trained one, one that was
    promoted, or one that somebody went back to."""
    model = live.model
    if not isinstance(model, OutcomeModel):
        return False
    return model.card.source != origin.source or model.card.version != newest(root, origin.name)
