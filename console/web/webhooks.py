"""Tells others what happens: follows the ledger, in the store and in the files of closed days, and posts what
each webhook asked for, in order, signed, and again until it is taken. A call never waits for it, for the
ledger is written before."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from console import output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import place_of
from console.refusal import RefusedError
from strategies.store import StoreError

if TYPE_CHECKING:
    from config.settings import Hook
    from console.ledger_days import Entry
    from console.ledger_files import Archive
    from strategies.store import Store

log = structlog.get_logger(__name__)

LOOK = 0.5  # seconds between two looks at the ledger
PAGE = 500  # lines read at once
ANSWER_WITHIN = 10.0  # seconds for the other side
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds between two tries, doubled each time


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16)))


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    """The headers that say who sent it and when."""
    stamp = str(int(at))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    return {
        "X-Secondpass-Timestamp": stamp,
        "X-Secondpass-Signature": f"sha256={signature}",
        "Content-Type": "application/json",
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """How a webhook stands: seconds by which it is behind what happened last, None where it was never told
    anything; and how many events were passed over, for nobody took them in time."""

    behind: float | None
    passed_over: int = 0


async def standings(hooks: Iterable[str], store: Store) -> dict[str, Standing]:
    """How each of these stands."""
    newest, found = await store.newest(count=1), await store.tellings()
    last = place_of(newest[0][0])[0] if newest else 0
    return {
        name: Standing(max(0.0, (last - place_of(found[name].until)[0]) / 1000), found[name].passed_over)
        if name in found
        else Standing(None)
        for name in hooks
    }


class Teller:
    """One webhook. `files`: the closed days; `clock` gives epoch seconds."""

    def __init__(
        self,
        name: str,
        hook: Hook,
        store: Store,
        files: Archive,
        session: ClientSession,
        clock: Callable[[], float],
    ) -> None:
        self._name, self._hook, self._store, self._files = name, hook, store, files
        self._session, self._clock, self._secret = session, clock, hook.secret(name)
        self._events = frozenset(hook.events)

    async def run(self) -> None:
        """Tell what comes, until cancelled."""
        while True:
            try:
                while await self._told_some():
                    pass
            except StoreError as error:
                log.warning("webhook.store_unavailable", webhook=self._name, error=str(error))
            except RefusedError as refused:
                log.error("webhook.refused", webhook=self._name, error=refused.message, why=refused.reasons)
                await asyncio.sleep(LONGEST_PAUSE)
            except Exception:
                log.exception("webhook.failed", webhook=self._name)
                await asyncio.sleep(LONGEST_PAUSE)  # what is wrong with us will not mend itself at once
            await asyncio.sleep(LOOK)

    async def _told_some(self) -> bool:
        """Tell what there is; False where there was nothing."""
        begun = after = await self._store.told_until(self._name)
        count = 0
        async with aclosing(self._lines(after)) as lines:
            async for identity, line in lines:
                await self._tell(identity, line)
                after, count = identity, count + 1
                if count % PAGE == 0:
                    await self._store.note_told(self._name, after)
        if after != begun:
            await self._store.note_told(self._name, after)
        return after != begun

    async def _lines(self, after: str) -> AsyncGenerator[Entry, None]:
        """What came after a line: from the files what was moved there before it was told, as it is once we
        were away for days."""
        page, oldest = await self._store.ledger(after, PAGE), await self._store.ledger(count=1)
        moved = not oldest or place_of(oldest[0][0]) > place_of(after)
        if moved:
            await at_home(self._store, self._files)
        if moved and place_of(self._files.last()) > place_of(after):
            async for entry in whole_ledger(self._store, self._files, after):
                yield entry
        else:
            for entry in page:
                yield entry

    async def _tell(self, identity: str, line: Mapping[str, Any]) -> None:
        """Have one line taken, or pass it over once nobody took it for too long."""
        if line.get("kind") not in self._events:
            return
        # A name from outside may hold half a character, which no encoding but JSON's own escapes can carry.
        body = json.dumps({"id": identity, **line}).encode()
        begun, failures = self._clock(), 0
        while (why := await self._refused(body)) is not None:
            failures += 1
            if self._clock() - begun >= self._hook.give_up_after:
                log.error("webhook.passed_over", webhook=self._name, id=identity, why=why)
                await self._store.note_passed_over(self._name)
                break
            if failures == 1:
                mend = "it is tried again; see that the other side runs and checks the right secret"
                log.warning("webhook.not_taken", webhook=self._name, id=identity, why=why, mend=mend)
            await asyncio.sleep(pause_after(failures))
        await self._store.note_told(self._name, identity)

    async def _refused(self, body: bytes) -> str | None:
        """Why it was not taken; None if it was."""
        try:
            async with self._session.post(
                self._hook.url,
                data=body,
                headers=signed(self._secret, body, self._clock()),
                allow_redirects=False,
            ) as answer:
                return None if answer.status < 300 else f"answered {answer.status}"
        except (ClientError, TimeoutError, OSError) as error:
            return output.clean(f"{type(error).__name__} {error}")[:200]


@asynccontextmanager
async def telling(
    hooks: Mapping[str, Hook], store: Store, files: Archive, clock: Callable[[], float]
) -> AsyncIterator[None]:
    """Tell all of them while the block runs. Raises ConfigErrors where the environment lacks a secret."""
    timeout = ClientTimeout(total=ANSWER_WITHIN)
    async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as session:
        tellers = [Teller(name, hook, store, files, session, clock) for name, hook in hooks.items()]
        tasks = [asyncio.create_task(one.run(), name="webhook") for one in tellers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
