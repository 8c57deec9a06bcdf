"""The states of one call as tables: which event leads where, and what an end in each state means.

Events of one call reach us by two ways (Asterisk's own events, and what the script's player writes), so
their order is not certain across the two: each state also knows the events of steps that were skipped. An
event a state does not know changes nothing, and so do duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from strategies.vocabulary import Result


class Phase(StrEnum):
    """How far a call has come."""

    DIALLED = "dialled"
    NOT_ANSWERED = "not_answered"
    ANSWERED = "answered"
    PERSON = "person"
    MACHINE = "machine"
    MESSAGE_LEFT = "message_left"
    FAX = "fax"
    IN_SCRIPT = "in_script"
    HEARD = "heard"  # the script came to its end
    LEFT_SCRIPT = "left_script"
    SCRIPT_BROKE = "script_broke"
    WANTS_AGENT = "wants_agent"
    QUEUED = "queued"
    LEFT_QUEUE = "left_queue"
    NO_AGENT = "no_agent"
    CONNECTED = "connected"


class Event(StrEnum):
    """What can happen to a call, as far as its state goes."""

    DIAL_FAILED = "dial_failed"
    ANSWERED = "answered"
    HEARD_PERSON = "heard_person"
    HEARD_MACHINE = "heard_machine"
    HEARD_FAX = "heard_fax"
    SCRIPT_STARTED = "script_started"
    PRESSED = "pressed"
    SCRIPT_COMPLETED = "script_completed"
    SCRIPT_LEFT = "script_left"
    SCRIPT_BROKE = "script_broke"
    SCRIPT_TO_AGENT = "script_to_agent"
    MACHINE_MESSAGE = "machine_message"
    QUEUE_JOINED = "queue_joined"
    AGENT_CONNECTED = "agent_connected"
    QUEUE_ABANDONED = "queue_abandoned"
    NO_AGENT = "no_agent"


_OPEN = (Phase.DIALLED, Phase.NOT_ANSWERED, Phase.ANSWERED)
_TALKING = (*_OPEN, Phase.PERSON, Phase.IN_SCRIPT)
_WAITING = (
    *_TALKING,
    *(Phase.HEARD, Phase.LEFT_SCRIPT, Phase.SCRIPT_BROKE, Phase.WANTS_AGENT),
    Phase.LEFT_QUEUE,
)

_ARROWS: tuple[tuple[Iterable[Phase], Event, Phase], ...] = (
    ((Phase.DIALLED,), Event.DIAL_FAILED, Phase.NOT_ANSWERED),
    ((Phase.DIALLED, Phase.NOT_ANSWERED), Event.ANSWERED, Phase.ANSWERED),
    (_OPEN, Event.HEARD_PERSON, Phase.PERSON),
    (_OPEN, Event.HEARD_MACHINE, Phase.MACHINE),
    (_OPEN, Event.HEARD_FAX, Phase.FAX),
    ((*_OPEN, Phase.MACHINE), Event.MACHINE_MESSAGE, Phase.MESSAGE_LEFT),
    ((*_OPEN, Phase.PERSON), Event.SCRIPT_STARTED, Phase.IN_SCRIPT),
    ((*_OPEN, Phase.PERSON), Event.PRESSED, Phase.IN_SCRIPT),
    (_TALKING, Event.SCRIPT_COMPLETED, Phase.HEARD),
    (_TALKING, Event.SCRIPT_LEFT, Phase.LEFT_SCRIPT),
    (_TALKING, Event.SCRIPT_BROKE, Phase.SCRIPT_BROKE),
    (_TALKING, Event.SCRIPT_TO_AGENT, Phase.WANTS_AGENT),
    (_WAITING, Event.QUEUE_JOINED, Phase.QUEUED),
    ((Phase.QUEUED,), Event.QUEUE_ABANDONED, Phase.LEFT_QUEUE),
    # We led the person away: an agent who was reached in that moment lost them again.
    ((*_WAITING, Phase.QUEUED, Phase.CONNECTED), Event.NO_AGENT, Phase.NO_AGENT),
    ((*_WAITING, Phase.QUEUED), Event.AGENT_CONNECTED, Phase.CONNECTED),
)

TRANSITIONS: Mapping[tuple[Phase, Event], Phase] = {
    (phase, event): target for phases, event, target in _ARROWS for phase in phases
}

RESULTS: Mapping[Phase, Result | None] = {
    Phase.DIALLED: None,  # by the network's own word
    Phase.NOT_ANSWERED: None,
    Phase.ANSWERED: Result.HANGUP_IN_SCRIPT,  # hung up before anything was said
    Phase.PERSON: Result.HANGUP_IN_SCRIPT,
    Phase.MACHINE: Result.MACHINE_HANGUP,
    Phase.MESSAGE_LEFT: Result.MACHINE_MESSAGE,
    Phase.FAX: Result.FAX,
    Phase.IN_SCRIPT: None,  # by what was pressed
    Phase.HEARD: None,
    Phase.LEFT_SCRIPT: None,
    Phase.SCRIPT_BROKE: Result.FAILED,
    Phase.WANTS_AGENT: Result.ABANDONED_IN_QUEUE,
    Phase.QUEUED: Result.ABANDONED_NO_AGENT,  # left the queue without an abandon event: the queue gave up
    Phase.LEFT_QUEUE: Result.ABANDONED_IN_QUEUE,
    Phase.NO_AGENT: Result.ABANDONED_NO_AGENT,
    Phase.CONNECTED: Result.CONNECTED_AGENT,
}
"""What an end in each state means; None where it takes more than the state to tell."""

INCONCLUSIVE = frozenset(
    {Phase.DIALLED, Phase.ANSWERED, Phase.PERSON, Phase.IN_SCRIPT, Phase.WANTS_AGENT, Phase.QUEUED}
)
"""States in which a call whose end nobody saw could have come to anything."""

BAD_DEVICE_CAUSES = frozenset({1, 22, 28})  # Q.850: unallocated, number changed, invalid number format
BUSY_CAUSES = frozenset({17, 21})  # user busy, call rejected
CONGESTION_CAUSES = frozenset(
    {34, 38, 41, 42, 44, 47}
)  # no circuit, network out of order, switch congestion, ...
NO_ANSWER_CAUSES = frozenset({16, 18, 19, 20})  # we gave up, no response, no answer, absent

_BY_CAUSE: Mapping[str, tuple[tuple[frozenset[int], Result], ...]] = {
    "BUSY": (),
    "NOANSWER": ((BAD_DEVICE_CAUSES, Result.BAD_DEVICE), (CONGESTION_CAUSES, Result.CONGESTION)),
    "CANCEL": ((BAD_DEVICE_CAUSES, Result.BAD_DEVICE), (CONGESTION_CAUSES, Result.CONGESTION)),
    "CONGESTION": ((BAD_DEVICE_CAUSES, Result.BAD_DEVICE),),
    "CHANUNAVAIL": ((BAD_DEVICE_CAUSES, Result.BAD_DEVICE),),
    "": (
        (BAD_DEVICE_CAUSES, Result.BAD_DEVICE),
        (BUSY_CAUSES, Result.BUSY),
        (CONGESTION_CAUSES, Result.CONGESTION),
        (NO_ANSWER_CAUSES, Result.NO_ANSWER),
    ),
}
_BY_STATUS: Mapping[str, Result] = {
    "BUSY": Result.BUSY,
    "NOANSWER": Result.NO_ANSWER,
    "CANCEL": Result.NO_ANSWER,
    "CONGESTION": Result.CONGESTION,
    "CHANUNAVAIL": Result.FAILED,
}
_BY_REASON: Mapping[str, Result] = {  # OriginateResponse: the number of a control frame
    "1": Result.NO_ANSWER,
    "3": Result.NO_ANSWER,
    "5": Result.BUSY,
    "8": Result.CONGESTION,
}


def unanswered(status: str, cause: int, reason: str) -> Result:
    """The result of a call nobody answered: by DialStatus ("" if unseen), hangup cause (0), Originate
    reason ("").

    Asterisk reports an unallocated number or a full trunk as NOANSWER where the channel hung up by itself,
    so the cause is looked at first. What is left over is our own fault, or the trunk's.
    """
    for causes, result in _BY_CAUSE.get(status, ()):
        if cause in causes:
            return result
    return _BY_STATUS.get(status) or _BY_REASON.get(reason if not status else "", Result.FAILED)
