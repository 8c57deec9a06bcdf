"""`secondpass list attach` and its kin over a real store: lists change hands while campaigns run."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from secondpass_command import Secondpass, configured, started

from ami_bridge.sub_campaigns import SubCampaigns
from strategies.ledger import recount
from strategies.store import Store


def rows(first: int, last: int) -> str:
    """A list of contacts that owe ten times their number."""
    people = (f"{n},A-{n},+121255500{n:02},{n * 10}\n" for n in range(first, last + 1))
    return "contact_id,account,mobile,balance\n" + "".join(people)


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


@pytest.fixture
async def secondpass(tmp_path: Path) -> Secondpass:
    """Lists of six and of three, and `calls/1` running over the first of them; who owes 10 is left out."""
    command = configured(tmp_path)
    campaign = command.config / "campaigns" / "calls.yaml"
    campaign.write_text(campaign.read_text() + 'filter: "contact.balance > 10"\n')
    for name, text in (("march", rows(1, 6)), ("april", rows(7, 9))):
        (tmp_path / f"{name}.csv").write_text(text)
        said = command("list", "import", name, tmp_path / f"{name}.csv")
        assert said.code == 0, said.err
    opened = await Store.open(None, command.data_dir, "main")
    await started(command, opened)
    await opened.close()
    return command


async def look(store: Store) -> None:
    """What the bridge does a few times a second."""
    subs = SubCampaigns(store)
    await subs.refresh()
    await subs.turn(time.time())


async def due(store: Store) -> list[str]:
    await store.subs()
    return sorted(contact.id for contact, _ in await store.due("calls/1", time.time() + 1, 100))


def matrix(secondpass: Secondpass) -> dict[str, dict[str, Any]]:
    """Each list's row in `calls/1`, or its row of its own."""
    said = secondpass("list", "matrix", "--json")
    assert said.code == 0, said.err
    return {row["list"]: row for row in said.document}


async def test_a_list_is_attached_filtered_and_ordered_as_at_the_start(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    said = secondpass("list", "attach", "april", "calls", "--weight", "2", "--json")
    assert said.document == [{"sub_campaign": "calls/1", "new": 3, "back": 0}]
    found = [contact.id for contact, _ in await store.due("calls/1", time.time() + 1, 100)]
    assert [one for one in found if one in "789"] == ["9", "8", "7"]
    assert matrix(secondpass)["april"] == {
        "list": "april",
        "sub_campaign": "calls/1",
        "state": "attached",
        "weight": 2.0,
        "contacts": 3,
        "due": 3,
        "in_progress": 0,
        "ended": 0,
    }
    (tmp_path / "more.csv").write_text(rows(10, 11))
    assert secondpass("list", "import", "april", tmp_path / "more.csv").code == 0
    said = secondpass("list", "attach", "april", "calls/1")
    assert said.out == "april is attached to calls/1: 2 new, 0 back\n"


async def test_a_list_without_an_attribute_the_campaign_uses_is_not_attached(
    secondpass: Secondpass, tmp_path: Path
) -> None:
    (tmp_path / "bare.csv").write_text("contact_id,mobile\n90,+12125550090\n")
    assert secondpass("list", "import", "bare", tmp_path / "bare.csv").code == 0
    said = secondpass("list", "attach", "bare", "calls")
    assert said.code == 1
    assert "bare was not attached; nothing was changed" in said.err
    assert "contact.balance" in said.err
    assert matrix(secondpass)["bare"]["sub_campaign"] is None
    assert "there is no list" in secondpass("list", "attach", "nobody", "calls").err


async def test_a_detached_list_ends_within_one_look_and_who_is_on_another_list_goes_on(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "both.csv").write_text(rows(5, 7))
    assert secondpass("list", "import", "both", tmp_path / "both.csv").code == 0
    assert secondpass("list", "attach", "both", "calls").code == 0
    said = secondpass("list", "detach", "march", "calls")
    assert (said.code, said.out) == (0, "march is detached from calls/1\n")
    assert await due(store) == ["5", "6", "7"]
    await look(store)
    found = matrix(secondpass)
    assert (found["march"]["state"], found["march"]["contacts"], found["march"]["ended"]) == (
        "detached",
        3,
        3,
    )
    assert (found["both"]["contacts"], found["both"]["due"]) == (3, 3)
    assert "attach it" in secondpass("list", "pause", "march", "calls").err


async def test_a_list_is_paused_in_one_campaign_or_in_all(secondpass: Secondpass, store: Store) -> None:
    assert secondpass("campaign", "start", "calls", "--lists", "april").code == 0
    assert secondpass("list", "attach", "april", "calls/1").code == 0
    assert secondpass("list", "pause", "april", "calls/1", "--json").document["sub_campaigns"] == ["calls/1"]
    assert await due(store) == ["2", "3", "4", "5", "6"]
    said = secondpass("list", "pause", "april", "--all", "--json")
    assert said.document["sub_campaigns"] == ["calls/1", "calls/2"]
    assert await store.due("calls/2", time.time() + 1, 100) == []
    assert secondpass("list", "resume", "april", "--all").code == 0
    assert len(await due(store)) == 8
    assert secondpass("list", "pause", "april").code == 2


async def test_a_weight_is_told_in_the_matrix_and_in_the_audit(secondpass: Secondpass, store: Store) -> None:
    assert secondpass("list", "weight", "march", "calls", "2.5").code == 0
    assert matrix(secondpass)["march"]["weight"] == 2.5
    told = [line for _, line in await store.ledger(count=10_000)]
    [line] = [line for line in told if line.get("what") == "list_weight"]
    assert (line["list"], line["old"], line["new"]) == ("march", 1.0, 2.5)
    assert line["by"]
    [row] = [row for row in secondpass("audit", "--json").document if row["what"] == "list_weight"]
    assert (row["of"], row["list"], row["new"]) == ("calls/1", "march", 2.5)


def test_nothing_is_attached_to_what_is_over(secondpass: Secondpass) -> None:
    assert secondpass("campaign", "stop", "calls").code == 0
    said = secondpass("list", "attach", "april", "calls/1")
    assert said.code == 1
    assert "calls/1 is over; nothing was changed" in said.err
    assert "secondpass campaign start calls\n" in said.err


def test_a_weight_beyond_all_measure_is_a_usage_error(secondpass: Secondpass) -> None:
    for weight in ("inf", "nan", "0", "1e7"):
        assert secondpass("list", "weight", "march", "calls", weight).code == 2


async def test_contacts_are_moved_to_another_list_where_they_stand(
    secondpass: Secondpass, store: Store
) -> None:
    assert secondpass("list", "attach", "april", "calls").code == 0
    said = secondpass("list", "move", "march", "april", "--where", "contact.balance >= 50", "--json")
    assert said.document == {"list": "march", "to": "april", "moved": 2}
    [row] = [row for row in secondpass("audit", "--json").document if row["what"] == "contacts_moved"]
    assert (row["old"], row["list"], row["new"], bool(row["by"])) == ("march", "april", 2, True)
    assert await store.list_members("march") == ["1", "2", "3", "4"]
    assert await store.list_members("april") == ["7", "8", "9", "5", "6"]
    found = matrix(secondpass)
    assert (found["march"]["contacts"], found["april"]["contacts"]) == (3, 5)
    assert len(await due(store)) == 8


async def test_who_is_moved_to_a_list_the_campaign_does_not_have_is_called_no_more(
    secondpass: Secondpass, store: Store
) -> None:
    assert secondpass("list", "move", "march", "april", "--contact", "2", "--contact", "3").code == 0
    assert await due(store) == ["4", "5", "6"]
    await look(store)
    assert (await store.counters("calls/1")).ended_by == {"list_detached": 2}
    assert (
        secondpass("list", "attach", "april", "calls").out == "april is attached to calls/1: 3 new, 2 back\n"
    )


@pytest.mark.parametrize(
    ("how", "who"),
    [
        (("--where", "contact.balance > 40"), ["5", "6"]),
        (("--share", "0.5"), ["2", "4", "6"]),
        (("--every", "3"), ["3", "6"]),
    ],
)
async def test_a_list_is_split_by_expression_share_or_every_nth(
    secondpass: Secondpass, store: Store, how: tuple[str, ...], who: list[str]
) -> None:
    assert secondpass("list", "weight", "march", "calls", "3").code == 0
    before = await due(store)
    assert secondpass("list", "split", "march", "later", *how, "--json").document["moved"] == len(who)
    assert await store.list_members("later") == who
    assert await due(store) == before
    row = matrix(secondpass)["later"]
    assert (row["state"], row["weight"], row["contacts"]) == ("attached", 3.0, len(who))
    told = [line for _, line in await store.ledger(count=10_000) if line.get("campaign") == "calls/1"]
    assert recount(told) == await store.counters("calls/1")


def test_a_misspelt_attribute_moves_nobody_and_is_told(secondpass: Secondpass) -> None:
    said = secondpass("list", "move", "march", "april", "--where", "contact.balanse > 1")
    assert said.code == 1
    assert "contact.balanse, which no contact" in said.err
    said = secondpass("list", "split", "march", "april", "--every", "2")
    assert 'there is a list "april" already' in said.err
