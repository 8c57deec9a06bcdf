"""What a hostile or unlucky upload may do: nothing but be refused, and leave no file behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from api_stage import Answer, Api, api_of
from secondpass_command import Secondpass, imported

from console.web import imports
from strategies.store import Store

CSV = {"Content-Type": "text/csv"}
LIST = "contact_id,mobile\n21,+12025550121\n"


@pytest.fixture
def command(tmp_path: Path) -> Secondpass:
    return imported(tmp_path)


@pytest.fixture
async def api(command: Secondpass) -> AsyncIterator[Api]:
    store = await Store.open(None, command.data_dir, "main")
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


async def read(api: Api, sent: Answer) -> dict[str, object]:
    """What became of an upload."""
    assert sent.status == 202, sent.text
    path = f"/api/imports/{sent.document['id']}"
    async with asyncio.timeout(60):
        told = sent.document
        while told["state"] not in {"imported", "refused"}:
            told = (await api("GET", path, as_="supervisor")).document
            await asyncio.sleep(0.05)
    return dict(told)


async def until(holds: Callable[[], bool]) -> None:
    """The server tells nobody of what it does with its files."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["--help", "-h", "--partial", ".."])
async def test_a_name_is_a_name_and_no_option(api: Api, name: str) -> None:
    path = f"/api/lists/{name}/imports".replace("..", "%2E%2E")
    sent = await api("POST", path, as_="supervisor", data=LIST, headers=CSV)
    if name == "..":
        assert sent.status in {404, 405}
        return
    told = await read(api, sent)
    assert (told["state"], (await api.store.lists())[name]) == ("imported", 1)


async def test_a_separator_is_one_character_of_a_line(api: Api) -> None:
    for wrong in ("\0", "\n", '"', ";;"):
        words = {"separator": wrong}
        path = "/api/lists/may/imports"
        sent = await api("POST", path, as_="supervisor", data=LIST, headers=CSV, params=words)
        assert sent.status == 422, wrong
    sent = await api(
        "POST",
        "/api/lists/may/imports",
        as_="supervisor",
        data=LIST.replace(",", ";"),
        headers=CSV,
        params={"separator": ";"},
    )
    assert (await read(api, sent))["state"] == "imported"


async def test_a_reader_that_cannot_be_run_is_told_as_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports.sys, "executable", "/nowhere/python")
    sent = await api("POST", "/api/lists/may/imports", as_="supervisor", data=LIST, headers=CSV)
    told = await read(api, sent)
    assert (told["state"], told["refused"]) == (
        "refused",
        "the file could not be read; see the log of the console",
    )


async def test_an_upload_that_is_cut_off_leaves_nothing(api: Api, command: Secondpass) -> None:
    begun = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield LIST.encode()
        begun.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(
        api("POST", "/api/lists/may/imports", as_="supervisor", data=slowly(), headers=CSV)
    )
    await begun.wait()
    uploads = command.data_dir / "uploads"
    await until(lambda: bool(list(uploads.rglob("list.csv"))))
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await until(lambda: not list(uploads.iterdir()))


async def test_so_many_uploads_wait_and_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "WAITING", 1)
    path = "/api/lists/may/imports"
    first = await api("POST", path, as_="supervisor", data=LIST, headers=CSV)
    second = await api("POST", path, as_="supervisor", data=LIST, headers=CSV)
    assert (first.status, second.status, second.headers["Retry-After"]) == (202, 429, "10")
    await read(api, first)
    assert (await api("POST", path, as_="supervisor", data=LIST, headers=CSV)).status == 202


async def test_what_a_killed_console_left_is_cleared_away(command: Secondpass) -> None:
    left = command.data_dir / "uploads" / "0123" / "list.csv"
    left.parent.mkdir(parents=True)
    left.write_text(LIST)
    store = await Store.open(None, command.data_dir, "main")
    async with api_of(command, store):
        assert not left.exists()
    await store.close()
