"""Does writes to their end, though whoever asked is gone, and once per idempotency key; what a write does is
its operation's, and the answers that are kept are the store's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from console.web import problems
from console.web.problems import Problem
from strategies.store import StoreError
from strategies.store.tokens import Given

if TYPE_CHECKING:
    from console.web.operations import Call
    from strategies.store import Store

log = structlog.get_logger(__name__)

KEY = "Idempotency-Key"
LONGEST_KEY = 128
OURS = 500  # from here on an answer says that nobody knows how far the write came

Work = Callable[[], Awaitable[web.StreamResponse]]


class Writes:
    """Those of this console."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tasks: set[asyncio.Task[web.StreamResponse]] = set()

    async def do(self, call: Call, words: str, work: Work) -> web.StreamResponse:
        """The answer to a write; `words` tell two requests under one key apart."""
        if KEY not in call.request.headers:
            return await self._to_its_end(_of(work))
        key = f"{call.who.name}:{_key(call.request.headers[KEY])}"
        fingerprint = sha256(words.encode()).hexdigest()
        return await self._to_its_end(self._once(key, fingerprint, work))

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _to_its_end(self, work: Coroutine[Any, Any, web.StreamResponse]) -> web.StreamResponse:
        """A cut line ends the handler; half a launch or half of a list's people would be worse than one that
        nobody heard the end of."""
        task = asyncio.get_running_loop().create_task(work, name="write")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_unheard)
            raise

    async def _once(self, key: str, fingerprint: str, work: Work) -> web.StreamResponse:
        """Do it, unless it was done under that key before: then its answer again."""
        before = await self._store.begin_answer(key, fingerprint)
        if before is not None:
            return _again(before, fingerprint)
        try:
            answer = await work()
        except Exception as error:
            await self._failed(key, fingerprint, error)
            raise
        text = answer.text if isinstance(answer, web.Response) else None
        await self._store.keep_answer(key, Given(fingerprint, answer.status, text or ""))
        return answer

    async def _failed(self, key: str, fingerprint: str, error: Exception) -> None:
        """A refusal changed nothing, so the same may be asked again; of a fault nobody knows what it left, so
        the key stays taken. Where the store is away, it stays as it was begun."""
        problem = problems.known(error) or problems.ours()
        status = problem.told.status
        with suppress(StoreError):
            kept = Given(fingerprint, status, problem.told.model_dump_json()) if status >= OURS else None
            await self._store.keep_answer(key, kept)


async def _of(work: Work) -> web.StreamResponse:
    return await work()


def _unheard(task: asyncio.Task[web.StreamResponse]) -> None:
    """A write ended after its asker was gone."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception) and problems.known(error) is None:
        log.error("web.write_failed_unheard", exc_info=error)


def _key(given: str) -> str:
    if not 0 < len(given) <= LONGEST_KEY or not given.isascii() or not given.isprintable() or " " in given:
        raise Problem(
            422, "the idempotency key is not valid", f"send up to {LONGEST_KEY} visible ASCII characters"
        )
    return given


def _again(before: Given, fingerprint: str) -> web.Response:
    if before.fingerprint != fingerprint:
        raise Problem(422, "this idempotency key was used for another request", "send a new one")
    if before.status == 0:
        mend = "wait a second; if the console was ended meanwhile, see what there is and send a new key"
        raise Problem(409, "the same request is under way", mend, headers={"Retry-After": "1"})
    media = problems.MEDIA_TYPE if before.status >= OURS else "application/json"
    answer = web.Response(status=before.status)
    if before.status != 204:
        answer = web.Response(text=before.body, status=before.status, content_type=media)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
