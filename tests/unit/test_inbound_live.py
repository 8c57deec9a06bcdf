"""A recorded call and the same call live, by Asterisk's events, make the same row for the model of who hangs
up."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from inbound_logs import busy_days

from ami_bridge.agents import QueueBoard
from ami_bridge.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
)
from ami_bridge.inbound_calls import InboundCalls
from ami_bridge.queue_flows import QueueFlows
from models.features import Row, row
from models.inbound import FACTORS, entries
from models.inbound_log import InboundCall
from models.live_factors import history_factors, surroundings
from strategies.past_calls import CallOver, PastCalls, after
from strategies.store import QueueFigures
from strategies.store.callers import History

CALLS = busy_days(150)


def made(kind: type[Any], **fields: object) -> Any:
    """An event whose other fields nobody looks at."""
    rest = dict.fromkeys(kind.__dataclass_fields__, "")
    return kind(**{**rest, **fields})


def as_events(nth: int, call: InboundCall) -> Iterator[tuple[float, int, AmiEvent]]:
    """What Asterisk tells of the call: when, what goes first in one second, the event."""
    assert call.queued_at is not None
    name, queue, agent = str(nth), call.intent, call.agent
    ends = call.queued_at + call.waited
    yield call.queued_at, 9, made(QueueCallerJoin, queue=queue, uniqueid=name)
    if call.answered_at is None:
        yield ends, 0, made(QueueCallerAbandon, queue=queue, uniqueid=name)
        yield ends, 1, made(QueueCallerLeave, queue=queue, uniqueid=name)
        yield ends, 2, made(Hangup, uniqueid=name)
        return
    yield ends, 1, made(QueueCallerLeave, queue=queue, uniqueid=name)
    yield ends, 2, made(AgentConnect, queue=queue, uniqueid=name, interface=agent, hold_seconds=0)
    over = ends + call.talked
    yield over, 3, made(AgentComplete, uniqueid=name, interface=agent, talk_seconds=round(call.talked))
    yield over, 4, made(Hangup, uniqueid=name)


def live_rows() -> dict[float, Row]:
    """The row that the hook would make of each call, by when it was queued."""
    board = QueueBoard(lambda: 0.0)
    flows, ended = QueueFlows(board), InboundCalls(cast(Any, None), "US")
    past: dict[str, PastCalls] = {}
    told = sorted(
        (at, first, nth, event) for nth, call in enumerate(CALLS) for at, first, event in as_events(nth, call)
    )
    rows: dict[float, Row] = {}
    for at, _, nth, event in told:
        call = CALLS[nth]
        if isinstance(event, QueueCallerJoin):
            lately, since = flows.lately([call.intent], at)[call.intent], board.waiting(call.intent).values()
            figures = QueueFigures(len(since), 0, at - min(since, default=at), at, lately=lately)
            history = history_factors(History(), past.get(call.customer, PastCalls()), at)
            intent = {"intent": call.intent, "ivr_seconds": "5"}
            moment = datetime.fromtimestamp(at, UTC)
            rows[at] = row(FACTORS, {}, moment, history, surroundings(figures, intent, at))
            board.joined(call.intent, event.uniqueid, at)
        elif isinstance(event, QueueCallerLeave):
            board.left(event.queue, event.uniqueid)
        flows.hear(event, at)
        over = ended.hear(event, at)
        if isinstance(over, CallOver) and call.customer:
            past[call.customer] = after(past.get(call.customer, PastCalls()), over)
    return rows


def test_every_factor_of_every_call_is_live_what_it_is_in_the_record():
    live = live_rows()
    recorded = list(entries(CALLS))
    assert len(live) == len(recorded) == len(CALLS)
    for entry in recorded:
        for factor in FACTORS:
            there, here = entry.row[factor.name], live[entry.at][factor.name]
            if isinstance(there, float) and math.isnan(there):
                assert isinstance(here, float), factor.name
                assert math.isnan(here), factor.name
            else:
                assert here == pytest.approx(there, abs=1e-3), factor.name
