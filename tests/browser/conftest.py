"""A real browser on the page over a real store: Debian's Chromium, led by Playwright."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser_page import page_at, shot
from playwright.async_api import Page

sys.path.append(str(Path(__file__).parents[1] / "integration"))

from api_stage import Api, running_api


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
        await shot(self.page, name)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """`calls/1` runs over the list march, in a zone where it is noon; april is attached to nothing."""
    async with running_api(tmp_path) as asked:
        yield asked


@asynccontextmanager
async def seated(
    api: Api, token: str, scheme: str = "light", heading: str = "Overview"
) -> AsyncIterator[Seat]:
    """Somebody with this token, at what they see first."""
    async with page_at(api.url, token, heading, dark=scheme == "dark") as (page, said):
        yield Seat(page, api, said)


@pytest.fixture
async def seat(api: Api) -> AsyncIterator[Seat]:
    """A supervisor before the page; the browser must have nothing to complain of."""
    async with seated(api, "supervisor") as sitting:
        yield sitting
        assert sitting.said == []
