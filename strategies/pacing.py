"""How many calls may start now, by a rate and by a cap on channels; free agents are counted where Asterisk
tells of them, and who is called is the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from strategies.campaign import Window
from strategies.windows import open_now, open_seconds

LAST_MOMENT = 1.0  # seconds: what is left in the last second is left to the caps on channels and trunks
BURST = 1.0  # seconds of a rate that may start at once after a pause: a pause is not made up for


@dataclass(frozen=True, slots=True)
class Budget:
    """What a rate has left: `calls` (a fraction counts) at `at` (epoch seconds)."""

    calls: float = 0.0
    at: float = 0.0


def rate_allowance(per_minute: float, budget: Budget, now: float) -> tuple[int, Budget]:
    """How many calls a rate lets start now, and the budget from which `spend` takes those that do.

    Between two moments of the same budget never more start than the rate allows, plus one burst. A clock
    that went back gives nothing and takes nothing.
    """
    per_second = per_minute / 60
    most = max(1.0, per_second * BURST)
    calls = min(most, budget.calls + max(0.0, now - budget.at) * per_second)
    return floor(calls + 1e-9), Budget(calls, now)


def spend(budget: Budget, started: int) -> Budget:
    """The budget after so many calls were started."""
    return Budget(max(0.0, budget.calls - started), budget.at)


def finish_rate(left: Mapping[tuple[str, ...], int], window: Window, until: float, now: float) -> float:
    """The calls a minute that get everybody called by `until`: for each group of people that may be called
    now, those left over the open time left to them.

    `left`: zones a group may live in to how many of it are left; `window` the pass's. A group whose window is
    closed adds nothing, so the rate rises as zones open and falls as they close.
    """
    return sum(
        60 * people / max(LAST_MOMENT, open_seconds(window, zones, now, until))
        for zones, people in left.items()
        if open_now(window, zones, now)
    )


def room(limit: int | None, in_use: int, wanted: int) -> int:
    """As many of the wanted calls as a cap on channels leaves room for; None is no cap."""
    return max(0, wanted if limit is None else min(wanted, limit - in_use))
