"""Makes the row of a call and what the models foretell of it; deciding by that is
`strategies.segmentation`'s.

One row holds what every model of the catalogue needs, what is known of any interaction, and the attributes
that the catalogue declares: it is what the ledger keeps, so that a model can learn from calls it did not see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agi.beside import SLOW, Beside
from models.features import LIVE, Factor, Row, factor_of, missing, row
from models.live import LiveModel
from models.live_factors import history_factors, surroundings
from models.outcome import Predictor
from strategies.segments import Catalogue, Prediction
from strategies.store import Caller, QueueFigures


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The row of a call, and the prediction for each outcome that has a model."""

    row: Row
    predictions: dict[str, Prediction]


class Foreseer:
    """One per catalogue. The predictors may be swapped while calls go on."""

    def __init__(self, catalogue: Catalogue, predictors: Mapping[str, Predictor]) -> None:
        self._outcomes = [
            (outcome.name, predictors[outcome.model])
            for outcome in catalogue.outcomes.values()
            if outcome.model in predictors
        ]
        self._own = (*LIVE, *map(factor_of, catalogue.factors.values()))
        self._beside = Beside()
        self._seen: tuple[Sequence[Factor], ...] = ()
        self._joined: tuple[Factor, ...] = ()

    async def foresee(
        self,
        caller: Caller,
        intent: Mapping[str, object],
        figures: QueueFigures | None,
        *,
        local: datetime,
        until: float,
    ) -> Foreseen:
        """What is known of the caller at `local`, an aware time at the centre, and what follows as far as it
        can be said by `until`, the loop's time; `figures`: of the queue they would enter."""
        now = local.timestamp()
        attributes = caller.contact.attributes if caller.contact else {}
        made = row(
            self._factors(),
            attributes,
            local,
            history_factors(caller.history, caller.past, now),
            surroundings(figures, intent, now),
        )
        return Foreseen(made, await self._beside.predictions(self._outcomes, made, until))

    async def record(self, foreseen: Foreseen) -> dict[str, object]:
        """What the ledger keeps: the factors that have a value, and what the shadows say, which are asked
        now, when nobody waits."""
        factors = {name: value for name, value in foreseen.row.items() if not missing(value)}
        shadows = {
            name: {shadow: _said(one) for shadow, one in (await _shadowed(predictor, foreseen.row)).items()}
            for name, predictor in self._outcomes
            if isinstance(predictor, LiveModel)
        }
        told = {name: said for name, said in shadows.items() if said}
        return {"factors": factors, **({"shadows": told} if told else {})}

    def _factors(self) -> tuple[Factor, ...]:
        """Those of all models, as they are now. Of two of one name the model's comes first: it was trained
        with it."""
        seen = tuple(predictor.factors for _, predictor in self._outcomes)
        if len(seen) != len(self._seen) or any(a is not b for a, b in zip(seen, self._seen, strict=True)):
            every = [*(factor for factors in seen for factor in factors), *self._own]
            self._joined = tuple({factor.name: factor for factor in reversed(every)}.values())
            self._seen = seen
        return self._joined


async def _shadowed(model: LiveModel, row: Row) -> Mapping[str, Prediction]:
    """Slow shadows are asked beside the loop: others' calls are decided meanwhile."""
    if model.shadows_take > SLOW:
        return await asyncio.to_thread(model.shadowed, row)
    return model.shadowed(row)


def _said(prediction: Prediction) -> dict[str, object]:
    return {"probability": prediction.probability, "version": prediction.version}
