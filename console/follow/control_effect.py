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
        self._told: dict[str, Any] = {}
        self._of: tuple[int, Catalogue] | None = None
        self._rests_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def told(self, calls: ProofCalls, catalogue: Catalogue, tenant: str) -> dict[str, Any]:
        """The effect of every metric over these calls, as it was last computed; only the first of a catalogue
        is waited for."""
        told = self.last(calls, catalogue, tenant)
        while not told:
            assert self._task is not None  # noqa: S101  `last` begins one where there is nothing to tell
            await asyncio.wait({self._task})
            self._task.result()
            told = self.last(calls, catalogue, tenant)
        return told

    def last(self, calls: ProofCalls, catalogue: Catalogue, tenant: str) -> dict[str, Any]:
        """The same without a wait: empty where none is there yet. Has it computed where that is due."""
        known = self._of is not None and self._of[1] is catalogue
        due = self._of != (calls.changes, catalogue) and (not known or self._rested())
        if due and (self._task is None or self._task.done()):
            work = self._compute(calls, catalogue, tenant)
            self._task = asyncio.get_running_loop().create_task(work, name="control effect")
        return self._told if known else {}

    async def close(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _rested(self) -> bool:
        return asyncio.get_running_loop().time() >= self._rests_until

    async def _compute(self, calls: ProofCalls, catalogue: Catalogue, tenant: str) -> None:
        loop, of = asyncio.get_running_loop(), (calls.changes, catalogue)
        began = loop.time()
        self._told = await asyncio.to_thread(_effects, calls.snapshot(), catalogue, tenant)
        self._of, self._rests_until = of, loop.time() + max(LEAST_REST, REST * (loop.time() - began))


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
