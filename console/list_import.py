"""Reads a whole list file before anything is written: contacts into a spool, what is refused into a file.

The command `list import` gives it its options; the store gets the contacts afterwards, batch by batch.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec

from console.list_file import ListFileError, Reject, Row, read
from console.refusal import Reason, RefusedError
from strategies.contacts import Contact

SHOWN = 5  # rejects kept for the terminal; all of them are in the file
COLUMNS = ("row", "column", "reason", "value", "refused")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is imported and how: `mapping` is column to our name, `rejects` where refused rows go."""

    name: str
    file: Path
    rejects: Path
    country: str
    mapping: Mapping[str, str]
    debt: str | None = None
    separator: str = ","

    def rows(self) -> Iterator[Row]:
        """Every row of the file. Raises ListFileError."""
        return read(self.file, self.mapping, country=self.country, debt=self.debt, separator=self.separator)


@dataclass(slots=True)
class Reading:
    """What reading the file came to; `first` are the first rejects, `devices` and `attributes` what its
    columns became for anybody."""

    rows: int = 0
    contacts: int = 0
    rejected_rows: int = 0
    rejected_devices: int = 0
    first: tuple[Reject, ...] = ()
    devices: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def columns(self) -> str:
        """What was made of the file's columns: a misspelt one shows itself here."""
        named = (("devices", self.devices), ("attributes", self.attributes))
        return "; ".join(f"{what}: {', '.join(sorted(names)) or 'none'}" for what, names in named)


def check(plan: Plan, rows: Iterable[Row], spool: IO[bytes]) -> Reading:
    """Read all rows, the contacts into `spool`. Raises RefusedError where the file as a whole is unusable."""
    reading, encoder = Reading(), msgspec.json.Encoder()
    try:
        with tempfile.TemporaryFile(mode="w+", encoding="utf-8", newline="") as rejects:
            writer = csv.writer(rejects)
            writer.writerow(COLUMNS)
            for row in rows:
                if row.contact is not None:
                    spool.write(encoder.encode(row.contact) + b"\n")
                for reject in row.rejects:
                    writer.writerow((reject.row, reject.column, reject.reason, reject.value, reject.refused))
                _count(reading, row)
            rejects.seek(0)
            _keep(plan.rejects, rejects.read() if reading.first else None)
    except ListFileError as unusable:
        reason = Reason(unusable.message, unusable.mend)
        raise RefusedError(f"{plan.file} cannot be imported; nothing was changed", [reason]) from None
    return reading


def _count(reading: Reading, row: Row) -> None:
    reading.rows += 1
    reading.contacts += row.contact is not None
    if row.contact is not None:
        reading.devices.update(device.kind for device in row.contact.devices)
        reading.attributes.update(row.contact.attributes)
    reading.rejected_rows += row.contact is None
    reading.rejected_devices += sum(reject.refused == "device" for reject in row.rejects)
    if len(reading.first) < SHOWN:
        reading.first += row.rejects


def _keep(path: Path, text: str | None) -> None:
    """A reject file of an earlier import does not stay where nothing was refused."""
    try:
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise RefusedError(
            f"the rejects cannot be written to {path} ({error.strerror}); nothing was changed",
            [Reason("refused rows go into a file of their own", "name another place: --rejects FILE.csv")],
        ) from None


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


def batches(spool: IO[bytes], size: int) -> Iterator[list[Contact]]:
    """The contacts of the spool in order, `size` at a time."""
    spool.seek(0)
    decoder = msgspec.json.Decoder(Contact)
    while lines := list(islice(spool, size)):
        yield [decoder.decode(line) for line in lines]
