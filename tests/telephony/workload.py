"""A stretch of a real day's calls as a workload: who calls when, for how long they would wait and talk, how
many agents there are; calling is left to the test.

What a record cannot say is drawn from what others did: the patience of those who were answered (Kaplan and
Meier's estimate, beyond the wait they had), the talk of those who hung up. Everything runs `SPEED` times as
fast: arrivals, patience, talks and the callers' past alike, so that the queue is what it was.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from models.inbound_log import InboundCall
from strategies.past_calls import CallOver, CallResult, PastCalls, after

SPEED = 20.0
BUSIEST = 30  # hours among which the one is looked for that is like its month
HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Life:
    """One call: seconds after the start, how long they wait at most, how long they talk if answered."""

    call: InboundCall
    at: float
    patience: float
    talk: float


def faster(calls: Sequence[InboundCall], speed: float, start: float) -> list[InboundCall]:
    """The calls as if all of it had gone so many times as fast, `start` staying where it is."""

    def moved(at: float | None) -> float | None:
        return None if at is None else start + (at - start) / speed

    return [
        replace(
            call,
            came_at=start + (call.came_at - start) / speed,
            queued_at=moved(call.queued_at),
            waited=call.waited / speed,
            answered_at=moved(call.answered_at),
            talked=call.talked / speed,
        )
        for call in calls
    ]


def typical_hour(calls: Sequence[InboundCall]) -> float:
    """The start of the hour, among the busiest, in which the share that hung up was most like the whole
    record's; seconds."""
    waited = [call for call in calls if call.queued_at is not None]
    usual = sum(call.abandoned for call in waited) / len(waited)
    hours: dict[float, list[InboundCall]] = {}
    for call in waited:
        hours.setdefault(call.came_at // HOUR * HOUR, []).append(call)
    second_half = sorted(hours)[len(hours) // 2 :]  # there has to be something to learn from before it
    busiest = sorted(second_half, key=lambda hour: -len(hours[hour]))[:BUSIEST]

    def unlike(hour: float) -> float:
        return abs(sum(call.abandoned for call in hours[hour]) / len(hours[hour]) - usual)

    return min(busiest, key=unlike)


def lives(calls: Sequence[InboundCall], start: float, seconds: float, dice: random.Random) -> list[Life]:
    """The callers of a stretch who came to an agent or a queue, oldest first."""
    kinds = {call.intent for call in calls}
    patience = {kind: _Patience([c for c in calls if c.intent == kind and c.queued_at]) for kind in kinds}
    talks = {kind: [c.talked for c in calls if c.intent == kind and c.talked] or [60.0] for kind in kinds}
    found = []
    for call in calls:
        at = call.queued_at if call.queued_at is not None else call.answered_at
        if at is not None and start <= at < start + seconds:
            waits = call.waited if call.abandoned else patience[call.intent].beyond(call.waited, dice)
            talk = dice.choice(talks[call.intent]) if call.abandoned else call.talked
            found.append(Life(call, at - start, waits, talk))
    return sorted(found, key=lambda life: life.at)


class _Patience:
    """How long callers of one kind wait before they hang up."""

    def __init__(self, calls: Sequence[InboundCall]) -> None:
        self._waits: list[float] = []
        self._stay: list[float] = []
        stay, left = 1.0, len(calls)
        for call in sorted(calls, key=lambda one: one.waited):
            if call.abandoned:
                stay *= 1 - 1 / left
                self._waits.append(call.waited)
                self._stay.append(stay)
            left -= 1

    def beyond(self, waited: float, dice: random.Random) -> float:
        """One patience, longer than `waited`; without end where nobody is known to have waited so long."""
        place = bisect_right(self._waits, waited)
        staying = (self._stay[place - 1] if place else 1.0) * dice.random()
        at = next((nth for nth in range(place, len(self._stay)) if self._stay[nth] <= staying), None)
        return HOUR if at is None else self._waits[at]


def agents_for(found: Sequence[Life], share: float) -> int:
    """How many agents, first come first served, leave the share that hangs up nearest to `share`."""
    return min(range(1, 25), key=lambda agents: abs(_hung_up(found, agents) - share))


def _hung_up(found: Sequence[Life], agents: int) -> float:
    free = [0.0] * agents
    lost = 0
    for life in found:
        begins = max(free[0], life.at)
        if begins - life.at > life.patience:
            lost += 1
        else:
            heapq.heapreplace(free, begins + life.talk)
    return lost / len(found)


def pasts(calls: Sequence[InboundCall], before: float) -> dict[str, PastCalls]:
    """What was known of each customer's calls that were over before that moment."""
    known: dict[str, PastCalls] = {}
    for nth, call in enumerate(calls):
        over = (call.answered_at or (call.queued_at or call.came_at) + call.waited) + call.talked
        if call.customer and over < before:
            result = CallResult.ABANDONED if call.abandoned else CallResult.CONNECTED
            told = CallOver(str(nth), over, result, call.intent, call.waited, call.talked, call.agent)
            known[call.customer] = after(known.get(call.customer, PastCalls()), told)
    return known


def told(start: float) -> str:
    """The stretch's beginning as a person reads it."""
    return f"{datetime.fromtimestamp(start, UTC):%A %Y-%m-%d %H:%M}"
