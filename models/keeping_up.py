"""Keeps the model in use up with what comes of the calls: collects outcomes, and when it is due has the
learner renewed, published and put to work; where outcomes come from is the caller's. Needs `train`."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from models.errors import ModelError
from models.features import Kind, Row
from models.live import LiveModel
from models.online import Learner, renewed
from models.outcome import OutcomeModel
from models.parity import LEAST_ROWS
from models.renewal import Origin, publish_renewal
from models.table import frame
from models.watch import Watch, watched

EVERY = 200
"""Outcomes after which the model is renewed."""


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
        self._pending: deque[tuple[Row, bool]] = deque()  # the loop adds at one end, the thread takes
        self._renewing = Lock()

    def outcome(self, row: Row, label: bool) -> bool:
        """Take what came of one call, with the row as it was when the call was decided; whether a renewal is
        due. Trust in the model is lost and regained here."""
        foretold = self._live.foretold(row)
        if foretold is not None:
            self._watch = watched(self._watch, np.array([foretold]), np.array([label]))
            self._live.trusted = self._watch.trusted
        self._pending.append((self._complete(row), label))
        enough = len(self._learner.labels) + len(self._pending) >= LEAST_ROWS
        return enough and len(self._pending) >= self._every

    def renew(self) -> Renewal:
        """Learn from the outcomes that have come in, publish, and swap. A file that fails the gate, or a disk
        that is full, leaves the model in use as it is; what was learned is kept. Takes about a second."""
        with self._renewing:
            taken = [self._pending.popleft() for _ in range(len(self._pending))]
            table = frame(self._learner.factors, [row for row, _ in taken])
            labels = np.array([label for _, label in taken], np.bool_)
            self._learner = renewed(self._learner, table, labels)
            try:
                folder = publish_renewal(self._root, self._learner, self._origin)
                model = OutcomeModel.load(folder)
            except ModelError as error:
                return Renewal(reason=str(error))
            self._live.swap(model)
            return Renewal(version=model.card.version)

    def _complete(self, row: Mapping[str, float | str]) -> Row:
        """The row with the learner's factors; one that was not among the model's is missing."""
        missing: Row = {f.name: np.nan if f.kind is Kind.NUMBER else "" for f in self._learner.factors}
        return missing | {name: value for name, value in row.items() if name in missing}
