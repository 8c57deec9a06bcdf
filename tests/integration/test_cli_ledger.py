"""`secondpass explain`, `audit`, `ledger` and `person` over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import secondpass_command
from secondpass_command import Secondpass, imported

from console.audit import me
from console.ledger_archive import archive
from console.ledger_files import Archive
from strategies.store import Store


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return imported(tmp_path)


@pytest.fixture
async def started(secondpass: Secondpass, store: Store) -> Secondpass:
    """The command, with calls/1 running."""
    return await secondpass_command.started(secondpass, store)


async def test_explain_counts_a_reason_for_each_contact_and_tells_what_holds_all(started: Secondpass) -> None:
    (told,) = started("explain", "calls", "--json").document
    assert told["contacts"] == 3
    assert sum(row["contacts"] for row in told["reasons"]) + sum(told["done"].values()) == 3
    assert any("secondpass up" in hold for hold in told["holds"])
    assert started("campaign", "pause", "calls/1").code == 0
    said = started("explain", "calls/1")
    assert "nobody is called: it is paused: secondpass campaign resume calls/1" in said.out
    assert "not_running" in said.out


async def test_explain_tells_one_contacts_story_and_next_step(started: Secondpass) -> None:
    told = started("explain", "contact", "2", "--json").document
    assert told["contact"]["devices"] == {"mobile": "+12025550102"}
    assert told["lists"] == ["march"]
    assert [one["sub_campaign"] for one in told["campaigns"]] == ["calls/1"]
    assert told["campaigns"][0]["next"]["reason"]
    assert "Contact 2" in started("explain", "calls/1", "2").out
    unknown = started("explain", "contact", "99")
    assert unknown.code == 1
    assert "nothing is known" in unknown.err
    assert started("explain", "contact").code == 2


async def test_the_audit_tells_who_did_what(started: Secondpass) -> None:
    assert started("campaign", "pause", "calls/1").code == 0
    assert started("do-not-call", "add", "+12025550101", "--reason", "asked").code == 0
    assert started("campaign", "halt").code == 0
    assert started("campaign", "unhalt").code == 0
    rows = started("audit", "--json").document
    told = {(row["what"], row["new"]) for row in rows}
    assert ("run_state", "paused") in told
    assert [row["what"] for row in rows if "halted" in row["what"]] == ["halted", "unhalted"]
    (launched,) = (row for row in rows if row["what"] == "launched")
    assert (launched["of"], launched["by"]) == ("calls/1", me())
    first = next(row for row in rows if row["what"] == "run_state")
    assert (first["new"], first["by"]) == ("running", me())
    assert ("list_imported", "3 contacts") in told
    assert any(row["what"] == "do_not_call" and row["of"] == "+12025550101" for row in rows)
    assert started("audit", "--who", "somebody else", "--json").document == []
    assert started("audit", "--until", "2001-01-01", "--json").document == []
    assert started("audit", "--since", "yesterday").code == 2


async def test_results_are_recounted_from_files_and_stream(started: Secondpass, store: Store) -> None:
    files = Archive(started.data_dir / "ledger" / "main")
    now = await store.server_time()
    moved = await archive(store, files, retention=1e9, before=now + 1)
    assert moved.lines > 0
    assert started("campaign", "pause", "calls/1").code == 0
    told = started("results", "calls", "--recount", "--json").document
    assert told["equal"] is True
    (figures,) = started("results", "calls", "--json").document
    assert (figures["total"], figures["eligible"], figures["attempted"]) == (3, 3, 0)
    assert figures["passes"]["live"]["remaining"] == 3
    assert figures["list_figures"]["march"]["contacts"] == 3
    assert "Passes" in started("results", "calls", "--once").out


async def test_an_archive_of_today_moves_nothing(started: Secondpass, store: Store) -> None:
    before = await store.ledger()
    assert started("ledger", "archive", "--json").document == {"days": [], "lines": 0, "removed": []}
    assert await store.ledger() == before


async def test_a_person_is_erased_by_number(started: Secondpass, store: Store) -> None:
    said = started("person", "erase", "--number", "+12025550102")
    assert said.code == 0, said.err
    assert "keyed hash" in said.out
    assert await store.contact("2") is None
    (figures,) = started("results", "calls", "--json").document
    assert figures["ended_by"] == {"erased": 1}
    assert started("results", "calls", "--recount", "--json").document["equal"] is True
    assert started("person", "erase").code == 2
    assert started("person", "erase", "--contact", "2").code == 1
