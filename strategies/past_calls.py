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


@dataclass(frozen=True, slots=True)
class PastCalls:
    """`waited`: the mean wait in seconds; `last_at`: when the last call ended, epoch seconds."""

    calls: int = 0
    abandoned: int = 0
    waited: float = 0.0
    last_at: float | None = None
    last_result: str = ""
    last_waited: float = 0.0


def after(past: PastCalls, call: CallOver) -> PastCalls:
    """What is known once this call is over too."""
    calls = past.calls + 1
    return replace(
        past,
        calls=calls,
        abandoned=past.abandoned + (call.result is CallResult.ABANDONED),
        waited=past.waited + (call.waited - past.waited) / calls,
        last_at=call.at,
        last_result=call.result.value,
        last_waited=call.waited,
    )
