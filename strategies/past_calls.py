"""What a customer's own calls came to, as far as the next call's decision looks back; how they are kept is
left to the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class CallResult(StrEnum):
    """What a call that came in came to."""

    CONNECTED = "connected"  # to an agent
    ABANDONED = "abandoned"  # hung up while waiting
    LEFT = "left"  # neither: never queued, or led elsewhere


@dataclass(frozen=True, slots=True)
class CallOver:
    """A call that came in and is over, at `at` (epoch seconds).

    `waited`: seconds in queues, `talked`: seconds with agents. `agent`: the interface of the first of them.
    """

    interaction: str
    at: float
    result: CallResult
    queue: str = ""
    waited: float = 0.0
    talked: float = 0.0
    agent: str = ""


NEWEST = 0.3
"""What the newest call counts in the means that forget: about the last three are seen in them."""

LATELY = 86_400.0
"""Seconds after which a call counts half among the calls of late."""


@dataclass(frozen=True, slots=True)
class PastCalls:
    """`waited`: the mean wait in seconds; `last_at`: when the last call ended, epoch seconds; `gap`: seconds
    between the ends of the last two.

    `lately`: calls as of `last_at`, each counting half after a day. `lately_abandoned` and `patience` (the
    wait in seconds after which they hung up, None where they never did) are means that forget; `in_a_row`
    counts the calls abandoned since somebody was last spoken to.
    """

    calls: int = 0
    abandoned: int = 0
    waited: float = 0.0
    last_at: float | None = None
    last_result: str = ""
    last_waited: float = 0.0
    last_talked: float = 0.0
    gap: float | None = None
    lately: float = 0.0
    lately_abandoned: float = 0.0
    in_a_row: int = 0
    patience: float | None = None


def after(past: PastCalls, call: CallOver) -> PastCalls:
    """What is known once this call is over too."""
    calls = past.calls + 1
    abandoned = call.result is CallResult.ABANDONED
    patience = past.patience
    if abandoned:
        patience = call.waited if patience is None else patience + NEWEST * (call.waited - patience)
    return replace(
        past,
        calls=calls,
        abandoned=past.abandoned + abandoned,
        waited=past.waited + (call.waited - past.waited) / calls,
        last_at=call.at,
        last_result=call.result.value,
        last_waited=call.waited,
        last_talked=call.talked,
        gap=None if past.last_at is None else max(call.at - past.last_at, 0.0),
        lately=calls_lately(past, call.at) + 1,
        lately_abandoned=past.lately_abandoned + NEWEST * (abandoned - past.lately_abandoned),
        in_a_row=past.in_a_row + 1 if abandoned else 0,
        patience=patience,
    )


def calls_lately(past: PastCalls, now: float) -> float:
    """The calls of late as of `now`."""
    if past.last_at is None:
        return 0.0
    return float(past.lately * 0.5 ** (max(now - past.last_at, 0.0) / LATELY))
