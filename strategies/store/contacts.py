"""Lists and the contacts on them; reading a file of contacts is left to the import, and taking an import
back to `imports`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from strategies.contacts import Contact
from strategies.store.contact_codec import contact_record, numbers_of_record, raw_texts
from strategies.store.errors import StoreError
from strategies.store.forgotten import Forgotten
from strategies.store.keys import number_field

BATCH = 500  # contacts written in one step: a few milliseconds of the server
ATTEMPTS = 10  # at a batch whose contacts somebody else changes at the same time


@dataclass(frozen=True, slots=True)
class Shared:
    """A number of a contact that others have, too: one person for locks and caps."""

    contact: str
    number: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What writing contacts to a list came to.

    `added`: how many the list did not have yet. `new`: how many nobody knew. `elsewhere`: those that the list
    did not have, but were known already with other data. `changed`: how many known contacts got another
    record.
    """

    added: int = 0
    new: int = 0
    changed: int = 0
    elsewhere: tuple[str, ...] = ()
    shared: tuple[Shared, ...] = ()


Entry = tuple[str, bytes, Sequence[str]]  # contact id, record, and its numbers as the index has them


@dataclass(slots=True)
class _Numbers:
    """Numbers as the server takes them, and of which contact each is, counted from 1."""

    numbers: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, place: int, numbers: Sequence[str]) -> None:
        """Those of the contact at this place."""
        self.numbers += numbers
        self.owners += [place + 1] * len(numbers)


class ContactBook(Forgotten):
    """Whom the store knows."""

    async def import_contacts(self, list_name: str, contacts: Sequence[Contact]) -> int:
        """Write contacts and append them to a list in their order; returns how many the list did not have
        yet.

        A contact known already is overwritten and keeps its place. Safe to repeat after a failure.
        """
        names = tuple(dict.fromkeys(name for contact in contacts for name in contact.attributes))
        columns, added = await self.columns(names), 0
        for at in range(0, len(contacts), BATCH):
            records = [contact_record(one, columns, names) for one in contacts[at : at + BATCH]]
            part = [
                (one.id, record, numbers_of_record(record))
                for one, record in zip(contacts[at : at + BATCH], records, strict=True)
            ]
            added += (await self.write_records(list_name, part)).added
        return added

    async def write_records(
        self,
        list_name: str,
        records: Sequence[Entry],
        *,
        span: tuple[int, int] | None = None,
        place: int | None = None,
        keep: bool = False,
    ) -> Written:
        """Write at most some hundred contacts and put them on a list, in one step: from `place` on, else at
        its end. Who is on it already stays where they are.

        `span`: first and last place of the import they belong to, so that it can be taken back; `keep`: a
        contact that is known already stays as it is.
        """
        ids, given = [entry[0] for entry in records], [entry[1] for entry in records]
        await self._keep_erased_away(given)
        first, last = span or (None, None)
        how = {"list": list_name, "first": first, "last": last, "place": place}
        old: list[bytes] = []
        new = given
        for _ in range(ATTEMPTS):
            if keep and old:
                new = [was or record for was, record in zip(old, given, strict=True)]
            answer = await self._put_contacts(list_name, how, (ids, old, new), lambda i: records[i][2])
            if answer[0] != b"changed":
                return _written(answer, ids, old or [b""] * len(ids), given, new)
            old = answer[1]
        raise StoreError(f"contacts of the list {list_name} are changed by somebody else all the time")

    async def conflicts(self, list_name: str, records: Sequence[Entry]) -> list[int]:
        """The places of those of the records whose contact is known with other data, and not on this list."""
        ids = [entry[0] for entry in records]
        if not ids:
            return []
        old, places = await self._pipeline(
            lambda pipe: (
                pipe.execute_command("HMGET", self._keys.contacts, *ids),
                pipe.execute_command("ZMSCORE", self._keys.list(list_name), *ids),
            )
        )
        found = zip(old, places, records, strict=True)
        return [
            i
            for i, (was, place, (_, record, _)) in enumerate(found)
            if was and was != record and place is None
        ]

    async def _put_contacts(
        self,
        list_name: str,
        how: Mapping[str, object],
        records: tuple[Sequence[str], Sequence[bytes], Sequence[bytes]],
        numbers: Callable[[int], Sequence[str]],
    ) -> Any:
        keys = self._keys
        fixed = (keys.contacts, keys.lists, keys.list(list_name), keys.before(list_name), keys.numbers)
        known = [i for i, record in enumerate(records[1], 1) if record]
        return await self._batch("put_contacts", fixed, {**how, "known": known}, records, numbers)

    async def _batch(
        self,
        function: str,
        keys: Sequence[str],
        how: Mapping[str, object],
        records: tuple[Sequence[str], Sequence[bytes], Sequence[bytes]],
        numbers: Callable[[int], Sequence[str]],
    ) -> Any:
        """One step over ids, their records as they are (none for contacts that are all new), and as they are
        to be; with the index of numbers, of which `numbers` tells those of the new record at a place."""
        ids, old, new = records
        stale, fresh = _Numbers(), _Numbers()
        for i, (was, record) in enumerate(zip(old or repeat(b""), new, strict=False)):
            if was != record:
                own = numbers(i) if record else ()
                fresh.add(i, own)
                if was:
                    stale.add(i, sorted(set(numbers_of_record(was)).difference(own)))
        given = {"ids": ids, "old": raw_texts(old), "new": raw_texts(new)}
        index = {
            "numbers": fresh.numbers,
            "owners": fresh.owners,
            "stale": stale.numbers,
            "stale_owners": stale.owners,
        }
        return await self._call(function, keys, {**how, **given, **index})

    async def lists(self) -> dict[str, int]:
        """Every list and how many contacts are on it, by name."""
        names = sorted(name.decode() for name in await self._command("SMEMBERS", self._keys.lists))
        sizes = await self._pipeline(
            lambda pipe: [pipe.execute_command("ZCARD", self._keys.list(name)) for name in names]
        )
        return dict(zip(names, map(int, sizes), strict=True))

    async def list_members(self, list_name: str) -> list[str]:
        """The contacts of a list, in its order."""
        return [raw.decode() for raw in await self._command("ZRANGE", self._keys.list(list_name), 0, -1)]

    async def contact(self, identity: str) -> Contact | None:
        """The contact with this id."""
        raw = await self._command("HGET", self._keys.contacts, identity)
        return await self._contact_of(raw) if raw else None

    async def contacts(self, identities: Sequence[str]) -> list[Contact]:
        """Those of the contacts that are known, in the order asked for."""
        found: list[Contact] = []
        for at in range(0, len(identities), BATCH):
            raws = await self._command("HMGET", self._keys.contacts, *identities[at : at + BATCH])
            found += await self._contacts_of(raw for raw in raws if raw)
        return found

    async def contacts_of_number(self, number: str) -> list[str]:
        """Who has this number; more than one means they are one person for locks and caps."""
        raw = await self._command("HGET", self._keys.numbers, number_field(number))
        return sorted(raw.decode().split("\n")) if raw else []


def _written(
    answer: Any, ids: Sequence[str], old: Sequence[bytes], given: Sequence[bytes], new: Sequence[bytes]
) -> Written:
    added, elsewhere, shared = answer
    return Written(
        added=added,
        new=sum(not was for was in old),
        changed=sum(bool(was) and was != record for was, record in zip(old, new, strict=True)),
        elsewhere=tuple(ids[i - 1] for i in elsewhere if old[i - 1] != given[i - 1]),
        shared=tuple(
            Shared(ids[i - 1], f"+{number.decode()}", tuple(others.decode().split("\n")))
            for i, number, others in shared
        ),
    )
