"""Reads contacts' records for every room of the store: which attribute names a record's values belong to is
read once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from strategies.contacts import Contact
from strategies.store.codec import read_names, text
from strategies.store.connection import Door
from strategies.store.contact_codec import UnknownColumnsError, read_record
from strategies.store.errors import StoreError

LATELY = 4096  # contacts whose records are not taken apart anew while they are the same


class People(Door):
    """The base of the rooms that meet contacts."""

    def __init__(self, url: str, tenant: str, clock: Callable[[], float]) -> None:
        super().__init__(url, tenant, clock)
        self._names: dict[int, tuple[str, ...]] = {}
        self._read = lru_cache(maxsize=LATELY)(self._contact)  # who is held back is read at every look

    def _contact(self, raw: bytes) -> Contact:
        return read_record(raw, self._names)

    async def _contacts_of(self, raws: Iterable[bytes]) -> list[Contact]:
        """The contacts of these records, in their order."""
        records = list(raws)
        try:
            return [self._read(raw) for raw in records]
        except UnknownColumnsError:
            await self._read_names()
        try:
            return [self._read(raw) for raw in records]
        except UnknownColumnsError as error:
            raise StoreError(f"the columns {error} of a contact's record are not in the store") from error

    async def _contact_of(self, raw: bytes) -> Contact:
        """The contact of a record."""
        return (await self._contacts_of([raw]))[0]

    async def columns(self, names: Sequence[str]) -> int:
        """What these attribute names, in this order, are known as; they are noted if nobody had them."""
        wanted = tuple(names)
        for known, found in self._names.items():
            if found == wanted:
                return known
        number = int(await self._call("columns", (self._keys.columns,), {"names": text(wanted)}))
        self._names[number] = wanted
        return number

    async def _read_names(self) -> None:
        found = await self._command("HGETALL", self._keys.columns)
        self._names = {int(number): read_names(names) for names, number in found.items()}
