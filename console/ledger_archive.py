"""The whole ledger: closed days as files, the rest as the store's stream. Days move from one to the other so
that a crash at any point loses and doubles nothing; the files' inside is left to `ledger_days`.

A file is complete, on the disk and read back before it gets its name; only then the stream is trimmed. So a
line is in the stream, or in a file, or, between those two steps, in both: a reader takes the files first and
from the stream only what comes after them.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from console.ledger_days import DayFile, DayWriter, Entry
    from strategies.store import Store

PAGE = 2000  # lines of the stream read at once


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run did."""

    days: tuple[str, ...]
    lines: int
    removed: tuple[str, ...]


class Archive:
    """The files of one tenant's closed days in `folder`, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[DayFile]:
        """All files, the oldest first. Raises UnreadableDay, and RefusedError without pyarrow."""
        return [_known(path) for path in self._paths()]

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"), key=_order)

    def mark(self) -> str:
        """What this directory is known by to the store whose days it holds; made when first asked for."""
        path = self.folder / ".mark"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(secrets.token_hex(8), encoding="ascii")
        return path.read_text(encoding="ascii")

    def last(self) -> str:
        """The id of the last line in the files; `-` if there is none."""
        paths = self._paths()
        return _known(paths[-1]).last if paths else "-"

    def read(
        self, after: str = "-", about: str | None = None, files: Sequence[DayFile] | None = None
    ) -> Iterator[Entry]:
        """The lines of these files, of all if not said, after an id; `about` a contact: at least those that
        name it."""
        kept = self.files() if files is None else files
        if not kept:
            return
        from console.ledger_days import read

        for file in kept:
            if _place(file.last) > _place(after):
                lines = read(file.path, about)
                yield from (entry for entry in lines if _place(entry[0]) > _place(after))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For whoever changes the files: one at a time. Raises RefusedError while another one is at it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for partial in self.folder.glob("*.partial"):
                partial.unlink()
            yield
        except BlockingIOError as error:
            reason = Reason("it is being archived, or a person erased, right now", "try again in a minute")
            raise RefusedError(f"the ledger's files in {self.folder} are in use", [reason]) from error
        finally:
            os.close(lock)

    def writer(self, day: str) -> DayWriter:
        """A writer of one more file of this day."""
        from console.ledger_days import DayWriter

        part = max((_order(path)[1] + 1 for path in self.folder.glob(f"{day}*.parquet")), default=1)
        return DayWriter(self.folder / (f"{day}.{part}.parquet" if part > 1 else f"{day}.parquet"))

    def rewrite(self, change: Callable[[Entry], Entry]) -> int:
        """Every file whose lines change is written anew; returns how many lines did. Call within `alone`."""
        return sum(self._rewritten(file.path, change) for file in self.files())

    def _rewritten(self, path: Path, change: Callable[[Entry], Entry]) -> int:
        from console.ledger_days import DayWriter, read

        count = sum(change(entry) != entry for entry in read(path))
        if count:
            writer = DayWriter(path)
            try:
                for entry in read(path):
                    writer.add(change(entry))
                writer.finish()
            except BaseException:
                writer.give_up()
                raise
        return count

    def remove_before(self, oldest: date) -> tuple[str, ...]:
        """Take away the files of days before this one; returns the days."""
        gone = [file for file in self.files() if date.fromisoformat(file.day) < oldest]
        if gone:
            (self.folder / ".removed").write_text(gone[-1].day, encoding="ascii")
        for file in gone:
            file.path.unlink()
        return tuple(dict.fromkeys(file.day for file in gone))

    def removed_until(self) -> float:
        """The moment before which lines are missing, because their days were removed; 0 if none are."""
        path = self.folder / ".removed"
        if not path.exists():
            return 0.0
        day = datetime.fromisoformat(path.read_text(encoding="ascii")).replace(tzinfo=UTC)
        return (day + timedelta(days=1)).timestamp()


def _order(path: Path) -> tuple[str, int]:
    """Day and part of a file: `2026-03-02.parquet` is the first of its day, `2026-03-02.2.parquet` next."""
    day, _, part = path.name.removesuffix(".parquet").partition(".")
    return day, int(part) if part.isdecimal() else 1


def _known(path: Path) -> DayFile:
    need_parquet()
    from console.ledger_days import known

    return known(path)


def archive_of(loaded: Project) -> Archive:
    """The files of the settings' tenant."""
    return Archive(loaded.settings.data_dir / "ledger" / loaded.settings.tenant)


def need_parquet() -> None:
    """Raises RefusedError where the library that reads and writes Parquet is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 - whether it is there
    except ImportError as error:
        reason = Reason("pyarrow is not installed", "pip install 'secondpass[archive]'")
        raise RefusedError("closed days cannot be read or written; nothing was changed", [reason]) from error


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
            if until is not None and _place(entry[0]) > _place(until):
                return
            yield entry
        after = max(after, kept[-1].last if kept else "-", key=_place)
        page = await store.ledger(after, PAGE)
        if _place(files.last()) > _place(after):
            continue
        if not page:
            return
        for entry in page:
            if until is not None and _place(entry[0]) > _place(until):
                return
            yield entry
        after = page[-1][0]


async def _trim_what_is_kept(store: Store, files: Archive) -> None:
    """What a crash left both in the stream and in a file goes from the stream, if it is the same."""
    last = files.last()
    if last == "-" or not (first := await store.ledger(count=1)) or _place(first[0][0]) > _place(last):
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


def _place(identity: str) -> tuple[int, int]:
    """What ids are ordered by; `-` is before all."""
    millis, _, number = identity.partition("-")
    return (int(millis), int(number)) if millis else (-1, 0)


def _after(identity: str) -> str:
    millis, number = _place(identity)
    return f"{millis}-{number + 1}"


def _before(identity: str) -> str:
    """An id with nothing between it and this one."""
    millis, number = _place(identity)
    return f"{millis}-{number - 1}" if number else f"{millis - 1}-{2**63}"


def _day(identity: str) -> str:
    return datetime.fromtimestamp(_place(identity)[0] / 1000, UTC).date().isoformat()


def _midnight(now: float) -> float:
    day = datetime.fromtimestamp(now, UTC).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
