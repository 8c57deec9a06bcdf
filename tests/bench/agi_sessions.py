"""FastAGI sessions a second, and what one costs, against panoramisk's server in the same run.

A session is 26 headers, three SET VARIABLE and the close, each over a TCP connection of its own. Each server
runs in a process of its own, so its processor time is its own.
"""

import asyncio
import subprocess
import sys
import time
from ipaddress import ip_network
from pathlib import Path

HEADERS = (
    "agi_network: yes\nagi_network_script: segment\n"
    "agi_channel: PJSIP/carrier-0000002a\nagi_callerid: +12025550142\n"
    + "".join(f"agi_filler_{n}: {'x' * 12}\n" for n in range(21))
    + "agi_arg_1: s3cret\n\n"
).encode()
VARIABLES = {"SP_QUEUE": "retention", "SP_PRIORITY": "10", "SP_SEGMENT": "worth_keeping"}
WARM_UP = 200
SESSIONS = 1500
IN_FLIGHT = 10


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about four seconds."""
    rate, cost = measure("secondpass")
    peer_rate, peer_cost = measure("panoramisk")
    return [
        row("FastAGI sessions with 3 SET VARIABLE", rate, peer_rate, "sessions/s"),
        row("FastAGI server CPU per session", cost, peer_cost, "us"),
    ]


def row(name: str, value: float, peer: float, unit: str) -> dict[str, object]:
    """`ratio` is ours to the peer's, whichever way is better."""
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "peer": round(peer, 1),
        "peer_name": "panoramisk 1.4",
        "ratio": round(value / peer, 2),
    }


def measure(which: str) -> tuple[float, float]:
    """Sessions a second and the server's processor time in microseconds for one."""
    server = subprocess.Popen([sys.executable, __file__, which], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = next(int(line.split()[1]) for line in server.stdout if line.startswith("port "))
        asyncio.run(load(port, WARM_UP))
        before, started = processor_seconds(server.pid), time.perf_counter()
        asyncio.run(load(port, SESSIONS))
        elapsed = time.perf_counter() - started
        return SESSIONS / elapsed, (processor_seconds(server.pid) - before) / SESSIONS * 1e6
    finally:
        server.kill()
        server.wait()


def processor_seconds(pid: int) -> float:
    """Processor time of a process of one thread, from the kernel's count in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


async def load(port: int, sessions: int) -> None:
    loop = asyncio.get_running_loop()
    left = sessions

    async def one_after_the_other() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            ended = loop.create_future()
            await loop.create_connection(lambda ended=ended: Caller(ended), "127.0.0.1", port)  # type: ignore[misc]
            assert await ended == len(VARIABLES)

    await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))


class Caller(asyncio.Protocol):
    """Asterisk's side of one session; `ended` becomes the number of commands answered."""

    def __init__(self, ended: "asyncio.Future[int]") -> None:
        self._ended = ended
        self._commands = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HEADERS)

    def data_received(self, data: bytes) -> None:
        self._commands += data.count(b"\n")
        self._transport.write(b"200 result=1\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set_result(self._commands)


async def serve_secondpass() -> int:
    from agi.server import FastAgiServer
    from agi.session import AgiSession

    async def segment(session: AgiSession) -> None:
        for name, value in VARIABLES.items():
            await session.set_variable(name, value)

    loopback = ip_network("127.0.0.0/8")
    server = FastAgiServer("127.0.0.1", 0, allow=[loopback], token="s3cret", routes={"segment": segment})
    return await server.start()


async def serve_panoramisk() -> int:
    from panoramisk import fast_agi

    async def segment(request: fast_agi.Request) -> None:
        for name, value in VARIABLES.items():
            await request.send_command(f'SET VARIABLE "{name}" "{value}"')

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("segment", segment)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def main(which: str) -> None:
    port = await (serve_secondpass() if which == "secondpass" else serve_panoramisk())
    print(f"port {port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        for line in run():
            print(line)
