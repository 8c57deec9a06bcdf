"""`secondpass callback`: a call is promised, shown and called off, and one number has one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from secondpass_command import Secondpass, imported, started

from strategies.store import Store

MARCH = "contact_id,mobile,balance\n1,+12025550101,20\n2,+12025550102,300\n3,+12025550102,5\n"
TOMORROW = (datetime.fromtimestamp(time.time(), ZoneInfo("America/New_York")) + timedelta(days=1)).date()
NOON, THREE, MIDNIGHT = f"{TOMORROW}T12:00", f"{TOMORROW}T15:00", f"{TOMORROW}T23:30"


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    await started(secondpass, opened)
    yield opened
    await opened.close()


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return imported(tmp_path, MARCH)


async def test_a_call_is_promised_shown_and_called_off(secondpass: Secondpass, store: Store) -> None:
    said = secondpass("callback", "add", "1", "--campaign", "calls", "--at", THREE, "--json")
    assert said.code == 0, said.err
    assert said.document["at"].startswith(f"{TOMORROW}T15:00:00-0")
    assert (said.document["number"], said.document["agent"]) == ("+12025550101", "")
    assert [row["contact"] for row in secondpass("callback", "list", "--json").document] == ["1"]
    assert "2" in {contact.id for contact, _ in await store.due("calls/1", time.time(), 10)}
    assert "1" not in {contact.id for contact, _ in await store.due("calls/1", time.time(), 10)}
    assert secondpass("callback", "cancel", "1", "--campaign", "calls/1").code == 0
    assert secondpass("callback", "list", "--json").document == []
    lines = [line for _, line in await store.ledger()]
    assert [line["reason"] for line in lines if line["kind"] == "callback_ended"] == ["cancelled"]


async def test_only_those_who_wait_for_a_moment_of_their_own_are_looked_at(
    secondpass: Secondpass, store: Store
) -> None:
    assert [page async for page in store.promised("calls/1") if page] == []
    assert secondpass("callback", "add", "1", "--campaign", "calls", "--at", THREE).code == 0
    [page] = [page async for page in store.promised("calls/1") if page]
    assert [identity for identity, *_ in page] == ["1"]
    assert secondpass("campaign", "pause", "calls").code == 0
    assert [row["contact"] for row in secondpass("callback", "list", "--json").document] == ["1"]


async def test_one_for_one_agent_names_the_agent(secondpass: Secondpass, store: Store) -> None:
    options = ("--campaign", "calls", "--at", THREE, "--agent", "PJSIP/agent01")
    assert "by PJSIP/agent01 at" in secondpass("callback", "add", "1", *options).out
    assert secondpass("callback", "add", "1", *options[:-1], "agent one").code == 2


async def test_one_number_has_one_however_often_it_is_asked_for(secondpass: Secondpass, store: Store) -> None:
    for contact, moment in (("2", NOON), ("2", THREE), ("3", NOON)):
        assert secondpass("callback", "add", contact, "--campaign", "calls", "--at", moment).code == 0
    rows = secondpass("callback", "list", "--json").document
    assert [(row["contact"], row["at"][11:16]) for row in rows] == [("3", "12:00")]
    ends = [line["reason"] for _, line in await store.ledger() if line["kind"] == "callback_ended"]
    assert ends == ["asked_again", "asked_again"]


@pytest.mark.parametrize(
    ("contact", "moment", "said"),
    [("9", NOON, "no contact"), ("1", MIDNIGHT, "nobody may be called at that hour")],
)
async def test_what_cannot_be_kept_is_refused_with_its_mend(
    secondpass: Secondpass, store: Store, contact: str, moment: str, said: str
) -> None:
    refused = secondpass("callback", "add", contact, "--campaign", "calls", "--at", moment)
    assert refused.code == 1
    assert said in refused.err
