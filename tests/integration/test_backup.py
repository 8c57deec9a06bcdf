"""A backup is the whole tenant at one moment; it comes back into an empty store, and nobody is called
twice."""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from store_people import NOON, Clock, claim_of, dialled, finished, people, person, running, standing
from test_erasure import everything

from config.project import Project
from config.settings import Numbers, Settings
from console import backup
from console.ledger_archive import archive, whole_ledger
from console.ledger_files import archive_of
from console.refusal import RefusedError
from strategies.segments import Scope, ScopeKind
from strategies.store import QueueFigures, Store, StoreUnfit, upkeep
from strategies.vocabulary import Refusal, Result


def project(folder: Path) -> Project:
    folder.mkdir(exist_ok=True)
    return Project(folder, Settings(data_dir=str(folder), numbers=Numbers(countries=("US",))))


@pytest.fixture
async def empty(
    server: str | None, session_directory: Path, store: Store, clock: Clock
) -> AsyncIterator[Store]:
    """Another tenant's store, for what is restored."""
    opened = await Store.open(server, session_directory, f"{store._keys.tenant}r", clock=clock)
    yield opened
    await opened.close()


def without_the_moment(held: str, tenant: str) -> set[str]:
    """What a tenant holds, without its name and without the keys a backup leaves out."""
    lines = held.replace(tenant, "T").split("\n")
    pairs = zip(lines[::2], lines[1::2], strict=True)
    left_out = ("format", "libraries", "halted", "bridge", "queues", "ledger")
    return {f"{key} {value}" for key, value in pairs if key.rpartition(":")[2] not in left_out}


async def test_everything_comes_back_as_it_was(store: Store, empty: Store, tmp_path: Path) -> None:
    group = people(30)
    sub = await running(store, group)
    for contact in group[:5]:
        await finished(store, sub, await dialled(store, sub, contact), Result.BUSY, again_at=NOON + 300)
    ours, theirs = project(tmp_path / "ours"), project(tmp_path / "theirs")
    await archive(store, archive_of(ours), retention=1e9, before=await store.server_time() + 1)
    await finished(store, sub, await dialled(store, sub, group[5]), Result.BUSY)
    await store.do_not_call(["+12025559999"], reason="asked", by="anna")
    await store.put_queue_figures("collections", QueueFigures())
    await store.bridge_lease("bridge", 60)
    decision = {"re_associated": True, "second": "gold"}
    scope = Scope(ScopeKind.PERMANENT)
    await store.reassociate(
        interaction="i1", customer="0001", decision=decision, scope=scope, expected_version=0, now=NOON
    )

    told = await backup._write(store, ours, tmp_path / "all.tar")
    assert told["days"] == 1
    before = await everything(store)
    await backup._restore(empty, theirs, tmp_path / "all.tar")

    restored = await everything(empty)
    assert without_the_moment(restored, empty._keys.tenant) == without_the_moment(before, store._keys.tenant)
    assert await empty.counters(sub.name) == await store.counters(sub.name)
    kept = [entry async for entry in whole_ledger(store, archive_of(ours))]
    back = [entry async for entry in whole_ledger(empty, archive_of(theirs))]
    assert back[: len(kept)] == kept
    assert await empty.halted_by() == "restore"
    assert "backup:" not in "".join(key.decode() for key in await store._command("KEYS", "backup:*"))


async def test_what_was_live_is_unknown_afterwards_and_not_repeated(
    store: Store, empty: Store, tmp_path: Path
) -> None:
    (contact,) = people(1)
    sub = await running(store, [contact])
    await dialled(store, sub, contact)
    await backup._write(store, project(tmp_path / "ours"), tmp_path / "all.tar")
    told = await backup._restore(empty, project(tmp_path / "theirs"), tmp_path / "all.tar")
    assert told["unknown"] == 1
    assert await empty.live() == []
    state = await empty.state(sub.name, contact.id)
    assert state is not None
    assert (state.live, state.last_result) == (None, Result.UNKNOWN)
    assert state.hold_until > await empty.server_time()
    assert (await empty.counters(sub.name)).by_result == {"unknown": 1}
    claim = claim_of(sub, contact, state)
    assert await empty.claim([claim], NOON) == [Refusal.NOT_RUNNING]


async def test_a_backup_is_of_one_moment_though_calls_go_on(
    store: Store, empty: Store, tmp_path: Path
) -> None:
    group = people(400)
    sub = await running(store, group)

    begun = asyncio.Event()

    async def calling() -> None:
        for contact in group:
            await finished(store, sub, await dialled(store, sub, contact), Result.BUSY)
            begun.set()

    busy = asyncio.create_task(calling())
    await begun.wait()
    await backup._write(store, project(tmp_path / "ours"), tmp_path / "all.tar")
    await busy
    theirs = project(tmp_path / "theirs")
    await backup._restore(empty, theirs, tmp_path / "all.tar")
    figures = await empty.counters(sub.name)
    last, counters = await empty.figures_at([sub.name])
    lines = [line async for _, line in whole_ledger(empty, archive_of(theirs), until=last)]
    started = [line for line in lines if line["kind"] == "attempt_started"]
    assert len(started) == figures.attempts == counters[sub.name].attempts < 400
    ended = [each async for page in empty.standings(sub.name) for each in page if each[2].ended]
    assert len(ended) == figures.ended


async def test_only_an_empty_store_takes_a_backup(store: Store, tmp_path: Path) -> None:
    await running(store, people(1))
    ours = project(tmp_path / "ours")
    await backup._write(store, ours, tmp_path / "all.tar")
    before = await everything(store)
    with pytest.raises(RefusedError) as refused:
        await backup._restore(store, ours, tmp_path / "all.tar")
    assert "has data" in str(refused.value.reasons[0])
    assert await everything(store) == before


async def test_a_restore_that_was_cut_off_is_begun_anew(store: Store, empty: Store, tmp_path: Path) -> None:
    sub = await running(store, people(3))
    await backup._write(store, project(tmp_path / "ours"), tmp_path / "all.tar")
    await empty.restoring(begun=True, by="restore")
    await empty.import_contacts("half", [person("half", "+12025558888")])
    await backup._restore(empty, project(tmp_path / "theirs"), tmp_path / "all.tar")
    assert await empty.lists() == {"spring_list": 3}
    assert [each.name for each in await empty.subs()] == [sub.name]


@pytest.mark.parametrize("what", ["cut", "changed", "no_backup", "later"])
async def test_a_file_that_is_not_whole_restores_nothing(
    store: Store, empty: Store, tmp_path: Path, what: str
) -> None:
    await running(store, people(50))
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    await backup._write(store, project(tmp_path / "ours"), good)
    raw = good.read_bytes()
    middle = raw.index(b"store.gz") + 512 + 200
    if what == "cut":
        bad.write_bytes(raw[:middle])
    elif what == "changed":
        bad.write_bytes(raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :])
    elif what == "later":
        bad.write_bytes(raw.replace(b'"format": 1', b'"format": 9', 1))
    else:
        bad.write_bytes(b"nothing of the kind")
    with pytest.raises(RefusedError, match="nothing was restored"):
        await backup._restore(empty, project(tmp_path / "theirs"), bad)
    assert await empty.is_empty()


async def test_a_backup_tells_what_is_in_it(store: Store, tmp_path: Path) -> None:
    await running(store, people(2))
    await backup._write(store, project(tmp_path / "ours"), tmp_path / "all.tar")
    with tarfile.open(tmp_path / "all.tar") as tar:
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert manifest["store_format"] == upkeep.FORMAT
    assert (tmp_path / "all.tar").stat().st_mode & 0o077 == 0


async def test_a_store_of_a_later_release_is_refused_with_the_mend(
    server: str | None, session_directory: Path, store: Store
) -> None:
    await store._command("SET", store._keys.format, upkeep.FORMAT + 1)
    with pytest.raises(StoreUnfit, match="install that release again"):
        await Store.open(server, session_directory, store._keys.tenant)


async def test_a_store_of_an_earlier_release_is_refused_with_the_mend(
    server: str | None, session_directory: Path, store: Store
) -> None:
    await running(store, people(1))
    await store._command("DEL", store._keys.format)
    with pytest.raises(StoreUnfit, match="a release before"):
        await Store.open(server, session_directory, store._keys.tenant)


async def test_the_index_of_numbers_of_format_2_is_taken_over(
    server: str | None, session_directory: Path, store: Store
) -> None:
    ada, bo = people(2)
    await running(store, [ada, bo])
    number, keys = ada.numbers()[0], store._keys
    await store._command("DEL", keys.numbers)
    await store._command("HSET", keys.numbers_before(7), number[1:], f"{ada.id}\n{bo.id}")
    await store._command("SET", keys.format, 2)
    opened = await Store.open(server, session_directory, keys.tenant)
    try:
        assert await opened.contacts_of_number(number) == [ada.id, bo.id]
        assert not await store._command("EXISTS", keys.numbers_before(7))
        assert int(await store._command("GET", keys.format)) == upkeep.FORMAT
    finally:
        await opened.close()


async def test_functions_nobody_uses_any_more_are_removed_and_come_back_when_needed(
    server: str | None, session_directory: Path, store: Store
) -> None:
    source = "#!lua name=secondpass_0ld\nredis.register_function('sp_old', function() return 1 end)"
    await store._command("FUNCTION", "LOAD", source)
    for opened in (1, 2):
        again = await Store.open(server, session_directory, store._keys.tenant)
        await again.close()
        there = await store._command("FUNCTION", "LIST", "LIBRARYNAME", "secondpass_0ld")
        assert bool(there) is (opened == 1)
        week_ago = await store.server_time() - upkeep.UNUSED - 1
        await store._command("ZADD", store._keys.libraries, week_ago, "0ld")
    await store._command("FUNCTION", "DELETE", f"secondpass_{upkeep.library_version()}")
    assert await running(store, people(1))
    assert await standing(store, (await store.subs())[0], people(1)[0])
