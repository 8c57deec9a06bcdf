"""Facts of a call on their way from whoever learnt them to the bridge; what they come to is left to the
engine."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.attempts import Fact, Intent
from strategies.store.codec import read_fact, read_intent, record_text
from strategies.store.connection import Door


class Facts(Door):
    """What is known of each attempt."""

    async def add_fact(self, attempt: str, fact: Fact) -> bool:
        """Append a fact; False if nobody knows the attempt (or it ended more than a day ago)."""
        return (await self.add_facts([(attempt, fact)]))[0]

    async def add_facts(self, told: Sequence[tuple[str, Fact]]) -> list[bool]:
        """Append facts of attempts in their order, in one step; an answer for each, as of `add_fact`."""
        keys = [self._keys.facts]
        for attempt, _ in told:
            keys += (self._keys.attempt(attempt), self._keys.facts_of(attempt))
        facts = [{"attempt": attempt, "fact": record_text(fact)} for attempt, fact in told]
        return [bool(answer) for answer in await self._call("add_facts", keys, facts)]

    async def known_of(self, attempts: Sequence[str]) -> list[tuple[Intent | None, list[Fact]]]:
        """Of each attempt its intent, known for a day after its end, and all its facts in order."""
        keys: list[str] = []
        for attempt in attempts:
            keys += (self._keys.attempt(attempt), self._keys.facts_of(attempt))
        found = await self._call("known", keys)
        return [
            (read_intent(intent) if intent else None, [read_fact(raw) for raw in facts])
            for intent, facts in zip(found[::2], found[1::2], strict=True)
        ]

    async def facts(self, attempt: str) -> list[Fact]:
        """All facts of an attempt, in the order they came."""
        return [read_fact(raw) for raw in await self._command("LRANGE", self._keys.facts_of(attempt), 0, -1)]

    async def is_noted(self, attempt: str, fact: Fact) -> bool:
        """Whether what an agent noted of an attempt that was over is written down."""
        return bool(await self._command("HEXISTS", self._keys.attempt(attempt), _mark(fact)))

    async def set_noted(self, attempt: str, fact: Fact) -> None:
        """It is."""
        await self._command("HSET", self._keys.attempt(attempt), _mark(fact), 1)

    async def read_facts(self, after: str, block_ms: int) -> list[tuple[str, str, Fact]]:
        """Facts of all attempts after a stream id as (stream id, attempt, fact); `$`: from now on. Waits at
        most `block_ms` for the first."""
        entries = await self._read_stream(self._keys.facts, after, block_ms)
        return [(identity, body[b"attempt"].decode(), read_fact(body[b"fact"])) for identity, body in entries]


def _mark(fact: Fact) -> str:
    return f"noted {fact.at} {fact.value} {fact.cause}"
