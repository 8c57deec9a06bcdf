"""Reads a whole list file before anything is written: contacts into a spool, what is refused into a file;
then the store gets the contacts, block by block.

The command `list import` gives it its options and tells what came of it.
"""

from __future__ import annotations

import getpass
import os
from asyncio import Task, create_task, gather
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from console.list_file import SIZE, ListFile, ListFileError, Piece, numbered, open_list, pieces
from console.list_reports import Report
from console.list_rows import Reject
from console.list_spool import Block, Spool, kept, packed
from console.refusal import Reason, RefusedError
from strategies.contacts import DEVICE_KINDS

if TYPE_CHECKING:
    from strategies.store import Store
    from strategies.store.contacts import Shared, Written
    from strategies.store.imports import Import

T = TypeVar("T")

SHOWN = 5  # rejects kept for the terminal; all of them are in the file
READERS = 8  # processes at most: more than one server can take in
ABREAST = 4  # batches on their way: packed while the server writes, and one wait for its disk for several


class Shown(Protocol):
    """Shows how far a long work is, where somebody looks: the items as they are taken, of about `total`."""

    def __call__(self, label: str, items: Iterable[T], total: float | None = None, /) -> Iterable[T]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What is imported and how: `mapping` is column to our name, `rejects` and `duplicates` where refused
    rows and duplicates of other lists go.

    `known`: what becomes of a contact that another list brought with other data: `replace`, `keep`, `refuse`.
    """

    name: str
    file: Path
    rejects: Path
    duplicates: Path
    country: str
    mapping: Mapping[str, str]
    debt: str | None = None
    separator: str = ","
    known: str = "replace"

    def open(self) -> ListFile:
        """The file with its columns understood. Raises RefusedError."""
        with self.refusing():
            return open_list(
                self.file, self.mapping, country=self.country, debt=self.debt, separator=self.separator
            )

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """A file that is no list as the command's refusal."""
        try:
            yield
        except ListFileError as unusable:
            reason = Reason(unusable.message, unusable.mend)
            raise RefusedError(f"{self.file} cannot be imported; nothing was changed", [reason]) from None


@dataclass(slots=True)
class Reading:
    """What reading the file came to; `first` are the first rejects, `used` the columns that became devices
    and attributes of anybody, `other_lists` the contacts that other lists know with other data, `shared` the
    numbers that other contacts have, too."""

    rows: int = 0
    contacts: int = 0
    rejected_rows: int = 0
    rejected_devices: int = 0
    first: tuple[Reject, ...] = ()
    used: frozenset[str] = frozenset()
    new: int = 0
    changed: int = 0
    other_lists: int = 0
    shared: int = 0

    def columns(self) -> str:
        """What was made of the file's columns: a misspelt one shows itself here."""
        devices = self.used.intersection(DEVICE_KINDS)
        named = (("devices", devices), ("attributes", self.used - devices))
        return "; ".join(f"{what}: {', '.join(sorted(names)) or 'none'}" for what, names in named)

    def figures(self) -> dict[str, int]:
        """The counts, for the record of the import."""
        return {
            "rows": self.rows,
            "contacts": self.contacts,
            "rejected_rows": self.rejected_rows,
            "rejected_devices": self.rejected_devices,
            "new": self.new,
            "changed": self.changed,
            "other_lists": self.other_lists,
            "shared_numbers": self.shared,
        }

    def wrote(self, written: Written) -> None:
        """Add what the store says."""
        self.new += written.new
        self.changed += written.changed
        self.other_lists += len(written.elsewhere)
        self.shared += len(written.shared)

    def count(self, piece: Piece[bytes]) -> None:
        """Add a piece."""
        self.rows += piece.rows
        contacts = len(piece.known) - piece.known.count(None)
        self.contacts += contacts
        self.used |= piece.used
        self.refuse(piece.rejects)
        self.rejected_rows += piece.rows - contacts

    def refuse(self, rejects: list[Reject]) -> None:
        """Add rejects; rows are counted by whoever knows of them."""
        self.rejected_devices += sum(reject.refused == "device" for reject in rejects)
        if len(self.first) < SHOWN:
            self.first += tuple(rejects)


def check(plan: Plan, opened: ListFile, spool: Spool, rejects: Report, shown: Shown) -> Reading:
    """Read all rows, the contacts into `spool`. Raises RefusedError where the file as a whole is unusable."""
    reading = Reading()
    read = numbered(pieces(opened, packed, processes=min(os.cpu_count() or 1, READERS)))
    with plan.refusing():
        for piece in shown(f"checking {plan.file.name}", read, opened.size / SIZE):
            spool.add(*kept(piece))
            rejects.add((r.row, r.column, r.reason, r.value, r.refused) for r in piece.rejects)
            reading.count(piece)
    rejects.keep()
    return reading


def refuse_with_rejects(plan: Plan, reading: Reading, *, partial: bool) -> None:
    """Raises RefusedError for a file without a usable row and, unless `partial`, for any reject."""
    refused = reading.rejected_rows + reading.rejected_devices
    if not reading.rows:
        raise RefusedError(f"{plan.file} has no rows; nothing was changed")
    if reading.contacts and (partial or not refused):
        return
    what = "every row was refused" if not reading.contacts else f"{refused} rows or devices were refused"
    mend = f"mend them in {plan.file}; all are listed in {plan.rejects}"
    if reading.contacts:
        mend += f"; or import the other {reading.contacts} contacts with --partial"
    if reading.contacts and any(not reject.column for reject in reading.first):
        mend += f"; or say what a column is: --map COLUMN=NAME ({reading.columns()})"
    raise RefusedError(
        f"{plan.file} was not imported, because {what}; nothing was changed",
        [Reason(told(reject), mend) for reject in reading.first],
    )


def told(reject: Reject) -> str:
    """A reject in one line."""
    where = f"row {reject.row}, {reject.column}" if reject.column else f"row {reject.row}"
    return (
        f'{where}: "{reject.value[:60]}" is {reject.reason}' if reject.column else f"{where}: {reject.reason}"
    )


async def refuse_known(
    store: Store, plan: Plan, opened: ListFile, spools: tuple[Spool, Spool], rejects: Report, reading: Reading
) -> None:
    """Move the contacts of one spool to the other, but for those that other lists know with other data: their
    rows become rejects."""
    columns = await store.columns(opened.layout.attributes)
    for block in spools[0].blocks():
        conflicts = await store.conflicts(plan.name, block.entries(columns))
        known = await store.lists_of([block.ids[at] for at in conflicts])
        refused = [
            Reject(
                block.lines[at], "contact_id", f"known with other data, by: {', '.join(lists)}", block.ids[at]
            )
            for at, lists in zip(conflicts, known, strict=True)
        ]
        rejects.add((r.row, r.column, r.reason, r.value, r.refused) for r in refused)
        reading.refuse(refused)
        reading.rejected_rows += len(refused)
        reading.contacts -= len(refused)
        left = block.at(sorted(set(range(len(block.ids))).difference(conflicts)))
        spools[1].add(left.lines, left.pack())
    rejects.keep()


async def write(
    store: Store,
    plan: Plan,
    opened: ListFile,
    spool: Spool,
    duplicates: Report,
    reading: Reading,
    shown: Shown,
) -> Import:
    """Give the store what was read, as one import; what other lists or contacts have in common with it goes
    into `duplicates`."""
    by = getpass.getuser()
    started = await store.begin_import(plan.name, reading.contacts, by=by, file=str(plan.file))
    columns = await store.columns(opened.layout.attributes)
    waiting: deque[Task[tuple[Block, Written]]] = deque()
    place = started.first

    async def put(part: Block, place: int) -> tuple[Block, Written]:
        span = (started.first, started.last)
        keep = plan.known == "keep"
        return part, await store.write_records(
            plan.name, part.entries(columns), span=span, place=place, keep=keep
        )

    try:
        for block in shown(f"importing {plan.name}", spool.blocks(), opened.size / SIZE):
            for part in block.parts():
                waiting.append(create_task(put(part, place)))
                place += len(part.ids)
                if len(waiting) == ABREAST:
                    await _tell_written(store, plan, reading, duplicates, await waiting.popleft())
        while waiting:
            await _tell_written(store, plan, reading, duplicates, await waiting.popleft())
    finally:  # after a failure: a batch that is on its way arrives or fails, too
        await gather(*waiting, return_exceptions=True)
    done = await store.finish_import(started, reading.figures())
    await store.changed(
        "list_imported", by=by, list=plan.name, new=f"{reading.contacts} contacts", of=done.id
    )
    duplicates.keep()
    return done


async def _tell_written(
    store: Store, plan: Plan, reading: Reading, duplicates: Report, done: tuple[Block, Written]
) -> None:
    part, written = done
    if plan.debt:
        written = replace(written, shared=tuple(filter(_strangers, written.shared)))
    reading.wrote(written)
    if written.elsewhere or written.shared:
        await _tell_duplicates(store, plan, part, written, duplicates)


def _strangers(shared: Shared) -> bool:
    """Whether a number is shared by more than the debts of one person, who is known as ID, ID/DEBT, ..."""
    person = shared.contact.rpartition("/")[0] or shared.contact
    return any(other != person and not other.startswith(f"{person}/") for other in shared.others)


async def _tell_duplicates(store: Store, plan: Plan, part: Block, written: Written, report: Report) -> None:
    lines = dict(zip(part.ids, part.lines, strict=True))
    what = "kept as it was" if plan.known == "keep" else "replaced"
    known = await store.lists_of(written.elsewhere)
    for identity, lists in zip(written.elsewhere, known, strict=True):
        others = " ".join(name for name in lists if name != plan.name)
        report.add([(lines[identity], identity, f"known with other data; {what}", "", others, "")])
    for one in written.shared:
        row = (lines[one.contact], one.contact, "a number of other contacts: one person for locks and limits")
        report.add([(*row, one.number, "", " ".join(one.others))])
