"""What is up in Asterisk right now, asked after a gap; repairing our state by it is the dialer's.

Take and apply it while the link's events are held: `with link.held(): ... await snapshot(link)`. Events that
were read before the answer come afterwards once more, so whoever applies them must bear that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ami_bridge.errors import OutcomeUnknown
from ami_bridge.events import QueueMember, number, queue_member
from ami_bridge.wire import Event, Message


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Channels by uniqueid and queues by name, true of link generation `generation`."""

    generation: int
    channels: Mapping[str, LiveChannel]
    queues: Mapping[str, LiveQueue]


async def snapshot(link: Lister, *, deadline: float = 10.0) -> Snapshot:
    """Asks for channels and queues, one after the other. Raises what `AmiLink.listing` raises.

    A reconnect or an overflow meanwhile makes the two halves not fit each other: then both are asked again.
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
        queues = await link.listing("QueueStatus", deadline=deadline)
        if link.generation == generation:
            return Snapshot(generation, _channels(channels), _queues(queues))


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
