"""Pages that do not take what they are sent: cut off soon, whatever their system would keep for them, and
nothing is kept of them."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from aiohttp import ClientSession, web

from console.web import live
from console.web.access import NOBODY
from console.web.live import Live, Watched
from console.web.operations import Call

HOST = "127.0.34.7"
EVENT = 4_000  # bytes


class Changing:
    """Figures of which every look brings others."""

    looks = 0

    async def look(self) -> dict[str, Any]:
        self.looks += 1
        return {"overview": f"{self.looks:0{EVENT}}"}


async def _let_in(_request: web.Request) -> None:
    """Everybody may."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.005)


async def test_who_does_not_read_is_cut_off_and_who_reads_is_not() -> None:
    made = Live(Changing().look, _let_in)

    async def watch(request: web.Request) -> web.StreamResponse:
        return await made.watch(Call(NOBODY, None, None, {}, 0.0, request, Watched()))  # type: ignore[arg-type]

    app = web.Application()
    app.router.add_get("/live", watch)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    port = runner.addresses[0][1]
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((HOST, port))
    slow.sendall(b"GET /live HTTP/1.1\r\nHost: slow\r\n\r\n")
    try:
        async with (
            asyncio.timeout(20),
            ClientSession() as session,
            session.get(f"http://{HOST}:{port}/live") as other,
        ):
            while made.dropped == 0:
                assert (await other.content.readline()).startswith((b"event: overview", b"data: ", b"\n"))
            assert (made.dropped, made.readers) == (1, 1)
            assert await _rest_of(slow) < 5 * live.UNSENT
            assert (await other.content.readline()) != b""
        await made.close()
        assert [task for task in asyncio.all_tasks() if task.get_name() == "live figures"] == []
    finally:
        slow.close()
        await runner.cleanup()


async def _rest_of(peer: socket.socket) -> int:
    """How many bytes were still on their way; returns once the server has ended the connection."""
    peer.setblocking(False)
    loop, taken = asyncio.get_running_loop(), 0
    try:
        while received := await loop.sock_recv(peer, 65_536):
            taken += len(received)
    except ConnectionError:
        return taken
    return taken
