"""A write is done to its end and once, whatever becomes of whoever asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_stage import Api, api_of
from secondpass_command import imported, tell_queues

from console import campaigns
from strategies.store import Store, StoreUnavailable

START = "/api/campaigns/calls/start"
KEY = {"Idempotency-Key": "press-1"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    command = await asyncio.to_thread(imported, tmp_path)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


class Slow:
    """A launch that waits for a word of the test's before it begins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self._launch = asyncio.Event(), asyncio.Event(), campaigns.launch
        monkeypatch.setattr(campaigns, "launch", self._wait)

    async def _wait(self, *args: object, **more: object) -> object:
        self.begun.set()
        await self.go_on.wait()
        return await self._launch(*args, **more)  # type: ignore[arg-type]


async def test_a_cut_line_in_the_middle_of_a_write_does_it_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = Slow(monkeypatch)
    asking = asyncio.create_task(api("POST", START, as_="supervisor", json={}, headers=KEY))
    await launch.begun.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    meanwhile = await api("POST", START, as_="supervisor", json={}, headers=KEY)
    assert (meanwhile.status, meanwhile.headers["Retry-After"]) == (409, "1")
    launch.go_on.set()
    async with asyncio.timeout(10):
        again = meanwhile
        while again.status == 409:
            again = await api("POST", START, as_="supervisor", json={}, headers=KEY)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert [sub.name for sub in await api.store.open_subs()] == ["calls/1"]


async def test_a_write_whose_store_was_lost_is_not_done_again_under_its_key(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    async def lost(*_: object, **__: object) -> None:
        nonlocal times
        times += 1
        raise StoreUnavailable("the line broke")

    monkeypatch.setattr(campaigns, "launch", lost)
    first = await api("POST", START, as_="supervisor", json={}, headers=KEY)
    again = await api("POST", START, as_="supervisor", json={}, headers=KEY)
    assert (first.status, again.status, times) == (503, 503, 1)
    assert again.headers["Content-Type"].startswith("application/problem+json")


async def test_a_console_that_ends_finishes_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = await asyncio.to_thread(imported, tmp_path)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    monkeypatch.setattr("console.web.process.DRAIN", 0.1)
    launch = Slow(monkeypatch)
    async with api_of(command, store) as api:
        asking = asyncio.create_task(api("POST", START, as_="supervisor", json={}))
        await launch.begun.wait()
        asyncio.get_running_loop().call_later(0.5, launch.go_on.set)
    await asyncio.gather(asking, return_exceptions=True)
    assert [sub.name for sub in await store.open_subs()] == ["calls/1"]
    await store.close()


async def test_an_upload_takes_no_key(api: Api) -> None:
    headers = {**KEY, "Content-Type": "text/csv"}
    sent = await api("POST", "/api/lists/may/imports", as_="supervisor", data="contact_id\n", headers=headers)
    assert (sent.status, "leave it out" in sent.text) == (422, True)
