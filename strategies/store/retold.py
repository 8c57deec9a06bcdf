"""What Asterisk's own records tell the store: until when events were heard, and calls it knows nothing of
because it was lost. Reading those records is left to the bridge and the console."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis.asyncio.client import Pipeline

from strategies.attempts import Intent, Outcome
from strategies.store.connection import Door
from strategies.store.lines import ended, packed, started

KNOWN_LOST = 86_400  # seconds for which a caller who was lost is not lost again


class Retold(Door):
    """A store that was lost does not know until when events were heard: so it is known to be a new one."""

    async def heard_until(self) -> float | None:
        """The moment (epoch seconds) until which every event of Asterisk was heard; None for a new store."""
        raw = await self._command("GET", self._keys.heard)
        return None if raw is None else float(raw)

    async def begin_hearing(self, now: float) -> None:
        """All that was before is known now, from whatever source."""
        await self._command("SET", self._keys.heard, now)

    async def go_on_hearing(self, now: float) -> bool:
        """Events were heard until now; False, and nothing is kept, in a store in which nobody has begun."""
        return await self._command("SET", self._keys.heard, now, "XX") is not None

    async def unknown(self, attempts: Collection[str]) -> set[str]:
        """Those of these attempts that are not kept: a day after their end none is."""
        asked: Sequence[str] = list(attempts)

        def fill(pipe: Pipeline) -> None:
            for attempt in asked:
                pipe.execute_command("EXISTS", self._keys.attempt(attempt))

        found = await self._pipeline(fill) if asked else []
        return {attempt for attempt, there in zip(asked, found, strict=True) if not there}

    async def retell(self, intent: Intent, outcome: Outcome, zone: str) -> bool:
        """Write into the ledger, with its figures, an attempt that began and ended without the store's
        knowledge; False if it is known. `zone` is the campaign's, by whose days live answers are counted."""
        campaign, _, number = intent.sub.rpartition("/")
        lines = [started(intent, intent.at, None, 0), ended(intent, outcome, None, zone)]
        nobody = dict.fromkeys(("contact", "device", "address", "nth"))
        told = [{**line.mapping(), **nobody, "source": "asterisk"} for line in lines]
        keys = self._keys
        answer = await self._call(
            "retell",
            (
                keys.attempt(intent.attempt),
                keys.numbering,
                keys.ledger,
                keys.figures(intent.sub),
                keys.retold,
            ),
            {
                "campaign": campaign,
                "number": int(number),
                "result": outcome.result,
                "lines": packed(told),
            },
        )
        return bool(answer)

    async def knows_lost(self, call: str) -> bool:
        """Whether this inbound call was dealt with as lost before."""
        return bool(await self._command("EXISTS", self._keys.lost_call(call)))

    async def note_lost(self, call: str) -> None:
        """It is dealt with now."""
        await self._command("SET", self._keys.lost_call(call), 1, "EX", KNOWN_LOST)
