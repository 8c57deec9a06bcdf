"""An agent's own page in a real browser: the call comes up, the prompt is seen, what came of it is noted."""

from __future__ import annotations

import time

from axe_playwright_python.async_playwright import Axe
from conftest import Api, seated
from playwright.async_api import expect

from strategies.store.offers import Offer
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState

ME = "PJSIP/agent01"


async def sits(api: Api, state: AgentState, call: str = "") -> None:
    """What the bridge tells of the agent."""
    await api.store.put_seats([Seat(ME, "Mira", ("sales",), state, call)], time.time())


async def test_an_agent_takes_a_call_sees_what_to_pursue_and_notes_what_came_of_it(api: Api) -> None:
    decision = {"re_associated": True, "first": "standard", "second": "buyers", "objective": "sell_gold"}
    await api.store.reassociate(
        interaction="1772.5", customer="2", decision=decision, scope=None, expected_version=0, now=time.time()
    )
    await sits(api, AgentState.READY)
    async with seated(api, "agent", heading="Mira ready") as seat:
        page = seat.page
        await expect(page.get_by_text("no call")).to_be_visible()
        await sits(api, AgentState.BUSY, "1772.5")
        await expect(page.get_by_text("sell gold")).to_be_visible(timeout=3000)
        await expect(page.get_by_text("standard → buyers")).to_be_visible()
        await expect(page.get_by_text("300")).to_be_visible()
        await seat.shot("agent")
        found = await Axe().run(page)
        assert [v["id"] for v in found.response["violations"] if v["impact"] in {"serious", "critical"}] == []
        await sits(api, AgentState.AFTER_CALL)
        await expect(page.get_by_text("The last call was about")).to_be_visible(timeout=3000)
        await page.get_by_role("group", name="Was it achieved?").get_by_label("yes").check()
        await page.get_by_role("button", name="Note it").click()
        await expect(page.get_by_text("no call")).to_be_visible()
        assert await api.store.tallies() == {ME: {"sell_gold": (1, 1)}}
        assert [line for line in seat.said if "403" not in line] == []


async def test_a_caller_who_asks_for_it_is_called_again_or_never(api: Api) -> None:
    decision = {"re_associated": True, "first": "standard", "second": "buyers", "objective": "sell_gold"}
    await api.store.reassociate(
        interaction="1772.5", customer="2", decision=decision, scope=None, expected_version=0, now=time.time()
    )
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "agent", heading="Mira busy") as seat:
        await seat.page.get_by_role("button", name="Never call again").click()
        await expect(seat.page.get_by_text("nobody calls them any more")).to_be_visible()
        assert await api.store.suppressed(["+12025550102"]) == {"+12025550102": f"asked {ME} in a call"}


async def test_an_agent_whose_token_was_taken_back_is_asked_for_one(api: Api) -> None:
    await sits(api, AgentState.READY)
    async with seated(api, "agent", heading="Mira ready") as seat:
        assert await api.store.remove_token("agent")
        await expect(seat.page.get_by_label("Token")).to_be_visible(timeout=5000)
        await expect(seat.page.get_by_role("alert")).to_contain_text("does not hold")


async def test_a_supervisor_sees_the_floor_and_why_a_call_was_handled_so(api: Api) -> None:
    decision = {
        "re_associated": True,
        "applied": True,
        "first": "standard",
        "second": "buyers",
        "objective": "sell_gold",
        "reason": "better",
        "predictions": {"accepts_offer": {"probability": 0.42, "reason": ""}},
        "expected_values": {"accepts_offer": 12.5},
    }
    await api.store.reassociate(
        interaction="1772.5", customer="2", decision=decision, scope=None, expected_version=0, now=time.time()
    )
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "supervisor") as seat:
        await seat.view("Agents", "Agents")
        await expect(seat.page.get_by_role("table")).to_contain_text("Mira")
        await seat.shot("agents")
        await seat.view("Segments", "Segments")
        row = seat.page.get_by_role("table", name="From the first segment").get_by_role("row").nth(2)
        await expect(row).to_have_text("standard10")
        await seat.page.get_by_role("button", name="Explain").click()
        await expect(seat.page.get_by_text("42.0 %")).to_be_visible()
        await seat.shot("segments")
        assert seat.said == []


async def test_an_agent_pauses_with_a_reason_and_accepts_a_preview(api: Api) -> None:
    await sits(api, AgentState.READY)
    await api.store.offer([Offer("calls/1", "2", "live", "+12025550102", time.time(), time.time() + 60)])
    async with seated(api, "agent", heading="Mira ready") as seat:
        page = seat.page
        await page.get_by_label("Pause for").select_option("lunch")
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_role("button", name="Call 2").click()
        await expect(page.get_by_text(f"taken by {ME}")).to_be_visible()
    ((_, wish),) = await api.store.wishes("0-0", 10)
    assert (wish.interface, wish.paused, wish.reason) == (ME, True, "lunch")
    ((_, answer),) = await api.store.offers()
    assert answer is not None
    assert (answer.agent, answer.accepted) == (ME, True)
