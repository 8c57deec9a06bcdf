"""Imports of lists: each has an id and a record, and the latest one of a list can be taken back; what is
written in between is the contact book's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import repeat
from typing import Any

import msgspec
from redis.asyncio.client import Pipeline

from strategies.store.codec import text
from strategies.store.contact_codec import numbers_of_record
from strategies.store.contacts import BATCH, ContactBook


class ImportState(StrEnum):
    """`unfinished`: it was cut off, and goes on when the same import is asked for again."""

    UNFINISHED = "unfinished"
    DONE = "done"
    UNDONE = "undone"


Span = tuple[int, int]  # first and last place


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a list: who asked for it, when, from which file, and what it came to.

    `first` and `last` are its places in the list. `figures`: rows, contacts, rejected_rows and the like.
    """

    list: str
    by: str
    at: float
    file: str
    id: str = ""
    first: int = 0
    last: int = 0
    state: ImportState = ImportState.UNFINISHED
    figures: Mapping[str, int] = field(default_factory=dict)


_read = msgspec.json.Decoder(Import).decode


class Imports(ContactBook):
    """What was imported, and the way back."""

    async def begin_import(self, list_name: str, contacts: int, *, by: str, file: str) -> Import:
        """A new import of so many contacts, or the one of the list that was cut off and goes on. From now on
        the import before it cannot be taken back any more."""
        record = text(Import(list_name, by, self._clock(), file, last=contacts - 1))
        keys = (self._keys.imports, self._keys.list(list_name), self._keys.before(list_name))
        return _read(await self._call("begin_import", keys, {"list": list_name, "record": record}))

    async def finish_import(self, record: Import, figures: Mapping[str, int]) -> Import:
        """Note what the import came to."""
        done = replace(record, state=ImportState.DONE, figures=figures)
        await self._command("HSET", self._keys.imports, done.id, text(done))
        return done

    async def imports(self) -> list[Import]:
        """All imports, the oldest first."""
        kept = await self._command("HGETALL", self._keys.imports)
        records = [_read(raw) for raw in kept.values() if raw.startswith(b"{")]
        return sorted(records, key=lambda record: (record.at, record.id))

    async def latest_import(self, list_name: str) -> Import | None:
        """The import of a list that can be taken back."""
        last = await self._command("HGET", self._keys.imports, f"last:{list_name}")
        raw = await self._command("HGET", self._keys.imports, last) if last else None
        record = _read(raw) if raw else None
        return record if record is not None and record.state is not ImportState.UNDONE else None

    async def undo_import(self, record: Import) -> Counter[str]:
        """Take the latest import of a list back; safe to repeat.

        How many contacts are gone (`removed`), have their old record again (`restored`), are off the list
        only (`off`, `unchanged`: the import had changed nothing of them), and were kept: `enrolled`, because
        a sub-campaign has them or they were called, `changed`, because an import since gave them other data.
        """
        since = [one.list for one in await self.imports() if one.at > record.at and one.list != record.list]
        done = await self._take_off(record.list, (record.first, record.last), since)
        cursor = b"0"
        while True:
            key = self._keys.before(record.list)
            cursor, page = await self._command("HSCAN", key, cursor, "COUNT", BATCH)
            pairs = page.items() if isinstance(page, dict) else zip(page[::2], page[1::2], strict=True)
            before = dict(pairs)
            answers = await self._take_back(record.list, (record.first, record.last), since, before)
            done.update(
                answer for answer in answers if answer != "enrolled"
            )  # those were counted on the list
            if int(cursor) == 0:
                break
        await self._forget_if_empty(record.list)
        undone = text(replace(record, state=ImportState.UNDONE))
        await self._command("DEL", self._keys.before(record.list))
        await self._command("HSET", self._keys.imports, record.id, undone)
        return done

    async def remove_list(self, list_name: str) -> Counter[str]:
        """Remove a list, and everybody who is on no other one, in no open sub-campaign and was never called;
        counted as `removed` and `off`."""
        done = await self._take_off(list_name, None, ())
        await self._command("DEL", self._keys.before(list_name))
        await self._forget_if_empty(list_name)
        return done

    async def _take_off(self, list_name: str, span: Span | None, since: Sequence[str]) -> Counter[str]:
        """Take whoever stands at these places, or at any, off the list; those that stay are counted as
        `enrolled`."""
        done: Counter[str] = Counter()
        key, (start, end) = self._keys.list(list_name), span or ("-inf", "+inf")
        while True:
            ids = await self._command("ZRANGEBYSCORE", key, start, end, "LIMIT", done["enrolled"], BATCH)
            if not ids:
                del done["again"]
                return done
            kept = await self._command("HMGET", self._keys.before(list_name), *ids) if span else repeat(None)
            before = dict(zip(ids, kept, strict=False))
            done.update(await self._take_back(list_name, span, since, before))

    async def _take_back(
        self,
        list_name: str,
        span: Span | None,
        since: Sequence[str],
        before: Mapping[bytes, bytes | None],
    ) -> list[str]:
        """Each contact as it was `before`: empty where its record did not change, None where there was
        none."""
        if not before:
            return []
        keys, ids = self._keys, [raw.decode() for raw in before]
        others = [name for name in await self.lists() if name != list_name]
        subs = [name.decode() for name in await self._command("SMEMBERS", keys.open)]
        old = [raw or b"" for raw in await self._command("HMGET", keys.contacts, *ids)]
        new = [b"" if was is None else was or now for was, now in zip(before.values(), old, strict=True)]
        fixed = (
            keys.contacts,
            keys.list(list_name),
            keys.before(list_name),
            keys.history,
            keys.numbers,
            *(keys.list(name) for name in others),
            *(keys.before(name) for name in since),
            *(keys.state(sub) for sub in subs),
        )
        how = {
            "first": span[0] if span else None,
            "last": span[1] if span else None,
            "lists": len(others),
            "later": len(since),
            "subs": len(subs),
            "removing": span is None,
        }
        answers = await self._batch(
            "take_back", fixed, how, (ids, old, new), lambda i: numbers_of_record(new[i])
        )
        return [answer.decode() for answer in answers]

    async def _forget_if_empty(self, list_name: str) -> None:
        if not await self._command("EXISTS", self._keys.list(list_name)):
            await self._command("SREM", self._keys.lists, list_name)

    async def lists_of(self, contacts: Sequence[str]) -> list[list[str]]:
        """The lists each of the contacts is on."""
        names = list(await self.lists()) if contacts else []

        def fill(pipe: Pipeline) -> None:
            for name in names:
                pipe.execute_command("ZMSCORE", self._keys.list(name), *contacts)

        places: list[Any] = await self._pipeline(fill) if names else []
        return [
            [name for name, found in zip(names, places, strict=True) if found[i] is not None]
            for i in range(len(contacts))
        ]
