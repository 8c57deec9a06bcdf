"""The live page in a real browser: figures come by themselves, overrides and lists are worked on, it
is used by keyboard and can be read by all, and nothing from outside is more than text."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from browser_page import violations
from page_seat import Seat, seated
from playwright.async_api import Route, expect

from console.web import live
from strategies.contacts import Contact, Device

VIEWS = {
    "Overview": "Overview",
    "Campaigns": "Campaigns of the files",
    "Lists": "Lists",
    "Segments": "Segments",
    "Audit": "Audit",
}


async def test_figures_change_by_themselves_as_things_happen(seat: Seat) -> None:
    row = seat.page.get_by_role("row").filter(has=seat.page.get_by_role("link", name="calls/1"))
    await expect(row).to_contain_text("running")
    paused = await seat.api("PUT", "/api/sub-campaigns/calls/1/state", as_="admin", json={"state": "paused"})
    assert paused.status == 200
    await expect(row).to_contain_text("paused")


async def test_an_override_is_seen_applied_and_ended(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_label("becomes").fill("contact.balance > 100")
    await page.get_by_label("why").fill("few agents")
    await page.get_by_role("button", name="See the effect").click()
    await expect(page.locator(".effect ins").first).to_contain_text("contact.balance > 100")
    await page.get_by_role("button", name="Apply").click()
    table = page.get_by_role("table", name="Overrides")
    await expect(table).to_contain_text("calls/1.1")
    await expect(page.get_by_text("overrides in force: calls/1.1")).to_be_visible()
    await seat.shot("campaign")
    await page.get_by_role("button", name="End it").click()
    await expect(table).to_contain_text("cancelled")
    await expect(page.get_by_text("overrides in force: none")).to_be_visible()


async def test_a_wrong_override_is_refused_with_its_mend(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_label("becomes").fill("contact.balance >")
    async with page.expect_response("**/preview") as answered:
        await page.get_by_role("button", name="See the effect").click()
    assert (await answered.value).status == 409
    await expect(page.get_by_role("alert")).to_contain_text("where")
    assert await page.get_by_role("button", name="Apply").count() == 0
    seat.said.clear()  # the browser tells of the 409, as it should


async def test_a_list_is_attached_weighed_paused_and_detached(seat: Seat) -> None:
    page = seat.page
    await seat.view("Lists", "Lists")
    await page.get_by_role("combobox", name="List").select_option("april")
    await page.get_by_role("button", name="Attach").click()
    row = page.get_by_role("table", name="Lists by campaigns").get_by_role("row").filter(has_text="april")
    await expect(row).to_contain_text("attached")
    await row.get_by_label("weight of april").fill("3")
    await row.get_by_role("button", name="Weigh").click()
    await expect(row.get_by_role("cell").nth(3)).to_have_text("3")
    await row.get_by_role("button", name="Pause").click()
    await expect(row).to_contain_text("paused")
    await row.get_by_role("button", name="Detach").click()
    await expect(row).to_contain_text("detached")


async def test_a_list_is_uploaded_and_its_rejects_can_be_had(seat: Seat, tmp_path: Path) -> None:
    page, file = seat.page, tmp_path / "may.csv"
    file.write_text("contact_id,mobile\n31,+12025550131\n32,12\n")
    await seat.view("Lists", "Lists")
    await page.get_by_label("Name").fill("may")
    await page.get_by_label("CSV file").set_input_files(file)
    await page.get_by_label("take the good rows").check()
    await page.get_by_role("button", name="Upload").click()
    await expect(page.get_by_text("imported", exact=True)).to_be_visible()
    await expect(page.get_by_text("rejected rows 1")).to_be_visible()
    async with page.expect_download() as loading:
        await page.get_by_role("button", name="Refused rows").click()
    rejects = await asyncio.to_thread(Path(await (await loading.value).path()).read_text)
    assert "not a phone number" in rejects
    await expect(page.get_by_role("table", name="All lists")).to_contain_text("may")


async def test_what_a_viewer_may_not_do_is_told(seat: Seat) -> None:
    async with seated(seat.api, "viewer") as viewer:
        await viewer.page.get_by_role("button", name="Stop everything").click()
        await expect(viewer.page.get_by_role("alert").last).to_contain_text("needs supervisor")
    assert await seat.api.store.halted_by() is None


async def test_names_from_outside_are_text(seat: Seat) -> None:
    hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    who = Contact("x1", (Device("mobile", "+12025550177"),), attributes={"name": hostile})
    await seat.api.store.import_contacts("march", [who])
    await seat.page.goto(f"{seat.api.url}/#/person/x1")
    await expect(seat.page.get_by_text(hostile)).to_be_visible()
    assert await seat.page.title() == "secondpass"
    assert await seat.page.locator("main img, main script").count() == 0


async def test_a_sub_campaign_that_ends_before_ones_eyes_says_so(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await expect(page.get_by_role("heading", name="calls/1 running")).to_be_visible()
    stop = {"state": "stopped"}
    assert (await seat.api("PUT", "/api/sub-campaigns/calls/1/state", as_="admin", json=stop)).status == 200
    await expect(page.get_by_role("heading", name="calls/1 stopped")).to_be_visible()
    await expect(page.get_by_role("table", name="Lists")).to_contain_text("march")


async def test_an_address_that_cannot_be_decoded_breaks_no_page(seat: Seat) -> None:
    await seat.page.goto(f"{seat.api.url}/#/person/%E0%A4%A")
    await seat.page.get_by_role("heading", name="One contact's story").wait_for()
    seat.said.clear()  # the browser tells of the 404


async def test_a_server_that_is_away_costs_nobody_their_token(seat: Seat) -> None:
    page = seat.page
    await page.route("**/api/me", lambda route: route.abort())
    await page.reload()
    await page.get_by_role("button", name="Try again").wait_for()
    await page.unroute("**/api/me")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("heading", name="Overview", level=2).wait_for()
    seat.said.clear()  # the browser tells of the line that was cut


async def test_a_write_whose_line_was_cut_is_sent_again_under_its_key(seat: Seat) -> None:
    page, keys = seat.page, list[str]()

    async def cut_once(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await (route.abort() if len(keys) == 1 else route.continue_())

    await page.route("**/api/halt", cut_once)
    await page.get_by_role("button", name="Stop everything").click()
    await expect(page.get_by_text("The stop switch is thrown by supervisor")).to_be_visible()
    assert keys[0] == keys[1]
    seat.said.clear()  # the browser tells of the line that was cut


async def test_a_token_taken_back_ends_what_is_shown(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STILL_MAY", 0.2)
    await seat.page.reload()
    await seat.page.get_by_role("heading", name="Overview", level=2).wait_for()
    assert await seat.api.store.remove_token("supervisor")
    await seat.page.get_by_label("Token").wait_for()
    seat.said.clear()  # the browser tells of the 401


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view_is_readable_and_can_be_used_by_all(seat: Seat, scheme: str) -> None:
    async with seated(seat.api, "supervisor", scheme) as sitting:
        for name, heading in VIEWS.items():
            await sitting.view(name, heading)
            await _judge(sitting, f"{name.lower()}-{scheme}")
        await sitting.page.goto(f"{seat.api.url}/#/person/2")
        await sitting.page.get_by_role("heading", name="Contact 2").wait_for()
        await _judge(sitting, f"person-{scheme}")
        await sitting.page.goto(f"{seat.api.url}/#/campaign/calls/1")
        await sitting.page.get_by_role("heading", name="Passes").wait_for()
        await _judge(sitting, f"campaign-{scheme}")
        assert sitting.said == []


async def _judge(seat: Seat, name: str) -> None:
    """No serious violation of the accessibility rules that axe-core knows; a picture is kept."""
    await seat.shot(name)
    assert await violations(seat.page) == []


async def test_it_is_used_by_keyboard_alone(seat: Seat) -> None:
    page, until = seat.page, time.monotonic() + 20
    while await page.evaluate("document.activeElement.textContent") != "Lists":
        assert time.monotonic() < until
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Lists", level=2).wait_for()
    assert await page.evaluate("document.activeElement.tagName") == "MAIN"
