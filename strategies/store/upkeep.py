"""What an upgrade has to mind in a store: the format of what is kept, and the functions of earlier releases.

A release that cannot read what another one wrote says so before it touches anything. The functions of a
release that nobody has opened the store with for a while are removed; a process that is still running them
loads them again by itself.
"""

from __future__ import annotations

from contextlib import suppress

from redis import exceptions

from strategies.store.connection import Door, function_call, library_version, run, translated
from strategies.store.errors import StoreUnfit

FORMAT = 3  # raised whenever an earlier release could not read what this one writes, or the other way round
UNUSED = 7 * 86_400.0  # seconds after which the functions of a release go
LIBRARY = "secondpass_"
BUCKETS = 16384  # of numbers, in format 2
AT_ONCE = 128  # of them: some tens of thousands of numbers, a tenth of a second


class Upkeep(Door):
    """Looked after whenever the store is opened."""

    async def _prepare(self) -> None:
        await super()._prepare()
        with translated():
            await self._check_format()
            with suppress(exceptions.NoPermissionError):  # it is tidiness only
                await self._remove_unused_libraries()

    async def _check_format(self) -> None:
        """Raises StoreUnfit where another release's data are."""
        found = await run(self._redis, "GET", self._keys.format)
        if found is None:
            if await run(self._redis, "EXISTS", self._keys.subs, self._keys.contacts):
                raise StoreUnfit(
                    "the store was written by a release before 0.2, which kept contacts otherwise: let its "
                    "campaigns end with that release, then start with an empty data_dir or another tenant, "
                    "and import the lists again"
                )
            await run(self._redis, "SET", self._keys.format, FORMAT, "NX")
        elif int(found) > FORMAT:
            raise StoreUnfit(
                f"the store was written by a later release (format {int(found)}, this one knows {FORMAT}): "
                "install that release again, or restore a backup made by this one into an empty store"
            )
        elif int(found) < FORMAT:
            await self._gather_numbers()
            await run(self._redis, "SET", self._keys.format, FORMAT)

    async def _gather_numbers(self) -> None:
        """From format 2 on: the index of numbers is one hash. Each bucket goes in one step, so that it may be
        cut off anywhere, or done by two at once."""
        calls = [
            function_call("gather_numbers", (self._keys.numbers, self._keys.numbers_before(bucket)))
            for bucket in range(BUCKETS)
        ]
        for at in range(0, BUCKETS, AT_ONCE):
            await self._call_many(calls[at : at + AT_ONCE])

    async def _remove_unused_libraries(self) -> None:
        """Note that this release is in use, and remove the functions of those that no longer are."""
        now = float((await run(self._redis, "TIME"))[0])
        await run(self._redis, "ZADD", self._keys.libraries, now, library_version())
        for library in await run(self._redis, "FUNCTION", "LIST", "LIBRARYNAME", f"{LIBRARY}*"):
            name = _name(library)
            version = name.removeprefix(LIBRARY)
            await run(self._redis, "ZADD", self._keys.libraries, "NX", now, version)
            used = float(await run(self._redis, "ZSCORE", self._keys.libraries, version))
            if now - used > UNUSED and version != library_version():
                await run(self._redis, "FUNCTION", "DELETE", name)
                await run(self._redis, "ZREM", self._keys.libraries, version)


def _name(library: object) -> str:
    words = library if isinstance(library, dict) else dict(zip(library[::2], library[1::2], strict=True))  # type: ignore[index]
    return str(words[b"library_name"].decode())
