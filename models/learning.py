"""The learner at work: reads the ledger as it grows, keeps what it can learn from, and has each model
renewed, watched and told of; in a process of its own, so that no caller waits for it. Needs `train`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from models.features import LIVE, factor_of
from models.joining import WAITED_FOR, Joining
from models.keeping_up import KeepingUp
from models.live import LiveModel
from models.online import begin
from models.outcome import OutcomeModel, open_model
from models.registry import current_version
from models.renewal import Origin
from strategies.segments import Catalogue, Outcome
from strategies.store import Store
from strategies.store.learning import DRIFTED, KEPT, Example, ModelStatus

log = structlog.get_logger(__name__)

PAGE = 2_000  # lines of the ledger after which what was found in them is kept
LOOK = 1.0  # seconds between two looks at the ledger
TOLD = 8  # factors whose drift is told, the largest first

Lines = Callable[[str], AsyncIterator[tuple[str, Mapping[str, Any]]]]
"""Every line of the ledger after an id, wherever it is kept; `-` from the first."""


@dataclass(slots=True)
class _Pupil:
    """One model that is kept up."""

    outcome: Outcome
    keeper: KeepingUp
    live: LiveModel
    version: str
    status: ModelStatus


class Learning:
    """Over one catalogue. `roots` are the registries: renewals go into the first."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        roots: Sequence[Path],
        lines: Lines,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._roots, self._lines, self._clock = store, tuple(roots), lines, clock
        self._own = (*LIVE, *map(factor_of, catalogue.factors.values()))
        # Of two outcomes with one model the first teaches it.
        self._taught = {one.model: one for one in reversed(list(catalogue.outcomes.values()))}
        self._joining = Joining({one.name: one for one in self._taught.values()})
        self._pupils: dict[str, _Pupil] = {}
        self._upto = "-"

    async def begin(self) -> None:
        """Take up what was learned before; a model that is new learns from the calls that the ledger still
        tells of."""
        upto = await self._store.read_upto()
        if upto is not None:
            await self._catch_up(upto)
        for model, outcome in self._taught.items():
            self._pupils[model] = await self._pupil(model, outcome)
            await self._tell(self._pupils[model])
        if upto is not None:
            await self._listen_again(upto)
            self._upto = upto

    async def run(self, stop: asyncio.Event) -> None:
        """Learn until `stop` is set."""
        while not stop.is_set():
            await self.look()
            try:
                await asyncio.wait_for(stop.wait(), LOOK)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Take what has come since the last look: versions that somebody chose, and outcomes."""
        for pupil in self._pupils.values():
            await self._follow(pupil)
        found: list[tuple[str, Example]] = []
        unkept = 0
        async for identity, line in self._lines(self._upto):
            found += self._joining.fold(line)
            self._upto, unkept = identity, unkept + 1
            if unkept >= PAGE:
                await self._take(found)
                found, unkept = [], 0
        if unkept:
            await self._take(found)

    async def _take(self, found: Sequence[tuple[str, Example]]) -> None:
        """Keep these examples first: whatever becomes of this process, they are learned from."""
        by_outcome = {one.name: model for model, one in self._taught.items()}
        kept = [(by_outcome[name], example) for name, example in found]
        await self._store.keep_examples(kept, self._upto)
        for model, example in kept:
            await self._learn(self._pupils[model], example)
        for model in {model for model, _ in kept}:
            await self._tell(self._pupils[model])

    async def _pupil(self, model: str, outcome: Outcome) -> _Pupil:
        opened = open_model(model, self._roots)
        live = LiveModel(opened)
        every = {factor.name: factor for factor in reversed((*opened.factors, *self._own))}
        label = outcome.label.text if outcome.label else outcome.name
        origin = Origin(model, label, "true", "outcomes of the centre's own calls")
        keeper = KeepingUp(self._roots[0], origin, begin(tuple(every.values())), live)
        await asyncio.to_thread(keeper.resume, await self._store.examples(model))
        before = (await self._store.model_statuses()).get(model, ModelStatus(0.0))
        pupil = _Pupil(outcome, keeper, live, current_version(model, self._roots), before)
        log.info("learner.resumed", model=model, outcomes=keeper.outcomes, version=pupil.version)
        return pupil

    async def _catch_up(self, upto: str) -> None:
        new = [model for model in self._taught if not await self._store.examples(model)]
        if not new:
            return
        joining = Joining({self._taught[model].name: self._taught[model] for model in new})
        found: deque[tuple[str, Example]] = deque(maxlen=len(new) * KEPT)
        async for identity, line in self._lines("-"):
            if _place(identity) > _place(upto):
                break
            found += joining.fold(line)
        by_outcome = {self._taught[model].name: model for model in new}
        await self._store.keep_examples([(by_outcome[name], one) for name, one in found], upto)

    async def _listen_again(self, upto: str) -> None:
        """The calls whose outcomes are not known yet are those of the last day."""
        millis = int(upto.partition("-")[0])
        async for identity, line in self._lines(f"{max(0, millis - int(WAITED_FOR * 1000))}-0"):
            if _place(identity) > _place(upto):
                return
            self._joining.fold(line)

    async def _learn(self, pupil: _Pupil, example: Example) -> None:
        trusted = pupil.live.trusted
        row, predicted = dict(example.factors), example.predicted
        due = pupil.keeper.outcome(row, example.label, predicted, example.version)
        if pupil.live.trusted != trusted:
            log.warning("learner.trust", model=pupil.outcome.model, trusted=pupil.live.trusted)
        if due:
            await self._renew(pupil)

    async def _renew(self, pupil: _Pupil) -> None:
        renewal = await asyncio.to_thread(pupil.keeper.renew)
        pupil.version = current_version(pupil.outcome.model, self._roots)
        drift = await asyncio.to_thread(pupil.keeper.drift)
        old = pupil.status
        pupil.status = ModelStatus(
            old.at,
            renewed_at=self._clock() if renewal.version else old.renewed_at,
            renewals=old.renewals + bool(renewal.version),
            reason=renewal.reason,
            drift=dict(list(drift.items())[:TOLD]),
        )
        if others := {name: value for name, value in drift.items() if value > DRIFTED}:
            log.warning("learner.drift", model=pupil.outcome.model, factors=others)
        log.info("learner.renewed", model=pupil.outcome.model, version=renewal.version, reason=renewal.reason)

    async def _follow(self, pupil: _Pupil) -> None:
        now = current_version(pupil.outcome.model, self._roots)
        if now != pupil.version:
            pupil.version = now
            pupil.keeper.follow(open_model(pupil.outcome.model, self._roots))
            log.info("learner.follows", model=pupil.outcome.model, version=now)
            await self._tell(pupil)

    async def _tell(self, pupil: _Pupil) -> None:
        model, losses, old = pupil.live.model, pupil.keeper.losses, pupil.status
        pupil.status = ModelStatus(
            at=self._clock(),
            version=model.card.version if isinstance(model, OutcomeModel) else "",
            trusted=pupil.live.trusted,
            outcomes=pupil.keeper.outcomes,
            renewed_at=old.renewed_at,
            renewals=old.renewals,
            reason=old.reason,
            calibration=pupil.keeper.calibration,
            learner_loss=losses and round(losses[0], 4),
            loss=losses and round(losses[1], 4),
            drift=old.drift,
        )
        await self._store.put_model_status(pupil.outcome.model, pupil.status)


def _place(identity: str) -> tuple[int, int]:
    millis, _, number = identity.partition("-")
    return int(millis), int(number)
