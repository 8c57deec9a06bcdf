"""A session stays in step with Asterisk: every command gets its own answer, and a hang-up is none."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from agi_peer import ENVIRONMENT, SHORT_ENVIRONMENT, USAGE, asterisk_reads

from agi.admission import opening
from agi.errors import (
    CommandFailed,
    CommandTimeout,
    DeadChannel,
    HungUp,
    LocalProtocolError,
    RemoteProtocolError,
    UnsafeValue,
    UsageError,
)
from agi.protocol import AgiReader, Environment, Reply
from agi.session import AgiSession

DEAD = b"511 Command Not Permitted on a dead channel\n"


class Line:
    """A session whose peer is a list of answers, one for each command; None answers nothing."""

    def __init__(
        self, *answers: bytes | None, environment: bytes = SHORT_ENVIRONMENT, deadline: float = 5.0
    ) -> None:
        self.written: list[list[str]] = []
        self.aborted = False
        self.closed = False
        self._answers = list(answers)
        self._reader = AgiReader()
        (started,) = self._reader.feed(environment)
        assert isinstance(started, Environment)
        self.session = AgiSession(
            opening(started.headers),
            write=self._write,
            close=self._close,
            abort=self._abort,
            deadline=deadline,
        )

    def say(self, answer: bytes) -> None:
        for event in self._reader.feed(answer):
            assert not isinstance(event, Environment)
            self.session.deliver(event)

    def _write(self, line: bytes) -> None:
        self.written.append(asterisk_reads(line.decode().removesuffix("\n")))
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            asyncio.get_running_loop().call_soon(self.say, answer)

    def _close(self) -> None:
        self.closed = True

    def _abort(self) -> None:
        self.aborted = True


def test_script_and_arguments_are_what_the_dialplan_passed_behind_the_token() -> None:
    session = Line(environment=ENVIRONMENT).session
    assert session.script == "segment"
    assert session.arguments == ("HUMAN", "HUMAN-800-600")
    assert session.environment["agi_callerid"] == "+12025550142"
    assert not [name for name in session.environment if name.startswith("agi_arg_")]


async def test_a_variable_is_set_in_quotes() -> None:
    line = Line(b"200 result=1\n")
    await line.session.set_variable("SP_SEGMENT", "worth keeping #1")
    assert line.written == [["SET", "VARIABLE", "SP_SEGMENT", "worth keeping #1"]]


async def test_several_variables_are_set_at_once() -> None:
    line = Line(b"200 result=1\n")
    await line.session.set_variables({"SP_QUEUE": "sales", "SP_OFFER": ""})
    assert line.written == [["SET", "VARIABLE", "ARRAY(SP_QUEUE,SP_OFFER)", "sales,"]]


async def test_of_several_variables_none_is_set_where_one_must_not_be() -> None:
    line = Line()
    with pytest.raises(UnsafeValue):
        await line.session.set_variables({"SP_QUEUE": "sales", "SP_OFFER": "gold,silver"})
    assert line.written == []


async def test_nothing_can_be_asked_after_the_handler_closed_the_session() -> None:
    line = Line(b"200 result=1\n")
    await line.session.set_variable("SP_QUEUE", "sales")
    line.session.close()
    assert line.closed
    with pytest.raises(LocalProtocolError, match="closed the session"):
        await line.session.set_variable("SP_QUEUE", "service")
    assert len(line.written) == 1


async def test_a_value_the_dialplan_would_expand_is_not_sent() -> None:
    line = Line()
    with pytest.raises(UnsafeValue):
        await line.session.set_variable("SP_OFFER", "${SHELL(id)}")
    assert line.written == []


@pytest.mark.parametrize(
    ("answer", "value"),
    [(b"200 result=1 (gold)\n", "gold"), (b"200 result=1 ()\n", ""), (b"200 result=0\n", None)],
)
async def test_a_variable_is_read(answer: bytes, value: str | None) -> None:
    assert await Line(answer).session.get_variable("SP_SEGMENT") == value


async def test_a_digit_ends_a_playback() -> None:
    line = Line(b"200 result=49 endpos=8000\n", b"200 result=0 endpos=16000\n")
    assert await line.session.stream_file("/var/lib/say/hello", "189", offset=160) == "1"
    assert await line.session.stream_file("/var/lib/say/hello") is None
    assert line.written[0] == ["STREAM", "FILE", "/var/lib/say/hello", "189", "160"]
    assert line.written[1] == ["STREAM", "FILE", "/var/lib/say/hello", "", "0"]


async def test_a_digit_is_waited_for_as_long_as_said() -> None:
    line = Line(b"200 result=35\n", b"200 result=0\n")
    assert await line.session.wait_for_digit(3000) == "#"
    assert await line.session.wait_for_digit(0) is None
    assert line.written[0] == ["WAIT", "FOR", "DIGIT", "3000"]


async def test_nobody_waits_for_a_digit_for_ever() -> None:
    with pytest.raises(LocalProtocolError, match="0 ms or more"):
        await Line().session.wait_for_digit(-1)


@pytest.mark.parametrize("result", ["7", "300", "9999999999", "x", "4294967345", "-2", "²"])
async def test_what_is_no_digit_is_the_peers_fault(result: str) -> None:
    with pytest.raises(RemoteProtocolError):
        await Line(f"200 result={result}\n".encode()).session.wait_for_digit(10)


async def test_a_line_goes_to_the_console() -> None:
    line = Line(b"200 result=1\n")
    await line.session.verbose('said "yes"', 3)
    assert line.written == [["VERBOSE", 'said "yes"', "3"]]


async def test_a_file_that_is_missing_is_told_from_a_hang_up() -> None:
    line = Line(b"200 result=-1 endpos=0\n", b"200 result=6\n")
    with pytest.raises(CommandFailed, match="does the file exist"):
        await line.session.stream_file("/missing")
    assert line.written[-1] == ["CHANNEL", "STATUS"]


@pytest.mark.parametrize("second", [DEAD, b"HANGUP\n" + DEAD, b"200 result=-1\n"])
async def test_a_hang_up_in_a_playback_is_a_hang_up(second: bytes) -> None:
    with pytest.raises(HungUp):
        await Line(b"200 result=-1 endpos=99\n", second).session.stream_file("/hello")


async def test_a_hang_up_said_before_the_answer_needs_no_further_question() -> None:
    line = Line(b"HANGUP\n200 result=-1 endpos=99\n")
    with pytest.raises(HungUp):
        await line.session.stream_file("/hello")
    assert len(line.written) == 1


async def test_hangup_inside_a_command_leaves_it_its_own_answer() -> None:
    line = Line(b"HANGUP\n200 result=1 (gold)\n")
    assert await line.session.get_variable("SP_SEGMENT") == "gold"
    assert line.session.hung_up
    with pytest.raises(HungUp):
        await line.session.get_variable("SP_QUEUE")
    assert len(line.written) == 1


async def test_hangup_between_commands_is_known_at_once_and_raised_at_the_next() -> None:
    line = Line(b"200 result=1\n")
    await line.session.set_variable("SP_QUEUE", "sales")
    line.say(b"HANGUP\n")
    assert line.session.hung_up
    with pytest.raises(HungUp):
        await line.session.set_variable("SP_QUEUE", "service")


async def test_511_is_a_hang_up_asterisk_saw_first() -> None:
    line = Line(DEAD)
    with pytest.raises(DeadChannel):
        await line.session.stream_file("/hello")
    assert line.session.hung_up


@pytest.mark.parametrize(
    "answer", [USAGE, b"520 Invalid command syntax.\n", b"510 Invalid or unknown command\n"]
)
async def test_a_command_asterisk_does_not_know_is_our_fault_and_ends_nothing(answer: bytes) -> None:
    line = Line(answer, b"200 result=1\n")
    with pytest.raises(UsageError):
        await line.session.command("STREAM FILE")
    await line.session.set_variable("SP_QUEUE", "sales")


async def test_another_code_is_a_failed_command() -> None:
    with pytest.raises(CommandFailed, match="503"):
        await Line(b"503 result=-2 Memory allocation failure\n").session.command("NOOP")


async def test_a_failed_set_is_not_taken_for_done() -> None:
    with pytest.raises(CommandFailed):
        await Line(b"200 result=0\n").session.set_variable("SP_QUEUE", "sales")


async def test_the_end_of_the_connection_ends_the_command_under_way_at_once() -> None:
    line = Line(None, deadline=60)
    asked = asyncio.create_task(line.session.set_variable("SP_QUEUE", "sales"))
    await asyncio.sleep(0)
    line.session.lost(HungUp("closed"))
    with pytest.raises(HungUp):
        await asked
    with pytest.raises(HungUp):
        await line.session.get_variable("SP_QUEUE")
    assert len(line.written) == 1


async def test_an_answer_that_does_not_come_ends_the_session() -> None:
    line = Line(None, deadline=0.01)
    with pytest.raises(CommandTimeout):
        await line.session.set_variable("SP_QUEUE", "sales")
    assert line.aborted
    with pytest.raises(CommandTimeout):
        await line.session.set_variable("SP_QUEUE", "sales")


async def test_a_command_given_up_keeps_its_answer_to_itself() -> None:
    line = Line(None, b"200 result=1 (mine)\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await line.session.stream_file("/long")
    asked = asyncio.create_task(line.session.get_variable("SP_SEGMENT"))
    await asyncio.sleep(0)
    assert len(line.written) == 1, "a second command would stop the playback without an answer"
    line.say(b"200 result=0 endpos=1\n")
    assert await asked == "mine"


async def test_two_commands_at_once_are_refused() -> None:
    line = Line(None)
    first = asyncio.create_task(line.session.get_variable("A"))
    await asyncio.sleep(0)
    with pytest.raises(LocalProtocolError, match="another command"):
        await line.session.get_variable("B")
    line.say(b"200 result=0\n")
    assert await first is None


async def test_an_answer_to_no_command_is_the_peers_fault() -> None:
    line = Line()
    with pytest.raises(RemoteProtocolError):
        line.session.deliver(Reply(200, "1"))


STEPS: list[Callable[[AgiSession], Awaitable[object]]] = [
    lambda session: session.set_variable("SP_QUEUE", "sales"),
    lambda session: session.get_variable("SP_QUEUE"),
    lambda session: session.stream_file("/hello", "1"),
    lambda session: session.wait_for_digit(100),
    lambda session: session.verbose("x"),
]


@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("at", range(6))
async def test_hangup_anywhere_ends_a_script_as_a_hang_up_only(step: int, at: int) -> None:
    """HANGUP before the answer to command `at`; answers after it are those of a dead channel."""
    answers = [b"200 result=1\n" if n < at else b"HANGUP\n" + DEAD for n in range(6)]
    line = Line(*answers)

    async def script() -> None:
        for _ in range(6):
            await STEPS[0](line.session)
        await STEPS[step](line.session)

    with pytest.raises(HungUp):
        await script()
    assert len(line.written) == at + 1
