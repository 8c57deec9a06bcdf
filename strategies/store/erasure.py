"""Takes a person away from the store: records, states, numbers, counts, and the lines of the ledger's stream;
who is meant, and the files of closed days, are left to the console."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from redis.asyncio.client import Pipeline

from strategies.contacts import Contact
from strategies.store.claims import marks_of
from strategies.store.codec import text
from strategies.store.errors import StoreError, StoreUnavailable
from strategies.store.forgotten import Forgotten, mark
from strategies.store.keys import number_field
from strategies.store.ledger_stream import Entry, LedgerStream
from strategies.vocabulary import Medium

PAGE = 2000  # lines copied at once


class Erasure(Forgotten, LedgerStream):
    """One contact at a time."""

    async def forget(
        self, contact: Contact, subs: Sequence[tuple[str, str]], lists: Sequence[str], *, keep: Sequence[str]
    ) -> bool:
        """Remove everything kept of a contact, in one step; False, and nothing is changed, while it is being
        called.

        `subs`: name and campaign of every sub-campaign, `lists`: all lists there are; `keep`: addresses that
        somebody else has too, and which therefore are not marked as erased.
        """
        marks = marks_of(contact)
        own = [device.address for device in contact.devices if device.address not in keep]
        key = await self._erasure_key()
        steps = _Steps()
        for name in (
            self._keys.contacts,
            self._keys.history,
            self._keys.segments,
            self._keys.past_calls,
        ):
            steps.hash(name, [contact.id])
        steps.hash(self._keys.past_calls, own)
        gone = [each for each in marks if each not in keep]
        steps.hash(self._keys.calls, gone)
        for hashed in (self._keys.do_not_call, *{self._keys.do_not_call_of(of) for _, of in subs}):
            steps.hash(hashed, own)
        for sub, _ in subs:
            steps.hash(self._keys.state(sub), [contact.id])
            steps.hash(self._keys.of_sub(sub)[7], [*gone, *(f"={one}" for one in own)])
        for name in lists:
            steps.hash(self._keys.before(name), [contact.id])
            steps.sets.append([steps.key(self._keys.list(name))])
        for number in contact.numbers():
            steps.numbers.append([steps.key(self._keys.numbers), number_field(number)])
        wanted = {
            "contact": contact.id,
            "marks": marks,
            "hashes": [each for each in steps.hashes if each[1]],
            "sets": steps.sets,
            "numbers": steps.numbers,
            "erased": [mark(key, address) for address in own],
            "at": text(self._clock()),
        }
        return bool(await self._call("forget", (self._keys.busy, self._keys.erased, *steps.keys), wanted))

    async def forget_attempts(self, attempts: Sequence[str], addresses: Sequence[str]) -> None:
        """Remove what is still kept of attempts that ended, of messages, and of who was written to at these
        addresses."""
        keys = self._keys
        gone = [
            key
            for attempt in attempts
            for key in (keys.attempt(attempt), keys.facts_of(attempt), keys.message(attempt))
        ]
        gone += [keys.sent_to(medium, each) for medium in (Medium.TEXT, Medium.EMAIL) for each in addresses]
        for at in range(0, len(gone), PAGE):
            await self._command("UNLINK", *gone[at : at + PAGE])

    async def rewrite_ledger(self, change: Callable[[Entry], Entry]) -> int:
        """Every line of the stream as `change` gives it, its id kept; returns how many changed.

        The stream is copied and put in its own place in one step, with what came meanwhile: for a moment the
        server holds it twice.
        """
        changed = 0
        while count := await self._count_changes(change):
            changed += count
            await self._copy_and_swap(change)
        return changed

    async def compact(self) -> bool:
        """Have the server write its journal anew, so that what was erased is not in it either; False if it
        does not do that now, as while it is at it already."""
        try:
            await self._command("BGREWRITEAOF")
        except StoreUnavailable:
            raise
        except StoreError:
            return False
        return True

    async def _count_changes(self, change: Callable[[Entry], Entry]) -> int:
        count, after = 0, "-"
        while page := await self.ledger(after, PAGE):
            count += sum(change(entry) != entry for entry in page)
            after = page[-1][0]
        return count

    async def _copy_and_swap(self, change: Callable[[Entry], Entry]) -> None:
        copy, after = self._keys.ledger_copy, "-"
        await self._command("UNLINK", copy)
        while page := await self.ledger(after, PAGE):
            entries = [change(entry) for entry in page]

            def fill(pipe: Pipeline, entries: Sequence[Entry] = entries) -> None:
                for identity, line in entries:
                    pipe.execute_command("XADD", copy, identity, "line", text(line))

            await self._pipeline(fill)
            after = page[-1][0]
        await self._call("swap_ledger", (self._keys.ledger, copy), {"after": after})


class _Steps:
    """What `forget` is to remove, by the place of each key among those it is given."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.hashes: list[tuple[int, list[str]]] = []
        self.sets: list[list[int]] = []
        self.numbers: list[list[int | str]] = []

    def key(self, name: str) -> int:
        """The place of this key, counted from 1."""
        if name not in self.keys:
            self.keys.append(name)
        return self.keys.index(name) + 1

    def hash(self, name: str, fields: list[str]) -> None:
        """Remove these fields."""
        self.hashes.append((self.key(name), fields))
