"""What the models foretell of callers who wait, by the state of their queue and how long they have waited;
what follows from it is left to `ami_bridge.waiting`.

Only models that look at the queue are asked again: whatever else is known is as it was. It is done for all
who wait at once, at most so often and for so long, in a thread: dialling waits for none of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import structlog

from models.features import Factor, Row, Source, missing, row
from models.live import LiveModel
from models.live_factors import surroundings, without_one
from models.models_in_use import ModelsInUse
from strategies.segments import Catalogue, Prediction
from strategies.store import QueueFigures, Store

log = structlog.get_logger(__name__)

EVERY = 2.0  # seconds between two times that all who wait are foretold of
AT_MOST = 0.2  # seconds that one time may take; who is left comes first the next time
SLOW = 0.02  # seconds of one prediction beyond which a model is not asked again


@dataclass(frozen=True, slots=True)
class Waits:
    """A caller who waits: `known` are the factors when they came in, `answers` what they told since,
    `figures` those of the queue they wait in, with themselves."""

    call: str
    known: Mapping[str, float | str]
    answers: Mapping[str, object]
    figures: QueueFigures
    waited: float


@dataclass(frozen=True, slots=True)
class Foretold:
    """The predictions of a caller by outcome, made at `at`, and what was then known of the queue, as the
    models saw it."""

    at: float = float("-inf")
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    seen: Row = field(default_factory=dict)


class ForeseenAnew:
    """One per bridge."""

    def __init__(self, models: ModelsInUse, store: Store) -> None:
        self._models, self._store = models, store
        self._held: Catalogue | None = None
        self._looked = float("-inf")
        self._foretold: dict[str, Foretold] = {}

    def of(self, call: str) -> Foretold:
        """What was foretold of a caller last; nothing where no model looks at the queue."""
        return self._foretold.get(call, Foretold())

    async def look(self, waiting: Sequence[Waits], catalogue: Catalogue, now: float) -> None:
        """Foretell anew if it is time to. Raises StoreUnavailable."""
        self._foretold = {one.call: self.of(one.call) for one in waiting}
        if not waiting or not catalogue.outcomes or now - self._looked < EVERY:
            return
        self._looked = now
        asked = await self._asked(catalogue)
        if asked:
            first = sorted(waiting, key=lambda one: self.of(one.call).at)
            self._foretold |= await asyncio.to_thread(_foretold, asked, first, now)

    async def _asked(self, catalogue: Catalogue) -> Mapping[str, LiveModel]:
        """The models to ask, by outcome, as they are now; they are loaded when somebody waits first."""
        if catalogue is not self._held:
            await self._models.fetch(catalogue)
            self._models.hold_to(catalogue)
            self._held = catalogue
        await self._models.heed(self._store)
        await self._models.look()
        live = {name: self._models.live[one.model] for name, one in catalogue.outcomes.items()}
        return {name: model for name, model in live.items() if model.takes <= SLOW and _of_the_queue(model)}


def _of_the_queue(model: LiveModel) -> Sequence[Factor]:
    return [factor for factor in model.model.factors if factor.source is Source.QUEUE]


def _foretold(asked: Mapping[str, LiveModel], waiting: Iterable[Waits], now: float) -> dict[str, Foretold]:
    """In the thread."""
    ends = time.perf_counter() + AT_MOST
    return {
        one.call: _foretold_of(asked, one, now)
        for one in takewhile(lambda _: time.perf_counter() < ends, waiting)
    }


def _foretold_of(asked: Mapping[str, LiveModel], one: Waits, now: float) -> Foretold:
    told = {**one.known, **one.answers}
    around = surroundings(without_one(one.figures), told, now, one.waited)
    predictions: dict[str, Prediction] = {}
    seen: Row = {}
    for name, model in asked.items():
        made = row(model.model.factors, told, one.known, told, around)
        predictions[name] = model.predict(made)
        seen |= {factor.name: made[factor.name] for factor in _of_the_queue(model)}
    return Foretold(now, predictions, {name: value for name, value in seen.items() if not missing(value)})
