"""A real browser on the page over a real store: Debian's Chromium, led by Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from page_seat import Seat, seated

from api_stage import Api, running_api  # isort: skip  (page_seat says where it is)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """`calls/1` runs over the list march, in a zone where it is noon; april is attached to nothing."""
    async with running_api(tmp_path) as asked:
        yield asked


@pytest.fixture
async def seat(api: Api) -> AsyncIterator[Seat]:
    """A supervisor before the page; the browser must have nothing to complain of."""
    async with seated(api, "supervisor") as sitting:
        yield sitting
        assert sitting.said == []
