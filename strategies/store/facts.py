"""Facts of a call on their way from whoever learnt them to the bridge; what they come to is left to the
engine."""

from __future__ import annotations

from strategies.attempts import Fact
from strategies.store.codec import read_fact, record_text
from strategies.store.connection import Door


class Facts(Door):
    """What is known of each attempt."""

    async def add_fact(self, attempt: str, fact: Fact) -> bool:
        """Append a fact; False if nobody knows the attempt (or it ended more than a day ago)."""
        keys = (self._keys.attempt(attempt), self._keys.facts_of(attempt), self._keys.facts)
        return bool(await self._call("add_fact", keys, {"attempt": attempt, "fact": record_text(fact)}))

    async def facts(self, attempt: str) -> list[Fact]:
        """All facts of an attempt, in the order they came."""
        return [read_fact(raw) for raw in await self._command("LRANGE", self._keys.facts_of(attempt), 0, -1)]

    async def read_facts(self, after: str, block_ms: int) -> list[tuple[str, str, Fact]]:
        """Facts of all attempts after a stream id as (stream id, attempt, fact); `$`: from now on. Waits at
        most `block_ms` for the first."""
        entries = await self._read_stream(self._keys.facts, after, block_ms)
        return [(identity, body[b"attempt"].decode(), read_fact(body[b"fact"])) for identity, body in entries]
