"""Each defect of stock panoramisk, shown on it, then not shown by our link: the same peer, the same act."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_ami import BANNER, QUICK, Action, Connection, FakeAmi, block, event, hang_up, linked, silence
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message as StockMessage

from ami_bridge.errors import ForbiddenText, NotConnected, OutcomeUnknown
from ami_bridge.protocol import LinkProtocol
from ami_bridge.wire import MessageReader

ORIGINATE = {
    "Channel": "PJSIP/+12025550101@carrier",
    "Context": "secondpass-answered",
    "Exten": "s",
    "Priority": "1",
    "Async": "true",
}
INJECTION = "1\r\n\r\nAction: Command\r\nCommand: core stop now"


@contextlib.asynccontextmanager
async def stock(ami: FakeAmi) -> AsyncIterator[Manager]:
    """panoramisk as shipped, logged in, its waits shortened."""
    manager = Manager(
        loop=asyncio.get_running_loop(),
        host="127.0.0.1",
        port=ami.port,
        username="secondpass",
        secret="secret",
        reconnect_timeout=0,
    )
    logged_in = asyncio.Event()
    manager.on_login = lambda _: logged_in.set()
    await manager.connect()
    await logged_in.wait()
    try:
        yield manager
    finally:
        manager.connect = lambda: None  # it has no way to be told to stay away
        while ami.open or manager._connected:
            manager._connected = False
            manager.close()
            await asyncio.sleep(0.01)


def log_in_and_boot(connection: Connection, action: Action) -> None:
    connection.reply(action)
    connection.send(event("FullyBooted", Status="Fully Booted"))


async def test_an_unanswered_originate_is_never_sent_again() -> None:
    async with FakeAmi() as ami:
        ami.answers |= {"Login": log_in_and_boot, "Originate": hang_up}
        async with stock(ami) as manager:
            manager.send_action({"Action": "Originate", **ORIGINATE})
            again = await ami.received("Originate", times=3)
        assert len({action["ActionID"] for action in again}) == 1, "stock sent the same Originate three times"

    async with FakeAmi() as ami:
        ami.answers["Originate"] = hang_up
        async with linked(ami) as watched:
            with pytest.raises(OutcomeUnknown):
                await watched.link.call("Originate", ORIGINATE)
            await watched.until(lambda: watched.link.generation == 2)
            await watched.link.call("Ping")
        assert len(ami.named("Originate")) == 1


async def test_a_line_end_in_a_value_does_not_become_an_action() -> None:
    async with FakeAmi() as ami, stock(ami) as manager:
        manager.send_action({"Action": "QueuePause", "Interface": INJECTION, "Zone": "x"})
        await ami.received("Command")  # stock let it through

    async with FakeAmi() as ami, linked(ami) as watched:
        before = len(ami.actions)
        with pytest.raises(ForbiddenText, match="Interface"):
            await watched.link.call("QueuePause", {"Interface": INJECTION})
        await watched.link.call("Ping")
        assert [action.name for action in ami.actions[before:]] == ["Ping"]


async def test_a_half_open_link_is_noticed() -> None:
    async with FakeAmi() as ami:
        ami.answers["Ping"] = silence
        async with stock(ami) as manager:
            manager.ping_interval = 0.01
            manager.ping()
            await ami.received("Ping", times=5)
            assert manager._connected, "stock believes in a peer that left five pings unanswered"

    async with FakeAmi() as ami:
        ami.answers["Ping"] = silence
        async with linked(ami, limits=QUICK) as watched:
            await watched.until(lambda: watched.link.generation == 2)
        assert "silent" in [state.reason for state in watched.states]


async def test_a_raising_callback_costs_one_events_handling_and_not_the_link() -> None:
    five = b"".join(event("Hangup", Mark=str(number)) for number in range(5))
    seen: list[str] = []

    def fails_on_the_first(_: Any, message: StockMessage) -> None:
        seen.append(message.mark)
        raise ValueError("a fault of ours")

    async with FakeAmi() as ami:
        async with stock(ami) as manager:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            manager.register_event("Hangup", fails_on_the_first)
            ami.peer.send(five)
            await ami.until(lambda: ami.open == 0)  # stock lost the link
            asyncio.get_running_loop().set_exception_handler(None)
        assert seen == ["0"]

    async with FakeAmi() as ami, linked(ami, "Hangup", "DialEnd") as watched:

        def fails(message: object) -> None:
            raise ValueError("a fault of ours")

        watched.link.events.handlers["Hangup"] = fails
        ami.peer.send(five + event("DialEnd"))
        await watched.until(lambda: watched.heard == ["DialEnd"])
        assert watched.link.events.failures["Hangup"] == 5
        assert watched.link.generation == 1


class Collector:
    """Stands where a Manager stands, and keeps what it is given."""

    save_stream = None

    def __init__(self) -> None:
        self.events: list[Any] = []

    def dispatch(self, message: Any) -> None:
        self.events.append(message)

    def connection_lost(self, exc: Exception | None) -> None:
        raise AssertionError("the connection was not to be lost")


async def test_a_character_cut_by_a_read_arrives_whole() -> None:
    raw = BANNER + event("Newstate", CallerIDName="Иван")
    cut = raw.index("в".encode()) + 1

    theirs = AMIProtocol()
    theirs.connection_made(None)
    theirs.factory, theirs.encoding = Collector(), "utf8"
    theirs.data_received(raw[:cut])
    theirs.data_received(raw[cut:])
    assert theirs.factory.events[0].calleridname == "Иан"

    collector = Collector()
    ours = LinkProtocol(collector, {"Newstate"}, "t")
    ours.data_received(raw[:cut])
    ours.data_received(raw[cut:])
    assert collector.events[0].get("CallerIDName") == "Иван"


async def test_actions_that_timed_out_leave_nothing_behind() -> None:
    async with FakeAmi() as ami:
        ami.answers["QueueSummary"] = silence
        async with stock(ami) as manager:
            calls = [
                asyncio.wait_for(manager.send_action({"Action": "QueueSummary"}), 0.01) for _ in range(50)
            ]
            await asyncio.gather(*calls, return_exceptions=True)
            assert len(manager.protocol.responses) == 50

    async with FakeAmi() as ami:
        ami.answers["QueueSummary"] = silence
        async with linked(ami) as watched:
            asked = [watched.link.call("QueueSummary", deadline=0.01) for _ in range(50)]
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(outcome, OutcomeUnknown) for outcome in outcomes)
            protocol = watched.link._protocol
            assert protocol is not None
            assert protocol.pending == {}


def originate_succeeds(connection: Connection, action: Action) -> None:
    connection.reply(action, "Success", ("Message", "Originate successfully queued"))
    connection.send(event("OriginateResponse", ActionID=action["ActionID"], Response="Success", Reason="4"))
    connection.send(event("Hangup"))


async def test_our_own_originates_response_arrives_as_an_event() -> None:
    async with FakeAmi() as ami:
        ami.answers["Originate"] = originate_succeeds
        names: list[str] = []
        hung_up = asyncio.Event()
        async with stock(ami) as manager:
            for name in ("OriginateResponse", "Hangup"):
                manager.register_event(name, lambda _, message: names.append(message.event))
            manager.register_event("Hangup", lambda *_: hung_up.set())
            await manager.send_action({"Action": "Originate", **ORIGINATE})
            await hung_up.wait()
        assert names == ["Hangup"], "stock gave the OriginateResponse to the action's future alone"

    async with FakeAmi() as ami:
        ami.answers["Originate"] = originate_succeeds
        async with linked(ami, "OriginateResponse", "Hangup") as watched:
            reply = await watched.link.call("Originate", ORIGINATE, action_id="sp-attempt")
            await watched.until(lambda: "Hangup" in watched.heard)
        assert reply.success
        assert watched.heard == ["OriginateResponse", "Hangup"]


async def test_a_queued_reply_without_an_async_header_is_still_a_reply() -> None:
    """Atxfer, PlayDTMF and an Originate without Async end in "successfully queued": stock raises KeyError."""
    plain = {name: value for name, value in ORIGINATE.items() if name != "Async"}
    async with FakeAmi() as ami:
        ami.answers["Originate"] = originate_succeeds
        async with stock(ami) as manager:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            answered = manager.send_action({"Action": "Originate", **plain})
            await ami.until(lambda: ami.open == 0)  # stock lost the link
            asyncio.get_running_loop().set_exception_handler(None)
            assert not answered.done()

    async with FakeAmi() as ami:
        ami.answers["Originate"] = originate_succeeds
        async with linked(ami) as watched:
            assert (await watched.link.call("Originate", plain)).success


async def test_events_are_handled_in_the_order_asterisk_sent_them() -> None:
    last_came, all_done = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def handle(_: Any, message: StockMessage) -> None:
        if message.mark == "0":
            await last_came.wait()
        done.append(message.mark)
        if message.mark == "2":
            last_came.set()
        if len(done) == 3:
            all_done.set()

    three = b"".join(event("Hangup", Mark=str(number)) for number in range(3))
    async with FakeAmi() as ami, stock(ami) as manager:
        manager.register_event("Hangup", handle)
        ami.peer.send(three)
        await all_done.wait()
        assert done == ["1", "2", "0"], "stock runs each callback as a task of its own"

    async with FakeAmi() as ami, linked(ami, "Hangup", "DialBegin", "DialEnd") as watched:
        marks = [str(number) for number in range(2000)]
        for mark in marks:
            ami.peer.send(event(("Hangup", "DialBegin", "DialEnd")[int(mark) % 3], Mark=mark))
        await watched.until(lambda: len(watched.heard) == len(marks))
        assert watched.heard == marks


class CountedPattern:
    """A compiled pattern that counts how often it is tried."""

    tried = 0

    def match(self, name: str) -> None:
        CountedPattern.tried += 1


async def test_an_event_is_dispatched_by_its_name_and_not_by_trying_every_pattern() -> None:
    async with FakeAmi() as ami, stock(ami) as manager:
        manager.patterns = [(f"Name{number}", CountedPattern()) for number in range(40)]
        manager.dispatch(StockMessage({"Event": "Hangup"}))
        assert CountedPattern.tried == 40

    async with FakeAmi() as ami, linked(ami, "Hangup", "H*", "*") as watched:
        ami.peer.send(event("Hangup") + event("Hold") + event("Hangup", Mark="last"))
        await watched.until(lambda: "last" in watched.heard)
        assert watched.heard == ["Hangup", "last"], "a handler has one name, and a name one handler"


async def test_an_action_that_only_asks_is_asked_again_though_nobody_says_fully_booted() -> None:
    async with FakeAmi() as ami:
        ami.answers["QueueSummary"] = hang_up
        async with stock(ami) as manager:
            answered = manager.send_action({"Action": "QueueSummary"})
            await ami.received("Login", times=2)
            manager.send_action({"Action": "Ping"})
            await ami.received("Ping")
            assert not answered.done()
            assert len(ami.named("QueueSummary")) == 1, "stock waits for an event this user may not see"

    async with FakeAmi() as ami:
        cut = iter([True])
        ami.answers["QueueSummary"] = lambda connection, action: (
            connection.reset() if next(cut, False) else connection.reply(action)
        )
        async with linked(ami) as watched:
            assert (await watched.link.call("QueueSummary")).success
        assert len(ami.named("QueueSummary")) == 2


async def test_an_action_without_a_link_says_so() -> None:
    manager = Manager(loop=asyncio.get_running_loop())
    with pytest.raises(AttributeError):
        manager.send_action({"Action": "Ping"})

    async with FakeAmi() as ami:
        ami.answers["Login"] = silence
        async with linked(ami, connected=False) as watched:
            with pytest.raises(NotConnected, match="Originate was not sent"):
                await watched.link.call("Originate", ORIGINATE)


async def test_an_empty_last_header_and_a_single_line_of_output_are_kept_as_they_are() -> None:
    raw = block(("Event", "VarSet"), ("Variable", "SP_OFFER"), ("Value", ""))
    assert "Value" not in StockMessage.from_line(raw.decode().strip())
    assert StockMessage.from_line("Response: Success\r\nOutput: one").output == "one"

    reader = MessageReader()
    varset, reply = reader.feed(BANNER + raw + block(("Response", "Success"), ("Output", "one")))
    assert varset.get("Value", "missing") == ""
    assert reply.get_all("Output") == ["one"]
