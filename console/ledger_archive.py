"""The whole ledger: closed days as files, the rest as the store's stream. Days move from one to the other so
that a crash at any point loses and doubles nothing; the files' inside is left to `ledger_days`.

A file is complete, on the disk and read back before it gets its name; only then the stream is trimmed. So a
line is in the stream, or in a file, or, between those two steps, in both: a reader takes the files first and
from the stream only what comes after them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from console.ledger_files import Archive, place_of
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from console.ledger_days import DayWriter, Entry
    from strategies.store import Store

PAGE = 2000  # lines of the stream read at once


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run did."""

    days: tuple[str, ...]
    lines: int
    removed: tuple[str, ...]


async def at_home(store: Store, files: Archive) -> None:
    """Raises RefusedError where the store's closed days are kept in another directory than this one."""
    home = await store.archive_home()
    if home is not None and home != files.mark():
        reason = Reason(
            f"{files.folder} is not the directory that this store's closed days were moved to",
            "use the data_dir they are in, or move them here: the whole directory, with the file .mark",
        )
        raise RefusedError("the closed days of the ledger are elsewhere", [reason])


async def archive(store: Store, files: Archive, *, retention: float, before: float | None = None) -> Archived:
    """Move the closed days (of the server's clock, UTC) into files and remove those older than `retention`
    seconds; `before`: the moment all days before which are closed, if not the last midnight.

    Safe to be repeated after a crash at any point.
    """
    now = await store.server_time()
    until = _midnight(now) if before is None else before
    with files.alone():
        await at_home(store, files)
        await store.archive_home(files.mark())
        await _trim_what_is_kept(store, files)
        days, lines = await _move(store, files, f"{int(until * 1000)}-0")
        oldest = datetime.fromtimestamp(now, UTC).date() - timedelta(seconds=retention)
        return Archived(days, lines, files.remove_before(oldest))


async def whole_ledger(
    store: Store, files: Archive, after: str = "-", *, until: str | None = None, about: str | None = None
) -> AsyncIterator[Entry]:
    """Every line there is, once, in order, though days may be moved meanwhile; `until`: an id after which
    none is wanted; `about` a contact: at least those that name it, which spares most of a long archive.

    A page of the stream is given only if no file holds lines it should have had: a file has its name before
    the stream is trimmed.
    """
    while True:
        kept = files.files()
        for entry in files.read(after, about, kept):
            if until is not None and place_of(entry[0]) > place_of(until):
                return
            yield entry
        after = max(after, kept[-1].last if kept else "-", key=place_of)
        page = await store.ledger(after, PAGE)
        if place_of(files.last()) > place_of(after):
            continue
        if not page:
            return
        for entry in page:
            if until is not None and place_of(entry[0]) > place_of(until):
                return
            yield entry
        after = page[-1][0]


async def _trim_what_is_kept(store: Store, files: Archive) -> None:
    """What a crash left both in the stream and in a file goes from the stream, if it is the same."""
    last = files.last()
    if last == "-" or not (first := await store.ledger(count=1)) or place_of(first[0][0]) > place_of(last):
        return
    from console.ledger_days import digest_of

    begins = _before(first[0][0])
    twice = [entry async for entry in _stream(store, "-", _after(last))]
    if digest_of(twice) != digest_of(files.read(begins)):
        raise RefusedError(
            "the ledger was not archived; nothing was changed",
            [
                Reason(
                    f"lines of the stream up to {last} are not in the files of {files.folder}",
                    "see whether the files are another store's, and move them elsewhere if so",
                )
            ],
        )
    await store.ledger_trim(last)


async def _move(store: Store, files: Archive, before: str) -> tuple[tuple[str, ...], int]:
    days, lines, writer, writing = list[str](), 0, None, ""
    try:
        async for entry in _stream(store, files.last(), before):
            day = _day(entry[0])
            if writer is not None and day != writing:
                lines += await _close(store, writer)
                writer = None
            if writer is None:
                writer, writing = files.writer(day), day
                days.append(day)
            writer.add(entry)
        if writer is not None:
            lines += await _close(store, writer)
            writer = None
    finally:
        if writer is not None:
            writer.give_up()
    return tuple(days), lines


async def _close(store: Store, writer: DayWriter) -> int:
    """The file first, the stream after it."""
    file = writer.finish()
    await store.ledger_trim(file.last)
    return writer.count


async def _stream(store: Store, after: str, before: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    while page := await store.ledger(after, PAGE, before):
        for entry in page:
            yield entry
        after = page[-1][0]


def _after(identity: str) -> str:
    millis, number = place_of(identity)
    return f"{millis}-{number + 1}"


def _before(identity: str) -> str:
    """An id with nothing between it and this one."""
    millis, number = place_of(identity)
    return f"{millis}-{number - 1}" if number else f"{millis - 1}-{2**63}"


def _day(identity: str) -> str:
    return datetime.fromtimestamp(place_of(identity)[0] / 1000, UTC).date().isoformat()


def _midnight(now: float) -> float:
    day = datetime.fromtimestamp(now, UTC).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
