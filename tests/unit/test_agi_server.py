"""The FastAGI server on real sockets: whatever one session does, the others go on and nothing is left over.

The servers here ask for the token TOKEN unless told otherwise.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import pytest
from agi_peer import ENVIRONMENT, SHORT_ENVIRONMENT, USAGE, Peer
from structlog.testing import capture_logs

from agi.connection import Limits
from agi.errors import AgiError, HungUp, ListenFailed
from agi.server import FastAgiServer
from agi.session import AgiSession

LOOPBACK = (ip_network("127.0.0.0/8"),)
TOKEN = "s3cret"
OK = b"200 result=1\n"


@dataclass
class Serving:
    server: FastAgiServer
    port: int


async def three_variables(session: AgiSession) -> None:
    for name in ("SP_QUEUE", "SP_PRIORITY", "SP_SEGMENT"):
        await session.set_variable(name, "x")


@asynccontextmanager
async def serving(
    handler: Callable[[AgiSession], Awaitable[None]] = three_variables,
    *,
    limits: Limits | None = None,
    allow: str = "127.0.0.0/8",
    token: str | None = TOKEN,
) -> AsyncIterator[Serving]:
    before = asyncio.all_tasks()
    server = FastAgiServer(
        "127.0.0.1", 0, allow=(ip_network(allow),), token=token, routes={"segment": handler}, limits=limits
    )
    port = await server.start()
    try:
        yield Serving(server, port)
    finally:
        await server.close(drain=0)
        assert server.sessions == 0
        assert asyncio.all_tasks() - before <= {asyncio.current_task()}


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  the server tells nobody of a session's end
            await asyncio.sleep(0.002)


async def whole_session(port: int) -> list[list[str]]:
    peer = await Peer.connect(port)
    asked = await peer.serve([OK, OK, OK])
    assert await peer.ended() == b""
    return asked


async def test_a_session_from_headers_to_close() -> None:
    async with serving() as s:
        asked = await whole_session(s.port)
        assert [words[2] for words in asked] == ["SP_QUEUE", "SP_PRIORITY", "SP_SEGMENT"]


async def test_new_routes_hold_from_the_next_session_on() -> None:
    async def one_variable(session: AgiSession) -> None:
        await session.set_variable("SP_QUEUE", "other")

    async with serving() as s:
        assert len(await whole_session(s.port)) == 3
        s.server.take({"segment": one_variable})
        assert [words[2] for words in await whole_session(s.port)] == ["SP_QUEUE"]
        await until(lambda: s.server.sessions == 0)


async def test_a_session_closed_early_lets_the_call_go_on_and_closing_the_server_waits_for_the_rest() -> None:
    written, free = asyncio.Event(), asyncio.Event()

    async def handler(session: AgiSession) -> None:
        await session.set_variable("SP_QUEUE", "sales")
        session.close()
        await free.wait()
        written.set()

    async with serving(handler) as s:
        peer = await Peer.connect(s.port)
        await peer.serve([OK])
        assert await peer.ended() == b""
        assert s.server.sessions == 1
        closing = asyncio.create_task(s.server.close(drain=5))
        await asyncio.sleep(0)
        assert not closing.done()
        free.set()
        await closing
        assert written.is_set()


async def test_what_follows_a_session_closed_early_has_a_limit() -> None:
    async def handler(session: AgiSession) -> None:
        session.close()
        await asyncio.Event().wait()

    async with serving(handler, limits=Limits(after_hangup=0.02)) as s:
        with capture_logs() as logs:
            assert await (await Peer.connect(s.port)).ended() == b""
            await until(lambda: s.server.sessions == 0)
        assert [line["event"] for line in logs] == ["agi.handler_cancelled"]


async def test_headers_byte_by_byte_make_the_same_session() -> None:
    async with serving() as s:
        peer = await Peer.connect(s.port, b"")
        for byte in SHORT_ENVIRONMENT:
            peer.send(bytes([byte]))
            await asyncio.sleep(0)
        assert len(await peer.serve([OK, OK, OK])) == 3
        assert await peer.ended() == b""


async def test_the_query_of_the_url_is_not_part_of_the_script() -> None:
    async with serving() as s:
        peer = await Peer.connect(s.port, SHORT_ENVIRONMENT.replace(b"segment", b"segment?lang=en"))
        assert len(await peer.serve([OK, OK, OK])) == 3
        await peer.close()


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (SHORT_ENVIRONMENT.replace(b"s3cret", b"S3CRET"), "wrong_token"),
        (SHORT_ENVIRONMENT.replace(b"s3cret", b"\xff\xc3\xa9"), "wrong_token"),
        (b"agi_network_script: segment\n\n", "wrong_token"),
        (SHORT_ENVIRONMENT.replace(b"segment", b"../../bin/sh"), "no_route"),
        (b"agi_network: yes\nagi_arg_1: s3cret\n\n", "no_route"),
    ],
)
async def test_who_has_not_the_token_or_the_name_gets_no_session(environment: bytes, reason: str) -> None:
    async with serving() as s:
        with capture_logs() as logs:
            peer = await Peer.connect(s.port, environment)
            assert await peer.ended() == b"failure\n"
        assert [(line["event"], line["reason"]) for line in logs] == [("agi.refused", reason)]


async def test_without_a_token_the_first_argument_is_still_its_place() -> None:
    seen: list[tuple[str, ...]] = []

    async def handler(session: AgiSession) -> None:
        seen.append(tuple(session.arguments))

    async with serving(handler, token=None) as s:
        peer = await Peer.connect(s.port, ENVIRONMENT)
        assert await peer.ended() == b""
    assert seen == [("HUMAN", "HUMAN-800-600")]


async def test_a_peer_outside_the_networks_is_not_listened_to() -> None:
    async with serving(allow="127.0.9.0/24") as s:
        with capture_logs() as logs:
            stranger = await Peer.connect(s.port)
            assert await stranger.ended() in (b"failure\n", b"")
        assert logs[0]["reason"] == "peer_not_allowed"
        known = await Peer.connect(s.port, source="127.0.9.7")
        assert len(await known.serve([OK, OK, OK])) == 3
        await known.close()


async def test_a_slow_opening_is_cut_off_while_others_go_on() -> None:
    async with serving(limits=Limits(environment=0.2)) as s:
        slow = await Peer.connect(s.port, b"agi_network: yes\n")
        with capture_logs() as logs:
            drip = asyncio.create_task(drip_bytes(slow))
            while not drip.done():
                assert len(await whole_session(s.port)) == 3
            await drip
        assert [line["reason"] for line in logs] == ["environment_late"]


async def drip_bytes(peer: Peer) -> None:
    """One byte at a time until the server has had enough."""
    ended = asyncio.create_task(peer.ended())
    while not ended.done():
        peer.send(b"a")
        await asyncio.sleep(0.02)
    await ended


@pytest.mark.parametrize("opening", [b"", b"agi_network: yes\n", SHORT_ENVIRONMENT[:-1]])
async def test_a_half_closed_connection_ends_at_once(opening: bytes) -> None:
    async with serving(limits=Limits(environment=60)) as s:
        peer = await Peer.connect(s.port, opening)
        peer.half_close()
        assert await peer.ended() == b""
        await until(lambda: s.server.sessions == 0)
        assert len(await whole_session(s.port)) == 3


async def test_an_opening_without_end_is_refused_at_the_limit() -> None:
    async with serving() as s:
        with capture_logs() as logs:
            peer = await Peer.connect(s.port, b"agi_channel: " + b"x" * 70_000)
            await peer.ended()
        assert [line["event"] for line in logs] == ["agi.protocol_error"]


async def test_more_sessions_than_the_limit_are_sent_away_and_room_is_made_again() -> None:
    async with serving(limits=Limits(sessions=2)) as s:
        held = [await Peer.connect(s.port) for _ in range(2)]
        for peer in held:
            assert (await peer.command())[0] == "SET"
        third = await Peer.connect(s.port)
        assert await third.ended() in (b"failure\n", b"")
        await held[0].close()
        await until(lambda: s.server.sessions == 1)
        assert len(await whole_session(s.port)) == 3
        await held[1].close()


async def test_a_handler_that_raises_costs_its_own_session_and_one_clean_line() -> None:
    async def handler(session: AgiSession) -> None:
        if "broken" in session.environment.get("agi_channel", ""):
            raise KeyError("\x1b[31mred\nline" + "x" * 500)
        await three_variables(session)

    async with serving(handler) as s:
        good = await Peer.connect(s.port)
        with capture_logs() as logs:
            bad = await Peer.connect(s.port, SHORT_ENVIRONMENT[:-1] + b"agi_channel: broken\x1b[0m\n\n")
            assert await bad.ended() == b"failure\n", "Asterisk then sets AGISTATUS=FAILURE"
        (line,) = logs
        assert line["event"] == "agi.handler_failed"
        assert line["at"].startswith("test_agi_server.py:")
        assert all(str(value).isprintable() and len(str(value)) <= 200 for value in line.values())
        assert len(await good.serve([OK, OK, OK])) == 3
        await good.close()


async def test_a_hang_up_is_one_quiet_line() -> None:
    async with serving() as s:
        peer = await Peer.connect(s.port)
        await peer.command()
        with capture_logs() as logs:
            peer.send(b"HANGUP\n511 Command Not Permitted on a dead channel\n")
            assert await peer.ended() == b"", "it is no failure of ours"
        assert [(line["event"], line["log_level"]) for line in logs] == [("agi.hung_up", "info")]


async def test_a_peer_out_of_step_ends_its_session_with_one_line() -> None:
    async with serving() as s:
        peer = await Peer.connect(s.port)
        await peer.command()
        with capture_logs() as logs:
            peer.send(b"200 result=1\n200 result=1 (forged)\n")
            await peer.ended()
            await until(lambda: s.server.sessions == 0)
        assert [line["event"] for line in logs] == ["agi.protocol_error"]


async def test_a_handler_busy_elsewhere_knows_of_the_hang_up() -> None:
    knew = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        await until(lambda: session.hung_up)
        knew.set()

    async with serving(handler) as s:
        peer = await Peer.connect(s.port)
        peer.send(b"HANGUP\n")
        await asyncio.wait_for(knew.wait(), 5)
        await peer.close()


async def test_a_handler_that_outlives_its_call_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(handler, limits=Limits(after_hangup=0.02)) as s:
        peer = await Peer.connect(s.port)
        await until(lambda: s.server.sessions == 1)
        await peer.close()
        await asyncio.wait_for(cancelled.wait(), 5)
        await until(lambda: s.server.sessions == 0)


async def test_closing_lets_the_running_finish_and_nobody_in() -> None:
    async with serving() as s:
        running = await Peer.connect(s.port)
        idle = await Peer.connect(s.port, b"agi_network: yes\n")
        await running.command()
        await until(lambda: s.server.sessions == 2)
        closing = asyncio.create_task(s.server.close(drain=5))
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="Connect call failed"):
            await Peer.connect(s.port)
        running.send(OK)
        assert len(await running.serve([OK, OK])) == 2
        await asyncio.wait_for(closing, 5)
        assert await running.ended() == b""
        await idle.ended()


async def test_closing_does_not_wait_longer_than_told() -> None:
    async with serving() as s:
        peer = await Peer.connect(s.port)
        await peer.command()
        with capture_logs() as logs:
            await asyncio.wait_for(s.server.close(drain=0.05), 2)
        assert [line["event"] for line in logs] == ["agi.handler_cancelled"]
        assert await peer.ended() in (b"failure\n", b"")


async def test_an_address_in_use_names_the_mend() -> None:
    async with serving() as s:
        second = FastAgiServer("127.0.0.1", s.port, allow=LOOPBACK, token=None, routes={})
        with pytest.raises(ListenFailed, match="is another secondpass running"):
            await second.start()
        await second.close()


async def every_command(session: AgiSession) -> None:
    await session.set_variable("SP_QUEUE", "sales")
    await session.get_variable("SP_CUSTOMER")
    await session.stream_file("/hello", "1")
    await session.wait_for_digit(10)
    await session.verbose("done")


SESSIONS = {
    "all goes well": [OK, b"200 result=1 (c1)\n", b"200 result=49 endpos=9\n", b"200 result=0\n", OK],
    "hang-up in the playback": [OK, b"200 result=0\n", b"HANGUP\n200 result=-1 endpos=9\n", b"HANGUP\n"],
    "dead channel": [OK, b"HANGUP\n511 Command Not Permitted on a dead channel\n"],
    "usage": [OK, USAGE],
    "a value of lines that is not UTF-8": [OK, b"200 result=1 (\xff\n\nx)\n", b"200 result=0 endpos=9\n"],
    "nonsense": [OK, b"200 result=1 (a)\nb)\n"],
}


@pytest.mark.parametrize("name", SESSIONS)
async def test_cut_at_every_byte_the_session_ends_in_our_errors_and_the_loop_never_stops(name: str) -> None:
    answers = SESSIONS[name]
    ended: list[BaseException | None] = []

    async def handler(session: AgiSession) -> None:
        try:
            await every_command(session)
        except BaseException as error:
            ended.append(error)
            raise
        ended.append(None)

    async with serving(handler) as s, watchdog():
        length = len(SHORT_ENVIRONMENT) + sum(map(len, answers))
        for start in range(0, length + 1, 40):
            cuts = range(start, min(start + 40, length + 1))
            await asyncio.gather(*(cut_session(s.port, answers, cut) for cut in cuts))
        await until(lambda: s.server.sessions == 0)
    assert all(error is None or isinstance(error, AgiError) for error in ended)
    assert any(isinstance(error, HungUp) for error in ended)


async def cut_session(port: int, answers: list[bytes], cut: int) -> None:
    """Play Asterisk's part, but only its first `cut` bytes; then close for writing as a dying peer does."""
    peer = await Peer.connect(port, SHORT_ENVIRONMENT[:cut])
    left = cut - len(SHORT_ENVIRONMENT)
    for answer in answers:
        if left <= 0 or not (await peer.command()):
            break
        peer.send(answer[:left])
        left -= len(answer)
    peer.half_close()
    await peer.ended()


@asynccontextmanager
async def watchdog() -> AsyncIterator[None]:
    """Fails if the event loop spent five seconds of processor time on one turn: it spins, however slow and
    busy the machine is."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            before = time.process_time()
            await asyncio.sleep(0.005)
            worst = max(worst, time.process_time() - before)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
    assert worst < 5
