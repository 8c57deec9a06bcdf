"""An agent's own page in a real browser: the call comes up, the prompt is seen, what came of it is noted."""

from __future__ import annotations

import time

from browser_page import violations
from page_seat import Api, seated
from playwright.async_api import expect

from strategies.store.offers import Offer
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState

ME = "PJSIP/agent01"


async def sits(api: Api, state: AgentState, call: str = "") -> None:
    """What the bridge tells of the agent."""
    await api.store.put_seats([Seat(ME, "Mira", ("sales",), state, call)], time.time())


async def decided(api: Api, call: str = "1772.5", customer: str = "2", **more: object) -> None:
    """A contact calls in, and is moved to the buyers."""
    moved = {"re_associated": True, "first": "standard", "second": "buyers", "objective": "sell_gold"}
    about = {"customer": customer, "decision": moved | more, "scope": None, "expected_version": 0}
    assert await api.store.reassociate(interaction=call, now=time.time(), **about)  # type: ignore[arg-type]


async def test_an_agent_takes_a_call_sees_what_to_pursue_and_notes_what_came_of_it(api: Api) -> None:
    await decided(api)
    await sits(api, AgentState.READY)
    async with seated(api, "agent", heading="Mira ready") as seat:
        page = seat.page
        await expect(page.get_by_text("no call")).to_be_visible()
        await sits(api, AgentState.BUSY, "1772.5")
        await expect(page.get_by_text("sell gold")).to_be_visible()
        await expect(page.get_by_text("standard → buyers")).to_be_visible()
        await expect(page.get_by_text("300")).to_be_visible()
        await seat.shot("agent")
        assert await violations(page) == []
        await sits(api, AgentState.AFTER_CALL)
        await expect(page.get_by_text("The last call was about")).to_be_visible()
        await page.get_by_role("group", name="Was it achieved?").get_by_label("yes").check()
        await page.get_by_role("button", name="Note it").click()
        await expect(page.get_by_text("no call")).to_be_visible()
        assert await api.store.tallies() == {ME: {"sell_gold": (1, 1)}}
        assert seat.said == []


async def test_what_came_of_a_call_is_asked_for_though_the_next_one_has_come(api: Api) -> None:
    await decided(api)
    await decided(api, call="1772.6", customer="3")
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "agent", heading="Mira busy") as seat:
        page = seat.page
        now, before = page.get_by_text("What came of it?"), page.get_by_text("the call before, with 2?")
        await expect(now).to_be_visible()
        await sits(api, AgentState.BUSY, "1772.6")
        card = page.locator("section").filter(has=before)
        await card.get_by_role("group", name="Was it achieved?").get_by_label("no").check()
        await seat.shot("agent_two_calls")
        assert await violations(page) == []
        await card.get_by_role("button", name="Note it").click()
        await expect(before).to_have_count(0)
        await expect(now).to_be_visible()
        [noted] = [line for _, line in await api.store.ledger() if line["kind"] == "noted"]
        assert (noted["interaction"], noted["achieved"]) == ("1772.5", False)
        assert seat.said == []


async def test_a_caller_who_asks_for_it_is_never_called_again(api: Api) -> None:
    await decided(api)
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "agent", heading="Mira busy") as seat:
        await seat.page.get_by_role("button", name="Never call again").click()
        await expect(seat.page.get_by_text("nobody calls them any more")).to_be_visible()
        assert await api.store.suppressed(["+12025550102"]) == {"+12025550102": f"asked {ME} in a call"}
        assert seat.said == []


async def test_a_caller_who_asks_for_it_is_called_again_by_this_agent(api: Api) -> None:
    await decided(api)
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "agent", heading="Mira busy") as seat:
        page = seat.page
        await page.get_by_label("A call at").fill("2099-03-02T15:00")
        await page.get_by_label("by me").check()
        await page.get_by_role("button", name="Promise it").click()
        await expect(page.get_by_text("they are called at Mar 2, 2099")).to_be_visible()
        row = page.get_by_role("table", name="Calls you promised").get_by_role("row").nth(1)
        await expect(row).to_contain_text("+12025550102")
        await expect(row).to_contain_text(ME)
        state = await api.store.state("calls/1", "2")
        assert state is not None
        assert state.callback is not None
        assert (state.callback.agent, state.callback.by) == (ME, "agent")
        assert await page.evaluate("new Date('2099-03-02T15:00').getTime() / 1000") == state.callback.at
        await seat.shot("agent_promises")
        assert seat.said == []


async def test_an_agent_whose_token_was_taken_back_is_asked_for_one(api: Api) -> None:
    await sits(api, AgentState.READY)
    async with seated(api, "agent", heading="Mira ready") as seat:
        assert await api.store.remove_token("agent")
        await expect(seat.page.get_by_label("Token")).to_be_visible()
        await expect(seat.page.get_by_role("alert")).to_contain_text("does not hold")


async def test_a_supervisor_sees_the_floor_and_why_a_call_was_handled_so(api: Api) -> None:
    await decided(
        api,
        applied=True,
        reason="better",
        predictions={"accepts_offer": {"probability": 0.42, "reason": ""}},
        expected_values={"accepts_offer": 12.5},
    )
    await sits(api, AgentState.BUSY, "1772.5")
    async with seated(api, "supervisor") as seat:
        await seat.view("Agents", "Agents")
        await expect(seat.page.get_by_role("table")).to_contain_text("Mira")
        await seat.shot("agents")
        await seat.view("Segments", "Segments")
        moves = seat.page.get_by_role("table", name="From the first segment")
        await expect(moves.get_by_role("row", name="standard 1 100.0 %")).to_be_visible()
        await seat.page.get_by_role("button", name="Explain").click()
        await expect(seat.page.get_by_text("42.0 %")).to_be_visible()
        await seat.shot("segments")
        assert seat.said == []


def offer(contact: str, queue: str) -> Offer:
    now = time.time()
    return Offer("calls/1", contact, "live", f"+1202555010{contact}", now, now + 60, queue)


async def test_an_agent_pauses_with_a_reason(api: Api) -> None:
    await sits(api, AgentState.READY)
    async with seated(api, "agent", heading="Mira ready") as seat:
        await seat.page.get_by_label("Pause for").select_option("lunch")
        await seat.page.get_by_role("button", name="Pause").click()
        await sits(api, AgentState.PAUSED)
        await expect(seat.page.get_by_role("button", name="Ready again")).to_be_visible()
        assert seat.said == []
    ((_, wish),) = await api.store.wishes("0-0", 10)
    assert (wish.interface, wish.paused, wish.reason) == (ME, True, "lunch")


async def test_an_agent_accepts_one_preview_and_skips_another_and_sees_none_of_other_queues(api: Api) -> None:
    await sits(api, AgentState.READY)
    await api.store.offer([offer("1", "sales"), offer("2", "sales"), offer("3", "service")])
    async with seated(api, "agent", heading="Mira ready") as seat:
        offers = seat.page.get_by_role("table", name="People to call next")
        await expect(offers.get_by_role("row")).to_have_count(3)
        await expect(offers).not_to_contain_text("+12025550103")
        await offers.get_by_role("button", name="Call 2").click()
        await expect(offers).to_contain_text("you are called next")
        await offers.get_by_role("button", name="Skip 1").click()
        await expect(offers.get_by_role("row")).to_have_count(2)
        assert seat.said == []
    answers = {
        one.contact: answer and (answer.agent, answer.accepted) for one, answer in await api.store.offers()
    }
    assert answers == {"1": (ME, False), "2": (ME, True), "3": None}


async def test_an_agent_sees_that_nobody_tells_what_they_are_at(api: Api) -> None:
    await api.store.put_seats([Seat(ME, "Mira", ("sales",), AgentState.READY)], time.time() - 60)
    async with seated(api, "agent", heading="Mira ready") as seat:
        await expect(seat.page.get_by_role("alert")).to_contain_text("not linked to Asterisk")
        await sits(api, AgentState.READY)
        await expect(seat.page.get_by_role("alert")).to_have_count(0)
