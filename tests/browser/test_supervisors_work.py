"""A supervisor's work at the page: an override's effect, its end, and its cancelling; a contact's story; the
audit; why nobody is called; all of it by keyboard."""

from __future__ import annotations

import time

import pytest
from browser_page import violations
from page_seat import Seat
from playwright.async_api import expect
from secondpass_command import where_it_is_noon

from strategies.contacts import Contact, Device

BALANCES = {"1": "20", "2": "300", "3": "5"}


@pytest.fixture(autouse=True)
async def daylight(seat: Seat) -> None:
    """Nobody of the list is asleep."""
    zone = where_it_is_noon()
    people = [
        Contact(one, (Device("mobile", f"+1202555010{one}"),), zone, attributes={"balance": balance})
        for one, balance in BALANCES.items()
    ]
    await seat.api.store.import_contacts("march", people)


async def test_an_override_tells_whom_it_would_concern_before_it_is_applied(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_label("becomes").fill("contact.balance > 100")
    await page.get_by_role("button", name="See the effect").click()
    await expect(
        page.get_by_role("heading", name="1 of 3 contacts would have another next step")
    ).to_be_visible()
    changes = page.get_by_role("table", name="Next steps that would change")
    await expect(changes).to_contain_text("is the next for live, on mobile")
    await seat.shot("override-effect")
    assert await violations(page) == []


async def test_whoever_calls_is_found_by_their_number(seat: Seat) -> None:
    page = seat.page
    await seat.view("Contact", "One contact's story")
    await page.get_by_label("Contact", exact=True).fill("+1 202 555 0102")
    await page.get_by_role("button", name="Look").click()
    await expect(page.get_by_role("heading", name="Contact 2")).to_be_visible()


async def test_an_override_ends_when_it_was_told_to(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_label("becomes").fill("contact.balance > 100")
    await page.get_by_label("until").fill("23:30")
    await page.get_by_role("button", name="See the effect").click()
    await page.get_by_role("button", name="Apply").click()
    row = page.get_by_role("table", name="Overrides").get_by_role("row").filter(has_text="calls/1.1")
    await expect(row).to_contain_text(" 23:30:00 ")
    await expect(row).to_contain_text("live where: contact.balance > 100")


async def test_a_contacts_story_and_the_audit_are_found_by_keyboard(seat: Seat) -> None:
    page = seat.page
    await _tab_to(seat, "Contact")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="One contact's story").wait_for()
    await page.get_by_label("Contact", exact=True).focus()
    await page.keyboard.type("2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Contact 2")).to_be_visible()
    await expect(page.get_by_role("heading", name="calls/1, running")).to_be_visible()
    await _tab_to(seat, "Audit")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("table", name="Who changed what")).to_contain_text("launched")


async def _tab_to(seat: Seat, name: str) -> None:
    until = time.monotonic() + 20
    while await seat.page.evaluate("document.activeElement.textContent") != name:
        assert time.monotonic() < until
        await seat.page.keyboard.press("Tab")


async def test_a_filter_for_the_whole_campaign_may_be_set_for_later_and_cancelled(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_role("combobox", name="Pass").select_option("campaign")
    await expect(page.get_by_role("combobox", name="What")).to_have_value("filter")
    await page.get_by_label("becomes").fill("contact.balance > 100")
    await page.get_by_label("from").fill("23:15")
    await page.get_by_label("until").fill("23:30")
    await page.get_by_role("button", name="See the effect").click()
    await page.get_by_role("button", name="Apply").click()
    row = page.get_by_role("table", name="Overrides").get_by_role("row").filter(has_text="calls/1.1")
    await expect(row).to_contain_text("campaign filter: contact.balance > 100")
    await expect(row).to_contain_text("to_come")
    await row.get_by_role("button", name="Cancel it").click()
    await expect(row).to_contain_text("cancelled")


@pytest.mark.parametrize(
    ("what", "typed", "shown"),
    [
        ("window", "09:00-10:00", 'live window: {"from":"09:00","to":"10:00"}'),
        ("window", "09:00 - 20:00 mon, tue", '"days":["mon","tue"]'),
        ("retry", '{"busy": {"after": ["5m"], "then": "next_device"}}', '"then":"next_device"'),
        ("devices", "work, mobile", 'live devices: ["work","mobile"]'),
    ],
)
async def test_each_thing_is_overridden_as_it_is_written(
    seat: Seat, what: str, typed: str, shown: str
) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_role("combobox", name="What").select_option(what)
    await page.get_by_label("becomes").fill(typed)
    await page.get_by_role("button", name="See the effect").click()
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("table", name="Overrides")).to_contain_text(shown)


async def test_a_window_that_cannot_be_read_says_how_it_is_written(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_role("combobox", name="What").select_option("window")
    await page.get_by_label("becomes").fill("mornings")
    await page.get_by_role("button", name="See the effect").click()
    await expect(page.get_by_role("alert")).to_contain_text("the window is written as 09:00-20:00")


async def test_the_only_pass_is_not_taken_out(seat: Seat) -> None:
    page = seat.page
    await page.get_by_role("link", name="calls/1").click()
    await page.get_by_role("combobox", name="What").select_option("taken out")
    assert await page.get_by_label("becomes").count() == 0
    await page.get_by_role("button", name="See the effect").click()
    await expect(page.get_by_role("alert")).to_contain_text("no pass is left")
    seat.said.clear()  # the browser tells of the 409
