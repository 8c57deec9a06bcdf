"""What an import tells of other lists, and the way back: by id, after a crash, with campaigns and imports in
between."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from secondpass_command import Secondpass, configured
from store_people import Clock, dialled, finished, people, person, running

from strategies.contacts import Contact, Device
from strategies.store import Store
from strategies.store.contact_codec import contact_record, numbers_of_record
from strategies.store.imports import Import, ImportState

ADA = person("ada", "+12025550101", attributes={"balance": "10"})
BO = person("bo", "+12025550102", attributes={"balance": "20"})
CY = person("cy", "+12025550103", attributes={"balance": "30"})
RICHER = replace(ADA, attributes={"balance": "99"}, devices=(Device("mobile", "+12025550199"),))


async def imported(
    store: Store,
    name: str,
    contacts: Sequence[Contact],
    *,
    cut_off_after: int | None = None,
    keep: bool = False,
) -> Import:
    """An import as the command does it; cut off after so many contacts."""
    started = await store.begin_import(name, len(contacts), by="me", file=f"{name}.csv")
    names = ("balance",)
    columns = await store.columns(names)
    records = [contact_record(contact, columns, names) for contact in contacts]
    entries = [
        (contact.id, record, numbers_of_record(record))
        for contact, record in zip(contacts, records, strict=True)
    ][:cut_off_after]
    span = (started.first, started.last)
    await store.write_records(name, entries, span=span, place=started.first, keep=keep)
    if cut_off_after is not None:
        return started
    return await store.finish_import(started, {"contacts": len(contacts)})


async def test_what_an_import_brought_is_gone_when_it_is_taken_back(store: Store) -> None:
    done = await imported(store, "march", [ADA, BO])
    assert dict(await store.undo_import(done)) == {"removed": 2}
    assert await store.lists() == {}
    assert await store.contacts(["ada", "bo"]) == []
    assert await store.contacts_of_number("+12025550101") == []
    assert [one.state for one in await store.imports()] == [ImportState.UNDONE]
    assert await store.latest_import("march") is None


async def test_what_an_import_changed_is_as_it_was(store: Store) -> None:
    await imported(store, "march", [ADA, BO])
    again = await imported(store, "march", [RICHER, BO, CY])
    assert await store.contact("ada") == RICHER
    assert dict(await store.undo_import(again)) == {"restored": 1, "unchanged": 1, "removed": 1}
    assert await store.list_members("march") == ["ada", "bo"]
    assert await store.contacts(["ada", "bo", "cy"]) == [ADA, BO]
    assert await store.contacts_of_number("+12025550101") == ["ada"]
    assert await store.contacts_of_number("+12025550199") == []


async def test_a_contact_of_another_list_stays_there(store: Store) -> None:
    await imported(store, "march", [ADA])
    april = await imported(store, "april", [RICHER, BO])
    assert await store.lists_of(["ada", "bo"]) == [["april", "march"], ["april"]]
    assert dict(await store.undo_import(april)) == {"restored": 1, "removed": 1}
    assert await store.lists_of(["ada", "bo"]) == [["march"], []]
    assert await store.contact("ada") == ADA


async def test_whom_a_later_import_has_too_stays_with_that(store: Store, clock: Clock) -> None:
    march = await imported(store, "march", [ADA, BO])
    clock.now += 60
    await imported(store, "april", [RICHER])
    assert dict(await store.undo_import(march)) == {"off": 1, "removed": 1}
    assert await store.contact("ada") == RICHER
    assert await store.lists() == {"april": 1}


async def test_data_changed_since_by_another_import_are_kept(store: Store, clock: Clock) -> None:
    await imported(store, "march", [ADA])
    march = await imported(store, "march", [replace(ADA, attributes={"balance": "11"})])
    clock.now += 60
    await imported(store, "april", [RICHER])
    assert dict(await store.undo_import(march)) == {"changed": 1}
    assert await store.contact("ada") == RICHER


async def test_who_is_in_a_campaign_or_was_called_stays(store: Store) -> None:
    sub = await running(store, [ADA], name="spring")
    done = await imported(store, "march", [ADA, BO, CY])
    await store.enrol(sub, ["bo"])
    assert dict(await store.undo_import(done)) == {"enrolled": 2, "removed": 1}
    assert await store.list_members("march") == ["ada", "bo"]


async def test_who_was_called_stays_known(store: Store) -> None:
    done = await imported(store, "march", [ADA, BO])
    sub = await running(store, [ADA], name="spring")
    await finished(store, sub, await dialled(store, sub, ADA))
    assert dict(await store.undo_import(done)) == {"enrolled": 1, "removed": 1}
    assert await store.contact("ada") is not None


async def test_an_import_that_was_cut_off_goes_on_as_the_same(store: Store) -> None:
    crowd = people(30)
    await imported(store, "march", crowd[:5])
    began = await imported(store, "march", crowd, cut_off_after=12)
    assert (await store.latest_import("march")) == began
    done = await imported(store, "march", crowd)
    assert (done.id, done.first) == (began.id, began.first)
    assert await store.list_members("march") == [contact.id for contact in crowd]
    assert dict(await store.undo_import(done)) == {"unchanged": 5, "removed": 25}
    assert await store.lists() == {"march": 5}


async def test_one_that_was_cut_off_may_go_on_with_a_longer_file(store: Store) -> None:
    crowd = people(30)
    await imported(store, "march", crowd[:20], cut_off_after=12)
    done = await imported(store, "march", crowd)
    assert dict(await store.undo_import(done)) == {"removed": 30}


async def test_one_that_was_cut_off_can_be_taken_back(store: Store) -> None:
    began = await imported(store, "march", people(30), cut_off_after=12)
    assert dict(await store.undo_import(began)) == {"removed": 12}
    assert await store.lists() == {}


async def test_known_contacts_can_be_kept_as_they_are(store: Store) -> None:
    await imported(store, "march", [ADA])
    await imported(store, "april", [RICHER, BO], keep=True)
    assert await store.contact("ada") == ADA
    assert await store.list_members("april") == ["ada", "bo"]


async def test_a_number_that_several_have_is_told_of_each_after_the_first(store: Store) -> None:
    """Whether the others are in the same batch or were known before; order is that of the list."""
    await imported(store, "march", [person("old", "+12025550109")])
    names = ("balance",)
    columns = await store.columns(names)
    family = [person(name, "+12025550101") for name in ("ada", "bo", "cy")] + [person("di", "+12025550109")]
    records = [(one.id, contact_record(one, columns, names), one.numbers()) for one in family]
    written = await store.write_records(
        "april", [(identity, record, [n[1:] for n in numbers]) for identity, record, numbers in records]
    )
    assert [(one.contact, one.number, one.others) for one in written.shared] == [
        ("bo", "+12025550101", ("ada",)),
        ("cy", "+12025550101", ("ada", "bo")),
        ("di", "+12025550109", ("old",)),
    ]
    assert await store.contacts_of_number("+12025550101") == ["ada", "bo", "cy"]


async def test_two_imports_at_once_lose_nothing(store: Store) -> None:
    """A batch that rests on a record somebody else has just changed is written anew."""
    await imported(store, "march", [ADA])
    real, meanwhile = store._put_contacts, [RICHER]

    async def put(*arguments: object) -> object:
        if meanwhile:
            other = meanwhile.pop()
            await store.import_contacts("other", [other])
        return await real(*arguments)  # type: ignore[arg-type]

    store._put_contacts = put  # type: ignore[method-assign, assignment]
    await imported(store, "march", [replace(ADA, attributes={"balance": "11"})])
    assert (await store.contact("ada")).attributes == {"balance": "11"}  # type: ignore[union-attr]
    assert await store.contacts_of_number("+12025550199") == []
    assert await store.contacts_of_number("+12025550101") == ["ada"]


async def test_a_list_can_be_removed_with_who_is_on_no_other(store: Store) -> None:
    await imported(store, "march", [ADA, BO])
    await imported(store, "april", [BO, CY])
    assert dict(await store.remove_list("april")) == {"off": 1, "removed": 1}
    assert await store.lists() == {"march": 2}
    assert await store.contacts(["ada", "bo", "cy"]) == [ADA, BO]


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return configured(tmp_path)


def file_of(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


MARCH = "contact_id,mobile,balance\n1,+12125550101,10\n2,+12125550102,20\n"
APRIL = "contact_id,mobile,balance\n1,+12125550101,11\n3,+12125550102,30\n"


def test_duplicates_of_other_lists_are_told_in_a_file(secondpass: Secondpass, tmp_path: Path) -> None:
    assert secondpass("list", "import", "march", file_of(tmp_path, "march.csv", MARCH)).code == 0
    april = file_of(tmp_path, "april.csv", APRIL)
    said = secondpass("list", "import", "april", april, "--json").document
    assert (said["known_with_other_data"], said["shared_numbers"]) == (1, 1)
    with Path(said["duplicates"]).open(newline="") as file:
        rows = [
            (r["row"], r["contact_id"], r["lists"], r["number"], r["contacts"]) for r in csv.DictReader(file)
        ]
    assert rows == [("2", "1", "march", "", ""), ("3", "3", "", "+12125550102", "2")]


def test_a_contact_of_another_list_can_be_refused(secondpass: Secondpass, tmp_path: Path) -> None:
    secondpass("list", "import", "march", file_of(tmp_path, "march.csv", MARCH))
    april = file_of(tmp_path, "april.csv", APRIL)
    refused = secondpass("list", "import", "april", april, "--duplicates", "refuse")
    assert refused.code == 1
    assert "row 2, contact_id" in refused.err
    assert "march" in refused.err
    assert secondpass("list", "show", "--json").document == {"march": 2}
    taken = secondpass("list", "import", "april", april, "--duplicates", "refuse", "--partial", "--json")
    assert (taken.document["imported"], taken.document["rejected_rows"]) == (1, 1)
    assert secondpass("list", "show", "--json").document == {"april": 1, "march": 2}


def test_an_import_is_listed_and_taken_back_once(secondpass: Secondpass, tmp_path: Path) -> None:
    file = file_of(tmp_path, "march.csv", MARCH)
    secondpass("list", "import", "march", file)
    secondpass("list", "import", "march", file_of(tmp_path, "more.csv", APRIL))
    found = secondpass("list", "imports", "march", "--json").document
    assert [(one["import"], one["contacts"], one["new"], one["changed"]) for one in found] == [
        ("march/1", 2, 2, 0),
        ("march/2", 2, 1, 1),
    ]
    assert secondpass("list", "undo", "march/1").code == 1  # only the latest
    taken = secondpass("list", "undo", "march", "--json").document
    assert (taken["removed"], taken["restored"]) == (1, 1)
    again = secondpass("list", "undo", "march")
    assert again.code == 1
    assert "secondpass list imports" in again.err
    assert secondpass("list", "show", "--json").document == {"march": 2}


def test_a_list_that_is_not_there_cannot_be_removed(secondpass: Secondpass, tmp_path: Path) -> None:
    assert secondpass("list", "remove", "march").code == 1
    secondpass("list", "import", "march", file_of(tmp_path, "march.csv", MARCH))
    assert "2 contacts removed" in secondpass("list", "remove", "march").out
    assert secondpass("list", "show", "--json").document == {}
