"""A closed day of the ledger as a Parquet file: its columns, its writing, its reading back; which days are
written, and when, is left to `ledger_archive`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from console.refusal import RefusedError

Entry = tuple[str, dict[str, Any]]

TEXTS = (
    "kind",
    "campaign",
    "list",
    "pass",
    "contact",
    "device",
    "address",
    "medium",
    "attempt",
    "result",
    "reason",
    "recovers",
    "trigger",
    "strategy",
    "by",
)
SEVERAL = ("responses", "overrides")
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("at", pa.float64()),
        *(pa.field(name, pa.string()) for name in TEXTS),
        *(pa.field(name, pa.list_(pa.string())) for name in SEVERAL),
        pa.field("more", pa.string()),  # JSON: whatever else the line says
    ]
)
GROUP = 20_000  # lines held in memory at once
LAST = b"secondpass.last"  # the id of the file's last line, among the file's own words
_more = msgspec.json.Decoder(dict[str, Any]).decode


class UnreadableDay(RefusedError):
    """A file of the ledger that does not read back as it was written; the message names the mend."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """One file; `day` is that of the ids in UTC, `last` the id of its last line."""

    path: Path
    day: str
    last: str


class DayWriter:
    """Writes one file: under another name until it was read back and is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_suffix(".partial")
        self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        self._rows: list[Entry] = []
        self._digest, self.count, self.last = sha256(), 0, ""

    def add(self, entry: Entry) -> None:
        """One more line."""
        self._rows.append(entry)
        self._digest.update(_mark(entry))
        self.count, self.last = self.count + 1, entry[0]
        if len(self._rows) >= GROUP:
            self._flush()

    def finish(self) -> DayFile:
        """Put the file in its place. Raises UnreadableDay if it does not hold what was added."""
        self._flush()
        self._writer.add_key_value_metadata({LAST: self.last.encode()})
        self._writer.close()
        _to_disk(self._partial)
        if digest_of(read(self._partial)) != self._digest.hexdigest():
            raise UnreadableDay(f"{self._partial} does not read back as it was written: see to the disk")
        self._partial.replace(self._path)
        _to_disk(self._path.parent)
        return DayFile(self._path, day_of(self._path), self.last)

    def give_up(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._partial.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist([_row(entry) for entry in self._rows], SCHEMA))
            self._rows = []


def known(path: Path) -> DayFile:
    """What a file says of itself. Raises UnreadableDay."""
    try:
        words = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise UnreadableDay(f"{path} cannot be read ({error}): put it back from a backup") from error
    if LAST not in words:
        raise UnreadableDay(f"{path} is no file of the ledger: take it out of the directory")
    return DayFile(path, day_of(path), words[LAST].decode())


def read(path: Path, about: str | None = None, kinds: Collection[str] | None = None) -> Iterator[Entry]:
    """The file's lines in their order, a few thousand in memory at a time. Raises UnreadableDay.

    `about` a contact: those whose contact it is, and those that name it elsewhere or look as if they did.
    `kinds`: only lines of these.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=GROUP // 4):
                wanted = batch if about is None else batch.filter(_naming(batch, about))
                if kinds is not None:
                    named = pa.array([*map(str, kinds)], pa.string())
                    wanted = wanted.filter(pc.is_in(wanted.column("kind"), value_set=named))
                for row in wanted.to_pylist():
                    yield _entry(row)
    except (OSError, pa.ArrowException, msgspec.DecodeError) as error:
        raise UnreadableDay(f"{path} cannot be read ({error}): put it back from a backup") from error


def digest_of(entries: Iterable[Entry]) -> str:
    """What two equal rows of lines have in common, and no others."""
    digest = sha256()
    for entry in entries:
        digest.update(_mark(entry))
    return digest.hexdigest()


def day_of(path: Path) -> str:
    """`2026-03-02` of `2026-03-02.parquet` and of `2026-03-02.2.parquet`."""
    return path.name[:10]


def _naming(batch: pa.RecordBatch, contact: str) -> pa.Array:
    is_its = pc.equal(batch.column("contact"), contact)
    names_it = pc.match_substring(batch.column("more"), msgspec.json.encode(contact).decode())
    return pc.fill_null(pc.or_kleene(is_its, names_it), fill_value=False)


def _mark(entry: Entry) -> bytes:
    return msgspec.json.encode(entry, order="sorted") + b"\n"


def _row(entry: Entry) -> dict[str, object]:
    identity, line = entry
    row: dict[str, object] = {"id": identity}
    more = {}
    for name, value in line.items():
        if _fits(name, value):
            row[name] = value
        else:
            more[name] = value
    row["more"] = msgspec.json.encode(more).decode() if more else None
    return row


def _fits(name: str, value: object) -> bool:
    if name == "at":
        return isinstance(value, float)
    if name in TEXTS:
        return isinstance(value, str)
    return name in SEVERAL and isinstance(value, list) and all(isinstance(one, str) for one in value)


def _entry(row: Mapping[str, Any]) -> Entry:
    line = {name: value for name, value in row.items() if value is not None and name not in {"id", "more"}}
    return row["id"], line | (_more(row["more"]) if row["more"] is not None else {})


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
