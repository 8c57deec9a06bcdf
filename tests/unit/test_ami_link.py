"""The link over a connection that fails in all its ways: what its callers and its listeners get to see."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from fake_ami import PATIENT, QUICK, Action, Connection, FakeAmi, block, event, hang_up, linked, silence
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.errors import (
    ActionNotAllowed,
    ActionRefused,
    ForbiddenText,
    NotConnected,
    OutcomeUnknown,
    UnsafeAsterisk,
)
from ami_bridge.link import AmiAddress, LinkLimits
from ami_bridge.manager import LinkManager
from ami_bridge.protocol import MAX_UNSENT, LinkProtocol
from ami_bridge.reconnect import Backoff
from ami_bridge.wire import MAX_MESSAGE, Event


def refuse(connection: Connection, action: Action) -> None:
    connection.reply(action, "Error", ("Message", "Authentication failed"))
    connection.writer.close()


async def test_it_logs_in_learns_the_version_and_says_so() -> None:
    async with FakeAmi() as ami, linked(ami) as watched:
        assert [action.name for action in ami.actions] == ["Login", "CoreSettings"]
        assert ami.actions[0]["Username"] == "secondpass"
        state = watched.states[0]
        assert (state.connected, state.generation, state.gaps, state.reason) == (True, 1, 0, "connected")
        assert watched.link.asterisk_version == "22.10.1"
        watched.link.check_version()


async def test_an_old_asterisk_is_not_dialled_with() -> None:
    async with FakeAmi() as ami:
        ami.answers["CoreSettings"] = lambda connection, action: connection.reply(
            action, "Success", ("AsteriskVersion", "20.9.1")
        )
        async with linked(ami) as watched:
            with pytest.raises(UnsafeAsterisk, match=r"20\.9\.1 may have CVE-2024-42365: upgrade"):
                watched.link.check_version()


async def test_a_user_without_the_right_to_ask_for_the_version_is_linked_but_may_not_dial() -> None:
    async with FakeAmi() as ami:
        ami.answers["CoreSettings"] = lambda connection, action: connection.reply(action, "Error")
        async with linked(ami) as watched:
            with pytest.raises(UnsafeAsterisk, match="write=reporting"):
                watched.link.check_version()


async def test_a_refused_login_waits_the_maximum_and_names_the_mend() -> None:
    async with FakeAmi() as ami:
        ami.answers["Login"] = refuse
        limits = LinkLimits(backoff=Backoff(first=0.001, longest=60.0))
        async with linked(ami, limits=limits, connected=False) as watched:
            await watched.until(lambda: bool(watched.states))
            state = watched.states[0]
            assert (state.connected, state.reason, state.retry_in) == (False, "login_refused", 60.0)
            assert "manager.conf" in state.mend
            with pytest.raises(NotConnected, match="login_refused"):
                await watched.link.call("Ping")
        assert len(ami.named("Login")) == 1


async def test_a_lost_link_is_made_again_and_the_gap_counted() -> None:
    async with FakeAmi() as ami, linked(ami, "Hangup") as watched:
        ami.peer.send(event("Hangup", Mark="before"))
        await watched.until(lambda: watched.heard == ["before"])
        ami.peer.reset()
        await watched.until(lambda: watched.link.generation == 2)
        ami.peer.send(event("Hangup", Mark="after"))
        await watched.until(lambda: watched.heard == ["before", "after"])
        told = [(state.connected, state.generation, state.gaps) for state in watched.states]
        assert told == [(True, 1, 0), (False, 1, 1), (True, 2, 1)]
        assert watched.states[1].retry_in is not None


async def test_events_read_before_a_loss_are_told_before_it() -> None:
    order: list[object] = []
    async with FakeAmi() as ami, linked(ami, "Hangup") as watched:
        watched.link.events.handlers["Hangup"] = lambda event: order.append(event.get("Mark"))
        watched.link.events._on_state = lambda state: order.append(state.connected)
        with watched.link.held():
            ami.peer.send(event("Hangup", Mark="1") + event("Hangup", Mark="2"))
            ami.peer.writer.close()
            await watched.until(lambda: watched.link.generation == 2)
            assert order == []
        await watched.until(lambda: len(order) == 4)
        assert order == ["1", "2", False, True]


async def test_nobody_at_the_port_is_tried_again_until_somebody_is() -> None:
    async with FakeAmi() as ami:
        ami._server.close()
        async with linked(ami, connected=False) as watched:
            await watched.until(lambda: len(watched.states) >= 3)
            assert {state.reason for state in watched.states} == {"unreachable"}
            delays = [state.retry_in for state in watched.states[:3]]
            assert delays == [pytest.approx(seconds * 0.75) for seconds in (0.01, 0.02, 0.04)]
            server = await asyncio.start_server(ami._serve, "127.0.0.1", ami.port)
            await watched.until(lambda: watched.link.connected)
            server.close()


@pytest.mark.parametrize("greeting", [b"220 mail.example ESMTP\r\n", b"\x16\x03\x01" * 10, b"A" * 300])
async def test_a_service_that_is_no_manager_is_left_alone(greeting: bytes) -> None:
    async with FakeAmi(banner=greeting) as ami, linked(ami, connected=False) as watched:
        await watched.until(lambda: bool(watched.states))
        assert watched.states[0].reason == "protocol_error"
        assert "host and port" in watched.states[0].mend


async def test_a_port_that_takes_the_connection_and_says_nothing_is_given_up_in_time() -> None:
    limits = LinkLimits(connect=0.05, backoff=PATIENT.backoff)
    async with FakeAmi(banner=b"") as ami:
        ami.answers["Login"] = silence
        async with linked(ami, limits=limits, connected=False) as watched:
            await watched.until(lambda: bool(watched.states))
            assert watched.states[0].reason == "no_answer"


async def test_a_message_without_end_costs_the_link_and_not_the_memory() -> None:
    async with FakeAmi() as ami, linked(ami) as watched:
        ami.peer.send(b"Event: Runaway\r\nText: " + b"x" * (MAX_MESSAGE + 10))
        await watched.until(lambda: watched.link.generation == 2)
        assert "protocol_error" in [state.reason for state in watched.states]


async def test_a_quiet_asterisk_that_answers_pings_is_kept() -> None:
    async with FakeAmi() as ami, linked(ami, limits=QUICK) as watched:
        await ami.received("Ping", times=3)
        assert watched.link.generation == 1


async def test_a_refused_action_says_what_asterisk_said_cleaned_and_cut() -> None:
    said = "Permission denied\x1b[2J" + "!" * 500
    async with FakeAmi() as ami:
        ami.answers["Hangup"] = lambda connection, action: connection.reply(
            action, "Error", ("Message", said)
        )
        async with linked(ami) as watched:
            with pytest.raises(ActionRefused) as refusal:
                await watched.link.call("Hangup", {"Channel": "PJSIP/x"})
    assert refusal.value.text.startswith("Permission denied?[2J!!!")
    assert len(refusal.value.text) <= 120


async def test_an_action_not_answered_in_time_has_an_unknown_outcome() -> None:
    async with FakeAmi() as ami:
        ami.answers["Redirect"] = silence
        async with linked(ami) as watched:
            with pytest.raises(OutcomeUnknown, match=r"no answer within 0\.01 s"):
                await watched.link.call("Redirect", {"Channel": "x"}, deadline=0.01)


async def test_what_is_not_permitted_is_not_sent() -> None:
    async with FakeAmi() as ami, linked(ami) as watched:
        before = len(ami.actions)
        refused = (
            ("Command", {"Command": "core show version"}, {}),
            ("Originate", {"Channel": "PJSIP/1@c", "Application": "System", "Data": "id"}, {}),
            ("Redirect", {"Channel": "x", "Context": "default", "Exten": "s", "Priority": "1"}, {}),
            ("Originate", {"Context": "secondpass-answered", "Exten": "s", "Priority": "1"}, {"PATH": "x"}),
        )
        for action, headers, variables in refused:
            with pytest.raises(ActionNotAllowed):
                await watched.link.call(action, headers, variables)
        await watched.link.call("Ping")
        assert [action.name for action in ami.actions[before:]] == ["Ping"]


async def test_an_action_id_that_still_waits_cannot_be_used_again() -> None:
    async with FakeAmi() as ami:
        ami.answers["Hangup"] = silence
        async with linked(ami) as watched:
            first = asyncio.create_task(
                watched.link.call("Hangup", {"Channel": "a"}, action_id="sp-1", deadline=0.2)
            )
            await ami.received("Hangup")
            with pytest.raises(ForbiddenText, match="sp-1 still waits"):
                await watched.link.call("Hangup", {"Channel": "b"}, action_id="sp-1")
            with pytest.raises(OutcomeUnknown):
                await first


def list_of(count: int, *, between: bytes = b"") -> Callable[[Connection, Action], None]:
    def answer(connection: Connection, action: Action) -> None:
        own = action["ActionID"]
        connection.reply(action, "Success", ("EventList", "start"))
        for number in range(count):
            connection.send(event("CoreShowChannel", ActionID=own, Uniqueid=str(number)) + between)
        connection.send(event("CoreShowChannelsComplete", ActionID=own, EventList="Complete"))

    return answer


async def test_a_list_is_gathered_from_between_other_events() -> None:
    async with FakeAmi() as ami:
        other = event("Hangup", ActionID="somebody-elses") + event("Hangup")
        ami.answers["CoreShowChannels"] = list_of(3, between=other)
        async with linked(ami, "Hangup") as watched:
            channels = await watched.link.listing("CoreShowChannels")
            assert [channel.get("Uniqueid") for channel in channels] == ["0", "1", "2"]
            await watched.until(lambda: len(watched.heard) == 6)


async def test_a_list_asterisk_gave_up_is_no_list() -> None:
    def give_up(connection: Connection, action: Action) -> None:
        connection.reply(action, "Success", ("EventList", "start"))
        connection.send(event("CoreShowChannel", ActionID=action["ActionID"], Uniqueid="0"))
        connection.send(event("CoreShowChannelsComplete", ActionID=action["ActionID"], EventList="cancelled"))

    async with FakeAmi() as ami:
        ami.answers["CoreShowChannels"] = give_up
        async with linked(ami) as watched:
            with pytest.raises(ActionRefused, match="cancelled"):
                await watched.link.listing("CoreShowChannels")


async def test_a_list_cut_by_a_lost_link_is_asked_for_again_whole() -> None:
    async with FakeAmi() as ami:
        cut = iter([True])

        def cut_the_first(connection: Connection, action: Action) -> None:
            if next(cut, False):
                connection.reply(action, "Success", ("EventList", "start"))
                connection.send(event("CoreShowChannel", ActionID=action["ActionID"], Uniqueid="stale"))
                connection.writer.close()
            else:
                list_of(2)(connection, action)

        ami.answers["CoreShowChannels"] = cut_the_first
        async with linked(ami) as watched:
            channels = await watched.link.listing("CoreShowChannels")
        assert [channel.get("Uniqueid") for channel in channels] == ["0", "1"]


async def test_falling_behind_drops_what_waits_and_asks_for_a_resync_while_the_reader_goes_on() -> None:
    limits = LinkLimits(backoff=PATIENT.backoff, waiting_events=1000)
    async with FakeAmi() as ami, linked(ami, "Hangup", limits=limits) as watched:
        with watched.link.held():  # as if callbacks stood still
            for _ in range(2500):
                ami.peer.send(event("Hangup", Mark="old"))
            await watched.link.call("Ping")  # the reader has read past all of them
            assert len(watched.link.events) <= 1001
            ami.peer.send(event("Hangup", Mark="new"))
            await watched.link.call("Ping")
        await watched.until(lambda: "new" in watched.heard)
        assert watched.heard.count("old") < 1000
        assert watched.link.connected
        assert watched.states[-1].reason == "overflow"
        assert (watched.link.generation, watched.link.state.gaps) == (3, 2)
        assert watched.link.events.dropped == 2500 + 1 - len(watched.heard)


async def test_large_events_are_bounded_by_their_bytes() -> None:
    limits = LinkLimits(backoff=PATIENT.backoff, waiting_bytes=100_000)
    async with FakeAmi() as ami, linked(ami, "UserEvent", limits=limits) as watched:
        with watched.link.held():
            for _ in range(3):
                ami.peer.send(event("UserEvent", Text="x" * 40_000))
            await watched.link.call("Ping")
            assert watched.link.generation == 2
        ami.peer.send(event("UserEvent", Mark="next"))
        await watched.until(lambda: watched.heard == ["next"])


async def test_a_raising_state_callback_does_not_stop_the_events() -> None:
    async with FakeAmi() as ami, linked(ami, "Hangup") as watched:

        def fails(state: object) -> None:
            raise ValueError("a fault of ours")

        watched.link.events._on_state = fails
        ami.peer.reset()
        await watched.until(lambda: watched.link.generation == 2)
        ami.peer.send(event("Hangup"))
        await watched.until(lambda: watched.heard == ["Hangup"])
        assert watched.link.events.failures["on_state"] == 2


async def test_ending_fails_what_waits_and_leaves_nothing() -> None:
    async with FakeAmi() as ami:
        ami.answers["Hangup"] = silence
        async with linked(ami) as watched:
            waiting = asyncio.create_task(watched.link.call("Hangup", {"Channel": "x"}))
            await ami.received("Hangup")
        with pytest.raises(OutcomeUnknown, match="the link was lost"):
            await waiting
        with pytest.raises(NotConnected):
            await watched.link.call("Ping")


async def test_a_cancelled_caller_leaves_nothing_behind_and_takes_nobodys_answer() -> None:
    async with FakeAmi() as ami:
        held: list[tuple[Connection, Action]] = []
        ami.answers["Hangup"] = lambda connection, action: held.append((connection, action))
        async with linked(ami) as watched:
            gone = asyncio.create_task(watched.link.call("Hangup", {"Channel": "gone"}))
            stays = asyncio.create_task(watched.link.call("Hangup", {"Channel": "stays"}))
            await ami.received("Hangup", times=2)
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
            for connection, action in held:
                connection.reply(action, "Success", ("Message", action["Channel"]))
            assert (await stays).text == "stays"


async def test_a_credential_that_cannot_be_sent_is_refused_when_it_is_set() -> None:
    with pytest.raises(ForbiddenText, match="Secret"):
        AmiAddress("127.0.0.1", 5038, "secondpass", "x\r\nAction: Command")
    assert "hunter2" not in repr(AmiAddress("127.0.0.1", 5038, "secondpass", "hunter2"))


async def test_login_hang_up_before_the_answer_is_tried_again() -> None:
    async with FakeAmi() as ami:
        ami.answers["Login"] = hang_up
        async with linked(ami, connected=False) as watched:
            await watched.until(lambda: len(watched.states) >= 2)
            assert {state.reason for state in watched.states} == {"lost"}


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, unsent: int = 0) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = unsent

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


class Deaf:
    def dispatch(self, event: Event) -> None:
        raise AssertionError("no event was sent")

    def connection_lost(self, exc: Exception | None) -> None:
        pass


async def test_an_asterisk_that_does_not_read_is_sent_no_more() -> None:
    protocol = LinkProtocol(Deaf(), (), "t")
    wire = Wire(unsent=MAX_UNSENT + 1)
    protocol.connection_made(wire)
    with pytest.raises(NotConnected, match="does not read"):
        protocol.request("Ping", {}, {})
    assert wire.written == []
    assert protocol.pending == {}


async def test_what_is_asked_for_in_one_turn_goes_out_at_once_and_in_order() -> None:
    protocol = LinkProtocol(Deaf(), (), "t")
    wire = Wire()
    protocol.connection_made(wire)
    asked = [protocol.request("Hangup", {"Channel": f"sp-{n}"}, {}) for n in range(3)]
    assert wire.written == []
    await asyncio.sleep(0)
    [written] = wire.written
    places = [written.index(one.action_id.encode()) for one in asked]
    assert places == sorted(places)
    assert written.count(b"Action: Hangup") == 3


async def test_what_was_asked_for_as_the_link_went_is_unknown_and_sent_no_more() -> None:
    protocol = LinkProtocol(Deaf(), (), "t")
    wire = Wire()
    protocol.connection_made(wire)
    asked = protocol.request("Hangup", {"Channel": "sp-1"}, {})
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    assert wire.written == []
    assert isinstance(asked.answer.exception(), OutcomeUnknown)


@given(
    st.integers(1, 8).flatmap(
        lambda asked: st.tuples(
            st.just(asked), st.lists(st.sampled_from([*range(asked), -1]), min_size=1, max_size=30)
        )
    )
)
async def test_every_answer_goes_to_its_own_action_once(case: tuple[int, list[int]]) -> None:
    """Answers missing, doubled, late or foreign (-1), in any order."""
    asked, answers = case
    protocol = LinkProtocol(Deaf(), (), "t")
    protocol.connection_made(Wire())
    waiting = [protocol.request("Ping", {}, {}) for _ in range(asked)]
    raw = b"Asterisk Call Manager/11.0.0\r\n"
    for turn, number in enumerate(answers):
        own = waiting[number].action_id if number >= 0 else "foreign"
        raw += block(("Response", "Success"), ("ActionID", own), ("Turn", str(turn)))
    protocol.data_received(raw)
    for number, pending in enumerate(waiting):
        if number in answers:
            assert pending.answer.result().get("Turn") == str(answers.index(number))
        else:
            assert not pending.answer.done()
    assert len(protocol.pending) == asked - len(set(answers) - {-1})
    assert protocol.stray == len(answers) - len(set(answers) - {-1})
    protocol.connection_lost(None)
    assert protocol.pending == {}


def test_our_manager_is_panoramisks() -> None:
    assert [parent.__module__ for parent in LinkManager.__mro__[1:2]] == ["panoramisk.manager"]
    assert [parent.__module__ for parent in LinkProtocol.__mro__[1:2]] == ["panoramisk.ami_protocol"]
