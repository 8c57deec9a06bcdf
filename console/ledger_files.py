"""The directory of a tenant's closed days: which files there are, in which order, and who may change them;
one file's inside is left to `ledger_days`, what moves into them to `ledger_archive`."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from console.ledger_days import DayFile, DayWriter, Entry


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
        self,
        after: str = "-",
        about: str | None = None,
        files: Sequence[DayFile] | None = None,
        kinds: Collection[str] | None = None,
    ) -> Iterator[Entry]:
        """The lines of these files, of all if not said, after an id; `about` a contact: at least those that
        name it; `kinds`: only those."""
        kept = self.files() if files is None else files
        if not kept:
            return
        from console.ledger_days import read

        for file in kept:
            if place_of(file.last) > place_of(after):
                lines = read(file.path, about, kinds)
                yield from (entry for entry in lines if place_of(entry[0]) > place_of(after))

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


def place_of(identity: str) -> tuple[int, int]:
    """What ids are ordered by; `-` is before all."""
    millis, _, number = identity.partition("-")
    return (int(millis), int(number)) if millis else (-1, 0)


def _order(path: Path) -> tuple[str, int]:
    """Day and part of a file: `2026-03-02.parquet` is the first of its day, `2026-03-02.2.parquet` next."""
    day, _, part = path.name.removesuffix(".parquet").partition(".")
    return day, int(part) if part.isdecimal() else 1


def _known(path: Path) -> DayFile:
    need_parquet()
    from console.ledger_days import known

    return known(path)
