"""Everything of a tenant as records that can be kept and put back; files, and what follows a restore, are
left to the console.

The server copies all keys in one step, so that the records are of one moment whatever is written meanwhile;
the copy is then read at leisure. For that time the tenant takes twice its memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.client import Pipeline

from strategies.store.connection import Door, function_call, run, translated, unnested

PAGE = 1000  # fields, members or lines in one record
AT_ONCE = 200  # keys looked at in one round trip
SMALL = 100  # fields, members or lines of a key that is read whole
SIZES = {
    "hash": "HLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "list": "LLEN",
    "stream": "XLEN",
    "string": "EXISTS",
}
WHOLE: dict[str, tuple[str, ...]] = {
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", "0", "-1", "WITHSCORES"),
    "list": ("LRANGE", "0", "-1"),
    "stream": ("XRANGE", "-", "+"),
    "string": ("GET",),
}
SCANS = {"hash": "HSCAN", "set": "SSCAN", "zset": "ZSCAN"}
WRITES = {"hash": "HSET", "set": "SADD", "zset": "ZADD", "list": "RPUSH", "string": "SET"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Part of a key: its name without the tenant's, its type, the words to write it with again, and the
    moment it is forgotten at (epoch milliseconds)."""

    name: bytes
    kind: str
    words: list[Any]
    expires: int | None = None


class Vault(Door):
    """A tenant as it stands at one moment, out and in."""

    async def snapshot(self) -> AsyncIterator[Kept]:
        """Every key but the leases, and what only the moment needs. One at a time per tenant."""
        begins, copies = self._keys.begins, self._keys.copies
        keys = await self._copied(begins, copies)
        try:
            for at in range(0, len(keys), AT_ONCE):
                async for kept in self._kept_of(keys[at : at + AT_ONCE], copies.encode()):
                    yield kept
        finally:
            await self._unlink_keys([copies.encode() + name for name, _ in keys])

    async def _copied(self, begins: str, copies: str) -> list[tuple[bytes, int | None]]:
        """The copy made, and what is in it: name and when it is forgotten (epoch milliseconds). On the client
        without a time limit, for it may take the server seconds."""
        words = function_call("snapshot", self._keys.of_the_moment, {"of": begins, "to": copies})
        found = await self._with_library(lambda: run(self._blocking, *words))
        return sorted((name, int(at) if int(at) > 0 else None) for name, at in found)

    async def _kept_of(self, keys: Sequence[tuple[bytes, int | None]], copies: bytes) -> AsyncIterator[Kept]:
        """These keys' records: small ones all in one round trip, the others page by page."""
        names, expire = [name for name, _ in keys], [at for _, at in keys]
        kinds = [kind.decode() for kind in await self._asked([("TYPE", copies + name) for name in names])]
        sizes = await self._asked([(SIZES[k], copies + name) for k, name in zip(kinds, names, strict=True)])
        small = [place for place, size in enumerate(sizes) if int(size) <= SMALL]
        whole = await self._asked([(*WHOLE[kinds[i]], copies + names[i]) for i in small])
        found = dict(zip(small, whole, strict=True))
        for place, name in enumerate(names):
            kind = kinds[place]
            if place in found:
                if kind == "stream" and not int(sizes[place]):
                    continue  # all of it was trimmed: its next line makes it again
                yield Kept(name, kind, _whole(kind, found[place]), expire[place])
                continue
            async for words in self._kept_words(kind, copies + name):
                yield Kept(name, kind, words, expire[place])

    async def _asked(self, commands: Sequence[tuple[str | bytes, ...]]) -> list[Any]:
        """Several commands in one round trip; a key stands last, or before the words of a range."""

        def fill(pipe: Pipeline) -> None:
            for word, *rest, key in commands:
                pipe.execute_command(word, key, *rest)

        return await self._pipeline(fill) if commands else []

    async def _kept_words(self, kind: str, key: bytes) -> AsyncIterator[list[Any]]:
        if kind == "string":
            yield [await self._command("GET", key)]
        elif kind == "list":
            for at in range(0, int(await self._command("LLEN", key)), PAGE):
                yield list(await self._command("LRANGE", key, at, at + PAGE - 1))
        elif kind == "stream":
            after = b"-"
            while page := unnested(await self._command("XRANGE", key, after, "+", "COUNT", PAGE)):
                yield [[identity, _flat(body)] for identity, body in page]
                after = b"(" + page[-1][0]
        else:
            cursor: int | None = None
            while cursor != 0:
                cursor, found = await self._command(SCANS[kind], key, cursor or 0, "COUNT", PAGE)
                if words := _scanned(kind, found):
                    yield words

    async def is_empty(self) -> bool:
        """Whether nothing of the tenant is here, but for what only the moment needs."""
        return not await self._tenant_keys()

    async def clear(self) -> None:
        """Remove everything of the tenant: what a restore that was cut off has left."""
        await self._unlink_keys(await self._tenant_keys())

    async def put_back(self, records: Sequence[Kept]) -> None:
        """Write records as they were."""
        begins = self._keys.begins.encode()

        def fill(pipe: Pipeline) -> None:
            for kept in records:
                key = begins + kept.name
                if kept.kind == "stream":
                    for identity, body in kept.words:
                        pipe.execute_command("XADD", key, identity, *body)
                else:
                    pipe.execute_command(WRITES[kept.kind], key, *kept.words)
                if kept.expires is not None:
                    pipe.execute_command("PEXPIREAT", key, kept.expires)

        await self._pipeline(fill)

    async def restoring(self, *, begun: bool, by: str) -> None:
        """Note that a restore has begun, or is whole; with its beginning the stop switch is thrown. No line
        tells of that: the ledger that is put back begins earlier."""
        if begun:
            await self._command("MSET", self._keys.restoring, by, self._keys.halted, by)
        else:
            await self._command("DEL", self._keys.restoring)

    async def is_restoring(self) -> bool:
        """Whether a restore began here and did not come to its end."""
        return bool(await self._command("EXISTS", self._keys.restoring))

    async def _tenant_keys(self) -> list[bytes]:
        left_out = {key.encode() for key in (*self._keys.of_the_moment, self._keys.restoring)}
        found, cursor = set[bytes](), None
        while cursor != 0:
            pattern = f"{self._keys.begins}*"
            cursor, page = await self._command("SCAN", cursor or 0, "MATCH", pattern, "COUNT", PAGE)
            found |= set(page)
        return sorted(found - left_out)

    async def _unlink_keys(self, keys: Sequence[bytes]) -> None:
        with translated():
            for at in range(0, len(keys), PAGE):
                await run(self._redis, "UNLINK", *keys[at : at + PAGE])


def _whole(kind: str, found: Any) -> list[Any]:
    """What a key read whole holds, as the words that write it."""
    if kind == "string":
        return [found]
    if kind == "stream":
        return [[identity, _flat(body)] for identity, body in unnested(found)]
    if kind == "zset":
        nested = bool(found) and isinstance(found[0], list | tuple)
        pairs = found if nested else zip(found[::2], found[1::2], strict=True)
        return [word for member, score in pairs for word in (repr(float(score)), member)]
    return _flat(found) if kind == "hash" else list(found)


def _flat(body: Any) -> list[bytes]:
    return [word for pair in body.items() for word in pair] if isinstance(body, dict) else list(body)


def _scanned(kind: str, found: Any) -> list[Any]:
    """What a scan gave, as the words that write it."""
    if kind == "hash":
        return _flat(found)
    if kind == "zset":
        return [word for member, score in found for word in (repr(float(score)), member)]
    return list(found)
