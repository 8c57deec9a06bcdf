"""Tells others what happens: follows the ledger, and posts what each webhook asked for, in order, signed,
and again until it is taken. A call never waits for it, for the ledger is written before."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from console import output
from strategies.store import StoreError

if TYPE_CHECKING:
    from config.settings import Hook
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


class Teller:
    """One webhook. `clock` gives epoch seconds."""

    def __init__(
        self, name: str, hook: Hook, store: Store, session: ClientSession, clock: Callable[[], float]
    ) -> None:
        self._name, self._hook, self._store = name, hook, store
        self._session, self._clock, self._secret = session, clock, hook.secret(name)
        self._events = frozenset(hook.events)

    async def run(self) -> None:
        """Tell what comes, until cancelled."""
        while True:
            try:
                after = await self._store.told_until(self._name)
                while entries := await self._store.ledger(after, PAGE):
                    for identity, line in entries:
                        await self._tell(identity, line)
                        after = identity
                    await self._store.note_told(self._name, after)
            except StoreError as error:
                log.warning("webhook.store_unavailable", webhook=self._name, error=str(error))
            except Exception:
                log.exception("webhook.failed", webhook=self._name)
                await asyncio.sleep(LONGEST_PAUSE)  # what is wrong with us will not mend itself at once
            await asyncio.sleep(LOOK)

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
async def telling(hooks: Mapping[str, Hook], store: Store, clock: Callable[[], float]) -> AsyncIterator[None]:
    """Tell all of them while the block runs. Raises ConfigErrors where the environment lacks a secret."""
    timeout = ClientTimeout(total=ANSWER_WITHIN)
    async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as session:
        tellers = [Teller(name, hook, store, session, clock) for name, hook in hooks.items()]
        tasks = [asyncio.create_task(one.run(), name="webhook") for one in tellers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
