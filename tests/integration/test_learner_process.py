"""The learner as a process: learns for the catalogue that holds, begins anew when that is replaced or the
store was away, ends when it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.project import Project, load_project
from config.watch import Changes
from console import learner
from console.learner import LearnerProcess, is_wanted
from strategies.store import Store, StoreUnavailable

SEGMENTS = """\
outcomes:
  accepts_offer: {value: 10, model: MODEL}
objectives:
  serve: {queue: service}
segments:
  standard: {rank: 9, objective: serve, default: true}
"""


def project(folder: Path, model: str = "deposits") -> Project:
    folder.mkdir(exist_ok=True)
    (folder / "segments.yaml").write_text(SEGMENTS.replace("MODEL", model))
    loaded = load_project(folder)
    return replace(loaded, settings=loaded.settings.model_copy(update={"data_dir": folder / "var"}))


@pytest.fixture
async def running(store: Store, tmp_path: Path) -> AsyncIterator[LearnerProcess]:
    stop = asyncio.Event()
    process = LearnerProcess(project(tmp_path / "config"), store)
    task = asyncio.create_task(process.run(stop))
    yield process
    stop.set()
    await asyncio.wait_for(task, 10)


async def until(true: Callable[[], Awaitable[object]]) -> None:
    ends = time.monotonic() + 60
    while not await true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


async def told_of(store: Store, model: str) -> None:
    async def told() -> bool:
        return model in await store.model_statuses()

    await until(told)


async def test_it_tells_of_the_models_of_the_catalogue_and_of_those_that_come_with_a_new_one(
    running: LearnerProcess, store: Store, tmp_path: Path
) -> None:
    await told_of(store, "deposits")
    await running.take(project(tmp_path / "config", "loans"), Changes(segments=True))
    await told_of(store, "loans")


async def test_what_comes_in_while_the_store_is_away_is_learned_from_when_it_is_back(
    running: LearnerProcess, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told_of(store, "deposits")
    monkeypatch.setattr(learner, "PAUSE", 0.01)
    there = store.ledger

    async def away(*_: object, **__: object) -> list[object]:
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(store, "ledger", away)
    with capture_logs() as logs:

        async def noticed() -> bool:
            return any(log["event"] == "learner.store_unavailable" for log in logs)

        await until(noticed)
    call = {"kind": "call_entered", "interaction": "178.1", "factors": {"calls": 0.0}}
    await store.append(call, at=1.0)
    await store.append({"kind": "noted", "interaction": "178.1", "achieved": True}, at=2.0)
    monkeypatch.setattr(store, "ledger", there)
    await until(lambda: store.examples("deposits"))


async def test_without_segments_there_is_nothing_to_do_and_it_ends_all_the_same(
    store: Store, tmp_path: Path
) -> None:
    empty = replace(project(tmp_path / "config"), segments=None)
    stop = asyncio.Event()
    task = asyncio.create_task(LearnerProcess(empty, store).run(stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(task, 5)


def test_it_is_started_where_there_are_models_and_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = project(tmp_path / "config")
    assert is_wanted(loaded)
    assert not is_wanted(replace(loaded, segments=None))
    monkeypatch.setattr(learner, "NEEDS", ("a_library_nobody_has",))
    with capture_logs() as logs:
        assert not is_wanted(loaded)
    assert [log["mend"] for log in logs] == ["pip install 'secondpass[train]'"]
