"""The one way to the server: clients that never repeat a write, a check that the server is fit, the
function library, and the translation of the client library's errors. What is said over it is left to the
other rooms of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import hiredis
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from strategies.store.codec import pack
from strategies.store.direct import Direct
from strategies.store.errors import StoreError, StoreUnavailable, StoreUnfit
from strategies.store.keys import Keys

OLDEST = (7, 2)  # the first version with WAITAOF
ANSWER_WITHIN = 5.0  # seconds for one command; a server that is slower is as good as gone
CONNECTIONS = 100  # of a client at once; who needs one more waits for it, as the library else fails at once
SLACK = 5.0  # seconds a blocking read may overrun before the link counts as dead

_UNREACHABLE = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    OSError,
)
_NOT_NOW = ("MISCONF", "NOREPLICAS", "BUSY", "MASTERDOWN", "NOAUTH", "NOPERM", "UNBLOCKED", "READONLY", "OOM")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client library's exceptions into ours, here and nowhere else; a cancellation goes on its way.

    On Python 3.11 the library's `asyncio.wait_for` forgets a cancellation that comes in the moment a command
    was sent (mended in 3.12): a task that only asks the store again and again could then never be stopped.
    """
    asked = _cancellations()
    try:
        yield
    except _UNREACHABLE as error:
        raise StoreUnavailable(f"the store does not answer or takes no writes: {error}") from error
    except exceptions.ResponseError as error:
        if str(error).startswith(_NOT_NOW):
            raise StoreUnavailable(f"the store takes no writes: {error}") from error
        raise StoreError(f"the store refused a command: {error}") from error
    finally:
        if _cancellations() > asked:
            raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


@lru_cache
def _library() -> tuple[str, str]:
    """The function library and its version. The version is part of every function's name, so that two
    releases of this program can share a server while one replaces the other."""
    folder = Path(__file__).with_name("functions")
    common = sorted(folder.glob("common*.lua"))
    rooms = sorted(set(folder.glob("*.lua")) - set(common))
    parts = [part.read_text(encoding="utf-8") for part in common]
    parts += [f"do\n{room.read_text(encoding='utf-8')}end\n" for room in rooms]  # each with names of its own
    source = "".join(parts)
    version = sha256(source.encode()).hexdigest()[:12]
    return source.replace("@VERSION@", version), version


def library_version() -> str:
    """The version of the functions this program was written with."""
    return _library()[1]


def client(url: str, *, timeout: float | None, alone: bool = False) -> Redis:
    """A client that never sends a command twice: after a cut link nobody knows whether it was carried out.

    `timeout`: seconds for one answer. `alone`: over one connection, for one task at a time.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=ANSWER_WITHIN,
        socket_timeout=timeout,
        socket_connect_timeout=ANSWER_WITHIN,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        protocol=3,
        driver_info=None,  # else each connection searches the installed packages for the client's version
    )
    pool.connection_class = _lighter(pool.connection_class)
    made = Redis(connection_pool=pool, single_connection_client=alone)
    made.auto_close_connection_pool = True
    return made


class _Lighter(AbstractConnection):
    """Does the same as the client library's own with less: hiredis puts a command's words together, which
    takes a tenth of the time of a batch of claims where each key is looked at by itself; and no task is made
    for a command that the kernel took at once."""

    def pack_command(self, *words: Any) -> list[bytes]:
        """The command as it goes over the wire."""
        if isinstance(words[0], str) and " " in words[0]:
            words = (*words[0].split(), *words[1:])
        return [hiredis.pack_command(words)]

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """Write the command, and wait within the limit where it cannot all be written."""
        writer = self._writer
        if writer is not None and not self.health_check_interval and isinstance(command, list):
            writer.writelines(command)
            if not writer.transport.get_write_buffer_size():
                return  # of a link that is gone, whoever reads the answer is told
            command = []
        await super().send_packed_command(command, check_health)


def _lighter(kind: type[Any]) -> type[Any]:
    return type(kind.__name__, (_Lighter, kind), {})


async def run(redis: Redis, *words: str | bytes | float) -> Any:
    """One command, untranslated."""
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call]


class Door:
    """Two clients on one server, one of them for reads that block; the base the rooms of the store stand
    on."""

    _durable = True  # else a simulation's, of which nothing is to last
    _direct: Direct | None = None  # a simulation's own way to the functions

    def __init__(self, url: str, tenant: str, clock: Callable[[], float]) -> None:
        self._redis = client(url, timeout=ANSWER_WITHIN)
        self._blocking = client(url, timeout=None)
        self._keys = Keys(tenant)
        self._clock = clock

    async def _trust(self, url: str) -> None:
        """Do without what guards against a server that is slow or far: lending a connection and watching the
        time cost more than most commands of a simulation. `url`: of a unix socket."""
        await self._redis.aclose()
        self._durable, self._redis = False, client(url, timeout=None, alone=True)
        with translated():
            self._direct = await Direct.connected(unquote(url.removeprefix("unix://")))

    async def _prepare(self) -> None:
        """Refuse an unfit server, and load the functions this program was written with."""
        with translated():
            if self._durable:
                check_fitness(await self._redis.info())
            await self._load_library()

    async def _disconnect(self) -> None:
        if self._direct is not None:
            self._direct.close()
        await self._redis.aclose()
        await self._blocking.aclose()

    async def _load_library(self) -> None:
        source, version = _library()
        try:
            await run(self._redis, "FUNCTION", "LOAD", source)
        except exceptions.ResponseError as error:
            if f"secondpass_{version}" not in str(error):  # anything but: this very library is there already
                raise

    async def _command(self, *words: str | bytes | float) -> Any:
        """One plain command."""
        with translated():
            return await run(self._redis, *words)

    async def _pipeline(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Several commands in one round trip; not one step on the server."""
        with translated():
            async with self._redis.pipeline(transaction=False) as pipe:
                fill(pipe)
                return list(await pipe.execute())

    async def _call(self, function: str, keys: Sequence[str], arguments: object = None) -> Any:
        """One function of the library: one step on the server."""
        words, direct = function_call(function, keys, arguments), self._direct
        if direct is not None:
            return await self._with_library(lambda: direct.ask(words))
        return await self._with_library(lambda: run(self._redis, *words))

    async def _call_many(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Several functions of the library, as the words of `function_call`, in one round trip: not one step.
        An answer for each; where the store is lost meanwhile, some may have been carried out."""

        async def call() -> Any:
            async with self._redis.pipeline(transaction=False) as pipe:
                for words in calls:
                    pipe.execute_command(*words)
                return await pipe.execute()

        return list(await self._with_library(call))

    async def _with_library(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Do it; and once more with the library loaded if the server has lost it, for then nothing has been
        done."""
        with translated():
            try:
                return await call()
            except exceptions.ResponseError as error:
                if "Function not found" not in str(error):
                    raise
            await self._load_library()
            return await call()

    async def _read_stream(
        self, stream: str, after: str, block_ms: int
    ) -> list[tuple[str, dict[bytes, bytes]]]:
        """Entries of a stream after an id (`$`: from now on), waiting at most `block_ms` (at least 1) for
        the first."""
        wait = max(1, block_ms)
        with translated():
            try:
                async with asyncio.timeout(wait / 1000 + SLACK):
                    answer = await self._blocking.xread({stream: after}, count=1000, block=wait)
            except TimeoutError as error:
                raise exceptions.TimeoutError("a blocking read was never answered") from error
        entries = answer.values() if isinstance(answer, dict) else [found for _, found in answer or []]
        flat = [entry for found in entries for entry in unnested(found)]
        return [(identity.decode(), dict(body)) for identity, body in flat]


def unnested(entries: Any) -> list[Any]:
    """Stream entries as pairs; the client library wraps them once more under some protocol versions."""
    return list(entries[0]) if entries and isinstance(entries[0], list) else list(entries)


def function_call(function: str, keys: Sequence[str], arguments: object = None) -> list[str | bytes | int]:
    """The words of one call of a library function."""
    name = f"sp_{function}_{_library()[1]}"
    return ["FCALL", name, len(keys), *keys, pack(arguments)]


def check_fitness(info: dict[str, Any]) -> None:
    """Refuse a server on which an intent to dial could be forgotten. `info`: what INFO answers. Raises
    StoreUnfit."""
    product = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", info["redis_version"]))
    if _version(str(info["redis_version"])) < OLDEST:
        raise StoreUnfit(
            f"{product} {version} is too old: install Redis or Valkey 7.2 or later, "
            "or leave redis.url empty in the settings to use the built-in one"
        )
    if int(info.get("aof_enabled", 0)) != 1:
        raise StoreUnfit(
            f"{product} keeps no journal, so calls could be placed twice after a crash: set `appendonly yes` "
            "(best with `appendfsync always`) in its configuration and restart it"
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if int(info.get("maxmemory", 0)) > 0 and policy != "noeviction":
        raise StoreUnfit(
            f"{product} forgets keys when memory is short (maxmemory-policy {policy}): "
            "set `maxmemory-policy noeviction` in its configuration"
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
