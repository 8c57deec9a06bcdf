"""What Asterisk's events say of an attempt, as facts; which facts make which result is the rules' to say."""

from __future__ import annotations

from ami_bridge.events import (
    AgentConnect,
    AmiEvent,
    DialBegin,
    DialEnd,
    Hangup,
    OriginateResponse,
    QueueCallerAbandon,
    QueueCallerJoin,
)
from strategies.attempts import Fact, FactName

ATTEMPT_PREFIX = "sp-"


def is_inbound(call: str) -> bool:
    """Whether a channel's unique id is none of our attempts'."""
    return not call.startswith(ATTEMPT_PREFIX)


def call_fact(event: AmiEvent, at: float) -> tuple[str, Fact] | None:
    """The attempt an event is about and what it says of it; None where it says nothing of an attempt."""
    attempt, name, value = _read(event)
    if name is None or not attempt.startswith(ATTEMPT_PREFIX):
        return None
    return attempt, Fact(name, at, value)


def _read(event: AmiEvent) -> tuple[str, FactName | None, str]:
    match event:
        case DialEnd(uniqueid=attempt, status="ANSWER"):
            return attempt, FactName.ANSWERED, ""
        case DialEnd(uniqueid=attempt, status=status):
            return attempt, FactName.DIAL_ENDED, status
        case OriginateResponse(success=False, action_id=attempt, reason=reason):
            return attempt, FactName.ORIGINATE_FAILED, str(reason)
        case QueueCallerJoin(uniqueid=attempt, queue=queue):
            return attempt, FactName.QUEUE_JOINED, queue
        case AgentConnect(uniqueid=attempt, interface=interface):
            return attempt, FactName.AGENT_CONNECTED, interface
        case QueueCallerAbandon(uniqueid=attempt, queue=queue):
            return attempt, FactName.QUEUE_ABANDONED, queue
        case Hangup(uniqueid=attempt, cause=cause):
            return attempt, FactName.HUNG_UP, str(cause)
    return "", None, ""


def has_channel(event: AmiEvent) -> str | None:
    """The attempt whose channel this event shows to exist: its Hangup is sure to come."""
    match event:
        case DialBegin(uniqueid=attempt) if attempt.startswith(ATTEMPT_PREFIX):
            return attempt
    return None
