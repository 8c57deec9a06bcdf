"""Plays a log of inbound calls and tells, for each call that was queued, what was known of it at that moment
and what became of it; reading the log is left to `models.inbound_log`, learning to `models.inbound_backtest`.

The queues and each caller's past are followed by the code that follows them live. Only queued calls are told
of: in the log that is public, a customer is recorded almost only for those who had to wait, so that over all
calls the mere presence of an id foretells how the call ends. For the same reason a caller without an id and
one who calls for the first time look alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from models.features import DECLARED, Factor, Row, Source, Surroundings, row
from models.inbound_log import InboundCall
from models.live_factors import call_factors
from strategies.past_calls import CallOver, CallResult, PastCalls, after
from strategies.queue_flow import QueueFlow

UNKNOWN_TO_A_LOG = frozenset(
    {"attempts", "conversations", "last_result", "last_response", "days_since_attempt", "recovery_open"}
)
"""Factors of campaigns: a log of inbound calls says nothing of them."""

FACTORS: tuple[Factor, ...] = (
    DECLARED["intent"],
    DECLARED["ivr_seconds"],
    DECLARED["day_of_week"],
    DECLARED["hour"],
    *(DECLARED[name] for name in QueueFlow().factors("", 0.0)),
    *(
        factor
        for factor in DECLARED.values()
        if factor.name in call_factors(PastCalls(calls=1, last_at=0.0), 0.0)
    ),
)
"""What a model of whether a queued caller hangs up looks at. Not the month: it is another one by the time the
model is used."""

CALLERS_PAST = frozenset(f.name for f in FACTORS if f.source is Source.HISTORY)
QUEUE_STATE = frozenset(f.name for f in FACTORS if f.source is Source.QUEUE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A caller who begins to wait: the values of the factors as they were, and whether they hung up, which
    was known `over_at`."""

    at: float
    row: Row
    abandoned: bool
    over_at: float


class _What(IntEnum):
    """In the order of the events of one second: whoever goes makes room before whoever comes looks."""

    LEFT = 0
    ANSWERED = 1
    COMPLETED = 2
    OVER = 3
    QUEUED = 4


def entries(calls: Sequence[InboundCall]) -> Iterator[Entry]:
    """Each queued call in the order of time, with what was known when it was queued and nothing later."""
    flow = QueueFlow()
    past: dict[str, PastCalls] = {}
    events = sorted((at, what, nth) for nth, call in enumerate(calls) for at, what in _events(call))
    for at, what, nth in events:
        call, name = calls[nth], str(nth)
        match what:
            case _What.QUEUED:
                if call.ivr_seconds >= 0:  # else the clocks of this call disagree
                    known = past.get(call.customer, PastCalls())
                    yield Entry(at, _row(call, at, flow, known), call.abandoned, at + call.waited)
                flow.joined(call.intent, name, at)
            case _What.LEFT:
                if call.abandoned:
                    flow.gave_up(name)
                flow.left(name, at)
            case _What.ANSWERED:
                flow.answered(call.agent, at)
            case _What.COMPLETED:
                flow.completed(call.agent, at)
            case _What.OVER:
                past[call.customer] = after(past.get(call.customer, PastCalls()), _over(call, name, at))


def _events(call: InboundCall) -> Iterator[tuple[float, _What]]:
    ends = call.came_at
    if call.queued_at is not None:
        ends = call.queued_at + call.waited
        yield call.queued_at, _What.QUEUED
        yield ends, _What.LEFT
    if call.answered_at is not None:
        ends = call.answered_at + call.talked
        yield call.answered_at, _What.ANSWERED
        yield ends, _What.COMPLETED
    if call.customer:
        yield ends, _What.OVER


def _row(call: InboundCall, at: float, flow: QueueFlow, past: PastCalls) -> Row:
    around = Surroundings(
        queue=flow.factors(call.intent, at),
        intent={"intent": call.intent, "ivr_seconds": call.ivr_seconds},
    )
    return row(FACTORS, {}, datetime.fromtimestamp(at, UTC), call_factors(past, at), around)


def _over(call: InboundCall, name: str, at: float) -> CallOver:
    result = CallResult.ABANDONED if call.abandoned else CallResult.CONNECTED
    return CallOver(name, at, result, call.intent, call.waited, call.talked, call.agent)
