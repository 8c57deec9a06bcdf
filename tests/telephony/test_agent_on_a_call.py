"""An agent's own page over real calls: who rings is on it within two seconds with what to say, and what the
agent does on it is done at Asterisk and stands in the ledger."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from accounts import ledger, of_kind
from harness import Harness, listening
from harness_records import CallsIn
from people import LIKELY, PERSON
from playwright.async_api import Locator, Page, expect
from secondpass_server import Server, Site, make_site, person, until
from telephony_wire import Ami
from test_decisions import KNOWN, PROMPT
from test_recoveries import RESCUES_CALLERS, an_agent

from strategies.store import Store
from strategies.vocabulary import AgentState

sys.path.append(str(Path(__file__).parents[1] / "browser"))

from browser_page import page_at, shot, violations

QUEUE, ME = "nobody", "PJSIP/agent01"
WITHIN = 2.0  # seconds from what happened at Asterisk to the page
DAY = 86_400
PREVIEWED = RESCUES_CALLERS.replace("campaign: demo", "campaign: shown").replace("[demo]", "[shown]")
PREVIEWED = (
    PREVIEWED[: PREVIEWED.index("    - ")]
    + "    - {name: live, medium: dialer, devices: [mobile], pacing: {method: preview}}\n"
)
_names = count(1)


@pytest.fixture(scope="module")
async def site(harness: Harness) -> Site:
    """Likely customers go to the queue in which the agent works alone; P0 and P1 are in a campaign that
    calls nobody by itself, and so is everybody of the list `shown`, whom an agent sees first."""
    site = make_site(harness, "desk", segments=True, console=True)
    site.change("segments.yaml", "queue: sales", f"queue: {QUEUE}")
    campaigns = {"demo": RESCUES_CALLERS, "shown": PREVIEWED}
    for name, text in campaigns.items():
        to_me = text.replace("agents: collections", f"agents: {QUEUE}")
        (site.config / "campaigns" / f"{name}.yaml").write_text(to_me, encoding="utf-8")
    return site


@pytest.fixture(scope="module")
async def people(site: Site) -> list[dict[str, str]]:
    rows = await site.imports([person(PERSON, **KNOWN, **LIKELY) for _ in range(2)])
    shown = [person(PERSON) for _ in range(2)]
    lines = [f"S{nth},{one['mobile']},{one['zone']}" for nth, one in enumerate(shown)]
    file = site.folder / "shown.csv"
    file.write_text("\n".join(["contact_id,mobile,zone", *lines, ""]), encoding="utf-8")
    await site.does("list", "import", "shown", file)
    return rows


@pytest.fixture(scope="module")
async def store(site: Site, people: list[dict[str, str]]) -> AsyncIterator[Store]:
    """secondpass is up, and the campaign of P0 and P1 runs."""
    with Server(site) as server:
        await server.ready()
        await until(lambda: (f"{site.harness.net}.4", 8080) in listening("tcp"), 30, "the page is served")
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            yield store
        assert await server.stop() == 0


@pytest.fixture
async def page(site: Site, store: Store, ami: Ami) -> AsyncIterator[Page]:
    """The agent works in the queue, before their own page; the browser must have nothing to complain of."""
    made = await site.does("token", "add", f"mira{next(_names)}", "--role", "agent", "--agent", ME, "--json")
    async with an_agent(ami, QUEUE):
        await until(lambda: is_ready(store), 20, "the agent is seen in the queue")
        url = f"http://{site.harness.net}.4:8080/"
        async with page_at(url, json.loads(made)["token"], "ready") as (page, said):
            yield page
            assert said == []


async def is_ready(store: Store) -> bool:
    told = await store.seats()
    mine = [one for one in told.seats if one.interface == ME] if told is not None else []
    return any(QUEUE in one.queues and one.state is AgentState.READY for one in mine)


@asynccontextmanager
async def calling_in(harness: Harness, who: dict[str, str]) -> AsyncIterator[None]:
    """This person calls, is answered by the agent and talks until the agent hangs up."""
    call = asyncio.create_task(asyncio.to_thread(harness.call_in, [who["mobile"]], 1, 20))
    try:
        yield
    finally:
        counted = await call
    assert counted == CallsIn(1, 1, 0)


def card(page: Page, title: str) -> Locator:
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))


async def test_an_agent_takes_a_call_sees_what_to_say_and_notes_what_came_of_it(
    harness: Harness, ami: Ami, page: Page, store: Store, people: list[dict[str, str]]
) -> None:
    before = len(ami.events)
    async with calling_in(harness, people[0]):
        about = card(page, "This call is about")
        await expect(about).to_contain_text(PROMPT, timeout=15_000)
        seen = asyncio.get_running_loop().time()
        connected = await ami.event("AgentConnect", before, Queue=QUEUE)
        assert seen - float(connected["Received"]) < WITHIN
        await expect(about).to_contain_text("grow revenue")
        await expect(about).to_contain_text("term deposit")
        await expect(card(page, "Segment")).to_contain_text("standard → prospect")
        await expect(card(page, "Segment")).to_contain_text("better segment")
        await expect(card(page, "Who")).to_contain_text("P0")
        await expect(card(page, "Who")).to_contain_text("retired")
        await shot(page, "agent_on_a_call")
        assert await violations(page) == []
    await expect(card(page, "The last call was about")).to_contain_text(PROMPT, timeout=10_000)
    await page.get_by_role("group", name="Did you pursue").get_by_label("yes").check()
    await page.get_by_role("group", name="Was it achieved?").get_by_label("yes").check()
    await page.get_by_label("In a word").fill("sold")
    await page.get_by_role("button", name="Note it").click()
    await expect(page.get_by_text("no call")).to_be_visible()
    [noted] = of_kind(await ledger(store), "noted")
    assert noted | {"at": 0, "kind": ""} == {
        "at": 0,
        "kind": "",
        "interaction": connected["Uniqueid"],
        "customer": "P0",
        "objective": "grow_revenue",
        "disposition": "sold",
        "pursued": True,
        "achieved": True,
        "agent": ME,
    }
    assert await store.tallies() == {ME: {"grow_revenue": (1, 1)}}


async def promises(page: Page, moment: float) -> None:
    """The agent promises another call, by themselves, at a moment of the clock on their desk."""
    await page.get_by_label("A call at").fill(time.strftime("%Y-%m-%dT%H:%M", time.localtime(moment)))
    await page.get_by_label("by me").check()
    await page.get_by_role("button", name="Promise it").click()
    await expect(page.get_by_text("they are called at")).to_be_visible()


async def test_a_caller_asks_for_another_call_and_then_for_none(
    harness: Harness, page: Page, store: Store, people: list[dict[str, str]]
) -> None:
    tomorrow = time.time() // 60 * 60 + DAY
    async with calling_in(harness, people[1]):
        await expect(card(page, "Who")).to_contain_text("P1", timeout=15_000)
        await promises(page, tomorrow)
    state = await store.state("demo/1", "P1")
    assert state is not None
    assert state.callback is not None
    assert (state.callback.at, state.callback.agent) == (tomorrow, ME)
    await expect(page.get_by_role("table", name="Calls you promised")).to_contain_text("P1")
    await page.get_by_role("button", name="Never call again").click()
    await expect(page.get_by_text("nobody calls them any more")).to_be_visible()
    await expect(page.get_by_role("table", name="Calls you promised")).to_have_count(0)
    number = people[1]["mobile"]
    assert await store.suppressed([number]) == {number: f"asked {ME} in a call"}


async def test_an_agent_who_pauses_is_paused_at_asterisk_until_they_are_ready(
    harness: Harness, ami: Ami, page: Page
) -> None:
    since = len(ami.events)
    await page.get_by_label("Pause for").select_option("lunch")
    await page.get_by_role("button", name="Pause").click()
    paused = await ami.event("QueueMemberPause", since, Queue=QUEUE, Paused="1")
    await expect(page.get_by_role("heading", level=2)).to_contain_text("paused")
    assert asyncio.get_running_loop().time() - float(paused["Received"]) < WITHIN
    assert (paused["Interface"], paused["PausedReason"]) == (ME, "lunch")
    assert "paused:lunch" in harness.asterisk(f"queue show {QUEUE}")
    await page.get_by_role("button", name="Ready again").click()
    await ami.event("QueueMemberPause", since, Queue=QUEUE, Paused="0")
    await expect(page.get_by_role("heading", level=2)).to_contain_text("ready")
    assert "paused" not in harness.asterisk(f"queue show {QUEUE}")


async def test_an_agent_skips_one_person_has_the_next_called_and_promises_them_another_call(
    site: Site, page: Page, store: Store
) -> None:
    await site.does("campaign", "start", "shown")
    await page.get_by_role("button", name="Skip S0").click(timeout=15_000)
    await page.get_by_role("button", name="Call S1").click(timeout=15_000)
    await expect(card(page, "Who")).to_contain_text("S1", timeout=30_000)
    tomorrow = time.time() // 60 * 60 + DAY
    await promises(page, tomorrow)
    await shot(page, "agent_on_a_preview")

    async def kept() -> bool:
        state = await store.state("shown/1", "S1")
        assert state is not None
        return state.live is None and state.callback is not None

    await until(kept, 30, "the call is over, and another promised")
    lines = [line for line in await ledger(store) if line.get("campaign") == "shown/1"]
    [skipped], [called] = of_kind(lines, "skipped"), of_kind(lines, "attempt_ended")
    [promised] = of_kind(lines, "callback_set")
    assert (skipped["contact"], skipped["reason"], skipped["by"]) == ("S0", "agent_skipped", ME)
    assert (called["contact"], called["result"]) == ("S1", "connected_agent")
    assert (promised["due"], promised["agent"]) == (tomorrow, ME)
    await site.does("campaign", "stop", "shown")
