"""What a call that came in came to, by Asterisk's events alone."""

from __future__ import annotations

from typing import cast

import pytest

from ami_bridge.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    UserEvent,
)
from ami_bridge.inbound_calls import InboundCalls
from strategies.past_calls import CallOver, CallResult
from strategies.store import Store
from strategies.store.notes import Note

CALL = ("PJSIP/a-1", "178.4", "178.4")
JOINED = QueueCallerJoin("sales", *CALL, 1, 1)
WAITS_NO_MORE = QueueCallerLeave("sales", *CALL, 1, 0)
GIVES_UP = QueueCallerAbandon("sales", *CALL, 1, 1, 30, "2025550101")
TALKS = AgentConnect(
    "sales", "178.4", "178.4", "Ann", "PJSIP/agent01", "PJSIP/agent01-1", "x", 30, 2, "2025550101"
)
TALKED = AgentComplete(
    "sales", "178.4", "178.4", "Ann", "PJSIP/agent01", "PJSIP/agent01-1", "x", 30, 90, "caller"
)
HUNG_UP = Hangup(*CALL, 16, "Normal Clearing")


def came_to(*events: tuple[float, AmiEvent]) -> CallOver:
    calls = InboundCalls(cast(Store, None), "US")
    found = [calls.hear(event, at) for at, event in events]
    assert all(each is None for each in found[:-1])
    over = found[-1]
    assert isinstance(over, CallOver)
    return over


def test_who_waited_and_talked_was_connected() -> None:
    over = came_to((0, JOINED), (30, WAITS_NO_MORE), (30, TALKS), (120, TALKED), (121, HUNG_UP))
    assert over == CallOver("178.4", 121, CallResult.CONNECTED, "sales", 30, 90, "PJSIP/agent01")


def test_who_hangs_up_while_talking_has_talked_until_then() -> None:
    assert came_to((0, JOINED), (30, TALKS), (75, HUNG_UP)).talked == 45


def test_who_hangs_up_while_waiting_has_abandoned() -> None:
    over = came_to((0, JOINED), (30, WAITS_NO_MORE), (30, GIVES_UP), (30.1, HUNG_UP))
    assert (over.result, over.waited, over.agent) == (CallResult.ABANDONED, 30, "")


def test_who_is_led_to_another_queue_waits_on_and_has_not_abandoned() -> None:
    service = QueueCallerJoin("service", *CALL, 1, 1)
    over = came_to(
        (0, JOINED), (60, WAITS_NO_MORE), (60, GIVES_UP), (60, service), (90, TALKS), (91, HUNG_UP)
    )
    assert (over.result, over.waited, over.queue) == (CallResult.CONNECTED, 90, "service")


def test_who_is_led_elsewhere_and_hangs_up_later_has_left() -> None:
    assert came_to((0, JOINED), (60, GIVES_UP), (75, HUNG_UP)).result is CallResult.LEFT


def test_of_a_call_that_waited_before_we_came_the_wait_is_told_by_the_queue() -> None:
    assert came_to((100, TALKS), (110, HUNG_UP)).waited == 30


def test_calls_that_never_waited_and_attempts_of_ours_are_none_of_it() -> None:
    calls = InboundCalls(cast(Store, None), "US")
    assert calls.hear(HUNG_UP, 1) is None
    ours = QueueCallerJoin("sales", "PJSIP/carrier-1", "sp-1", "sp-1", 1, 1)
    assert calls.hear(ours, 1) is None
    assert calls.hear(Hangup("PJSIP/carrier-1", "sp-1", "sp-1", 16, ""), 2) is None


def noted(**fields: str) -> Note | CallOver | None:
    event = UserEvent("SecondpassDisposition", "178.9", "178.9", fields)
    return InboundCalls(cast(Store, None), "US").hear(event, 5.0)


def test_an_agent_notes_what_was_pursued_and_achieved() -> None:
    told = noted(Interaction="178.4", Achieved="Yes", Agent="PJSIP/agent01", Disposition="sold")
    assert told == Note("178.4", 5.0, "sold", None, True, "PJSIP/agent01")
    assert noted(Attempt="sp-1", Pursued="no") == Note("sp-1", 5.0, pursued=False)


@pytest.mark.parametrize(
    "fields",
    [
        {"Interaction": "178.4"},
        {"Interaction": "178.4", "Achieved": "perhaps"},
        {"Interaction": "a b", "Achieved": "yes"},
        {"Interaction": "178.4", "Disposition": "${SHELL(id)}"},
        {"Attempt": "sp-1", "Disposition": "sold"},  # the attempt's keeper takes that
    ],
)
def test_what_says_nothing_of_a_call_is_left_out(fields: dict[str, str]) -> None:
    assert noted(**fields) is None
