"""Agents by the API: the floor, an agent's own desk with the call and what to pursue, the note, previews,
pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_stage import Api, api_of
from secondpass_command import imported, tell_queues

from config.project import load_project
from console import callback
from console.web.access import digest
from strategies.store import Store
from strategies.store.offers import Offer
from strategies.store.seats import Seat
from strategies.store.tokens import Token
from strategies.vocabulary import AgentState

ME, BO = "PJSIP/agent01", "PJSIP/agent02"
SEGMENTS = (Path(__file__).parents[2] / "config" / "examples" / "segments.yaml").read_text()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    command = await asyncio.to_thread(imported, tmp_path)
    (command.config / "segments.yaml").write_text(SEGMENTS)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


async def seated(api: Api, state: AgentState, call: str = "") -> None:
    await api.store.put_seats([Seat(ME, "Mira", ("sales",), state, call)], time.time())


async def decided(api: Api, tmp_path: Path, call: str) -> str:
    """A call of contact 2, moved to a segment with an offer; the objective."""
    catalogue = load_project(tmp_path / "config").segments
    assert catalogue is not None
    objective = next(one for one in catalogue.objectives.values() if one.offer)
    decision = {
        "re_associated": True,
        "first": "standard",
        "second": "likely_buyer",
        "objective": objective.name,
        "reason": "better",
    }
    about = {"customer": "2", "decision": decision, "scope": None, "expected_version": 0}
    assert await api.store.reassociate(interaction=call, now=time.time(), **about)  # type: ignore[arg-type]
    return objective.name


async def test_the_desk_shows_the_call_the_person_and_what_to_pursue(api: Api, tmp_path: Path) -> None:
    objective = await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.5")
    desk = (await api("GET", "/api/desk", as_="agent")).document
    assert (desk["name"], desk["state"]) == ("Mira", "busy")
    call = desk["call"]
    assert (call["first"], call["second"], call["objective"]) == ("standard", "likely_buyer", objective)
    assert call["contact"] == {"id": "2", "balance": "300"}
    assert call["offer"]
    assert (await api("GET", "/api/desk", as_="viewer")).status == 403
    (row,) = (await api("GET", "/api/agents")).document
    assert (row["agent"], row["state"], row["call"]) == (ME, "busy", "1772.5")


async def test_whom_decisions_moved_and_what_agents_made_of_it(api: Api, tmp_path: Path) -> None:
    objective = await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.5")
    await api("POST", "/api/desk/notes", as_="agent", json={"call": "1772.5", "achieved": True})
    told = (await api("GET", "/api/segments")).document
    assert told["moves"] == [{"first": "standard", "second": "likely_buyer", "decisions": 1}]
    (row,) = told["objectives"]
    assert (row["objective"], row["calls"], row["achieved"], row["hit_rate"]) == (objective, 1, 1, 1.0)
    (one,) = (await api("GET", "/api/decisions", params={"limit": "5"})).document
    assert (one["customer"], one["reason"], one["decision"]["objective"]) == ("2", "better", objective)
    assert (await api("GET", "/api/decisions", params={"limit": "0"})).status == 422


async def test_the_first_note_of_a_call_counts(api: Api, tmp_path: Path) -> None:
    objective = await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.5")
    note = {"call": "1772.5", "achieved": True, "disposition": "sold"}
    first = await api("POST", "/api/desk/notes", as_="agent", json=note)
    second = await api("POST", "/api/desk/notes", as_="agent", json={**note, "achieved": False})
    assert (first.document, second.document) == ({"counts": True}, {"counts": False})
    assert await api.store.tallies() == {ME: {objective: (1, 1)}}
    assert (await api("POST", "/api/desk/notes", as_="agent", json={"call": "1772.5"})).status == 422


async def test_an_agent_tells_of_the_call_they_have_and_the_one_before_and_of_no_other(
    api: Api, tmp_path: Path
) -> None:
    objective = await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.4")
    note = {"call": "1772.5", "achieved": True}
    refused = await api("POST", "/api/desk/notes", as_="agent", json=note)
    assert (refused.status, await api.store.tallies()) == (409, {})
    await seated(api, AgentState.BUSY, "1772.5")
    await seated(api, AgentState.AFTER_CALL)
    await seated(api, AgentState.AFTER_CALL)
    assert (await api("POST", "/api/desk/notes", as_="agent", json=note)).document == {"counts": True}
    assert await api.store.tallies() == {ME: {objective: (1, 1)}}


async def test_whoever_asks_an_agent_for_no_more_calls_gets_none(api: Api, tmp_path: Path) -> None:
    await decided(api, tmp_path, "1772.5")
    asked = {"call": "1772.5"}
    refused = await api("POST", "/api/desk/do-not-call", as_="agent", json=asked)
    assert (refused.status, await api.store.suppressed(["+12025550102"])) == (409, {})
    await seated(api, AgentState.BUSY, "1772.5")
    done = await api("POST", "/api/desk/do-not-call", as_="agent", json=asked)
    assert (done.status, done.document) == (201, {"addresses": 1})
    assert await api.store.suppressed(["+12025550102"]) == {"+12025550102": f"asked {ME} in a call"}
    assert (await api("POST", "/api/desk/do-not-call", as_="supervisor", json=asked)).status == 403


async def test_an_agent_asks_for_a_pause_and_the_bridge_hears_it(api: Api) -> None:
    sent = await api("PUT", "/api/desk/pause", as_="agent", json={"paused": True, "reason": "lunch"})
    assert sent.status == 204
    ((_, wish),) = await api.store.wishes("0-0", 10)
    assert (wish.interface, wish.paused, wish.reason) == (ME, True, "lunch")
    hostile = {"paused": True, "reason": "lunch\r\nAction: Originate"}
    assert (await api("PUT", "/api/desk/pause", as_="agent", json=hostile)).status == 422


async def begun(api: Api) -> None:
    started = await api("POST", "/api/campaigns/calls/start", as_="supervisor", json={})
    assert started.status == 201, started.text


async def test_a_call_is_promised_and_called_off(api: Api) -> None:
    await begun(api)
    wish = {"campaign": "calls", "contact": "2", "at": "2099-03-02T15:00", "agent": ME}
    made = await api("POST", "/api/callbacks", as_="supervisor", json=wish)
    assert made.status == 201, made.text
    (shown,) = (await api("GET", "/api/callbacks")).document
    assert shown == made.document
    assert (shown["contact"], shown["agent"], shown["by"]) == ("2", ME, "supervisor")
    assert (await api("POST", "/api/callbacks", as_="supervisor", json={**wish, "at": "soon"})).status == 422
    assert (await api("POST", "/api/callbacks", as_="agent", json=wish)).status == 403
    path = "/api/callbacks/calls/1/2"
    assert (await api("DELETE", path, as_="agent")).status == 403
    assert (await api("DELETE", path, as_="supervisor")).status == 204
    assert (await api("GET", "/api/callbacks")).document == []


async def test_an_agent_promises_the_person_of_their_own_call_another(api: Api, tmp_path: Path) -> None:
    await begun(api)
    await decided(api, tmp_path, "1772.5")
    wish = {"call": "1772.5", "at": "2099-03-02T15:00", "mine": True}
    refused = await api("POST", "/api/desk/callbacks", as_="agent", json=wish)
    assert (refused.status, "no call of" in refused.text) == (409, True)
    await seated(api, AgentState.BUSY, "1772.5")
    made = await api("POST", "/api/desk/callbacks", as_="agent", json=wish)
    assert made.status == 201, made.text
    told = {name: made.document[name] for name in ("sub_campaign", "contact", "agent", "by")}
    assert told == {"sub_campaign": "calls/1", "contact": "2", "agent": ME, "by": "agent"}
    assert (await api("GET", "/api/desk/callbacks", as_="agent")).document == [made.document]
    soon = await api("POST", "/api/desk/callbacks", as_="agent", json={**wish, "at": "soon"})
    assert (soon.status, "2030-01-31T15:00" in soon.text) == (422, True)
    never = await api("POST", "/api/desk/do-not-call", as_="agent", json={"call": "1772.5"})
    assert never.status == 201, never.text
    assert (await api("GET", "/api/desk/callbacks", as_="agent")).document == []


async def test_whoever_is_in_no_campaign_that_runs_is_promised_nothing(api: Api, tmp_path: Path) -> None:
    await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.5")
    wish = {"call": "1772.5", "at": "2099-03-02T15:00"}
    refused = await api("POST", "/api/desk/callbacks", as_="agent", json=wish)
    assert (refused.status, "no sub-campaign that is open" in refused.text) == (409, True)


async def another_agent(api: Api, queues: tuple[str, ...]) -> None:
    """Bo, whose token is `bo`, beside Mira of the sales."""
    await api.store.add_token(digest("bo"), Token("bo", "agent", time.time(), None, BO))
    seats = [Seat(ME, "Mira", ("sales",), AgentState.READY), Seat(BO, "Bo", queues, AgentState.READY)]
    await api.store.put_seats(seats, time.time())


def offer(contact: str, queue: str) -> Offer:
    now = time.time()
    return Offer("calls/1", contact, "live", f"+1202555010{contact}", now, now + 60, queue)


async def seen(api: Api, who: str) -> list[str]:
    told = await api("GET", "/api/offers", as_=who)
    assert told.status == 200, told.text
    return [one["contact"] for one in told.document]


def said(contact: str, *, accepted: bool) -> dict[str, object]:
    return {"sub_campaign": "calls/1", "contact": contact, "accepted": accepted}


async def test_an_agent_sees_who_is_offered_to_their_own_queues_only(api: Api) -> None:
    await another_agent(api, ("service", "retention"))
    await api.store.offer([offer("1", "sales"), offer("2", "service"), offer("3", "nobody")])
    assert (await seen(api, "agent"), await seen(api, "bo")) == (["1"], ["2"])
    assert await seen(api, "viewer") == ["1", "2", "3"]
    for contact in ("2", "3"):
        strange = await api("POST", "/api/offers/answers", as_="agent", json=said(contact, accepted=True))
        assert (strange.status, "is not offered" in strange.text) == (409, True)
    assert [one for _, one in await api.store.offers()] == [None, None, None]


async def test_whom_one_agent_accepts_no_other_sees_any_more(api: Api) -> None:
    await another_agent(api, ("sales",))
    await api.store.offer([offer("1", "sales"), offer("2", "sales")])
    assert (await api("POST", "/api/offers/answers", as_="bo", json=said("1", accepted=True))).status == 204
    assert (await seen(api, "agent"), await seen(api, "bo")) == (["2"], ["1", "2"])
    late = await api("POST", "/api/offers/answers", as_="agent", json=said("1", accepted=True))
    assert (late.status, f"{BO} was first and accepted" in late.text) == (409, True)
    assert (await api("POST", "/api/offers/answers", as_="bo", json=said("2", accepted=False))).status == 204
    assert (await seen(api, "agent"), await seen(api, "bo"), await seen(api, "viewer")) == ([], ["1"], ["1"])


async def test_an_agent_is_told_only_of_the_promises_that_are_theirs(api: Api) -> None:
    await begun(api)
    await another_agent(api, ("sales",))
    for contact, whose in (("1", BO), ("2", ME), ("3", "")):
        wish = {"campaign": "calls", "contact": contact, "at": "2099-03-02T15:00", "agent": whose}
        made = await api("POST", "/api/callbacks", as_="supervisor", json=wish)
        assert made.status == 201, made.text
    for who, theirs in (("agent", ["2"]), ("bo", ["1"])):
        told = (await api("GET", "/api/desk/callbacks", as_=who)).document
        assert [one["contact"] for one in told] == theirs
        assert (await api("GET", "/api/callbacks", as_=who)).status == 403


async def test_the_promises_are_read_once_for_all_desks_and_anew_once_one_is_made(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(api)
    await another_agent(api, ("sales",))
    read, looks = callback.promised, list[float]()

    async def counted(store: Store, name: str | None) -> list[dict[str, object]]:
        looks.append(time.time())
        return await read(store, name)

    monkeypatch.setattr(callback, "promised", counted)
    asked = (api("GET", "/api/desk/callbacks", as_=who) for who in ("agent", "bo", "agent", "bo"))
    assert [one.document for one in await asyncio.gather(*asked)] == [[], [], [], []]
    assert len(looks) == 1
    await decided(api, tmp_path, "1772.5")
    await seated(api, AgentState.BUSY, "1772.5")
    wish = {"call": "1772.5", "at": "2099-03-02T15:00"}
    made = await api("POST", "/api/desk/callbacks", as_="agent", json=wish)
    assert made.status == 201, made.text
    assert (await api("GET", "/api/desk/callbacks", as_="agent")).document == [made.document]
    assert len(looks) == 2


async def test_whose_token_it_is(api: Api) -> None:
    assert (await api("GET", "/api/me", as_="agent")).document == {
        "name": "agent",
        "role": "agent",
        "agent": ME,
    }
    assert (await api("GET", "/api/me", as_="viewer")).document["agent"] == ""


async def test_the_desk_says_whether_the_bridge_still_tells_of_it(api: Api) -> None:
    await seated(api, AgentState.READY)
    assert (await api("GET", "/api/desk", as_="agent")).document["known"] is True
    await api.store.put_seats([Seat(ME, "Mira", ("sales",), AgentState.READY)], time.time() - 60)
    told = (await api("GET", "/api/desk", as_="agent")).document
    assert (told["state"], told["known"]) == ("ready", False)


async def test_without_a_bridge_nobody_knows_what_agents_are_at(api: Api) -> None:
    answer = await api("GET", "/api/agents")
    assert (answer.status, "bridge" in answer.text) == (409, True)
    assert (await api("GET", "/api/desk", as_="agent")).document["state"] == "gone"
