"""What is up in Asterisk, from its own lists, asked again when a reconnect falls in between."""

import asyncio
from collections.abc import Callable

import pytest
from fake_ami import Action, Connection, FakeAmi, event, linked

from ami_bridge.errors import OutcomeUnknown
from ami_bridge.snapshot import LiveChannel, LiveQueue, PoolStatus, WaitingCaller, snapshot
from ami_bridge.wire import Event

CHANNEL = {
    "Channel": "PJSIP/carrier-1",
    "ChannelState": "6",
    "Uniqueid": "sp-abc",
    "Linkedid": "sp-abc",
    "Context": "secondpass-agent",
    "Exten": "s",
    "Application": "Queue",
    "Duration": "01:02:03",
}


def listed(action: Action, kind: str, **headers: str) -> bytes:
    return event(kind, ActionID=action["ActionID"], **headers)


def show_channels(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("EventList", "start"))
    connection.send(listed(action, "CoreShowChannel", **CHANNEL))
    connection.send(listed(action, "CoreShowChannelsComplete", EventList="Complete", ListItems="1"))


def show_queues(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("EventList", "start"))
    for name, completed in (("sales", "7"), ("service", "0")):
        connection.send(
            listed(action, "QueueParams", Queue=name, Strategy="rrmemory", Completed=completed, Abandoned="2")
        )
    connection.send(
        listed(action, "QueueMember", Queue="sales", Name="agent01", Location="PJSIP/agent01", Status="1")
        + listed(action, "QueueEntry", Queue="sales", Position="2", Uniqueid="2.2", Wait="5")
        + listed(action, "QueueEntry", Queue="sales", Position="1", Uniqueid="1.1", Wait="9", Priority="3")
        + listed(action, "QueueStatusComplete", EventList="Complete")
    )


async def test_a_snapshot_holds_channels_queues_members_and_callers() -> None:
    async with FakeAmi() as ami:
        ami.answers |= {"CoreShowChannels": show_channels, "QueueStatus": show_queues}
        async with linked(ami) as watched:
            with watched.link.held():
                seen = await snapshot(watched.link)
    assert seen.generation == 1
    assert seen.channels == {
        "sp-abc": LiveChannel(
            channel="PJSIP/carrier-1",
            uniqueid="sp-abc",
            linkedid="sp-abc",
            state=6,
            application="Queue",
            context="secondpass-agent",
            exten="s",
            seconds=3723,
        )
    }
    sales, service = seen.queues["sales"], seen.queues["service"]
    assert (sales.completed, sales.abandoned, sales.strategy) == (7, 2, "rrmemory")
    assert [(member.member, member.interface, member.status) for member in sales.members] == [
        ("agent01", "PJSIP/agent01", 1)
    ]
    assert sales.callers == (
        WaitingCaller("sales", "", "1.1", position=1, wait_seconds=9, priority=3),
        WaitingCaller("sales", "", "2.2", position=2, wait_seconds=5, priority=0),
    )
    assert isinstance(service, LiveQueue)
    assert service.members == service.callers == ()


def show_legs(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("EventList", "start"))
    member = {"Queue": "sales", "Name": "Ada", "Location": "Local/201@secondpass-leg", "Status": "1"}
    connection.send(
        listed(action, "QueueParams", Queue="sales")
        + listed(action, "QueueMember", **member, StateInterface="Agent:201")
        + listed(action, "QueueStatusComplete", EventList="Complete")
    )


def show_agents(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("EventList", "start"))
    # Asterisk 22 ends the line of CallStarted without a carriage return.
    talking = {
        "Agent": "201",
        "Status": "AGENT_ONCALL",
        "CallStarted": "1795321092\nLoggedInTime: 1795321085",
    }
    connection.send(
        listed(action, "Agents", **talking)
        + listed(action, "Agents", Agent="202", Status="AGENT_LOGGEDOFF")
        + listed(action, "Agents", Agent="203", Status="AGENT_UNKNOWN")
        + listed(action, "AgentsComplete", EventList="Complete")
    )


def refuse(connection: Connection, action: Action) -> None:
    connection.reply(action, "Error", ("Message", "Permission denied"))


@pytest.mark.parametrize(
    ("answer", "pool"),
    [(show_agents, {"201": PoolStatus.ON_CALL, "202": PoolStatus.LOGGED_OFF}), (refuse, {})],
)
async def test_of_members_with_a_leg_the_pool_is_asked_too(
    answer: Callable[[Connection, Action], None], pool: dict[str, PoolStatus]
) -> None:
    async with FakeAmi() as ami:
        ami.answers |= {"CoreShowChannels": show_channels, "QueueStatus": show_legs, "Agents": answer}
        async with linked(ami) as watched:
            with watched.link.held():
                seen = await snapshot(watched.link)
    assert seen.pool == pool
    assert [member.interface for member in seen.queues["sales"].members] == ["Local/201@secondpass-leg"]


class Changing:
    """A link whose connection is renewed between the two lists, the first time."""

    def __init__(self) -> None:
        self.generation = 1
        self.asked: list[str] = []

    async def listing(self, action: str, *, deadline: float) -> list[Event]:
        self.asked.append(action)
        if len(self.asked) == 1:
            self.generation = 2
        return []


async def test_halves_from_two_connections_are_not_put_together() -> None:
    link = Changing()
    assert (await snapshot(link)).generation == 2
    assert link.asked == ["CoreShowChannels", "QueueStatus"] * 2


class Silent:
    generation = 1

    async def listing(self, action: str, *, deadline: float) -> list[Event]:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


async def test_a_snapshot_not_answered_in_time_says_so() -> None:
    with pytest.raises(OutcomeUnknown, match=r"within 0\.01 s"):
        await snapshot(Silent(), deadline=0.01)
