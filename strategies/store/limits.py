"""Who must not be called, and what else limits look at: do-not-call of everybody, of one campaign and by
prefix, the registries of countries, conversations. That a claim heeds them is the server's part, in
`functions/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from strategies.store.claims import marks_of
from strategies.store.codec import read_plain, text
from strategies.store.contacts import ContactBook
from strategies.store.lines import packed
from strategies.vocabulary import Kind

REGISTRY_BATCH = 5000  # numbers of a registry in one command


@dataclass(frozen=True, slots=True)
class Registry:
    """A country's do-not-call registry as loaded; `as_of` is the day it was obtained, in epoch seconds."""

    country: str
    as_of: float
    numbers: int
    source: str
    by: str
    at: float


class LimitBook(ContactBook):
    """Whom nobody, or a campaign, may call."""

    async def do_not_call(
        self, addresses: Iterable[str], *, reason: str, by: str, campaign: str | None = None
    ) -> int:
        """Never call or write to these addresses again, from the next claim on; only of `campaign`, if one is
        named. Who has one of them is not reached at any other address either. The first reason given is kept;
        how many are new."""
        listed = list(dict.fromkeys(addresses))
        line = {"kind": Kind.DO_NOT_CALL, "addresses": listed, "reason": reason, "by": by}
        return await self._suppress(self._hash_of(campaign), listed, {**line, "of": campaign})

    async def call_again(
        self, addresses: Sequence[str], *, reason: str, by: str, campaign: str | None = None
    ) -> list[str]:
        """Take addresses off do-not-call; those that stood there."""
        what = "do_not_call" if campaign is None else f"do_not_call of {campaign}"
        return await self._unsuppress(self._hash_of(campaign), addresses, what, reason=reason, by=by)

    async def suppressed(self, addresses: Sequence[str], campaign: str | None = None) -> dict[str, str]:
        """Those of the addresses that stand on do-not-call, each with the reason."""
        notes = await self.notes(addresses, campaign)
        return {address: str(note["reason"]) for address, note in notes.items()}

    async def suppressed_count(self, campaign: str | None = None) -> int:
        """How many addresses stand on do-not-call."""
        return int(await self._command("HLEN", self._hash_of(campaign)))

    async def notes(
        self, addresses: Sequence[str], campaign: str | None = None
    ) -> dict[str, Mapping[str, Any]]:
        """As `suppressed`, with all that was noted: `reason`, `by`, `at`."""
        if not addresses:
            return {}
        notes = await self._command("HMGET", self._hash_of(campaign), *addresses)
        return {address: read_plain(note) for address, note in zip(addresses, notes, strict=True) if note}

    async def forbid_prefixes(self, prefixes: Sequence[str], *, reason: str, by: str) -> int:
        """No call and no text to numbers that begin so; how many prefixes are new."""
        line = {"kind": Kind.DO_NOT_CALL, "addresses": list(prefixes), "reason": reason, "by": by}
        return await self._suppress(self._keys.prefixes, prefixes, {**line, "of": "prefix"}, prefixes=True)

    async def allow_prefixes(self, prefixes: Sequence[str], *, reason: str, by: str) -> list[str]:
        """Take rules by prefix back; those that there were."""
        return await self._unsuppress(
            self._keys.prefixes, prefixes, "do_not_call by prefix", reason=reason, by=by, prefixes=True
        )

    async def prefixes(self) -> dict[str, str]:
        """The prefixes that must not be called, each with the reason."""
        found = await self._command("HGETALL", self._keys.prefixes)
        return {
            prefix.decode(): str(read_plain(note)["reason"])
            for prefix, note in sorted(found.items())
            if prefix != b"#"
        }

    async def load_registry(
        self, country: str, numbers: Iterable[str], *, as_of: float, source: str, by: str
    ) -> int:
        """Put these numbers (E.164) in the place of the country's registry, all at once when the last is
        there; how many there are. `numbers` is read as it goes."""
        staged, rest, at = f"{self._keys.registry(country)}:loading", iter(numbers), self._clock()
        await self._command("UNLINK", staged)
        while part := [number.removeprefix("+") for number in islice(rest, REGISTRY_BATCH)]:
            await self._command("SADD", staged, *part)
        line = {"kind": Kind.CHANGED, "what": "registry_loaded", "old": None, "new": source, "by": by}
        keys = (staged, self._keys.registry(country), self._keys.registries)
        loaded = {
            "country": country,
            "as_of": as_of,
            "note": text({"source": source, "by": by, "at": at}),
            "lines": packed([{**line, "country": country, "as_of": as_of}], at=at),
        }
        return int(await self._call("replace_registry", (*keys, *self._tenant_ledger()), loaded))

    async def registries(self) -> dict[str, Registry]:
        """The registries there are, by country."""
        kept = await self._command("HGETALL", self._keys.registries)
        found = {}
        for field, as_of in sorted(kept.items()):
            country = field.decode()
            if ":" not in country:
                note = read_plain(kept[f"{country}:note".encode()])
                size = int(await self._command("SCARD", self._keys.registry(country)))
                found[country] = Registry(country, float(as_of), size, **note)
        return found

    async def registered(self, country: str, number: str) -> bool:
        """Whether a number (E.164) stands in the registry of a country."""
        return bool(await self._command("SISMEMBER", self._keys.registry(country), number.removeprefix("+")))

    async def addresses_of_person(self, contact_id: str) -> list[str]:
        """All addresses of a contact and of the contacts who share a number with it."""
        contact = await self.contact(contact_id)
        if contact is None:
            return []
        ids = {contact_id: None}
        for number in contact.numbers():
            ids |= dict.fromkeys(await self.contacts_of_number(number))
        everybody = await self.contacts(list(ids))
        return list(dict.fromkeys(device.address for one in everybody for device in one.devices))

    async def spoke(self, number: str, at: float) -> None:
        """Somebody spoke with a person who called us: that counts for all debts of theirs."""
        people = await self.contacts(await self.contacts_of_number(number))
        marks = dict.fromkeys([number, *(mark for one in people for mark in marks_of(one))])
        await self._call("spoke", (self._keys.calls,), {"marks": list(marks), "debt": "*", "at": at})

    async def abandoned(self, contact_id: str, dialled: str, at: float) -> None:
        """Nobody was there for a person who answered: no campaign with a lock-out calls them while that
        lasts."""
        contact = await self.contact(contact_id)
        marks = [dialled] if contact is None else marks_of(contact, dialled)
        await self._call("abandoned", (self._keys.calls,), {"marks": marks, "at": at})

    def _hash_of(self, campaign: str | None) -> str:
        return self._keys.do_not_call if campaign is None else self._keys.do_not_call_of(campaign)

    def _tenant_ledger(self) -> tuple[str, str]:
        return self._keys.ledger, self._keys.figures("")

    async def _suppress(
        self, key: str, entries: Sequence[str], line: Mapping[str, object], *, prefixes: bool = False
    ) -> int:
        at = self._clock()
        note = text({"reason": line["reason"], "by": line["by"], "at": at})
        wanted = {"entries": entries, "note": note, "prefixes": prefixes, "lines": packed([line], at=at)}
        return int(await self._call("suppress", (key, *self._tenant_ledger()), wanted))

    async def _unsuppress(  # noqa: PLR0913 - the hash, what goes, and the audit's four words
        self, key: str, entries: Sequence[str], what: str, *, reason: str, by: str, prefixes: bool = False
    ) -> list[str]:
        line = {
            "kind": Kind.CHANGED,
            "what": what,
            "old": list(entries),
            "new": None,
            "reason": reason,
            "by": by,
        }
        wanted = {"entries": entries, "prefixes": prefixes, "lines": packed([line], at=self._clock())}
        found = await self._call("unsuppress", (key, *self._tenant_ledger()), wanted)
        return [entry.decode() for entry in found]
