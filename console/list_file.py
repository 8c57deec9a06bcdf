"""A contact list as a CSV file: columns to contacts, row by row, and what is refused of it and why.

It knows nothing of the store: who asked decides what becomes of the contacts and of the rejects.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strategies.contacts import DEVICE_KINDS, Contact, Device
from strategies.numbers import normalise
from strategies.vocabulary import CONSENT_BASES

if TYPE_CHECKING:
    from _csv import Reader

RESERVED = ("recovery_open",)  # names that expressions give a meaning of their own
CONSENT = ("basis", "date", "source")
ID_LIMIT = 128  # an id becomes part of a key and of every ledger line
VALUE_LIMIT = 2000  # longer than any name, address or remark; short enough for a prompt or a message
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f]")
_EMAIL = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+\.[^@\s<>,;\"']+")


class ListFileError(Exception):
    """The file as a whole cannot be read as a list: `message` and `mend`."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(f"{message}; {mend}")
        self.message = message
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Reject:
    """What was refused: the whole `row`, or only a `device` of a contact that has another one.

    `row` is the line of the file on which the row begins, the header being line 1.
    """

    row: int
    column: str
    reason: str
    value: str
    refused: Literal["row", "device"] = "row"


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of the file stands for, in the file's order: our names, attributes under their own."""

    names: tuple[str, ...]
    country: str
    debt: str | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that become attributes."""
        taken = {"contact_id", "zone", "postal_code", "segment", "device_order", *DEVICE_KINDS}
        return tuple(n for n in self.names if n not in taken and not n.startswith("consent_"))


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: a contact, or none where the row was refused, and what was refused of it."""

    line: int
    contact: Contact | None
    rejects: tuple[Reject, ...] = ()


def layout(header: Sequence[str], mapping: Mapping[str, str], *, country: str, debt: str | None) -> Layout:
    """The columns of `header` under our names; `mapping` is the file's name to ours. Raises ListFileError."""
    stripped = [name.strip() for name in header]
    for name in mapping:
        if name not in stripped:
            raise ListFileError(
                f'--map names the column "{name}", which the file does not have', _have(stripped)
            )
    names = tuple(mapping.get(name, name) for name in stripped)
    _check_names(names)
    return Layout(names, country, debt)


def _check_names(names: Sequence[str]) -> None:
    if "contact_id" not in names:
        raise ListFileError(
            "there is no column contact_id",
            f"name the column that identifies a contact: --map COLUMN=contact_id ({_have(names)})",
        )
    if not any(name in DEVICE_KINDS for name in names):
        raise ListFileError(
            f"there is no device column ({', '.join(DEVICE_KINDS)})",
            f"name the column that holds a number: --map COLUMN=mobile ({_have(names)})",
        )
    for position, name in enumerate(names):
        if not name:
            raise ListFileError(f"column {position + 1} has no name", "name every column in the first line")
        if name in names[:position]:
            raise ListFileError(
                f'two columns are named "{name}"', "rename one of them, or map it: --map COLUMN=NAME"
            )
        if name in RESERVED:
            raise ListFileError(
                f'"{name}" has a meaning of its own in expressions', f"map it: --map {name}=list_{name}"
            )
        if name.startswith("consent_") and name.removeprefix("consent_") not in CONSENT:
            raise ListFileError(
                f'"{name}" is no consent column', "there are consent_basis, consent_date, consent_source"
            )


def _have(names: Sequence[str]) -> str:
    shown = ", ".join(_CONTROL.sub("?", name)[:40] or '""' for name in names[:20])
    return f"the file has: {shown}"


def read(
    path: Path, mapping: Mapping[str, str], *, country: str, debt: str | None, separator: str
) -> Iterator[Row]:
    """Every row of the file in order. Raises ListFileError where the file as a whole is at fault.

    `debt` is the attribute that tells two debts of one person apart: the same contact_id with another debt is
    a second contact, known as `ID/DEBT`; with the same debt, or without that attribute, it is a duplicate.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            header = next(reader, None)
            if header is None:
                raise ListFileError(
                    "the file is empty", "its first line names the columns, contact_id one of them"
                )
            yield from _rows(reader, _plan(header, mapping, country, debt, separator))
    except UnicodeDecodeError as error:
        raise ListFileError(
            f"the file is not UTF-8 (byte 0x{error.object[error.start]:02x})",
            "save it as UTF-8, for instance: iconv -f windows-1252 -t utf-8 OLD.csv > NEW.csv",
        ) from None
    except csv.Error as error:
        raise ListFileError(
            f"line {reader.line_num} is no CSV: {error}", "mend the quotes of that line"
        ) from None
    except OSError as error:
        raise ListFileError(
            f"{path} cannot be read: {error.strerror}", "name a CSV file that exists"
        ) from None


def _plan(
    header: Sequence[str], mapping: Mapping[str, str], country: str, debt: str | None, separator: str
) -> Layout:
    try:
        return layout(header, mapping, country=country, debt=debt)
    except ListFileError as error:
        others = [other for other in ";\t|," if other != separator and other in header[0]]
        if len(header) == 1 and others:
            raise ListFileError(
                f"the columns are not separated by {separator!r}", f"say --separator {others[0]!r}"
            ) from error
        raise


def _rows(reader: Reader, plan: Layout) -> Iterator[Row]:
    seen: dict[str, set[str]] = {}
    line = reader.line_num + 1
    for values in reader:
        if values:
            yield _row(line, values, plan, seen)
        line = reader.line_num + 1


def _row(line: int, values: Sequence[str], plan: Layout, seen: dict[str, set[str]]) -> Row:
    if len(values) != len(plan.names):
        reason = f"{len(values)} values for {len(plan.names)} columns"
        return Row(line, None, (Reject(line, "", reason, values[0][:ID_LIMIT]),))
    cells = {name: value.strip() for name, value in zip(plan.names, values, strict=True)}
    wrong = tuple(_wrong_cells(line, cells))
    if wrong:
        return Row(line, None, wrong)
    devices, rejects = _devices(line, cells, plan.country)
    if not devices:
        missing = Reject(line, "", "no device to reach the contact on", cells["contact_id"])
        return Row(line, None, tuple(_whole_row(reject) for reject in rejects) or (missing,))
    identity = _identity(cells, plan.debt, seen)
    if identity is None:
        reason = "duplicate: the contact_id stands in an earlier row"
        return Row(line, None, (Reject(line, "contact_id", reason, cells["contact_id"]),))
    return Row(line, _contact(identity, devices, cells, plan), tuple(rejects))


def _wrong_cells(line: int, cells: Mapping[str, str]) -> Iterator[Reject]:
    for name, value in cells.items():
        reason = _wrong(name, value)
        if reason:
            yield Reject(line, name, reason, value)


def _wrong(name: str, value: str) -> str | None:
    if _CONTROL.search(value):
        return "a control character (a line break, a tab) in the value"
    if len(value) > VALUE_LIMIT:
        return f"longer than {VALUE_LIMIT} characters"
    if name == "contact_id":
        return _wrong_id(value)
    if name == "device_order":
        unknown = [kind for kind in _kinds(value) if kind not in DEVICE_KINDS]
        return f"not a device: {unknown[0]}" if unknown else None
    if not value:
        return None
    if name == "zone":
        return None if _is_zone(value) else "not a time zone; write one like America/New_York"
    if name == "consent_basis":
        return None if value in CONSENT_BASES else f"not one of {', '.join(CONSENT_BASES)}"
    if name == "consent_date":
        return None if _is_date(value) else "not a date; write 2026-01-31"
    return None


def _wrong_id(value: str) -> str | None:
    if not value:
        return "the contact_id is missing"
    return f"longer than {ID_LIMIT} characters" if len(value) > ID_LIMIT else None


@lru_cache(maxsize=1024)
def _is_zone(value: str) -> bool:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _kinds(order: str) -> list[str]:
    return [kind for kind in re.split(r"[\s,;|>]+", order) if kind]


def _devices(line: int, cells: Mapping[str, str], country: str) -> tuple[list[Device], list[Reject]]:
    """The devices that can be used, in the contact's own order, and the ones that cannot."""
    devices, rejects = [], []
    for kind, value in cells.items():
        if kind not in DEVICE_KINDS or not value:
            continue
        address = _email(value) if kind == "email" else normalise(value, country)
        if address is None:
            reason = "not an email address" if kind == "email" else f"not a phone number of {country} or +..."
            rejects.append(Reject(line, kind, reason, value, "device"))
        else:
            devices.append(Device(kind, address))
    wanted = _kinds(cells.get("device_order", ""))
    devices.sort(key=lambda d: wanted.index(d.kind) if d.kind in wanted else len(wanted))
    return devices, rejects


def _email(value: str) -> str | None:
    return value if _EMAIL.fullmatch(value) else None


def _whole_row(reject: Reject) -> Reject:
    return Reject(reject.row, reject.column, reject.reason, reject.value)


def _identity(cells: Mapping[str, str], debt: str | None, seen: dict[str, set[str]]) -> str | None:
    """The id the contact gets, or None for a duplicate; notes it in `seen`."""
    given = cells["contact_id"]
    owed = cells.get(debt, "") if debt else ""
    debts = seen.setdefault(given, set())
    if owed in debts or (debts and not owed):
        return None
    debts.add(owed)
    return given if len(debts) == 1 else f"{given}/{owed}"


def _contact(identity: str, devices: Sequence[Device], cells: Mapping[str, str], plan: Layout) -> Contact:
    return Contact(
        id=identity,
        devices=tuple(devices),
        zone=cells.get("zone") or None,
        postal_code=cells.get("postal_code") or None,
        segment=cells.get("segment") or None,
        attributes={name: cells[name] for name in plan.attributes if cells[name]},
        consent={key: cells[f"consent_{key}"] for key in CONSENT if cells.get(f"consent_{key}")},
    )
