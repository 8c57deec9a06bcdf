"""The models a process answers with: loaded from the registry, swapped for newer versions while calls go on,
and not acted on while the learner says that they are not to be trusted; answering is `models.live`'s."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from models.live import LiveModel
from models.outcome import NullModel, OutcomeModel, open_model
from models.registry import current_version
from strategies.segments import Catalogue
from strategies.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks at the registry


class ModelsInUse:
    """One per process. `roots` are the registries, the site's own before the shipped one."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._opened: dict[str, OutcomeModel | NullModel] = {}
        self._versions: dict[str, str] = {}
        self._shadows: dict[str, tuple[str, ...]] = {}
        self.live: dict[str, LiveModel] = {}

    def hold_to(self, catalogue: Catalogue) -> None:
        """Have the models and shadows that the catalogue names; those it had go on as they are."""
        shadows = _named(catalogue)
        for name in self._lacking(catalogue):
            self._take(name, current_version(name, self._roots), open_model(name, self._roots))
        self._shadows = shadows
        self.live = {name: self.live.get(name) or LiveModel(self._opened[name]) for name in shadows}
        for name in shadows:
            self._tell(name)

    async def fetch(self, catalogue: Catalogue) -> None:
        """Load what a catalogue names besides, in a thread: no call waits when it is held to."""
        for name in self._lacking(catalogue):
            version = await asyncio.to_thread(current_version, name, self._roots)
            self._take(name, version, await asyncio.to_thread(open_model, name, self._roots))

    async def look(self) -> None:
        """Take the versions that were published since; each is loaded and warmed up in a thread."""
        for name, version in list(self._versions.items()):
            now = await asyncio.to_thread(current_version, name, self._roots)
            if now != version and self._take(
                name, now, await asyncio.to_thread(open_model, name, self._roots)
            ):
                for model, shadows in self._shadows.items():
                    if name == model or name in shadows:
                        self._tell(model)
                log.info("model.swapped", model=name, version=now)

    async def heed(self, store: Store) -> None:
        """Act on those models only that the learner trusts. While the store is away what was heard last
        holds."""
        for name, status in (await store.model_statuses()).items():
            if name in self.live and status.trusted != self.live[name].trusted:
                self.live[name].trusted = status.trusted
                log.warning("model.trust", model=name, trusted=status.trusted)

    async def keep_up(self, store: Store) -> None:
        """Heed and look until cancelled."""
        while True:
            try:
                await self.heed(store)
                await self.look()
            except StoreUnavailable:
                pass
            except Exception:
                log.exception("model.look_failed")  # calls go on with what is in use
            await asyncio.sleep(LOOK)

    def _lacking(self, catalogue: Catalogue) -> list[str]:
        named = _named(catalogue)
        return sorted(
            {one for model, shadows in named.items() for one in (model, *shadows)} - self._opened.keys()
        )

    def _take(self, name: str, version: str, model: OutcomeModel | NullModel) -> bool:
        """A version that is broken or missing is told, and what was in use before it stays in use: False."""
        self._versions[name] = version
        if isinstance(model, NullModel):
            log.error("model.missing", model=name, reason=model.reason, mend="secondpass model train")
            self._opened.setdefault(name, model)
            return False
        self._opened[name] = model
        return True

    def _tell(self, name: str) -> None:
        self.live[name].swap(self._opened[name])
        self.live[name].set_shadows(_runnable(self._opened, self._shadows[name]))


def _named(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The models of the outcomes, each with its shadows."""
    named: dict[str, tuple[str, ...]] = {}
    for outcome in catalogue.outcomes.values():
        named[outcome.model] = (*named.get(outcome.model, ()), *outcome.shadows)
    return named


def _runnable(
    opened: Mapping[str, OutcomeModel | NullModel], names: Iterable[str]
) -> dict[str, OutcomeModel]:
    return {name: model for name in names if isinstance(model := opened[name], OutcomeModel)}
