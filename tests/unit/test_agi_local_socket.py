"""The hook over the local socket: the same handlers answer; the script sets what it is told or nothing."""

import asyncio
import json
import os
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from agi_peer import ENVIRONMENT, Peer, asterisk_reads
from structlog.testing import capture_logs

import agi
from agi.channel import Channel, ChannelHandler
from agi.connection import Handler
from agi.errors import ListenFailed, LocalProtocolError
from agi.local_socket import MAX_REQUEST, LocalServer
from agi.server import FastAgiServer

SCRIPT = Path(agi.__file__).with_name("secondpass.agi")
TOKEN = "s3cret"
REQUEST = {
    "script": "segment",
    "token": TOKEN,
    "environment": {"agi_callerid": "+12025550142", "agi_arg_1": "x"},
}


async def segment(channel: Channel) -> None:
    await channel.set_variable("SP_QUEUE", "retention")
    await channel.set_variable("SP_CUSTOMER", channel.environment["agi_callerid"])


@asynccontextmanager
async def listening(
    path: Path, handler: ChannelHandler = segment, *, deadline: float = 2.0, sessions: int = 100
) -> AsyncIterator[LocalServer]:
    before = asyncio.all_tasks()
    server = LocalServer(path, token=TOKEN, routes={"segment": handler}, deadline=deadline, sessions=sessions)
    await server.start()
    try:
        yield server
    finally:
        await server.close(drain=0)
        with pytest.raises(FileNotFoundError):
            os.stat(path)
        assert asyncio.all_tasks() - before <= {asyncio.current_task()}


async def exchange(path: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def line_of(request: object) -> bytes:
    return json.dumps(request).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agi.sock"


async def test_one_line_asks_and_one_line_answers(path: Path) -> None:
    async with listening(path):
        answer = await exchange(path, line_of(REQUEST))
    assert answer.endswith(b"\n")
    assert json.loads(answer) == {"variables": {"SP_QUEUE": "retention", "SP_CUSTOMER": "+12025550142"}}


async def test_the_answer_comes_when_the_handler_closes_the_call_and_the_server_waits_for_the_rest(
    path: Path,
) -> None:
    free, written = asyncio.Event(), asyncio.Event()

    async def handler(channel: Channel) -> None:
        await channel.set_variables({"SP_QUEUE": "sales", "SP_OFFER": ""})
        channel.close()
        with pytest.raises(LocalProtocolError, match="closed the call"):
            await channel.set_variable("SP_QUEUE", "service")
        await free.wait()
        written.set()

    async with listening(path, handler) as server:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line_of(REQUEST))
        answer = await asyncio.wait_for(reader.readline(), 5)
        assert json.loads(answer) == {"variables": {"SP_QUEUE": "sales", "SP_OFFER": ""}}
        writer.close()
        closing = asyncio.create_task(server.close(drain=5))
        await asyncio.sleep(0)
        assert not closing.done()
        free.set()
        await closing
    assert written.is_set()


async def test_a_handler_sees_no_argument_of_the_script(path: Path) -> None:
    seen: list[tuple[list[str], int]] = []

    async def handler(channel: Channel) -> None:
        seen.append((list(channel.environment), len(channel.arguments)))

    async with listening(path, handler):
        await exchange(path, line_of(REQUEST))
    assert seen == [(["agi_callerid"], 0)]


async def test_the_same_handler_serves_a_fastagi_session() -> None:
    routes: dict[str, Handler] = {"segment": segment}
    server = FastAgiServer("127.0.0.1", 0, allow=[ip_network("127.0.0.0/8")], token=TOKEN, routes=routes)
    peer = await Peer.connect(await server.start())
    asked = await peer.serve([b"200 result=1\n"] * 2)
    assert [words[2:] for words in asked] == [["SP_QUEUE", "retention"], ["SP_CUSTOMER", "+12025550142"]]
    await peer.ended()
    await server.close()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (line_of({**REQUEST, "token": "S3CRET"}), "wrong_token"),
        (line_of({**REQUEST, "script": "answered"}), "no_route"),
        (line_of({**REQUEST, "more": 1}), "not_a_request"),
        (line_of({**REQUEST, "environment": {"agi_callerid": 1}}), "not_a_request"),
        (line_of([]), "not_a_request"),
        (b"\xff\n", "not_a_request"),
        (b"x" * (MAX_REQUEST + 2), "not_a_request"),
    ],
)
async def test_what_is_no_request_of_ours_gets_no_answer(path: Path, line: bytes, reason: str) -> None:
    async with listening(path):
        with capture_logs() as logs:
            assert await exchange(path, line) == b""
    assert [(log["event"], log["reason"]) for log in logs] == [("agi.local_refused", reason)]


async def test_a_value_fastagi_would_refuse_is_refused_here(path: Path) -> None:
    refused: list[LocalProtocolError] = []

    async def handler(channel: Channel) -> None:
        for name, value in [("SP_OFFER", "${SHELL(id)}"), ("SP_OFFER", "a\nb"), ("SHELL(id)", "x")]:
            try:
                await channel.set_variable(name, value)
            except LocalProtocolError as error:
                refused.append(error)

    async with listening(path, handler):
        assert json.loads(await exchange(path, line_of(REQUEST))) == {"variables": {}}
    assert len(refused) == 3


async def test_a_handler_that_raises_costs_its_own_request(path: Path) -> None:
    async def handler(channel: Channel) -> None:
        if not channel.environment:
            raise ValueError("\x1b[31m")
        await segment(channel)

    async with listening(path, handler):
        with capture_logs() as logs:
            assert await exchange(path, line_of({**REQUEST, "environment": {}})) == b""
        assert [log["event"] for log in logs] == ["agi.local_failed"]
        assert "\x1b" not in logs[0]["error"]
        assert await exchange(path, line_of(REQUEST))


async def test_a_request_has_a_deadline(path: Path) -> None:
    async def handler(channel: Channel) -> None:
        await asyncio.Event().wait()

    async with listening(path, handler, deadline=0.05):
        assert await exchange(path, line_of(REQUEST)) == b""
        assert await exchange(path, b"{") == b"", "neither does a half request wait for ever"


async def test_more_requests_than_the_limit_are_sent_away(path: Path) -> None:
    entered, free = asyncio.Event(), asyncio.Event()

    async def handler(channel: Channel) -> None:
        entered.set()
        await free.wait()

    async with listening(path, handler, sessions=1):
        first = asyncio.create_task(exchange(path, line_of(REQUEST)))
        await asyncio.wait_for(entered.wait(), 5)
        with capture_logs() as logs:
            assert await exchange(path, line_of(REQUEST)) == b""
        assert logs[0]["reason"] == "too_many_sessions"
        free.set()
        assert json.loads(await first) == {"variables": {}}


async def test_closing_cancels_what_does_not_end(path: Path) -> None:
    entered = asyncio.Event()

    async def handler(channel: Channel) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with listening(path, handler) as server:
        asked = asyncio.create_task(exchange(path, line_of(REQUEST)))
        await asyncio.wait_for(entered.wait(), 5)
        with capture_logs() as logs:
            await server.close(drain=0.01)
        assert await asked == b""
    assert [log["event"] for log in logs] == ["agi.local_cancelled"]


async def test_the_socket_is_open_to_owner_and_group_only(path: Path) -> None:
    async with listening(path):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660


async def test_a_socket_left_behind_is_replaced_and_a_live_one_is_not(path: Path) -> None:
    crashed = await asyncio.start_unix_server(lambda reader, writer: None, str(path))
    leftover = path.with_name("leftover")
    os.rename(path, leftover)
    crashed.close()
    os.rename(leftover, path)
    async with listening(path):
        second = LocalServer(path, token=TOKEN, routes={})
        with pytest.raises(ListenFailed, match="is another secondpass running"):
            await second.start()
        await second.close()
        assert await exchange(path, line_of(REQUEST))


async def test_a_folder_that_is_missing_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ListenFailed, match="does its folder exist"):
        await LocalServer(tmp_path / "nowhere" / "agi.sock", token=None, routes={}).start()


async def run_script(
    path: Path, *more: str, token: str = TOKEN, by_variable: bool = False
) -> tuple[int, list[list[str]], str]:
    """secondpass.agi as Asterisk runs it: its status, the commands it gave, and its standard error."""
    arguments = ["segment", token] if by_variable else ["segment", token, str(path)]
    script = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        *arguments,
        *more,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"SECONDPASS_SOCKET": str(path)} if by_variable else {},
    )
    assert script.stdin is not None
    assert script.stdout is not None
    assert script.stderr is not None
    script.stdin.write(ENVIRONMENT)
    commands = []
    async with asyncio.timeout(20):
        while line := await script.stdout.readline():
            commands.append(asterisk_reads(line.decode().rstrip("\n")))
            script.stdin.write(b"200 result=1\n")
        errors = (await script.stderr.read()).decode()
        return await script.wait(), commands, errors


@pytest.mark.parametrize("by_variable", [False, True])
async def test_the_script_sets_what_the_server_says(path: Path, by_variable: bool) -> None:
    async def handler(channel: Channel) -> None:
        await channel.set_variable("SP_CUSTOMER", channel.environment["agi_calleridname"].replace('"', "'"))
        await channel.set_variable("SP_QUEUE", "retention #1")

    async with listening(path, handler):
        status, commands, errors = await run_script(path, by_variable=by_variable)
    assert commands == [
        ["SET", "VARIABLE", "ARRAY(SP_CUSTOMER,SP_QUEUE)", "Zoë 'Z' O'Neill,retention #1"],
    ]
    assert (status, errors) == (0, "")


async def test_the_script_tells_what_the_ivr_knows(path: Path) -> None:
    async def handler(channel: Channel) -> None:
        await channel.set_variable("SP_CUSTOMER", "/".join(channel.arguments))

    async with listening(path, handler):
        _, commands, _ = await run_script(path, "account=4711", "ivr=")
    assert commands == [["SET", "VARIABLE", "ARRAY(SP_CUSTOMER)", "account=4711/ivr="]]


async def test_without_a_server_the_script_sets_nothing_and_is_quiet(path: Path) -> None:
    assert await run_script(path) == (0, [], "")


async def test_with_the_wrong_token_the_script_sets_nothing(path: Path) -> None:
    async with listening(path):
        assert await run_script(path, token="other") == (0, [], "")


async def test_a_frozen_server_holds_the_script_for_its_timeout_only(path: Path) -> None:
    frozen = await asyncio.start_unix_server(lambda reader, writer: None, str(path))
    started = time.monotonic()
    assert await run_script(path) == (0, [], "")
    assert time.monotonic() - started < 5, "0.3 s and the start of an interpreter on a busy machine"
    frozen.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]\n",
        b"{}\n",
        b"not json\n",
        b'{"variables": []}\n',
        b'{"variables": {"SP_QUEUE": 1}}\n',
        b'{"variables": {"SP_QUEUE": "sales", "SP_OFFER": "x\\nEXEC System id"}}\n',
        b'{"variables": {"SP_QUEUE": "sales", "SHELL(id)": "x"}}\n',
        b'{"variables": {"SP_QUEUE"',
    ],
)
async def test_an_answer_that_is_none_sets_nothing(path: Path, answer: bytes) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(other, str(path))
    assert await run_script(path) == (0, [], "")
    server.close()
