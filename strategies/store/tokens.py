"""What the API keeps: tokens by their digest, answers given under an idempotency key, and how far webhooks
are; what a role may do, and sending, is left to the console."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from strategies.store.codec import text
from strategies.store.connection import Door

DAY = 86_400  # seconds for which an answer is kept


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: its digest is the field, and the token itself is nowhere.

    `agent`: the interface of the agent who works with it, such as `PJSIP/agent01`. `at`, `until`: from when,
    and until when it holds, in epoch seconds.
    """

    name: str
    role: str
    at: float
    until: float | None = None
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """How far a webhook is: through with the line of the id `until` and all before it, of which it gave up
    `passed_over` since there is the webhook."""

    until: str
    passed_over: int


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered to a write: `fingerprint` tells two requests apart; `status` 0 while it is under
    way."""

    fingerprint: str
    status: int = 0
    body: str = ""


_token = msgspec.json.Decoder(Token).decode
_given = msgspec.json.Decoder(Given).decode


class Tokens(Door):
    """A tenant's tokens, and the answers given to writes."""

    async def add_token(self, digest: str, token: Token) -> bool:
        """Keep a token; False where its name is taken."""
        wanted = {"digest": digest, "name": token.name, "token": text(token)}
        return bool(await self._call("add_token", (self._keys.tokens,), wanted))

    async def token(self, digest: str) -> Token | None:
        """The token of that digest, whether it still holds or not."""
        raw = await self._command("HGET", self._keys.tokens, digest)
        return _token(raw) if raw else None

    async def tokens(self) -> list[Token]:
        """All there are, by name."""
        kept = await self._command("HGETALL", self._keys.tokens)
        return sorted((_token(raw) for raw in kept.values()), key=lambda one: one.name)

    async def remove_token(self, name: str) -> bool:
        """Take a token back; False where none has that name."""
        return bool(await self._call("remove_token", (self._keys.tokens,), {"name": name}))

    async def told_until(self, hook: str) -> str:
        """The id of the last line that a webhook is through with. A new one begins with what comes next."""
        newest = await self._command("XREVRANGE", self._keys.ledger, "+", "-", "COUNT", 1)
        last = newest[0][0].decode() if newest else await self._before_now()
        await self._command("HSETNX", self._keys.told, hook, last)
        raw: bytes = await self._command("HGET", self._keys.told, hook)
        return raw.decode()

    async def _before_now(self) -> str:
        """An id before every line to come: closed days are moved away, and may leave the stream empty."""
        seconds, micros = await self._command("TIME")
        return f"{int(seconds) * 1000 + int(micros) // 1000 - 1}-0"

    async def note_told(self, hook: str, identity: str) -> None:
        """A webhook is through with that line, and all before it."""
        await self._command("HSET", self._keys.told, hook, identity)

    async def note_passed_over(self, hook: str) -> None:
        """One more line that a webhook gave up telling."""
        await self._command("HINCRBY", self._keys.passed_over, hook, 1)

    async def tellings(self) -> dict[str, Telling]:
        """How far each webhook is."""
        told = await self._command("HGETALL", self._keys.told)
        passed = await self._command("HGETALL", self._keys.passed_over)
        return {
            hook.decode(): Telling(until.decode(), int(passed.get(hook, 0))) for hook, until in told.items()
        }

    async def begin_answer(self, key: str, fingerprint: str) -> Given | None:
        """Claim an idempotency key for a write; None if it is ours now, else what was begun or answered under
        it. Where the writer dies in between, nobody knows what was done: the key stays taken for its day."""
        name, begun = self._keys.given(key), text(Given(fingerprint))
        if await self._command("SET", name, begun, "NX", "EX", DAY):
            return None
        raw = await self._command("GET", name)
        return _given(raw) if raw else await self.begin_answer(key, fingerprint)

    async def keep_answer(self, key: str, given: Given | None) -> None:
        """The answer for whoever asks again; None frees the key, for nothing was done."""
        name = self._keys.given(key)
        if given is None:
            await self._command("DEL", name)
        else:
            await self._command("SET", name, text(given), "EX", DAY)
