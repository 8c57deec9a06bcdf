"""What Asterisk's events say of an attempt, as facts; which facts make which result is the rules' to say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ami_bridge.events import (
    AgentConnect,
    AmiEvent,
    DialBegin,
    DialEnd,
    Hangup,
    OriginateResponse,
    QueueCallerAbandon,
    QueueCallerJoin,
    UserEvent,
)
from strategies.attempts import Fact, FactName
from strategies.callbacks import INTERFACE

ATTEMPT_PREFIX = "sp-"
LEG_PREFIX = "leg-"  # of the unique ids of calls to agents who stand by
DISPOSITION_EVENT = "SecondpassDisposition"  # UserEvent of a dialplan, or of an agent's desk by the AMI
CONNECTED_EVENT = "SecondpassConnected"  # UserEvent of our dialplan: the one agent a callback is for answered
HEARD_EVENT = "SecondpassHeard"  # UserEvent of our dialplan: the verdict that no server of ours took
HANGS_UP_WITHIN = 2.0  # seconds between the queue's word and the hang-up; later the caller was led on
WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")  # what a thing is called that somebody outside names
MEMBER = re.compile(INTERFACE)
_VERDICT = re.compile(r"[A-Z]{2,20}")
_CAUSE = re.compile(r"[A-Z]+(-[0-9]+)*")
_MOMENT = re.compile(r"[0-9]{1,11}")


def is_inbound(call: str) -> bool:
    """Whether a channel's unique id is of nobody whom we called."""
    return not call.startswith((ATTEMPT_PREFIX, LEG_PREFIX))


def call_fact(event: AmiEvent, at: float) -> tuple[str, Fact] | None:
    """The attempt an event is about and what it says of it; None where it says nothing of an attempt."""
    if isinstance(event, UserEvent):
        read = {DISPOSITION_EVENT: _noted, CONNECTED_EVENT: _own_agent, HEARD_EVENT: _heard}.get(event.name)
        return None if read is None else read(event.fields, at)
    attempt, name, value = _read(event)
    if name is None or not attempt.startswith(ATTEMPT_PREFIX):
        return None
    return attempt, Fact(name, at, value)


def _noted(fields: Mapping[str, str], at: float) -> tuple[str, Fact] | None:
    """What an agent noted: `Attempt`, `Disposition`, and for a callback `At` (epoch seconds) and `Agent` (the
    interface of a member). Text from outside, so what does not look like it is left out."""
    attempt, noted = fields.get("Attempt", ""), fields.get("Disposition", "")
    if not attempt.startswith(ATTEMPT_PREFIX) or not WORD.fullmatch(noted):
        return None
    moment, agent = fields.get("At", ""), fields.get("Agent", "")
    cause = moment if _MOMENT.fullmatch(moment) else ""
    if cause and MEMBER.fullmatch(agent):
        cause = f"{moment} {agent}"
    return attempt, Fact(FactName.DISPOSITION, at, noted, cause)


def _heard(fields: Mapping[str, str], at: float) -> tuple[str, Fact] | None:
    """What the machine detection said of a call that was then hung up, because nobody decided about it."""
    attempt, status = fields.get("Attempt", ""), fields.get("Status", "")
    if not attempt.startswith(ATTEMPT_PREFIX) or not _VERDICT.fullmatch(status):
        return None
    cause = fields.get("Cause", "")
    return attempt, Fact(FactName.CLASSIFIED, at, status, cause if _CAUSE.fullmatch(cause) else "")


def _own_agent(fields: Mapping[str, str], at: float) -> tuple[str, Fact] | None:
    """The agent a callback was for has answered; the queue, which was passed by, says nothing of it."""
    attempt, agent = fields.get("Attempt", ""), fields.get("Agent", "")
    if not attempt.startswith(ATTEMPT_PREFIX) or not MEMBER.fullmatch(agent):
        return None
    return attempt, Fact(FactName.AGENT_CONNECTED, at, agent)


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
