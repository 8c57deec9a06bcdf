"""A running `secondpass agi` keeps to its files: a wrong edit is told within seconds and leaves it running,
the correction is taken."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from secondpass_command import NET, Secondpass, configured

import config
from strategies.store import Store
from strategies.store.configuration import ConfigurationStatus

EXAMPLES = Path(config.__file__).parent / "examples"
WITHIN = 60.0  # seconds; a look at the files comes each second, an import of everything takes more


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    command = configured(tmp_path)
    shutil.copy(EXAMPLES / "segments.yaml", command.config)
    settings = command.config / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace(f"{NET}.4", f"{NET}.9"), "utf-8")
    return command


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


@pytest.fixture
async def process(secondpass: Secondpass, store: Store) -> AsyncIterator[subprocess.Popen[str]]:
    running = secondpass.start("agi")
    try:
        await until(lambda: told(store, lambda status: True))
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=WITHIN)


async def told(store: Store, fits: Callable[[ConfigurationStatus], bool]) -> bool:
    status = (await store.configurations()).get("agi")
    return status is not None and fits(status)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN):
        while not await condition():  # noqa: ASYNC110 - it comes true in another process
            await asyncio.sleep(0.05)


async def test_a_wrong_edit_of_a_running_process_is_told_and_its_correction_taken(
    secondpass: Secondpass, store: Store, process: subprocess.Popen[str]
) -> None:
    file = secondpass.config / "segments.yaml"
    right = file.read_text("utf-8")
    file.write_text(right.replace("segments:", "segmentz:", 1), "utf-8")
    await until(lambda: told(store, lambda status: any("segmentz" in error for error in status.errors)))
    assert process.poll() is None
    file.write_text(right.replace("margin: 5", "margin: 6"), "utf-8")
    await until(lambda: told(store, lambda status: not status.errors))
    assert process.poll() is None
