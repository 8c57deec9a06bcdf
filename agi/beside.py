"""Asks the models of a call: quick ones in the loop, slow ones beside it and only until the deadline, so that
a slow model delays neither its own caller past that nor anybody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakSet

import structlog

from models.features import Row
from models.live import LiveModel
from models.outcome import Predictor
from strategies.segments import Prediction

log = structlog.get_logger(__name__)

SLOW = 0.02  # seconds of one prediction beyond which the loop does not wait for a model: usual are 0.0001
AT_ONCE = 2  # predictions of slow models; more callers than that are decided without them
MARGIN = 0.02  # seconds before the deadline at which they are no longer waited for: the decision takes some
NOT_IN_TIME = "the model is too slow: not in time"

Asked = Sequence[tuple[str, Predictor]]


class Beside:
    """One per catalogue. Who is slow is told by the warm-up, or by the first prediction that took long."""

    def __init__(self) -> None:
        self._slow: WeakSet[object] = WeakSet()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="slow model")
        self._busy = 0

    async def predictions(self, asked: Asked, row: Row, until: float) -> dict[str, Prediction]:
        """The prediction of each outcome, made by `until` (the loop's time); one that is not has a reason
        instead. Never raises but for a cancellation, and what a predictor in the loop raises."""
        begun = {name: self._begin(one, row) for name, one in asked if self._is_slow(one)}
        found = {name: self._now(one, row) for name, one in asked if name not in begun}
        waited = [task for task in begun.values() if task is not None]
        if waited:
            left = until - MARGIN - asyncio.get_running_loop().time()
            await asyncio.wait(waited, timeout=max(0.0, left))
        said = {name: _said(begun[name], one) for name, one in asked if name in begun}
        return {name: (found | said)[name] for name, _ in asked}

    def _is_slow(self, predictor: Predictor) -> bool:
        takes = predictor.takes if isinstance(predictor, LiveModel) else 0.0
        return takes > SLOW or _model(predictor) in self._slow

    def _now(self, predictor: Predictor, row: Row) -> Prediction:
        began = time.perf_counter()
        prediction = predictor.predict(row)
        if time.perf_counter() - began > SLOW:
            self._slow.add(_model(predictor))
            log.warning("model.slow", model=prediction.model, version=prediction.version)
        return prediction

    def _begin(self, predictor: Predictor, row: Row) -> asyncio.Future[Prediction] | None:
        """None where as many are under way as may be."""
        if self._busy >= AT_ONCE:
            return None
        self._busy += 1
        task = asyncio.get_running_loop().run_in_executor(self._threads, self._timed, predictor, row)
        task.add_done_callback(self._ended)
        return task

    def _timed(self, predictor: Predictor, row: Row) -> Prediction:
        """In the thread. Who was slow once, when the machine stalled, is not for ever."""
        began = time.perf_counter()
        prediction = predictor.predict(row)
        if time.perf_counter() - began <= SLOW:
            self._slow.discard(_model(predictor))
        return prediction

    def _ended(self, task: asyncio.Future[Prediction]) -> None:
        self._busy -= 1
        if not task.cancelled() and task.exception() is not None:
            log.warning("model.fault", error=type(task.exception()).__name__)


def _model(predictor: Predictor) -> object:
    """What is swapped."""
    return predictor.model if isinstance(predictor, LiveModel) else predictor


def _said(task: asyncio.Future[Prediction] | None, predictor: Predictor) -> Prediction:
    if task is not None and task.done() and task.exception() is None:
        return task.result()
    card = getattr(_model(predictor), "card", None)
    return Prediction(None, getattr(card, "name", ""), getattr(card, "version", ""), NOT_IN_TIME)
