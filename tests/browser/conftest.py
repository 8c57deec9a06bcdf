"""A real browser on the page over a real store: Debian's Chromium, led by Playwright."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright

sys.path.append(str(Path(__file__).parents[1] / "integration"))

from api_stage import Api, api_of
from secondpass_command import CALLS, imported, tell_queues, where_it_is_noon

from strategies.store import Store

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody before the page; `said`: what the browser's console told as an error."""

    page: Page
    api: Api
    said: list[str]

    async def view(self, name: str, heading: str) -> None:
        """Go to a view by its name in the header."""
        await self.page.get_by_role("navigation").get_by_role("link", name=name).click()
        await self.page.get_by_role("heading", name=heading, level=2).wait_for()

    async def shot(self, name: str) -> None:
        """Keep a picture of what is seen."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """`calls/1` runs over the list march, in a zone where it is noon; april is attached to nothing."""
    command = await asyncio.to_thread(imported, tmp_path)
    (tmp_path / "april.csv").write_text("contact_id,mobile,balance\n9,+12025550109,50\n")
    said = await asyncio.to_thread(command, "list", "import", "april", tmp_path / "april.csv")
    assert said.code == 0, said.err
    here = CALLS.replace("America/New_York", where_it_is_noon())
    (command.config / "campaigns" / "calls.yaml").write_text(here)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        begun = await asked("POST", "/api/campaigns/calls/start", as_="supervisor", json={})
        assert begun.status == 201, begun.text
        yield asked
    await store.close()


@asynccontextmanager
async def seated(
    api: Api, token: str, scheme: str = "light", heading: str = "Overview"
) -> AsyncIterator[Seat]:
    """Somebody with this token, at what they see first."""
    if CHROMIUM is None:
        pytest.fail("no Chromium is installed: sudo apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(
            viewport={"width": 1400, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
        )
        said: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                said.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.goto(api.url)
        await page.get_by_label("Token").fill(token)
        await page.get_by_role("button", name="Enter").click()
        await page.get_by_role("heading", name=heading, level=2).wait_for()
        yield Seat(page, api, said)
        await browser.close()


@pytest.fixture
async def seat(api: Api) -> AsyncIterator[Seat]:
    """A supervisor before the page; the browser must have nothing to complain of."""
    async with seated(api, "supervisor") as sitting:
        yield sitting
        assert sitting.said == []
