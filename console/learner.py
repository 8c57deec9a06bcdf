"""The learner as a process: from its start to its end, over whatever catalogue the files hold; learning is
left to `models.learning`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from console import logs
from console.ledger_archive import whole_ledger
from console.ledger_files import archive_of
from console.supervisor import stopped_within

if TYPE_CHECKING:
    from config.project import Project
    from config.watch import Changes
    from strategies.segments import Catalogue
    from strategies.store import Store

BEHIND = 10  # niceness: whoever answers calls goes first
PAUSE = 2.0  # seconds before it begins anew after the store was away
NEEDS = ("onnx", "pandas")
MEND = "pip install 'secondpass[train]'"


def is_wanted(loaded: Project) -> bool:
    """Whether there are models to keep up, and what is needed for it is installed; told where it is not."""
    if loaded.segments is None or not loaded.segments.outcomes:
        return False
    if all(find_spec(name) for name in NEEDS):
        return True
    logs.get().warning(
        "learner.not_installed", mend=MEND, until_then="the models stay as they were published"
    )
    return False


def go_behind() -> None:
    """Take one core at most, and only what others leave of it. To be called before numpy is loaded."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.nice(BEHIND)


class LearnerProcess:
    """Learns until it is stopped; begins anew when the catalogue is replaced or the store was away."""

    def __init__(self, loaded: Project, store: Store) -> None:
        self._loaded, self._store = loaded, store
        self._catalogue = loaded.segments
        self._again = asyncio.Event()

    async def take(self, project: Project, changes: Changes) -> None:
        """Learn for the new segments."""
        if changes.segments:
            self._catalogue = project.segments
            self._again.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        from strategies.store import StoreUnavailable

        stopping = asyncio.create_task(self._end_with(stop))
        try:
            while not stop.is_set():
                self._again.clear()
                try:
                    await self._learn(self._catalogue)
                except StoreUnavailable as error:
                    logs.get().warning("learner.store_unavailable", error=str(error))
                    await stopped_within(stop, PAUSE)
        finally:
            stopping.cancel()

    async def _end_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._again.set()

    async def _learn(self, catalogue: Catalogue | None) -> None:
        if catalogue is None or not catalogue.outcomes:
            await self._again.wait()
            return
        import time

        from models.learning import Learning
        from models.registry import SHIPPED

        roots = [self._loaded.settings.data_dir / "models", SHIPPED]
        learning = Learning(self._store, catalogue, roots, self._lines, time.time)
        await learning.begin()
        await learning.run(self._again)

    def _lines(self, after: str) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        return whole_ledger(self._store, archive_of(self._loaded), after)
