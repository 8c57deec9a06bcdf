"""Closed days of the ledger move to files, and every figure is recounted from both."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_people import NOON, dialled, finished, people, running

from config.project import Project
from config.settings import Settings
from console import retention
from console.ledger_archive import archive, whole_ledger
from console.ledger_days import DayWriter, UnreadableDay, read
from console.ledger_files import Archive
from console.refusal import RefusedError
from strategies.ledger import recount
from strategies.store import Store
from strategies.store.codec import text
from strategies.vocabulary import Result

DAY = 86_400
MARCH = 1_772_409_600.0  # 2026-03-02 00:00 UTC
FIVE_YEARS = 1826.0 * DAY

KINDS = st.sampled_from(["attempt_started", "attempt_ended", "contact_ended", "skipped", "decision"])
LINES = st.fixed_dictionaries(
    {"kind": KINDS, "at": st.floats(0, 2e9)},
    optional={
        "pass": st.sampled_from(["call", "text"]),
        "result": st.sampled_from(["busy", "no_answer"]),
        "responses": st.lists(st.sampled_from(["pressed_1", "pressed_2"]), max_size=2),
        "nth": st.integers(1, 3),
        "decision": st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.text(max_size=3)),
        "address": st.text(max_size=5),
        "by": st.none() | st.integers(),
    },
)


async def write(store: Store, moments: list[float], lines: list[dict[str, object]]) -> None:
    """The stream as a server would have it that had these lines at these moments."""
    for place, (at, line) in enumerate(zip(moments, lines, strict=True)):
        await store._command("XADD", store._keys.ledger, f"{int(at * 1000)}-{place}", "line", text(line))


async def test_closed_days_become_files_and_the_stream_keeps_the_rest(store: Store, tmp_path: Path) -> None:
    moments = [MARCH + 5, MARCH + 10, MARCH + DAY, MARCH + 2 * DAY]
    await write(store, moments, [{"kind": "skipped", "n": n} for n in range(4)])
    files = Archive(tmp_path)
    done = await archive(store, files, retention=FIVE_YEARS, before=MARCH + 2 * DAY)
    assert (done.days, done.lines) == (("2026-03-02", "2026-03-03"), 3)
    assert [file.day for file in files.files()] == ["2026-03-02", "2026-03-03"]
    assert [line["n"] for _, line in await store.ledger()] == [3]
    assert [line["n"] async for _, line in whole_ledger(store, files)] == [0, 1, 2, 3]


async def test_the_figures_of_a_campaign_stay_right_after_a_trim(store: Store, tmp_path: Path) -> None:
    group = people(3)
    sub = await running(store, group)
    for contact in group:
        assert await finished(store, sub, await dialled(store, sub, contact), Result.BUSY)
    await archive(store, Archive(tmp_path), retention=FIVE_YEARS, before=await store.server_time() + 1)
    assert await store.ledger() == []
    counted = recount([line async for _, line in whole_ledger(store, Archive(tmp_path))])
    assert counted == await store.counters(sub.name)
    assert counted.by_result == {"busy": 3}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, min_size=1, max_size=12), st.data())
async def test_any_cut_into_days_recounts_the_same(
    store: Store, lines: list[dict[str, object]], data
) -> None:
    await store._command("DEL", store._keys.ledger, store._keys.archive_home)
    spread = st.lists(st.integers(0, 5 * DAY), min_size=len(lines), max_size=len(lines))
    moments = sorted(MARCH + after for after in data.draw(spread))
    await write(store, moments, lines)
    with tempfile.TemporaryDirectory() as folder:
        files = Archive(Path(folder))
        for cut in data.draw(st.lists(st.integers(0, 6 * DAY), max_size=3)):
            await archive(store, files, retention=FIVE_YEARS, before=MARCH + cut)
            kept = [line async for _, line in whole_ledger(store, files)]
            assert kept == lines
            assert recount(kept) == recount(lines)


async def test_a_crash_before_the_trim_doubles_nothing(store: Store, tmp_path: Path) -> None:
    await write(store, [MARCH, MARCH + 1], [{"kind": "skipped", "n": n} for n in range(2)])
    files = Archive(tmp_path)
    with files.alone():
        writer = files.writer("2026-03-02")
        for entry in await store.ledger():
            writer.add(entry)
        writer.finish()
    assert [line["n"] async for _, line in whole_ledger(store, files)] == [0, 1]
    done = await archive(store, files, retention=FIVE_YEARS, before=MARCH + DAY)
    assert (done.lines, await store.ledger()) == (0, [])
    assert [line["n"] async for _, line in whole_ledger(store, files)] == [0, 1]


async def test_a_crash_while_a_file_is_written_leaves_the_stream_and_no_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(store, [MARCH, MARCH + 1], [{"kind": "skipped", "n": n} for n in range(2)])
    files = Archive(tmp_path)

    def broken(_writer: DayWriter) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(DayWriter, "finish", broken)
    with pytest.raises(OSError, match="no space"):
        await archive(store, files, retention=FIVE_YEARS, before=MARCH + DAY)
    monkeypatch.undo()
    assert (files.files(), len(await store.ledger())) == ([], 2)
    (tmp_path / "2026-03-02.partial").write_bytes(b"half")
    assert (await archive(store, files, retention=FIVE_YEARS, before=MARCH + DAY)).lines == 2
    assert not (tmp_path / "2026-03-02.partial").exists()


async def test_a_file_that_reads_back_otherwise_is_not_taken(tmp_path: Path) -> None:
    writer = DayWriter(tmp_path / "2026-03-02.parquet")
    writer.add(("1-0", {"kind": "skipped"}))
    writer._digest.update(b"a byte the disk lost")
    with pytest.raises(UnreadableDay, match="see to the disk"):
        writer.finish()
    assert not (tmp_path / "2026-03-02.parquet").exists()


async def test_lines_that_are_nowhere_else_are_never_trimmed(store: Store, tmp_path: Path) -> None:
    """The directory of another store, with later days in it."""
    writer = Archive(tmp_path).writer("2026-03-09")
    writer.add((f"{int((MARCH + 7 * DAY) * 1000)}-0", {"kind": "skipped"}))
    writer.finish()
    await write(store, [MARCH], [{"kind": "skipped"}])
    with pytest.raises(RefusedError) as refused:
        await archive(store, Archive(tmp_path), retention=FIVE_YEARS, before=MARCH + DAY)
    assert "another store's" in str(refused.value.reasons[0])
    assert len(await store.ledger()) == 1


async def test_a_second_file_of_a_day_comes_after_the_first(store: Store, tmp_path: Path) -> None:
    files = Archive(tmp_path)
    for place, moment in enumerate((MARCH + 60, MARCH + 120)):
        await write(store, [moment], [{"kind": "skipped", "n": place}])
        await archive(store, files, retention=FIVE_YEARS, before=moment + 1)
    assert [file.path.name for file in files.files()] == ["2026-03-02.parquet", "2026-03-02.2.parquet"]
    assert [line["n"] for _, line in files.read()] == [0, 1]


async def test_days_older_than_the_retention_are_removed(store: Store, tmp_path: Path) -> None:
    today = await store.server_time()
    await write(store, [today - 40 * DAY, today - 3 * DAY], [{"kind": "skipped"}, {"kind": "skipped"}])
    done = await archive(store, Archive(tmp_path), retention=30.0 * DAY)
    assert len(done.removed) == 1
    assert today - 40 * DAY < Archive(tmp_path).removed_until() <= today - 39 * DAY
    (kept,) = Archive(tmp_path).files()
    assert date.fromisoformat(kept.day) > date.fromisoformat(done.removed[0])


async def test_only_one_changes_the_files_at_a_time(store: Store, tmp_path: Path) -> None:
    files = Archive(tmp_path)
    with files.alone(), pytest.raises(RefusedError, match="in use"):
        await archive(store, files, retention=FIVE_YEARS)


def test_a_line_reads_back_as_it_was_written_whatever_its_types(tmp_path: Path) -> None:
    lines = [
        {"kind": "changed", "old": None, "new": {"weight": 2}, "by": "anna", "at": NOON},
        {"kind": "attempt_ended", "responses": [], "result": None, "at": 5},
        {"kind": "changed", "list": 3, "overrides": ["o1", "o2"], "responses": ["a", None]},
    ]
    writer = DayWriter(tmp_path / "2026-03-02.parquet")
    entries = [(f"{place}-0", line) for place, line in enumerate(lines)]
    for entry in entries:
        writer.add(entry)
    file = writer.finish()
    found = list(read(file.path))
    assert found == entries
    assert all(type(a[1]["at"]) is type(b["at"]) for a, b in zip(found, lines, strict=True) if "at" in b)


async def test_closed_days_are_not_split_over_two_directories(store: Store, tmp_path: Path) -> None:
    await write(store, [MARCH, MARCH + DAY], [{"kind": "skipped"}, {"kind": "skipped"}])
    await archive(store, Archive(tmp_path / "here"), retention=FIVE_YEARS, before=MARCH + DAY)
    with pytest.raises(RefusedError, match="elsewhere"):
        await archive(store, Archive(tmp_path / "there"), retention=FIVE_YEARS, before=MARCH + 2 * DAY)
    assert len(await store.ledger()) == 1


async def test_the_daily_run_tells_what_it_did_and_stops_when_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = await store.server_time() - DAY
    await write(store, [yesterday], [{"kind": "skipped"}])
    loaded = Project(tmp_path, Settings(data_dir=str(tmp_path)))
    monkeypatch.setattr(retention, "NOT_BEFORE", 0.01)
    stop, told = asyncio.Event(), list[str]()

    class Log:
        def info(self, event: str, **_about: object) -> None:
            told.append(event)
            stop.set()

        warning = info

    await asyncio.wait_for(retention.archive_daily(loaded, store, Log(), stop), timeout=60)
    assert told == ["ledger.archived"]
    assert await store.ledger() == []
