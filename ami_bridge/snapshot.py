"""What is up in Asterisk right now, asked after a gap; repairing our state by it is the dialer's.

Take and apply it while the link's events are held: `with link.held(): ... await snapshot(link)`. Events that
were read before the answer come afterwards once more, so whoever applies them must bear that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import structlog

from ami_bridge.errors import ActionRefused, OutcomeUnknown
from ami_bridge.events import QueueMember, number, queue_member
from ami_bridge.wire import Event, Message

log = structlog.get_logger(__name__)

LEG_STATE = "Agent:"  # how the state interface of a member with a leg begins; its id follows


class Lister(Protocol):
    """What of the link is needed here."""

    @property
    def generation(self) -> int: ...

    async def listing(self, action: str, *, deadline: float) -> list[Event]: ...


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A channel that exists. `state` is Asterisk's number: 6 is up, 5 ringing, 4 ringing out."""

    channel: str
    uniqueid: str
    linkedid: str
    state: int
    application: str
    context: str
    exten: str
    seconds: int


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller in a queue; `position` counts from 1."""

    queue: str
    channel: str
    uniqueid: str
    position: int
    wait_seconds: int
    priority: int


@dataclass(frozen=True, slots=True)
class LiveQueue:
    """One queue. `completed` and `abandoned` count since Asterisk's queues were loaded or reset."""

    name: str
    strategy: str
    hold_seconds: int
    talk_seconds: int
    completed: int
    abandoned: int
    members: tuple[QueueMember, ...]
    callers: tuple[WaitingCaller, ...]


class PoolStatus(Enum):
    """What app_agent_pool says of an agent. IDLE is also who came just now or has their wrap-up there."""

    LOGGED_OFF = "AGENT_LOGGEDOFF"
    IDLE = "AGENT_IDLE"
    ON_CALL = "AGENT_ONCALL"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Channels by uniqueid, queues by name and agents of the pool by id, true of link generation
    `generation`."""

    generation: int
    channels: Mapping[str, LiveChannel]
    queues: Mapping[str, LiveQueue]
    pool: Mapping[str, PoolStatus] = field(default_factory=dict)


def leg_of(member: QueueMember) -> str:
    """The agent's id in the pool, of a member who stays on the line; empty for one with a telephone."""
    state = member.state_interface
    return state.removeprefix(LEG_STATE) if state.startswith(LEG_STATE) else ""


async def snapshot(link: Lister, *, deadline: float = 10.0) -> Snapshot:
    """Asks for channels, queues and, where a member has a leg, the agents of the pool, one after the other.
    Raises what `AmiLink.listing` raises.

    A reconnect or an overflow meanwhile makes the parts not fit each other: then all are asked again.
    """
    try:
        async with asyncio.timeout(deadline):
            return await _agreeing(link, deadline)
    except TimeoutError:
        raise OutcomeUnknown("snapshot", f"no answer within {deadline:g} s") from None


async def _agreeing(link: Lister, deadline: float) -> Snapshot:
    while True:
        generation = link.generation
        channels = await link.listing("CoreShowChannels", deadline=deadline)
        queues = _queues(await link.listing("QueueStatus", deadline=deadline))
        legs = any(leg_of(member) for queue in queues.values() for member in queue.members)
        pool = await _pool(link, deadline) if legs else {}
        if link.generation == generation:
            return Snapshot(generation, _channels(channels), queues, pool)


async def _pool(link: Lister, deadline: float) -> dict[str, PoolStatus]:
    """Without it the queues still tell who has a leg and whether it is in use."""
    try:
        events = await link.listing("Agents", deadline=deadline)
    except ActionRefused as error:
        log.warning("snapshot.no_agents", error=str(error), mend="give the AMI user write=agent")
        return {}
    known = {status.value: status for status in PoolStatus}
    told = ((event.get("Agent"), known.get(event.get("Status"))) for event in events)
    return {agent: status for agent, status in told if status is not None}


def _channels(events: list[Event]) -> dict[str, LiveChannel]:
    listed = (_channel(event) for event in events if event.name == "CoreShowChannel")
    return {channel.uniqueid: channel for channel in listed}


def _channel(event: Message) -> LiveChannel:
    return LiveChannel(
        channel=event.get("Channel"),
        uniqueid=event.get("Uniqueid"),
        linkedid=event.get("Linkedid"),
        state=number(event, "ChannelState"),
        application=event.get("Application"),
        context=event.get("Context"),
        exten=event.get("Exten"),
        seconds=_clock(event.get("Duration")),
    )


def _clock(text: str) -> int:
    """`01:02:03` in seconds."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return 0
    hours, minutes, seconds = map(int, parts)
    return hours * 3600 + minutes * 60 + seconds


def _queues(events: list[Event]) -> dict[str, LiveQueue]:
    by_kind: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        by_kind[event.name][event.get("Queue")].append(event)
    return {
        name: _queue(params[-1], by_kind["QueueMember"][name], by_kind["QueueEntry"][name])
        for name, params in by_kind["QueueParams"].items()
    }


def _queue(params: Message, members: list[Event], callers: list[Event]) -> LiveQueue:
    return LiveQueue(
        name=params.get("Queue"),
        strategy=params.get("Strategy"),
        hold_seconds=number(params, "Holdtime"),
        talk_seconds=number(params, "TalkTime"),
        completed=number(params, "Completed"),
        abandoned=number(params, "Abandoned"),
        members=tuple(queue_member(event, name="Name", interface="Location") for event in members),
        callers=tuple(sorted((_caller(event) for event in callers), key=lambda caller: caller.position)),
    )


def _caller(event: Message) -> WaitingCaller:
    return WaitingCaller(
        queue=event.get("Queue"),
        channel=event.get("Channel"),
        uniqueid=event.get("Uniqueid"),
        position=number(event, "Position"),
        wait_seconds=number(event, "Wait"),
        priority=number(event, "Priority"),
    )
