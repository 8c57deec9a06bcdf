"""Reads a list's file in pieces that can be read apart and at once: cut between two rows, never within
quotes, put together again in the file's order. Memory does not grow with the file."""

from __future__ import annotations

import csv
import gc
import io
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from console.list_columns import ColumnReader, is_plain
from console.list_cut import rows_end
from console.list_duplicates import Seen
from console.list_rows import Found, Layout, ListFileError, Reject, planned
from strategies.contacts import Contact

__all__ = ("ListFileError", "Reject", "Row", "read")

T = TypeVar("T")

SIZE = 1 << 18  # bytes of a piece: a thousand rows or so; a row cannot be longer
ALONE = 4 << 20  # bytes that are read sooner than other processes would start
AHEAD = 2  # pieces per process that are read or wait for it: what bounds the memory
DUPLICATE = "duplicate: the contact_id stands in an earlier row"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a piece is no list; `line` of the piece."""

    line: int
    message: str
    mend: str


@dataclass(slots=True)
class Piece(Generic[T]):
    """What reading a piece came to; its first line is line 1 here, and of the file once `place` was called.

    `lines_of`, `given` and `owed` have an entry for each row that is a contact: its line, its contact_id, the
    value that tells debts apart; `made` is what was made of all of them. `known`, once `numbered` was over
    it: the id each is known by, None for a duplicate.
    """

    made: T
    lines: int = 0
    rows: int = 0
    size: int = 0
    lines_of: list[int] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    used: frozenset[str] = frozenset()  # devices and attributes that some row of the file so far has
    fault: Fault | None = None
    known: Sequence[str | None] = ()

    def place(self, before: int) -> None:
        """Count lines as in the file, `before` of which come before this piece."""
        self.lines_of = [before + line for line in self.lines_of]
        self.rejects = [replace(reject, row=before + reject.row) for reject in self.rejects]
        if self.fault is not None:
            self.fault = replace(self.fault, line=before + self.fault.line)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file opened as a list: what its columns stand for, and where its rows begin."""

    path: Path
    layout: Layout
    separator: str
    begins: int  # the byte
    lines: int  # before that

    @property
    def size(self) -> int:
        """How many bytes of rows there are."""
        return self.path.stat().st_size - self.begins


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: a contact, or none where the row was refused, and what was refused of it."""

    line: int
    contact: Contact | None
    rejects: tuple[Reject, ...] = ()


def read(
    path: Path, mapping: Mapping[str, str], *, country: str, debt: str | None, separator: str
) -> Iterator[Row]:
    """Every row of the file in order. Raises ListFileError where the file as a whole is at fault.

    `debt` is the attribute that tells two debts of one person apart, see `Seen`.
    """
    opened = open_list(path, mapping, country=country, debt=debt, separator=separator)
    names = opened.layout.attributes
    for piece in numbered(pieces(opened, as_found)):
        kept = {
            line: found.contact(identity, names)
            for line, identity, found in zip(piece.lines_of, piece.known, piece.made, strict=True)
            if identity is not None
        }
        told: dict[int, list[Reject]] = {line: [] for line in kept}
        for reject in piece.rejects:
            told.setdefault(reject.row, []).append(reject)
        for line in sorted(told):
            yield Row(line, kept.get(line), tuple(told[line]))


def as_found(found: Sequence[Found]) -> Sequence[Found]:
    """What to make of the rows, for whoever needs no other form of them."""
    return found


def open_list(
    path: Path, mapping: Mapping[str, str], *, country: str, debt: str | None, separator: str
) -> ListFile:
    """Read the header. Raises ListFileError where the file cannot be a list."""
    with _opened(path) as file:
        start = file.read(SIZE)
    mark = len(BOM) if start.startswith(BOM) else 0
    lines = start[mark:].splitlines(keepends=True)
    try:
        reader = csv.reader((line.decode() for line in lines), delimiter=separator, strict=True)
        header = next(reader, None)
    except UnicodeDecodeError as error:
        raise _no_text(error) from None
    except csv.Error as error:
        raise ListFileError(f"line 1 is no CSV: {error}", "mend the quotes of that line") from None
    if header is None:
        raise ListFileError("the file is empty", "its first line names the columns, contact_id one of them")
    begins = mark + sum(len(line) for line in lines[: reader.line_num])
    return ListFile(
        path, planned(header, mapping, country, debt, separator), separator, begins, reader.line_num
    )


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ListFileError(
            f"{path} cannot be read: {error.strerror}", "name a CSV file that exists"
        ) from None


def _no_text(error: UnicodeDecodeError) -> ListFileError:
    return ListFileError(
        f"the file is not UTF-8 (byte 0x{error.object[error.start]:02x})",
        "save it as UTF-8, for instance: iconv -f windows-1252 -t utf-8 OLD.csv > NEW.csv",
    )


def pieces(
    opened: ListFile, make: Callable[[Sequence[Found]], T], *, processes: int = 1
) -> Iterator[Piece[T]]:
    """The whole file read piece by piece, in its order. Raises ListFileError where it is no list after all.

    `make` says what becomes of the rows of a piece: a function of a module, since other processes are to
    find it.
    """
    before = opened.lines
    for piece in _read_all(opened, make, processes):
        piece.place(before)
        if piece.fault is not None:
            where = f"line {piece.fault.line} " if piece.fault.line > before else ""
            raise ListFileError(where + piece.fault.message, piece.fault.mend)
        before += piece.lines
        yield piece


def numbered(read_pieces: Iterable[Piece[T]]) -> Iterator[Piece[T]]:
    """The pieces with duplicates among their rejects, and everybody else known by an id."""
    with closing(Seen()) as seen:
        for piece in read_pieces:
            piece.known = seen.identities(piece.given, piece.owed)
            again = {
                line: Reject(line, "contact_id", DUPLICATE, given)
                for line, given, known in zip(piece.lines_of, piece.given, piece.known, strict=True)
                if known is None
            }
            if again:
                others = (reject for reject in piece.rejects if reject.row not in again)
                piece.rejects = sorted((*others, *again.values()), key=lambda reject: reject.row)
            yield piece


def _read_all(opened: ListFile, make: Callable[[Sequence[Found]], T], processes: int) -> Iterator[Piece[T]]:
    cut = _cut(opened)
    if processes == 1 or opened.size <= ALONE:
        reader = ColumnReader(opened.layout)
        for chunk in cut:
            yield read_piece(chunk, reader, opened.separator, make)
        return
    with ProcessPoolExecutor(
        processes, get_context("spawn"), _begin, (opened.layout, opened.separator, make)
    ) as pool:
        waiting: deque[Future[Piece[T]]] = deque()
        try:
            for chunk in cut:
                waiting.append(pool.submit(_read_here, chunk))
                if len(waiting) > AHEAD * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(layout: Layout, separator: str, make: Callable[[Sequence[Found]], T]) -> None:
    """What a process of the pool reads with. What it makes holds no cycles, and is much: nothing is to look
    for them. Ctrl-C is the command's to deal with."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _read_here_with  # noqa: PLW0603 - a pool hands a process its tools in no other way
    _read_here_with = (ColumnReader(layout), separator, make)


_read_here_with: tuple[ColumnReader, str, Callable[[Sequence[Found]], Any]]


def _read_here(chunk: bytes) -> Piece[Any]:
    return read_piece(chunk, *_read_here_with)


def _cut(opened: ListFile) -> Iterator[bytes]:
    """The rows of the file in pieces of about SIZE, each of whole rows."""
    with _opened(opened.path) as file:
        file.seek(opened.begins)
        rest, lines = b"", opened.lines
        while read := file.read(SIZE):
            block = rest + read
            end = rows_end(block, opened.separator)
            if end == 0 and len(block) > SIZE:
                raise ListFileError(
                    f"a row is longer than {SIZE} bytes, after line {lines}",
                    "mend the line breaks or the quotes there",
                )
            if end:
                yield block[:end]
                lines += block.count(b"\n", 0, end)
            rest = block[end:]
        if rest:
            yield rest


def read_piece(
    chunk: bytes, reader: ColumnReader, separator: str, make: Callable[[Sequence[Found]], T]
) -> Piece[T]:
    """Read the rows of a piece."""
    try:
        text = chunk.decode()
    except UnicodeDecodeError as error:
        told = _no_text(error)
        return Piece(make([]), fault=Fault(0, told.message, told.mend))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, found, line, count = [], [], 1, 0
    fault = None
    try:
        for values in rows:
            count += 1
            if values:
                lines.append(line)
                found.append(values)
            line = rows.line_num + 1
    except csv.Error as error:
        fault = Fault(rows.line_num, f"is no CSV: {error}", "mend the quotes of that line")
    plain = rows.line_num == count and is_plain(text)
    of, contacts, rejects = reader.read_all(lines, found, plain=plain)
    return Piece(
        make(contacts),
        lines=rows.line_num,
        rows=len(found),
        size=len(chunk),
        lines_of=of,
        given=[each.identity for each in contacts],
        owed=[each.owed for each in contacts],
        rejects=rejects,
        used=frozenset(reader.used),
        fault=fault,
    )
