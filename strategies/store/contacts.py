"""Lists and the contacts on them, and who must not be called; reading a file of contacts is left to the
import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redis.asyncio.client import Pipeline

from strategies.contacts import Contact
from strategies.store.codec import read_contact, read_plain, record_text, text
from strategies.store.connection import Door
from strategies.store.lines import packed
from strategies.vocabulary import Kind

BATCH = 200  # contacts in one pipeline: more gains nothing and holds up others


class ContactBook(Door):
    """Whom the store knows."""

    async def import_contacts(self, list_name: str, contacts: Sequence[Contact]) -> int:
        """Write contacts and append them to a list in their order; returns how many the list did not have
        yet.

        A contact known already is overwritten and keeps its place. Safe to repeat after a failure.
        """
        start = int(await self._command("ZCARD", self._keys.list(list_name)))
        await self._command("SADD", self._keys.lists, list_name)
        added = 0
        for at in range(0, len(contacts), BATCH):
            added += await self._import_batch(list_name, contacts[at : at + BATCH], start + at)
        return added

    async def _import_batch(self, list_name: str, batch: Sequence[Contact], place: int) -> int:
        before = await self._command("HMGET", self._keys.contacts, *(contact.id for contact in batch))

        def fill(pipe: Pipeline) -> None:
            for contact, raw in zip(batch, before, strict=True):
                stale = set(read_contact(raw).numbers()) - set(contact.numbers()) if raw else set()
                for number in sorted(stale):
                    pipe.execute_command("SREM", self._keys.number(number), contact.id)
                for number in contact.numbers():
                    pipe.execute_command("SADD", self._keys.number(number), contact.id)
            records = [word for contact in batch for word in (contact.id, record_text(contact))]
            pipe.execute_command("HSET", self._keys.contacts, *records)
            places = [word for i, contact in enumerate(batch) for word in (place + i, contact.id)]
            pipe.execute_command("ZADD", self._keys.list(list_name), "NX", *places)

        return int((await self._pipeline(fill))[-1])

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
        return read_contact(raw) if raw else None

    async def contacts(self, identities: Sequence[str]) -> list[Contact]:
        """Those of the contacts that are known, in the order asked for."""
        found: list[Contact] = []
        for at in range(0, len(identities), BATCH):
            raws = await self._command("HMGET", self._keys.contacts, *identities[at : at + BATCH])
            found += [read_contact(raw) for raw in raws if raw]
        return found

    async def contacts_of_number(self, number: str) -> list[str]:
        """Who has this number; more than one means they are one person for locks and caps."""
        return sorted(raw.decode() for raw in await self._command("SMEMBERS", self._keys.number(number)))

    async def do_not_call(self, addresses: Iterable[str], *, reason: str, by: str) -> None:
        """Never call or write to these addresses again, from the next claim on. The first reason given is
        kept."""
        at, listed = self._clock(), list(addresses)
        line = {"kind": Kind.DO_NOT_CALL, "addresses": listed, "reason": reason, "by": by}
        await self._call(
            "do_not_call",
            (self._keys.do_not_call, self._keys.ledger, self._keys.figures("")),
            {
                "addresses": listed,
                "note": text({"reason": reason, "by": by, "at": at}),
                "lines": packed([line], at=at),
            },
        )

    async def suppressed(self, addresses: Sequence[str]) -> dict[str, str]:
        """Those of the addresses that must not be called, each with the reason."""
        if not addresses:
            return {}
        notes = await self._command("HMGET", self._keys.do_not_call, *addresses)
        return {
            address: str(read_plain(note)["reason"])
            for address, note in zip(addresses, notes, strict=True)
            if note
        }
