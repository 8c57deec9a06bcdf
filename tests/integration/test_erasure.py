"""A person who is erased is nowhere any more, every figure stays right, and no import brings them back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from store_people import NOON, claim_of, dialled, finished, people, person, running, standing

from config.project import Project
from config.settings import Numbers, Settings
from console.erasure import erase
from console.ledger_archive import archive, whole_ledger
from console.ledger_files import archive_of
from console.refusal import RefusedError
from strategies.erasure import pseudonymised
from strategies.ledger import recount
from strategies.store import Store
from strategies.vocabulary import Refusal, Result

ADA = person("ada", "+12025550001", "+12025550002", attributes={"name": "Ada Lovelace"})
FIVE_YEARS = 1826.0 * 86_400


@pytest.fixture
def loaded(tmp_path: Path) -> Project:
    return Project(tmp_path, Settings(data_dir=str(tmp_path), numbers=Numbers(countries=("US",))))


async def everything(store: Store) -> str:
    """All that the server holds of the tenant, as text."""
    parts = []
    for key in await store._command("KEYS", f"{{{store._keys.tenant}.0}}:*"):
        parts.append(key.decode())
        kind = (await store._command("TYPE", key)).decode()
        ways = {
            "hash": ("HGETALL", key),
            "set": ("SMEMBERS", key),
            "zset": ("ZRANGE", key, 0, -1),
            "list": ("LRANGE", key, 0, -1),
            "stream": ("XRANGE", key, "-", "+"),
            "string": ("GET", key),
        }
        found = await store._command(*ways[kind])
        in_no_order = isinstance(found, dict) and kind == "hash"
        parts.append(repr(sorted(found.items()) if in_no_order else found))
    return "\n".join(parts)


async def test_a_person_is_taken_away_and_every_figure_stays(store: Store, loaded: Project) -> None:
    bob = person("bob", "+12025550009")
    sub = await running(store, [ADA, bob])
    await finished(store, sub, await dialled(store, sub, ADA), Result.BUSY, again_at=NOON + 300)
    await archive(store, archive_of(loaded), retention=FIVE_YEARS, before=await store.server_time() + 1)
    intent = await dialled(store, sub, ADA, at=NOON + 400)
    await finished(store, sub, intent, Result.NO_ANSWER, again_at=NOON + 900)
    before = await store.counters(sub.name)

    done = await erase(store, loaded, contact="ada", number=None, by="anna")
    assert done["removed"]["contacts"] == 1
    assert done["removed"]["lines of the ledger without their name"] == 5

    held = await everything(store)
    files = [line async for _, line in whole_ledger(store, archive_of(loaded))]
    for trace in ("ada", "+12025550001", "12025550002", "Lovelace"):
        assert trace not in held
        assert trace not in json.dumps(files)
    assert await store.contact("ada") is None
    after = await store.counters(sub.name)
    assert (after.contacts, after.attempts) == (before.contacts, before.attempts)
    assert (after.ended, dict(after.ended_by)) == (before.ended + 1, {"erased": 1})
    assert recount([line for line in files if line.get("campaign") == sub.name]) == after
    assert {contact.id for contact, _ in await store.due(sub.name, NOON + 9999, 10)} == {"bob"}


async def test_who_was_erased_is_not_called_again_by_a_new_import(store: Store, loaded: Project) -> None:
    await running(store, [ADA])
    await erase(store, loaded, contact=None, number="+12025550001", by="anna")
    again = person("somebody", "+12025550001")
    other = person("other", "+12025550003")
    sub = await running(store, [again, other], name="summer")
    claim = claim_of(sub, again, await standing(store, sub, again))
    assert await store.claim([claim], NOON) == [Refusal.DO_NOT_CALL]
    assert await store.suppressed(["+12025550001", "+12025550003"]) == {"+12025550001": "erased"}


async def test_a_number_that_somebody_else_has_stays_with_them(store: Store, loaded: Project) -> None:
    twin = person("twin", "+12025550001")
    await running(store, [ADA, twin])
    await erase(store, loaded, contact="ada", number=None, by="anna")
    assert await store.contacts_of_number("+12025550001") == ["twin"]
    assert await store.erased_among(["+12025550001", "+12025550002"]) == ["+12025550002"]


async def test_nobody_is_erased_while_they_are_being_called(store: Store, loaded: Project) -> None:
    sub = await running(store, [ADA])
    await dialled(store, sub, ADA)
    before = await store.ledger()
    with pytest.raises(RefusedError) as refused:
        await erase(store, loaded, contact="ada", number=None, by="anna")
    assert "being called right now" in str(refused.value.reasons[0])
    assert await store.ledger() == before


async def test_the_ledger_keeps_its_ids_and_everybody_elses_lines(store: Store, loaded: Project) -> None:
    bob = people(1)[0]
    sub = await running(store, [ADA, bob])
    for contact in (ADA, bob):
        await finished(store, sub, await dialled(store, sub, contact))
    before = await store.ledger()
    await erase(store, loaded, contact="ada", number=None, by="anna")
    after = await store.ledger()
    assert [identity for identity, _ in after][: len(before)] == [identity for identity, _ in before]
    theirs = [line for _, line in before if line.get("contact") == bob.id]
    assert [line for _, line in after if line.get("contact") == bob.id] == theirs
    assert after[-1][1]["what"] == "person_erased"


async def test_an_unknown_person_is_told(store: Store, loaded: Project) -> None:
    with pytest.raises(RefusedError, match="nobody was erased"):
        await erase(store, loaded, contact="nobody", number=None, by="anna")


def test_a_line_loses_names_and_what_was_known_and_no_figure() -> None:
    line = {
        "kind": "decision",
        "customer": "1",
        "decision": {"factors": {"city": "Boston"}, "first": "gold"},
        "addresses": ["+1202", "+1303"],
        "n": 1,
        "result": "1",
    }
    told = pseudonymised(line, {"1": "erased-a"}, {"+1202": "erased-b"})
    assert told == {
        "kind": "decision",
        "customer": "erased-a",
        "decision": {"first": "gold"},
        "addresses": ["erased-b", "+1303"],
        "n": 1,
        "result": "1",
    }
    assert pseudonymised(line, {"2": "x"}, {}) is line
