"""What a supervisor does by the API while campaigns run: overrides, lists, do-not-call, and the
audit of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_stage import Api, running_api

SUB = "/api/sub-campaigns/calls/1"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """`calls/1` runs over march, in a zone where it is noon; the list april is attached to nothing."""
    async with running_api(tmp_path) as asked:
        yield asked


async def test_an_override_is_seen_before_it_holds_then_holds_then_ends(api: Api) -> None:
    wish = {"patch": {"live": {"where": "contact.balance > 100"}}, "reason": "few agents today"}
    effect = (await api("POST", f"{SUB}/overrides/preview", as_="supervisor", json=wish)).document
    (change,) = effect["changes"]
    assert (change["pass_name"], change["contacts"]) == ("live", 3)
    assert (await api("GET", f"{SUB}/overrides")).document == []

    set_ = await api("POST", f"{SUB}/overrides", as_="supervisor", json=wish)
    assert (set_.status, set_.document["changes"]) == (201, effect["changes"])
    assert (await api("GET", SUB)).document["overrides"] == ["calls/1.1"]

    ended = await api("DELETE", f"{SUB}/overrides/1", as_="supervisor")
    assert ended.document["state"] == "cancelled"
    (kept,) = (await api("GET", f"{SUB}/overrides")).document
    assert (kept["by"], kept["reason"], kept["state"]) == ("supervisor", "few agents today", "cancelled")
    assert (await api("GET", SUB)).document["overrides"] == []


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"nobody": {"where": "contact.balance > 1"}}, "nobody"),
        ({"live": {"devices": ["fax"]}}, "fax"),
        ({"live": {"where": "contact.balance >"}}, "where"),
        ({"live": {"window": "02:00-03:00"}}, "window"),
    ],
)
async def test_an_override_that_cannot_be_is_refused_with_its_reason(
    api: Api, patch: dict[str, object], words: str
) -> None:
    refused = await api("POST", f"{SUB}/overrides", as_="supervisor", json={"patch": patch})
    assert refused.status == 409
    assert words in refused.text
    assert (await api("GET", f"{SUB}/overrides")).document == []


async def test_lists_come_and_go_while_it_runs(api: Api) -> None:
    assert (await api("GET", "/api/lists")).document == [
        {"name": "april", "contacts": 1},
        {"name": "march", "contacts": 3},
    ]
    attached = await api("PUT", f"{SUB}/lists/april", as_="supervisor", json={"weight": 2})
    assert attached.document == {"sub_campaign": "calls/1", "new": 1, "back": 0}
    paused = await api("PATCH", f"{SUB}/lists/march", as_="supervisor", json={"paused": True})
    assert paused.document == {"sub_campaigns": ["calls/1"]}
    cells = {row["list"]: row for row in (await api("GET", "/api/matrix")).document}
    assert (cells["april"]["state"], cells["april"]["weight"]) == ("attached", 2)
    assert cells["march"]["state"] == "paused"
    assert (await api("DELETE", f"{SUB}/lists/april", as_="supervisor")).status == 200
    cells = {row["list"]: row for row in (await api("GET", "/api/matrix")).document}
    assert cells["april"]["state"] == "detached"
    assert (await api("PATCH", f"{SUB}/lists/march", as_="supervisor", json={})).status == 422


async def uploaded(api: Api, text: str, **words: str) -> dict[str, object]:
    """A list by upload, and what became of it."""
    headers = {"Content-Type": "text/csv"}
    path = "/api/lists/may/imports"
    sent = await api("POST", path, as_="supervisor", data=text, headers=headers, params=words)
    assert sent.status == 202, sent.text
    async with asyncio.timeout(60):
        while True:
            told = (await api("GET", f"/api/imports/{sent.document['id']}", as_="supervisor")).document
            if told["state"] in {"imported", "refused"}:
                return dict(told)
            await asyncio.sleep(0.1)


async def test_a_list_is_uploaded_and_its_rejects_are_told(api: Api) -> None:
    text = "contact_id,mobile,balance\n21,+12025550121,5\n22,12,5\n"
    refused = await uploaded(api, text)
    assert (refused["state"], refused["rejects"]) == ("refused", True)
    assert "may" not in await api.store.lists()

    taken = await uploaded(api, text, partial="true")
    assert (taken["state"], taken["counts"]["imported"]) == ("imported", 1)  # type: ignore[index]
    assert (await api.store.lists())["may"] == 1
    rejects = await api("GET", f"/api/imports/{taken['id']}/rejects", as_="supervisor")
    assert "3,mobile,not a phone number" in rejects.text
    (made,) = [one for one in await api.store.imports() if one.list == "may"]
    assert made.by == "supervisor"
    assert (await api("POST", "/api/lists/may/imports", as_="supervisor", json={})).status == 415


async def test_who_asks_not_to_be_called_is_shown_so_everywhere(api: Api) -> None:
    done = await api(
        "POST",
        "/api/do-not-call",
        as_="supervisor",
        json={"addresses": ["+1 202 555 0102"], "reason": "asked"},
    )
    assert done.document == {"do_not_call": ["+12025550102"]}
    (against,) = (await api("GET", "/api/do-not-call", params={"address": "+12025550102"})).document
    assert (against["by_rule"], against["reason"], against["by"]) == ("everybody", "asked", "supervisor")
    story = (await api("GET", "/api/contacts/2", as_="supervisor")).document
    assert story["do_not_call"] == {"+12025550102": "asked"}
    assert story["campaigns"][0]["sub_campaign"] == "calls/1"
    assert (await api("GET", "/api/contacts/nobody", as_="supervisor")).status == 404


async def test_the_audit_names_who_asked(api: Api) -> None:
    await api("PUT", f"{SUB}/lists/april", as_="admin", json={})
    rows = (await api("GET", "/api/audit", as_="supervisor", params={"who": "admin"})).document
    assert [(row["what"], row["of"]) for row in rows] == [("list_attached", "calls/1")]
    launched = (await api("GET", "/api/audit", as_="supervisor", params={"who": "supervisor"})).document
    assert "launched" in {row["what"] for row in launched}
    assert (await api("GET", "/api/audit", as_="supervisor", params={"since": "soon"})).status == 422


async def test_the_audit_gives_the_newest_lines_where_there_are_more(api: Api) -> None:
    whole = (await api("GET", "/api/audit", as_="supervisor")).document
    newest = await api("GET", "/api/audit", as_="supervisor", params={"limit": "2"})
    assert len(whole) > 2
    assert newest.document == whole[-2:]
    assert (await api("GET", "/api/audit", as_="supervisor", params={"limit": "0"})).status == 422


async def test_an_override_is_kept_for_every_start_to_come(api: Api, tmp_path: Path) -> None:
    wish = {"patch": {"live": {"where": "contact.balance > 100"}}}
    await api("POST", f"{SUB}/overrides", as_="supervisor", json=wish)
    path = f"{SUB}/overrides/1/promote"
    file = tmp_path / "config" / "campaigns" / "calls.yaml"
    assert (await api("POST", path, as_="supervisor")).status == 403
    assert "contact.balance > 100" not in file.read_text()
    told = (await api("POST", path, as_="admin")).document
    assert (told["override"], told["file"]) == ("calls/1.1", "calls.yaml")
    assert "contact.balance > 100" in file.read_text()
    (line,) = (await api("GET", "/api/audit", as_="supervisor", params={"who": "admin"})).document
    assert line["what"] == "override_promoted"


async def test_the_latest_import_of_a_list_is_taken_back(api: Api) -> None:
    path = "/api/lists/april/imports/latest"
    assert (await api("DELETE", path, as_="viewer")).status == 403
    told = (await api("DELETE", path, as_="supervisor")).document
    assert (told["list"], told["contacts"]["removed"]) == ("april", 1)
    assert (await api.store.lists()).get("april", 0) == 0
    assert (await api("DELETE", path, as_="supervisor")).status == 409


async def test_what_was_refused_says_what_stops_the_dialer(api: Api) -> None:
    told = (await api("GET", f"{SUB}/explain")).document
    assert told["contacts"] == 3
    assert any("bridge" in hold for hold in told["holds"])
