"""Somebody before the page over a running API."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from browser_page import page_at, shot
from playwright.async_api import Page

sys.path.append(str(Path(__file__).parents[1] / "integration"))

from api_stage import Api


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


@asynccontextmanager
async def seated(
    api: Api, token: str, scheme: str = "light", heading: str = "Overview"
) -> AsyncIterator[Seat]:
    """Somebody with this token, at what they see first."""
    async with page_at(api.url, token, heading, dark=scheme == "dark") as (page, said):
        yield Seat(page, api, said)
