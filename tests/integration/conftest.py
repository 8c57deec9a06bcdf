"""A real store for each test: one server for all of them, a tenant of its own for each."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from store_people import Clock

from strategies.store import Store

_tenants = count(1)


@pytest.fixture(scope="session")
def session_directory() -> Iterator[Path]:
    """A short path: a unix socket's is limited."""
    path = Path(tempfile.mkdtemp(prefix="sp-store-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """The same for one test, for a server of its own, which may still be writing its last words."""
    path = Path(tempfile.mkdtemp(prefix="sp-own-"))
    yield path
    for _ in range(100):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"somebody still writes to {path}")


@pytest.fixture(scope="session")
async def server(session_directory: Path) -> AsyncIterator[str | None]:
    """Where the server is: SECONDPASS_TEST_REDIS, or (None) the built-in one, held up all the while."""
    url = os.environ.get("SECONDPASS_TEST_REDIS")
    holder = await Store.open(url, session_directory, f"holder{os.getpid()}")
    yield url
    await holder.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(server: str | None, session_directory: Path, clock: Clock) -> AsyncIterator[Store]:
    """An empty store; the test must leave no task behind."""
    before = asyncio.all_tasks()
    opened = await Store.open(server, session_directory, f"t{os.getpid()}.{next(_tenants)}", clock=clock)
    yield opened
    await opened.close()
    assert not asyncio.all_tasks() - before - {asyncio.current_task()}
