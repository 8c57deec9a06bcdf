"""When somebody is due next, for whoever can jump there: the simulator's clock; who is due is asked of
`campaigns`."""

from __future__ import annotations

from redis.asyncio.client import Pipeline

from strategies.store.connection import Door

RANK = 1e-6  # seconds between two places of a list that are due at one moment, as in the functions


class Moments(Door):
    """The lanes as a calendar."""

    async def next_due(self, sub: str, after: float) -> float | None:
        """The first moment later than `after` (epoch seconds) at which somebody's turn comes, in the first
        list's lane or in one without lists; None where nobody waits for a moment."""
        keys = self._keys
        state, promised, due, _parked, _waking, messages, *_ = keys.of_sub(sub)
        places = int(await self._command("HLEN", state)) * RANK
        behind = after + places

        def fill(pipe: Pipeline) -> None:
            for lane in (promised, due, messages):
                pipe.execute_command(
                    "ZRANGE", lane, f"({behind}", "+inf", "BYSCORE", "LIMIT", 0, 1, "WITHSCORES"
                )

        scores = [_score(answer) for answer in await self._pipeline(fill) if answer]
        return max(after, min(scores) - places) if scores else None


def _score(answer: list[object]) -> float:
    """The score of the one member found, by whichever protocol."""
    first = answer[0]
    return float(str(first[1] if isinstance(first, list | tuple) else answer[1]))
