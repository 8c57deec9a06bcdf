"""What Asterisk tells us, as typed facts: the wire's text stops here; what they lead to is decided elsewhere.

`uniqueid` is the channel a fact is about, `linkedid` the call it belongs to. For an outbound channel of ours
the uniqueid is the attempt's id. Header names and units: Asterisk 22's own documentation, corrected where it
is wrong (AgentRingNoAnswer counts milliseconds, AgentConnect and AgentComplete seconds).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ami_bridge.wire import Event, Message

NO_CHANNEL = "<null>"
"""What OriginateResponse gives as Uniqueid where no channel was made."""


@dataclass(frozen=True, slots=True)
class DialBegin:
    """A channel began to ring out. An originated one has no caller: `caller_uniqueid` is empty."""

    channel: str
    uniqueid: str
    linkedid: str
    caller_uniqueid: str
    dialled: str


@dataclass(frozen=True, slots=True)
class DialEnd:
    """A channel stopped ringing out; `status`: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL."""

    channel: str
    uniqueid: str
    linkedid: str
    caller_uniqueid: str
    status: str


@dataclass(frozen=True, slots=True)
class OriginateResponse:
    """What became of an Originate. `uniqueid` is empty where no channel was made: tell it by `action_id`.

    `reason` is the last control frame: 0 failure, 1 hang-up, 3 ringing, 4 answered, 5 busy, 8 congestion.
    """

    action_id: str
    success: bool
    reason: int
    channel: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """A channel ended; `cause` is a Q.850 number (0: not told)."""

    channel: str
    uniqueid: str
    linkedid: str
    cause: int
    cause_text: str


@dataclass(frozen=True, slots=True)
class QueueCallerJoin:
    queue: str
    channel: str
    uniqueid: str
    linkedid: str
    position: int
    count: int


@dataclass(frozen=True, slots=True)
class QueueCallerLeave:
    """A caller is no longer waiting: connected, gone, or taken out."""

    queue: str
    channel: str
    uniqueid: str
    linkedid: str
    position: int
    count: int


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon:
    """A caller left without an agent: also by time-out or redirect. Abandoned is this with a Hangup.

    `caller_number` is as the network sent it: text from outside.
    """

    queue: str
    channel: str
    uniqueid: str
    linkedid: str
    position: int
    original_position: int
    hold_seconds: int
    caller_number: str = ""


@dataclass(frozen=True, slots=True)
class AgentCalled:
    """A member's phone is about to ring for a caller."""

    queue: str
    uniqueid: str
    linkedid: str
    member: str
    interface: str
    agent_channel: str
    agent_uniqueid: str


@dataclass(frozen=True, slots=True)
class AgentConnect:
    """Caller and member talk. `caller_number` is as the network sent it: text from outside."""

    queue: str
    uniqueid: str
    linkedid: str
    member: str
    interface: str
    agent_channel: str
    agent_uniqueid: str
    hold_seconds: int
    ring_seconds: int
    caller_number: str


@dataclass(frozen=True, slots=True)
class AgentComplete:
    """Caller and member have done; `reason` is caller, agent or transfer."""

    queue: str
    uniqueid: str
    linkedid: str
    member: str
    interface: str
    agent_channel: str
    agent_uniqueid: str
    hold_seconds: int
    talk_seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer:
    queue: str
    uniqueid: str
    linkedid: str
    member: str
    interface: str
    ring_milliseconds: int


@dataclass(frozen=True, slots=True)
class QueueMember:
    """A member of a queue. `status` is a device state: 1 free, 2 in use, 3 busy, 5 unavailable, 6 ringing."""

    queue: str
    member: str
    interface: str
    state_interface: str
    status: int
    paused: bool
    paused_reason: str
    in_call: bool
    penalty: int
    calls_taken: int
    last_call: int
    """Unix time in seconds when the last call ended; 0 for none."""
    last_pause: int
    wrap_up_seconds: int


@dataclass(frozen=True, slots=True)
class QueueMemberStatus:
    member: QueueMember


@dataclass(frozen=True, slots=True)
class QueueMemberAdded:
    member: QueueMember


@dataclass(frozen=True, slots=True)
class QueueMemberRemoved:
    member: QueueMember


@dataclass(frozen=True, slots=True)
class QueueMemberPause:
    member: QueueMember


@dataclass(frozen=True, slots=True)
class FullyBooted:
    """Asterisk has loaded everything; also sent after each login."""

    uptime_seconds: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Asterisk ends, or restarts."""

    restart: bool


@dataclass(frozen=True, slots=True)
class UserEvent:
    """What a dialplan said with UserEvent(). `fields` are all headers as sent: text from outside."""

    name: str
    uniqueid: str
    linkedid: str
    fields: Mapping[str, str]


AmiEvent = (
    DialBegin
    | DialEnd
    | OriginateResponse
    | Hangup
    | QueueCallerJoin
    | QueueCallerLeave
    | QueueCallerAbandon
    | AgentCalled
    | AgentConnect
    | AgentComplete
    | AgentRingNoAnswer
    | QueueMemberStatus
    | QueueMemberAdded
    | QueueMemberRemoved
    | QueueMemberPause
    | FullyBooted
    | Shutdown
    | UserEvent
)


def parse(message: Message) -> AmiEvent | None:
    """The typed fact in a message, None for an event we do not know. A number that is none reads as 0."""
    build = _BUILDERS.get(message.name) if isinstance(message, Event) else None
    return None if build is None else build(message)


def number(message: Message, header: str) -> int:
    """A whole number from a header; 0 where it is missing or something else."""
    text = message.get(header)
    return int(text) if text.removeprefix("-").isdecimal() and len(text) <= 18 else 0


def queue_member(message: Message, *, name: str = "MemberName", interface: str = "Interface") -> QueueMember:
    """A member from a QueueMember... event; the list of QueueStatus calls two headers differently."""
    return QueueMember(
        queue=message.get("Queue"),
        member=message.get(name),
        interface=message.get(interface),
        state_interface=message.get("StateInterface"),
        status=number(message, "Status"),
        paused=message.get("Paused") == "1",
        paused_reason=message.get("PausedReason"),
        in_call=message.get("InCall") == "1",
        penalty=number(message, "Penalty"),
        calls_taken=number(message, "CallsTaken"),
        last_call=number(message, "LastCall"),
        last_pause=number(message, "LastPause"),
        wrap_up_seconds=number(message, "Wrapuptime"),
    )


def _dial_begin(message: Message) -> DialBegin:
    return DialBegin(
        channel=message.get("DestChannel"),
        uniqueid=message.get("DestUniqueid"),
        linkedid=message.get("DestLinkedid"),
        caller_uniqueid=message.get("Uniqueid"),
        dialled=message.get("DialString"),
    )


def _dial_end(message: Message) -> DialEnd:
    return DialEnd(
        channel=message.get("DestChannel"),
        uniqueid=message.get("DestUniqueid"),
        linkedid=message.get("DestLinkedid"),
        caller_uniqueid=message.get("Uniqueid"),
        status=message.get("DialStatus"),
    )


def _originate_response(message: Message) -> OriginateResponse:
    uniqueid = message.get("Uniqueid")
    return OriginateResponse(
        action_id=message.action_id,
        success=message.get("Response") == "Success",
        reason=number(message, "Reason"),
        channel=message.get("Channel"),
        uniqueid="" if uniqueid == NO_CHANNEL else uniqueid,
    )


def _hangup(message: Message) -> Hangup:
    return Hangup(*_channel(message), number(message, "Cause"), message.get("Cause-txt"))


def _join(message: Message) -> QueueCallerJoin:
    queue = message.get("Queue")
    return QueueCallerJoin(queue, *_channel(message), number(message, "Position"), number(message, "Count"))


def _leave(message: Message) -> QueueCallerLeave:
    queue = message.get("Queue")
    return QueueCallerLeave(queue, *_channel(message), number(message, "Position"), number(message, "Count"))


def _abandon(message: Message) -> QueueCallerAbandon:
    return QueueCallerAbandon(
        message.get("Queue"),
        *_channel(message),
        number(message, "Position"),
        number(message, "OriginalPosition"),
        number(message, "HoldTime"),
        message.get("CallerIDNum"),
    )


def _agent_called(message: Message) -> AgentCalled:
    return AgentCalled(*_offer(message), *_agent_leg(message))


def _agent_connect(message: Message) -> AgentConnect:
    return AgentConnect(
        *_offer(message),
        *_agent_leg(message),
        number(message, "HoldTime"),
        number(message, "RingTime"),
        message.get("CallerIDNum"),
    )


def _agent_complete(message: Message) -> AgentComplete:
    return AgentComplete(
        *_offer(message),
        *_agent_leg(message),
        number(message, "HoldTime"),
        number(message, "TalkTime"),
        message.get("Reason"),
    )


def _ring_no_answer(message: Message) -> AgentRingNoAnswer:
    return AgentRingNoAnswer(*_offer(message), number(message, "RingTime"))


def _user_event(message: Message) -> UserEvent:
    fields = MappingProxyType(dict(reversed(list(message.pairs()))))
    return UserEvent(message.get("UserEvent"), message.get("Uniqueid"), message.get("Linkedid"), fields)


def _channel(message: Message) -> tuple[str, str, str]:
    return message.get("Channel"), message.get("Uniqueid"), message.get("Linkedid")


def _offer(message: Message) -> tuple[str, str, str, str, str]:
    _, uniqueid, linkedid = _channel(message)
    return message.get("Queue"), uniqueid, linkedid, message.get("MemberName"), message.get("Interface")


def _agent_leg(message: Message) -> tuple[str, str]:
    return message.get("DestChannel"), message.get("DestUniqueid")


_BUILDERS: Mapping[str, Callable[[Message], AmiEvent]] = MappingProxyType(
    {
        "DialBegin": _dial_begin,
        "DialEnd": _dial_end,
        "OriginateResponse": _originate_response,
        "Hangup": _hangup,
        "QueueCallerJoin": _join,
        "QueueCallerLeave": _leave,
        "QueueCallerAbandon": _abandon,
        "AgentCalled": _agent_called,
        "AgentConnect": _agent_connect,
        "AgentComplete": _agent_complete,
        "AgentRingNoAnswer": _ring_no_answer,
        "QueueMemberStatus": lambda message: QueueMemberStatus(queue_member(message)),
        "QueueMemberAdded": lambda message: QueueMemberAdded(queue_member(message)),
        "QueueMemberRemoved": lambda message: QueueMemberRemoved(queue_member(message)),
        "QueueMemberPause": lambda message: QueueMemberPause(queue_member(message)),
        "FullyBooted": lambda message: FullyBooted(number(message, "Uptime")),
        "Shutdown": lambda message: Shutdown(message.get("Restart") == "True"),
        "UserEvent": _user_event,
    }
)

NAMES = frozenset(_BUILDERS)
"""Every event `parse` knows: what the AMI user's eventfilter must let through."""
