"""The live page in a real browser over real calls: a call is on it within two seconds, and at the end of
the run every figure on it is a recount of the ledger."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from accounts import ledger, of_kind, settle
from harness import Harness
from playwright.async_api import Page, expect
from secondpass_server import Server, Site, make_site, person, until

sys.path.append(str(Path(__file__).parents[1] / "browser"))

from browser_page import page_at

SUB = "demo/1"
WITHIN = 2.0  # seconds from what happened to the page
AREAS = [("215", ""), ("216", ""), ("203", "202"), ("214", "202"), ("224", ""), ("218", "")]


@asynccontextmanager
async def page_of(site: Site) -> AsyncIterator[Page]:
    """A supervisor at the overview; the browser must have nothing to complain of."""
    made = json.loads(await site.does("token", "add", "mira", "--role", "supervisor", "--json"))
    async with page_at(f"http://{site.harness.net}.4:8080/", made["token"], width=1600) as (page, said):
        yield page
        assert said == []


async def bars(page: Page, title: str) -> dict[str, int]:
    """What a card of bars shows."""
    card = page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))
    rows = await card.locator("li").all()
    return {
        (await row.locator("span").inner_text()).replace(" ", "_"): int(
            await row.locator("strong").inner_text()
        )
        for row in rows
    }


async def shares(page: Page, title: str) -> dict[str, str]:
    """What a card of shares says each is made of."""
    card = page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))
    made_of = card.locator("li span small")
    names = [said.rsplit(None, 3)[0] for said in await card.locator("li span").all_inner_texts()]
    return dict(zip((one.replace(" ", "_") for one in names), await made_of.all_inner_texts(), strict=True))


async def pairs(page: Page, title: str) -> dict[str, str]:
    """What a card of names and values shows."""
    card = page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))
    names, values = await card.locator("dt").all_inner_texts(), await card.locator("dd").all_inner_texts()
    return dict(zip(names, values, strict=True))


async def test_calls_are_on_the_page_at_once_and_its_figures_are_the_ledgers(harness: Harness) -> None:
    site = make_site(harness, "page", segments=True, console=True)
    rows = await site.imports([person(*who) for who in AREAS])
    with Server(site) as server:
        await server.ready()
        async with page_of(site) as page, site.store() as store:
            await site.does("campaign", "start", "demo")
            row = page.get_by_role("row").filter(has=page.get_by_role("link", name=SUB))
            await expect(row).to_be_visible(timeout=10_000)
            await expect(row.get_by_role("cell").nth(4)).not_to_have_text("0", timeout=20_000)
            seen = time.time()
            first = of_kind(await ledger(store), "attempt_started")[0]
            assert seen - float(first["at"]) < WITHIN

            await settle(site, store, SUB, rows, within=90)
            await page.get_by_role("link", name=SUB).click()
            lines = await ledger(store)
            results = Counter(line["result"] for line in of_kind(lines, "attempt_ended"))

            async def the_same() -> bool:
                return await bars(page, "Results") == results

            await until(the_same, 5, "the page shows the results of the ledger")
            shown = await pairs(page, "Contacts")
            assert int(shown["attempts"]) == len(of_kind(lines, "attempt_started"))
            assert (shown["in progress"], shown["remaining"]) == ("0", "0")
            assert int(shown["total"]) == len(rows)
            ends = Counter(line["reason"] for line in of_kind(lines, "contact_ended"))
            assert await bars(page, "Contacts that ended") == ends
            triggers = Counter(line["trigger"] for line in of_kind(lines, "recovery_triggered"))
            ended = of_kind(lines, "recovery_ended")
            reached = Counter(line["trigger"] for line in ended if line["result"] == "reached")
            shown_of = await shares(page, "Recovered, of those lost by each trigger")
            assert shown_of == {one: f"{reached[one]} of {lost}" for one, lost in triggers.items()}
            recovery = await pairs(page, "Recovery")
            assert int(recovery["lost"]) == triggers.total()
            assert '"equal": true' in await site.does("results", SUB, "--recount", "--json")
        assert await server.stop() == 0
