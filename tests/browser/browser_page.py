"""Debian's Chromium before the page, led by Playwright; what is behind the page is the tests' own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

expect.set_options(timeout=30_000)  # ms, as long as Playwright gives what is clicked: CI's machine is shared


@asynccontextmanager
async def page_at(
    url: str, token: str, heading: str = "Overview", *, dark: bool = False, width: int = 1400
) -> AsyncIterator[tuple[Page, list[str]]]:
    """Somebody with this token at what they see first, who says yes to every question; and what the
    browser's console tells as an error or a warning."""
    if CHROMIUM is None:
        pytest.fail("no Chromium is installed: sudo apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        said: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                said.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.goto(url)
        await page.get_by_label("Token").fill(token)
        await page.get_by_role("button", name="Enter").click()
        await page.get_by_role("heading", name=heading, level=2).wait_for()
        yield page, said
        await browser.close()


async def shot(page: Page, name: str) -> None:
    """Keep a picture of what is seen."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


async def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds that keeps somebody from using what is seen, the serious and the critical, each
    with where it is."""
    found = (await Axe().run(page)).response["violations"]
    serious = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in serious]
