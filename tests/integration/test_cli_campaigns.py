"""`secondpass campaign` and `results` over a real store, with the bridge's voice played by the test."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from secondpass_command import MARCH, ROOT, Secondpass, imported, tell_queues

from strategies.store import Store


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return imported(tmp_path)


async def test_a_start_makes_a_sub_campaign_whose_contacts_are_due_in_order(
    secondpass: Secondpass, store: Store
) -> None:
    await tell_queues(store, "collections")
    said = secondpass("campaign", "start", "calls", "--json")
    assert said.code == 0, said.err
    assert said.document == {
        "sub_campaign": "calls/1",
        "state": "running",
        "lists": ["march"],
        "contacts": 3,
    }
    due = await store.due("calls/1", time.time(), 10)
    assert [contact.id for contact, _ in due] == ["2", "1", "3"]
    (status,) = secondpass("campaign", "status", "calls", "--json").document
    assert (status["sub_campaign"], status["state"], status["contacts"]) == ("calls/1", "running", 3)


async def test_a_campaign_runs_as_often_as_it_is_started(secondpass: Secondpass, store: Store) -> None:
    await tell_queues(store, "collections")
    names = [secondpass("campaign", "start", "calls", "--json").document["sub_campaign"] for _ in range(2)]
    assert names == ["calls/1", "calls/2"]


async def test_a_start_in_the_future_is_scheduled_in_the_campaigns_zone(
    secondpass: Secondpass, store: Store
) -> None:
    await tell_queues(store, "collections")
    said = secondpass("campaign", "start", "calls", "--from", "2099-07-01T09:00", "--json")
    assert said.document["state"] == "scheduled"
    (sub,) = await store.subs()
    assert sub.starts == datetime(2099, 7, 1, 13, tzinfo=UTC).timestamp()
    assert secondpass("campaign", "start", "calls", "--from", "tomorrow").code == 2


async def test_a_missing_queue_refuses_the_start_and_changes_nothing(
    secondpass: Secondpass, store: Store
) -> None:
    await tell_queues(store, "service", "sales")
    said = secondpass("campaign", "start", "calls")
    assert said.code == 1
    assert 'no queue "collections"' in said.err
    assert "there are: sales, service" in said.err
    assert await store.subs() == []


async def test_every_reason_is_told_at_once_and_as_json(secondpass: Secondpass, store: Store) -> None:
    await tell_queues(store, "service")
    said = secondpass("campaign", "start", "calls", "--lists", "april", "--until", "2001-01-01", "--json")
    assert said.code == 1
    whats = [reason["what"] for reason in said.document["reasons"]]
    assert [what.split('"')[0] for what in whats] == [
        "there is no list ",
        "Asterisk has no queue ",
        "--until is past",
    ]
    assert all(reason["mend"] for reason in said.document["reasons"])


async def test_an_attribute_the_list_lacks_refuses_the_start(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    await tell_queues(store, "collections")
    (tmp_path / "april.csv").write_text("contact_id,mobile,saldo\n9,+12025550109,20\n")
    assert secondpass("list", "import", "april", tmp_path / "april.csv").code == 0
    said = secondpass("campaign", "start", "calls", "--lists", "april")
    assert said.code == 1
    assert "pass live, where uses contact.balance" in said.err
    assert "there are: saldo" in said.err


async def test_the_other_verbs_take_the_campaigns_name_or_the_sub_campaigns(
    secondpass: Secondpass, store: Store
) -> None:
    await tell_queues(store, "collections")
    for _ in range(2):
        assert secondpass("campaign", "start", "calls").code == 0

    def states() -> list[str]:
        return [row["state"] for row in secondpass("campaign", "status", "--json").document]

    assert secondpass("campaign", "pause", "calls/2").code == 0
    assert states() == ["running", "paused"]
    assert secondpass("campaign", "resume", "calls/2").code == 0
    assert secondpass("campaign", "stop", "calls", "--json").document["sub_campaigns"] == [
        "calls/1",
        "calls/2",
    ]
    assert states() == ["stopped", "stopped"]


async def test_the_stop_switch_holds_everything_until_it_is_released(
    secondpass: Secondpass, store: Store
) -> None:
    await tell_queues(store, "collections")
    assert secondpass("campaign", "start", "calls").code == 0
    assert "nobody is dialled" in secondpass("campaign", "halt").out
    assert await store.halted_by() is not None
    assert "nobody is dialled" in secondpass("campaign", "status").out
    (row,) = secondpass("campaign", "status", "--json").document
    assert (row["state"], row["halted_by"]) == ("running", await store.halted_by())
    assert secondpass("campaign", "unhalt", "--json").document == {"halted_by": None}
    assert await store.halted_by() is None


async def test_stop_is_final(secondpass: Secondpass, store: Store) -> None:
    await tell_queues(store, "collections")
    assert secondpass("campaign", "start", "calls").code == 0
    assert secondpass("campaign", "stop", "calls/1").code == 0
    said = secondpass("campaign", "resume", "calls/1")
    assert said.code == 1
    assert "final" in said.err


async def test_a_stop_can_ask_for_what_rings_to_be_hung_up(secondpass: Secondpass, store: Store) -> None:
    await tell_queues(store, "collections")
    for _ in range(2):
        assert secondpass("campaign", "start", "calls").code == 0
    assert secondpass("campaign", "stop", "calls/1").code == 0
    assert await store.to_hang_up() == frozenset()
    assert secondpass("campaign", "stop", "calls/2", "--hang-up-ringing").code == 0
    assert await store.to_hang_up() == {"calls/2"}


async def test_a_start_over_several_lists_enrols_who_is_on_two_of_them_once(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "april.csv").write_text(MARCH.splitlines()[0] + "\n3,+12025550103,5\n4,+12025550104,40\n")
    assert secondpass("list", "import", "april", tmp_path / "april.csv").code == 0
    await tell_queues(store, "collections")
    assert secondpass("campaign", "start", "calls", "--lists", "march,april").code == 0
    await store.subs()
    found = {contact.id: state.list for contact, state in await store.due("calls/1", time.time() + 1, 10)}
    assert found == {"1": 0, "2": 0, "3": 0, "4": 1}
    [row] = secondpass("campaign", "status", "--json").document
    assert row["lists"] == ["march", "april"]


def test_an_unknown_name_tells_what_there_is(secondpass: Secondpass) -> None:
    said = secondpass("campaign", "start", "callz")
    assert said.code == 1
    assert "there are: calls" in said.err
    assert secondpass("campaign", "pause", "calls").code == 1


async def test_the_shipped_examples_can_be_imported_and_started(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config" / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("var"))
    secondpass = Secondpass(tmp_path / "examples")
    said = secondpass(
        "list", "import", "loans_due", secondpass.config / "lists" / "loans_due.csv", "--partial", "--json"
    )
    assert said.code == 0, said.err
    store = await Store.open(None, secondpass.config / "var", "main")
    try:
        await tell_queues(store, "collections")
        started = secondpass("campaign", "start", "loan_reminder", "--json")
        assert started.code == 0, started.err
        assert 0 < started.document["contacts"] <= said.document["imported"]
    finally:
        await store.close()


async def test_results_equal_their_recount(secondpass: Secondpass, store: Store) -> None:
    await tell_queues(store, "collections")
    assert secondpass("campaign", "start", "calls").code == 0
    (results,) = secondpass("results", "calls", "--json").document
    assert (results["contacts"], results["remaining"], results["attempts"]) == (3, 3, 0)
    assert secondpass("results", "calls", "--recount", "--json").document["equal"] is True
    assert "calls/1: running" in secondpass("results", "calls/1", "--once").out
