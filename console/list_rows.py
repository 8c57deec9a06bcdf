"""The rows of a list: what its columns stand for, what becomes of a row, and what is refused of it and why.

Reading them from a file is left to `list_file`; who asked decides what becomes of contacts and rejects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strategies.contacts import DEVICE_KINDS, Contact, Device
from strategies.numbers import normalise
from strategies.store.contact_codec import KINDS, LETTERS
from strategies.vocabulary import CONSENT_BASES

RESERVED = ("recovery_open",)  # names that expressions give a meaning of their own
CONSENT = ("basis", "date", "source")
_CHECKED = ("zone", "device_order", "consent_basis", "consent_date")
NOWHERE = -1  # the place of a column that the file does not have
ID_LIMIT = 128  # an id becomes part of a key and of every ledger line
VALUE_LIMIT = 2000  # longer than any name, address or remark; short enough for a prompt or a message
CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f]")
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


class Found(NamedTuple):
    """A contact as a row gives it: `devices` are letter and address in the contact's own order, as records
    have them, `values` those of the layout's attributes, `owed` the value that tells two debts apart."""

    identity: str
    owed: str
    devices: Sequence[str]
    values: Sequence[str | None]
    consent: dict[str, str] | None
    zone: str | None
    postal_code: str | None
    segment: str | None

    def contact(self, identity: str, names: Sequence[str]) -> Contact:
        """The contact, known as `identity`, its attributes as `names`."""
        return Contact(
            id=identity,
            devices=tuple(Device(KINDS[word[0]], word[1:]) for word in self.devices),
            zone=self.zone,
            postal_code=self.postal_code,
            segment=self.segment,
            attributes={
                name: value for name, value in zip(names, self.values, strict=True) if value is not None
            },
            consent=self.consent or {},
        )


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
    shown = ", ".join(CONTROL.sub("?", name)[:40] or '""' for name in names[:20])
    return f"the file has: {shown}"


def planned(
    header: Sequence[str], mapping: Mapping[str, str], country: str, debt: str | None, separator: str
) -> Layout:
    """The same, for a file read with this separator: another one may be the mend. Raises ListFileError."""
    try:
        return layout(header, mapping, country=country, debt=debt)
    except ListFileError as error:
        alone = header[0] if len(header) == 1 else ""
        others = [other for other in ";\t|," if other != separator and other in alone]
        if others:
            raise ListFileError(
                f"the columns are not separated by {separator!r}", f"say --separator {others[0]!r}"
            ) from error
        raise


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """The values at these places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: [cells[at] for at in places]


class RowReader:
    """Makes contacts of rows; what depends on the columns alone is settled once."""

    def __init__(self, plan: Layout) -> None:
        self.names = plan.names
        self.country = plan.country
        places = {name: place for place, name in enumerate(plan.names)}
        self._identity = places["contact_id"]
        self._owed = places.get(plan.debt, NOWHERE) if plan.debt else NOWHERE
        self._devices = [(place, name) for name, place in places.items() if name in DEVICE_KINDS]
        self._attributes = [places[name] for name in plan.attributes]
        self._values = _picker(self._attributes)
        self._consent = [(key, places[f"consent_{key}"]) for key in CONSENT if f"consent_{key}" in places]
        self._order = places.get("device_order")
        self._checked = [(places[name], name) for name in _CHECKED if name in places]
        self._unused = dict(self._named())
        self.used: set[str] = set()
        self._zone, self._postal_code, self._segment = (
            places.get(name, NOWHERE) for name in ("zone", "postal_code", "segment")
        )

    def read(self, line: int, values: Sequence[str]) -> tuple[Found | None, list[Reject]]:
        """What a row came to, and what was refused of it: all of it where there is no contact."""
        if len(values) != len(self.names):
            reason = f"{len(values)} values for {len(self.names)} columns"
            return None, [Reject(line, "", reason, values[0][:ID_LIMIT])]
        cells = list(map(str.strip, values))
        if self._suspect(cells) and (refused := list(_wrong_cells(line, self.names, cells))):
            return None, refused
        devices, rejects = self._usable(line, cells)
        if not devices:
            missing = Reject(line, "", "no device to reach the contact on", cells[self._identity])
            return None, [_whole_row(reject) for reject in rejects] or [missing]
        cells.append("")  # for columns that stand NOWHERE
        values = self._values(cells)
        found = Found(
            cells[self._identity],
            cells[self._owed],
            devices,
            [value or None for value in values] if "" in values else values,
            {key: cells[at] for key, at in self._consent if cells[at]} or None if self._consent else None,
            cells[self._zone] or None,
            cells[self._postal_code] or None,
            cells[self._segment] or None,
        )
        if self._unused:
            self._note_used(cells)
        return found, rejects

    def _named(self) -> Iterator[tuple[int, str]]:
        yield from self._devices
        yield from ((at, self.names[at]) for at in self._attributes)

    def _note_used(self, cells: Sequence[str]) -> None:
        """`used` tells which devices and attributes somebody has: a misspelt column shows itself there."""
        for at, name in list(self._unused.items()):
            if cells[at]:
                self.used.add(name)
                del self._unused[at]

    def _suspect(self, cells: Sequence[str]) -> bool:
        """Whether a cell may be wrong: cheap, for a million rows, and never false for a wrong one."""
        text = "".join(cells)
        if (
            not text.isprintable()
            or len(text) > VALUE_LIMIT
            or not 0 < len(cells[self._identity]) <= ID_LIMIT
        ):
            return True
        return bool(self._checked) and any(wrong(name, cells[at]) for at, name in self._checked)

    def _usable(self, line: int, cells: Sequence[str]) -> tuple[list[str], list[Reject]]:
        """The devices that can be used, in the contact's own order, and the ones that cannot."""
        devices, rejects = [], []
        for at, kind in self._devices:
            if value := cells[at]:
                address = email(value) if kind == "email" else normalise(value, self.country)
                if address is None:
                    number = f"a phone number of {self.country} or +..."
                    what = "an email address" if kind == "email" else number
                    rejects.append(Reject(line, kind, f"not {what}", value, "device"))
                else:
                    devices.append(LETTERS[kind] + address)
        if self._order is not None:
            wanted = [LETTERS[kind] for kind in _kinds(cells[self._order])]
            devices.sort(key=lambda word: wanted.index(word[0]) if word[0] in wanted else len(wanted))
        return devices, rejects


def _wrong_cells(line: int, names: Sequence[str], cells: Sequence[str]) -> Iterator[Reject]:
    for name, value in zip(names, cells, strict=True):
        reason = wrong(name, value)
        if reason:
            yield Reject(line, name, reason, value)


def wrong(name: str, value: str) -> str | None:
    """Why a column of this name may not hold this value."""
    if CONTROL.search(value):
        return "a control character (a line break, a tab) in the value; write a space"
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


def email(value: str) -> str | None:
    """An email address, None for what is none."""
    return value if _EMAIL.fullmatch(value) else None


def _whole_row(reject: Reject) -> Reject:
    return Reject(reject.row, reject.column, reject.reason, reject.value)
