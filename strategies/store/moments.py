"""When somebody is due next, for whoever can jump there: the simulator's clock; who is due is asked of
`campaigns`."""

from __future__ import annotations

from redis.asyncio.client import Pipeline

from strategies.store.connection import Door

RANK = 1e-6  # seconds between two places of a list that are due at the same moment, as in the functions


class Moments(Door):
    """The lanes as a calendar."""

    async def next_due(self, sub: str, after: float) -> float | None:
        """The first moment later than `after` (epoch seconds) at which somebody's turn comes, in the first
        list's lane or in one without lists; None where nobody waits for a moment."""
        keys = self._keys
        state, promised, due, _parked, _waking, messages, *_ = keys.of_sub(sub)
        behind = after + int(await self._command("HLEN", state)) * RANK

        def fill(pipe: Pipeline) -> None:
            for lane in (promised, due, messages):
                pipe.execute_command(
                    "ZRANGE", lane, f"({behind}", "+inf", "BYSCORE", "LIMIT", 0, 1, "WITHSCORES"
                )

        found = [_score(answer) for answer in await self._pipeline(fill) if answer]
        return min(found, default=None)


def _score(answer: list[object]) -> float:
    """The score of the one member found, by whichever protocol."""
    first = answer[0]
    return float(str(first[1] if isinstance(first, list | tuple) else answer[1]))
