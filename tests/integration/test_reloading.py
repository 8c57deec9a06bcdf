"""A running process keeps to its files: what is right is taken, what is wrong is told in the store, and the
ledger has each new version once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import config
from config.project import Project, load_project
from config.watch import Changes, Watch
from console.reloading import Reloading
from strategies.store import Store

EXAMPLES = Path(config.__file__).parent / "examples"
CAMPAIGN = "campaigns/loan_reminder.yaml"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "config"))


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


class Process:
    """A process over the files of a directory, and what it was given."""

    def __init__(self, directory: Path, store: Store, name: str, *, tells: bool) -> None:
        load: Callable[[], Project] = lambda: load_project(directory)  # noqa: E731
        self.given: list[Changes] = []
        self.reloading = Reloading(Watch(load(), load), store, name, self._take, tells=tells)

    async def _take(self, _project: Project, changes: Changes) -> None:
        self.given.append(changes)

    async def looks(self) -> None:
        """Two looks: the second finds the files as the first did, and reads them."""
        await self.reloading.look()
        await self.reloading.look()


async def test_a_good_edit_is_given_to_the_process_and_told(directory: Path, store: Store) -> None:
    process = Process(directory, store, "bridge", tells=True)
    replaced(directory / CAMPAIGN, "campaign: loan_reminder", "priority: 9\ncampaign: loan_reminder")
    await process.looks()
    [changes] = process.given
    told = (await store.configurations())["bridge"]
    old, new = changes.campaigns["loan_reminder"]
    assert told.campaigns == {"loan_reminder": new}
    assert not told.errors
    lines = [line for _, line in await store.ledger()]
    assert [(line["what"], line["old"], line["new"]) for line in lines] == [("campaign_file", old, new)]


async def test_new_segments_are_told_by_their_version_and_kept_for_whoever_replays_a_decision(
    directory: Path, store: Store
) -> None:
    process = Process(directory, store, "bridge", tells=True)
    stop = asyncio.Event()
    stop.set()
    await process.reloading.run(stop)
    first = (await store.configurations())["bridge"].segments
    assert first is not None
    assert await store.catalogue(first) == (directory / "segments.yaml").read_text("utf-8")
    replaced(directory / "segments.yaml", "margin: 5", "margin: 6")
    await process.looks()
    second = (await store.configurations())["bridge"].segments
    assert second not in {None, first}
    assert "margin: 6" in (await store.catalogue(str(second)) or "")
    assert await store.catalogue("0123456789ab") is None
    lines = [line for _, line in await store.ledger()]
    assert [(line["what"], line["old"], line["new"]) for line in lines] == [("segments_file", first, second)]


async def test_a_wrong_edit_leaves_the_process_alone_and_is_told_until_it_is_corrected(
    directory: Path, store: Store
) -> None:
    process = Process(directory, store, "agi", tells=False)
    replaced(directory / "segments.yaml", "segments:", "segmentz:")
    await process.looks()
    assert not process.given
    told = (await store.configurations())["agi"]
    assert told.refused_at is not None
    assert any("segments.yaml:" in error and "segmentz" in error for error in told.errors)
    replaced(directory / "segments.yaml", "segmentz:", "segments:")
    await process.looks()
    corrected = (await store.configurations())["agi"]
    assert not corrected.errors
    assert corrected.since == told.since


async def test_settings_that_need_a_new_start_are_told_until_they_are_put_back(
    directory: Path, store: Store
) -> None:
    process = Process(directory, store, "bridge", tells=False)
    settings = directory / "settings.yaml"
    original = settings.read_text("utf-8")
    replaced(settings, "port: 8080", "port: 18080")
    await process.looks()
    assert (await store.configurations())["bridge"].waiting == ("console",)
    settings.write_text(original, "utf-8")
    await process.looks()
    assert (await store.configurations())["bridge"].waiting == ()
