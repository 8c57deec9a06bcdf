"""The HTTP API: who may what, writes once, errors that name the mend, and a document that is kept."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from api_stage import Api, api_of
from live_events import events, until_told
from secondpass_command import ROOT, Secondpass, imported, tell_queues

from strategies.store import Store

PLACES = {"name": "calls", "number": "1", "identity": "1", "list_name": "march", "override_number": "1"}


@pytest.fixture
def command(tmp_path: Path) -> Secondpass:
    return imported(tmp_path)


@pytest.fixture
async def api(command: Secondpass) -> AsyncIterator[Api]:
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


async def begun(api: Api) -> str:
    answer = await api("POST", "/api/campaigns/calls/start", as_="supervisor", json={})
    assert answer.status == 201, answer.text
    return str(answer.document["sub_campaign"])


async def test_a_campaign_is_started_watched_paused_and_stopped(api: Api) -> None:
    assert await begun(api) == "calls/1"
    figures = (await api("GET", "/api/sub-campaigns/calls/1")).document
    assert (figures["state"], figures["contacts"], figures["remaining"]) == ("running", 3, 3)
    for state in ("paused", "running", "stopped"):
        told = await api("PUT", "/api/sub-campaigns/calls/1/state", as_="supervisor", json={"state": state})
        assert told.document == {"sub_campaigns": ["calls/1"]}
        assert (await api("GET", "/api/sub-campaigns/calls/1")).document["state"] == state
    assert (await api("GET", "/api/sub-campaigns")).document == []
    audit = [line async for line in _ledger(api.store)]
    assert [line["by"] for line in audit if line["kind"] == "run_state" and "by" in line] == [
        "supervisor"
    ] * 4


async def _ledger(store: Store) -> AsyncIterator[dict[str, Any]]:
    for _, line in await store.ledger():
        yield line


@pytest.mark.parametrize(
    ("as_", "status"), [(None, 401), ("nobody's", 401), ("agent", 403), ("viewer", 403), ("supervisor", 201)]
)
async def test_a_role_does_what_it_may_and_nothing_else(api: Api, as_: str | None, status: int) -> None:
    answer = await api("POST", "/api/campaigns/calls/start", as_=as_, json={})
    assert answer.status == status
    assert bool(await api.store.open_subs()) == (status == 201)


async def test_every_operation_but_the_open_ones_asks_for_a_token(api: Api) -> None:
    document = (await api("GET", "/api/openapi.json", as_=None)).document
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            filled = path.format_map(PLACES)
            answer = await api(method.upper(), filled, as_=None, json={} if method != "get" else None)
            assert (answer.status in {401, 429}) == (told.get("security") is None), (method, path)


async def test_what_is_answered_is_what_the_document_says(api: Api) -> None:
    await begun(api)
    document = (await api("GET", "/api/openapi.json", as_=None)).document
    asked = 0
    for path, methods in document["paths"].items():
        if "get" in methods and path != "/api/live":
            content = methods["get"]["responses"]["200"]["content"]
            if "application/json" in content:
                words = {"address": "+12025550102"} if path == "/api/do-not-call" else {}
                answer = await api("GET", path.format_map(PLACES), as_="admin", params=words)
                told = methods["get"]["responses"][str(answer.status)]["content"]
                (media,) = told.values()
                jsonschema.validate(
                    answer.document, {**media["schema"], "components": document["components"]}
                )
                asked += answer.status == 200
    assert asked > 12


async def test_the_same_key_again_is_the_same_answer_and_nothing_twice(api: Api) -> None:
    key = {"Idempotency-Key": "press-1"}
    first, second = [
        await api("POST", "/api/campaigns/calls/start", as_="supervisor", json={}, headers=key) for _ in "ab"
    ]
    assert (first.status, first.text) == (second.status, second.text)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert [sub.name for sub in await api.store.open_subs()] == ["calls/1"]
    other = await api(
        "POST", "/api/campaigns/calls/start", as_="supervisor", json={"lists": ["march"]}, headers=key
    )
    assert other.status == 422
    of_somebody_else = await api("POST", "/api/campaigns/calls/start", as_="admin", json={}, headers=key)
    assert of_somebody_else.document["sub_campaign"] == "calls/2"


async def test_what_was_refused_may_be_asked_again_under_its_key(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    path = "/api/sub-campaigns/calls/1/state"
    refused = await api("PUT", path, as_="supervisor", json={"state": "paused"}, headers=key)
    assert refused.status == 404
    await begun(api)
    assert (await api("PUT", path, as_="supervisor", json={"state": "paused"}, headers=key)).status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/campaigns/none/start", {}, 404, "name one of them"),
        ("/api/campaigns/calls/start", {"list": ["march"]}, 422, "list"),
        ("/api/campaigns/calls/start", {"lists": "march"}, 422, "lists"),
        ("/api/campaigns/calls/start", {"from": "soon"}, 422, "2030-01-31T09:00"),
        ("/api/campaigns/calls/start", {"lists": ["april"]}, 409, "april"),
        ("/api/campaigns/..%2Fcalls/start", {}, 404, "openapi"),
        ("/api/nothing", {}, 404, "openapi"),
        ("/api/live", {}, 405, "openapi"),
    ],
)
async def test_what_is_not_done_is_told_with_its_mend(
    api: Api, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = await api("POST", path, as_="supervisor", json=body)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.document["status"] == status
    assert words in answer.text
    assert await api.store.open_subs() == []


async def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    path, json_type = "/api/campaigns/calls/start", {"Content-Type": "application/json"}
    assert (await api("POST", path, as_="admin", data=b"{", headers=json_type)).status == 400
    assert (await api("POST", path, as_="admin", data=b"\xff\xfe", headers=json_type)).status == 400
    assert (await api("POST", path, as_="admin", data=b"[" * 100_000, headers=json_type)).status == 400
    assert (await api("POST", path, as_="admin", data=b"lists=march")).status == 415
    assert (await api("POST", path, as_="admin", data=b'"' * 2_000_000, headers=json_type)).status == 413


async def test_too_many_requests_are_told_when_to_come_again(api: Api) -> None:
    answers = await asyncio.gather(*(api("GET", "/api/halt") for _ in range(120)))
    refused = [one for one in answers if one.status == 429]
    assert refused
    assert all(one.headers["Retry-After"] == "1" for one in refused)
    assert (await api("GET", "/api/halt", as_="admin")).status == 200


async def test_a_token_that_has_ended_or_was_removed_opens_nothing(api: Api, command: Secondpass) -> None:
    made = await asyncio.to_thread(command, "token", "add", "mira", "--role", "admin", "--json")
    token = made.document["token"]
    assert (await api("GET", "/api/halt", as_=token)).status == 200
    assert token not in json.dumps([str(line) for _, line in await api.store.ledger()])
    assert (await asyncio.to_thread(command, "token", "remove", "mira")).code == 0
    assert (await api("GET", "/api/halt", as_=token)).status == 401


async def test_figures_come_live_and_only_when_they_change(api: Api) -> None:
    await begun(api)
    url, headers = f"{api.url}/api/live", {"Authorization": "Bearer viewer"}
    async with asyncio.timeout(10), api.session.get(url, headers=headers) as stream:
        told = events(stream.content)
        seen = {topic: value async for topic, value in until_told(told, "sub:calls/1")}
        assert seen["sub:calls/1"]["state"] == "running"
        await api("PUT", "/api/sub-campaigns/calls/1/state", as_="supervisor", json={"state": "paused"})
        async for topic, value in until_told(told, "sub:calls/1"):
            if topic == "sub:calls/1":
                assert value["state"] == "paused"


async def test_two_hundred_watch_and_all_see_a_change_within_two_seconds(api: Api) -> None:
    await begun(api)
    headers = {"Authorization": "Bearer viewer"}

    async def watch(ready: asyncio.Semaphore) -> float:
        """When the pause was seen."""
        async with api.session.get(f"{api.url}/api/live", headers=headers) as stream:
            told = events(stream.content)
            async for topic, value in told:
                if topic == "sub:calls/1" and value["state"] == "running":
                    ready.release()
                if topic == "sub:calls/1" and value["state"] == "paused":
                    return asyncio.get_running_loop().time()
        raise AssertionError("it was cut off")

    ready = asyncio.Semaphore(0)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        watching = []
        for _ in range(200):  # a token may ask fifty times a second
            watching.append(tasks.create_task(watch(ready)))
            await asyncio.sleep(0.025)
        for _ in range(200):
            await ready.acquire()
        paused = asyncio.get_running_loop().time()
        await api("PUT", "/api/sub-campaigns/calls/1/state", as_="supervisor", json={"state": "paused"})
    assert max(task.result() for task in watching) - paused < 2 + 3  # 3: for a machine that is busy otherwise


async def test_prometheus_reads_what_the_ledger_counts(api: Api) -> None:
    await begun(api)
    text = (await api("GET", "/metrics", as_=None)).text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['secondpass_contacts{sub_campaign="calls/1"}'] == "3.0"
    assert lines['secondpass_running{sub_campaign="calls/1"}'] == "1.0"
    assert lines['secondpass_queue_agents_free{queue="collections"}'] == "2.0"
    assert 0 < float(lines["secondpass_store_look_seconds"]) < 60
    assert (lines["secondpass_bridge_up"], lines["secondpass_halted"]) == ("0.0", "0.0")
    shown = set(re.findall(r"secondpass_\w+", (ROOT / "docs" / "grafana.json").read_text()))
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    told |= {f"{name}_bucket" for name in re.findall(r"^# TYPE (\w+) histogram", text, re.MULTILINE)}
    assert shown <= told, "the example dashboard asks for what is not there"


async def test_the_page_runs_no_script_but_its_own(api: Api) -> None:
    page = await api("GET", "/", as_=None)
    assert page.status == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
