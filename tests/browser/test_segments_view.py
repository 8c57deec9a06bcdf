"""The segments as a supervisor sees them: moves, guards, latency, hits, what the decisions changed, drift;
each figure as the ledger has it, in light and dark, by keyboard, and without a word of complaint."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser_page import violations
from page_seat import Seat, seated
from playwright.async_api import expect

sys.path.append(str(Path(__file__).parents[1] / "unit"))

import proof_stage
from api_stage import Api, api_of
from proof_stage import TENANT, TEXT, catalogue, lines
from secondpass_command import configured

from strategies.store import Store
from strategies.store.learning import Calibration, ModelStatus

GUARDED = ["share_reached"] * 6 + ["no_room"] * 3 + ["below_margin"] * 9 + ["agent_fit"] * 2 + ["deadline"]
DRIFT = {"balance": 0.41, "age": 0.12, "days_since_last_call": 0.03}


@pytest.fixture
async def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """A centre four weeks into its experiment, with a model that has drifted."""
    command = configured(tmp_path)
    (command.config / "segments.yaml").write_text(TEXT)
    settings = command.config / "settings.yaml"
    settings.write_text(f"tenant: {TENANT}\n" + settings.read_text())
    today = datetime.fromtimestamp(time.time(), UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(proof_stage, "MONDAY", today - timedelta(days=today.weekday() + 28))
    store = await Store.open(None, command.data_dir, TENANT)
    await four_weeks(store)
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


async def four_weeks(store: Store) -> None:
    objective = ""
    for number, line in enumerate(lines(4, 0.3, catalogue(), per_hour=3)):
        if "decision" in line:
            objective = line["decision"]["objective"]
            entered = {"kind": "call_entered", "interaction": line["interaction"], "ms": 5 + number % 37 / 4}
            await store.append(entered, at=line["at"])
        told = {**line, "customer": f"c{number}"} | ({"objective": objective} if "pursued" in line else {})
        await store.append(told, at=line["at"])
    made = {"first": "standard", "second": "buyer", "objective": "serve", "arm": "treated"}
    for number, reason in enumerate(GUARDED):
        decision = {"kind": "decision", "interaction": f"g{number}", "decision": {**made, "reason": reason}}
        await store.append({**decision, "customer": f"g{number}"}, at=time.time() - 60)
    calibration = Calibration(400, predicted=0.21, happened=0.2, error=0.014, off_by=0.6)
    status = ModelStatus(time.time(), outcomes=1344, renewals=2, calibration=calibration, drift=DRIFT)
    await store.put_model_status("buys", status)


async def look(sitting: Seat) -> None:
    await sitting.view("Segments", "Segments")
    await sitting.page.get_by_label("Over").select_option("31 days")
    effects = sitting.page.get_by_role("table", name="Treated slices")
    await expect(effects).to_contain_text("buys")


async def test_what_is_shown_is_what_the_ledger_says(centre: Api) -> None:
    async with seated(centre, "supervisor") as sitting:
        await look(sitting)
        page, told = sitting.page, (await centre("GET", "/api/segments", params={"days": "31"})).document
        effect = (await centre("GET", "/api/segments/effect")).document
        await expect(
            page.get_by_text(f"{told['decisions']} decisions, {told['moved']} moved")
        ).to_be_visible()
        matrix = page.get_by_role("table", name="From the first segment")
        moved = next(one for one in told["moves"] if one["second"] == "buyer")
        await expect(matrix).to_contain_text(str(moved["decisions"]))
        guards = page.locator("section", has_text="Kept by a guard")
        await expect(guards).to_contain_text(f"9 of {told['found']}")
        latency = page.locator("section", has_text="How long a decision takes")
        middle = told["latency"]["median_ms"]
        await expect(latency).to_contain_text("1 came to nothing in time")
        await expect(latency.get_by_role("img")).to_have_attribute(
            "aria-label",
            f"{told['latency']['calls']} decisions by their time, the middle one {middle:.3g} ms",
        )
        (sell,) = [one for one in told["objectives"] if one["objective"] == "sell"]
        hits = page.locator("section", has_text="Hit rate")
        await expect(hits).to_contain_text(f"{100 * sell['hit_rate']:.1f} %")
        effects = page.get_by_role("table", name="Treated slices")
        for one in effect["effects"]:
            await expect(effects).to_contain_text(one["verdict"])
        drift = page.locator("section", has_text="Model buys")
        await expect(drift).to_contain_text("0.41")
        await expect(drift.locator("strong.bad")).to_have_count(1)
        assert sitting.said == []


async def test_fewer_days_show_fewer_decisions(centre: Api) -> None:
    async with seated(centre, "viewer") as sitting:
        await look(sitting)
        await sitting.page.get_by_label("Over").select_option("today")
        today = (await centre("GET", "/api/segments", params={"days": "1"})).document
        await expect(sitting.page.get_by_text(f"{today['decisions']} decisions, ")).to_be_visible()
        assert sitting.said == []


async def test_a_decision_is_explained_by_keyboard(centre: Api) -> None:
    async with seated(centre, "viewer") as sitting:
        await look(sitting)
        button = sitting.page.get_by_role("button", name="Explain").nth(23)
        await button.focus()
        await sitting.page.keyboard.press("Enter")
        await expect(sitting.page.get_by_role("heading", name="Candidates")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_by_all(centre: Api, scheme: str) -> None:
    async with seated(centre, "supervisor", scheme) as sitting:
        await look(sitting)
        await sitting.shot(f"segments-full-{scheme}")
        assert await violations(sitting.page) == []
        assert sitting.said == []
