"""What the decisions changed, as the slices of time of the experiment show it, for whoever looks while it
runs; the arithmetic is `models.proof_report`'s, the whole proof `secondpass model report`'s."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from console.follow.proof_calls import ProofCalls, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strategies.segments import Catalogue

REST = 20.0  # times as long as it took, nothing is computed again: at most a twentieth of a core
LEAST_REST = 5.0  # seconds
NO_CONTROL = "segments.yaml has no control: all slices of time are treated, so nothing can be compared"
NOTHING_YET = "no slice and its partner, the same slot a week later or earlier, both had calls yet"


class ControlEffect:
    """Computed for all who ask, in a thread of its own, and not again before it rested."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._told: dict[str, Any] = {}
        self._of: tuple[int, Catalogue] | None = None
        self._rests_until = 0.0

    async def told(self, calls: ProofCalls, catalogue: Catalogue, tenant: str) -> dict[str, Any]:
        """The effect of every metric, over these calls; the figures may be as old as the rest is long."""
        loop = asyncio.get_running_loop()
        async with self._one:
            of = calls.changes, catalogue
            stale = self._of is None or self._of[1] is not catalogue
            if stale or (self._of != of and loop.time() >= self._rests_until):
                began = loop.time()
                self._told = await asyncio.to_thread(_effects, calls.snapshot(), catalogue, tenant)
                self._rests_until = loop.time() + max(LEAST_REST, REST * (loop.time() - began))
                self._of = of
            return self._told


def _effects(snapshot: Sequence[bytes], catalogue: Catalogue, tenant: str) -> dict[str, Any]:
    from models.proof_report import effects

    calls = list(unpacked(snapshot))
    found = effects(calls, catalogue, tenant)
    control = catalogue.control
    note = NO_CONTROL if control is None else "" if found.compared else NOTHING_YET
    return {
        "calls": len(calls),
        "over": len(found.over),
        "since": min((call.at for call in calls), default=None),
        "slice_seconds": control.slices if control else None,
        "control_share": control.share if control else 0.0,
        "burn_in_seconds": round(found.burn_in, 1),
        "misdrawn": len(found.over) - len(found.right),
        "note": note,
        "effects": [
            {
                "metric": one.metric,
                "against": one.against.value,
                "pairs": one.effect.pairs,
                "treated": round(one.effect.mean_treated, 6),
                "other": round(one.effect.mean_other, 6),
                "effect": round(one.effect.effect, 6),
                "low": None if one.effect.low is None else round(one.effect.low, 6),
                "high": None if one.effect.high is None else round(one.effect.high, 6),
                "verdict": one.effect.verdict,
            }
            for one in found.compared
        ],
    }
