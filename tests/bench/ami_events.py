"""AMI events parsed and dispatched a second, our link against stock panoramisk over the same loopback peer.

The peer is a process of its own, so that only the client's processor time is counted. The mix is that of a
busy box: ten kinds of event, 468 bytes on average, 35 % VarSet. Each of the 40 callbacks reads two headers.

A backlog is what has gathered while nobody read: it is sent in one burst, and worked off when the last of its
events was handled, by our link and by a plain parser of bytes that does the same with each.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

EVENTS = 15_000
ROUNDS = 2
BACKLOGS = (1, 5, 10)  # megabytes
MB = 1_000_000
CHANNEL = (
    "Privilege: call,all\r\nChannel: PJSIP/carrier-0000002a\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
    "CallerIDNum: +12025550142\r\nCallerIDName: A Person With A Name\r\nConnectedLineNum: +12025550100\r\n"
    "ConnectedLineName: The Contact Centre\r\nLanguage: en\r\nAccountCode: campaign-spring-01\r\n"
    "Context: secondpass-answered\r\nExten: s\r\nPriority: 4\r\nUniqueid: sp-7k2m9qwertyuiopasdfghjklzx\r\n"
    "Linkedid: sp-7k2m9qwertyuiopasdfghjklzx\r\n"
)
SPECIAL = {
    "VarSet": "Variable: SP_SEGMENT\r\nValue: worth_keeping\r\n",
    "Newexten": "Extension: s\r\nApplication: Set\r\nAppData: SP_QUEUE=retention\r\n",
    "Newchannel": "",
    "Newstate": "",
    "DialBegin": "DialString: +12025550142@carrier\r\n",
    "DialEnd": "DialStatus: ANSWER\r\n",
    "Hangup": "Cause: 16\r\nCause-txt: Normal Clearing\r\nTechCause: SIP 200 OK\r\n",
    "QueueCallerJoin": "Queue: retention\r\nPosition: 1\r\nCount: 1\r\n",
    "QueueCallerLeave": "Queue: retention\r\nPosition: 1\r\nCount: 0\r\n",
    "AgentConnect": "Queue: retention\r\nMemberName: agent01\r\nInterface: PJSIP/agent01\r\nHoldTime: 3\r\n",
}
SHARE = {
    "VarSet": 35,
    "Newexten": 20,
    "Newchannel": 7,
    "Newstate": 8,
    "DialBegin": 6,
    "DialEnd": 6,
} | dict.fromkeys(("Hangup", "QueueCallerJoin", "QueueCallerLeave"), 5)
UNUSED = [f"Other{number}Event" for number in range(40)]
ALL = [*SPECIAL, *UNUSED][:40]
FILTERED = [*(name for name in SPECIAL if name not in {"VarSet", "Newexten"}), *UNUSED][:40]

Seconds = tuple[float, float]
"""Of the clock, and of the processor."""

Client = Callable[[int, list[str], int], Coroutine[Any, Any, Seconds]]


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about eight seconds, most of them the peer's."""
    stock_all = measure(panoramisk, ALL)
    stock_filtered = measure(panoramisk, FILTERED)
    return [
        row("AMI events a second of CPU, 40 callbacks, all wanted", measure(our_link, ALL), stock_all),
        row(
            "AMI events a second of CPU, 40 callbacks, 45 % wanted",
            measure(our_link, FILTERED),
            stock_filtered,
        ),
        *(backlog(size) for size in BACKLOGS),
    ]


def backlog(size: int) -> dict[str, object]:
    """How long it takes to work off a backlog of so many megabytes, for each of them."""
    events = size * MB // len(stream()) * 100
    ours, plain = (
        min(with_peer(client, ALL, events)[1] for _ in range(ROUNDS)) for client in (our_link, plain_parser)
    )
    return {
        "name": f"a backlog of {size} MB of AMI events worked off, processor time",
        "value": round(1000 * ours / size, 1),
        "unit": "ms a MB",
        "peer": round(1000 * plain / size, 1),
        "peer_name": "plain byte parser",
        "ratio": round(ours / plain, 2),
    }


def row(name: str, value: float, peer: float) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value),
        "unit": "events/s",
        "peer": round(peer),
        "peer_name": "panoramisk 1.4",
        "ratio": round(value / peer, 2),
    }


def measure(client: Client, names: list[str]) -> float:
    """Events a second of the client's processor time, the best of the rounds."""
    return max(EVENTS / with_peer(client, names, EVENTS)[1] for _ in range(ROUNDS))


def with_peer(client: Client, names: list[str], events: int) -> Seconds:
    """What a client takes for so many events, in hundreds, from a peer of its own."""
    words = [sys.executable, __file__, str(events)]
    peer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert peer.stdout is not None
        return asyncio.run(client(int(peer.stdout.readline()), names, events))
    finally:
        peer.kill()
        peer.wait()


async def our_link(port: int, names: list[str], events: int) -> Seconds:
    from ami_bridge.link import AmiAddress, AmiLink

    done, connected = asyncio.Event(), asyncio.Event()
    seen: list[tuple[str, str]] = []
    callbacks = {
        name: lambda event: seen.append((event.get("Uniqueid"), event.get("Linkedid"))) for name in names
    }
    link = AmiLink(
        AmiAddress("127.0.0.1", port, "bench", "bench"),
        on_event=callbacks | {"BenchDone": lambda event: done.set()},
        on_state=lambda state: connected.set(),
    )
    task = asyncio.create_task(link.run())
    await connected.wait()
    began, started = time.perf_counter(), time.process_time()
    asking = asyncio.create_task(link.call("Ping"))
    await done.wait()
    seconds = time.perf_counter() - began, time.process_time() - started
    await asking
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    check(seen, names, events)
    assert link.generation == 1
    return seconds


async def panoramisk(port: int, names: list[str], events: int) -> Seconds:
    from panoramisk import Manager

    done, connected = asyncio.Event(), asyncio.Event()
    seen: list[tuple[str, str]] = []
    manager = Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=port, username="bench", secret="bench"
    )
    manager.on_login = lambda _: connected.set()
    for name in names:
        manager.register_event(name, lambda _, event: seen.append((event["Uniqueid"], event["Linkedid"])))
    manager.register_event("BenchDone", lambda *_: done.set())
    await manager.connect()
    await connected.wait()
    began, started = time.perf_counter(), time.process_time()
    manager.send_action({"Action": "Ping"})
    await done.wait()
    seconds = time.perf_counter() - began, time.process_time() - started
    manager.close()
    check(seen, names, events)
    return seconds


async def plain_parser(port: int, names: list[str], events: int) -> Seconds:
    """Blocks cut by hand and two headers read from the bytes: no link, no queue, no order to keep."""
    seen: list[tuple[str, str]] = []
    wanted = {name.encode() for name in names}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    began, started = time.perf_counter(), time.process_time()
    writer.write(b"Action: Ping\r\nActionID: 1\r\n\r\n")
    blocks, rest = [b""], b""
    while blocks[-1:] != [b"Event: BenchDone"]:
        *blocks, rest = (rest + await reader.read(262_144)).split(b"\r\n\r\n")
        seen.extend(
            (header(block, b"\r\nUniqueid: "), header(block, b"\r\nLinkedid: "))
            for block in blocks
            if block.startswith(b"Event: ") and block[7 : block.find(b"\r")] in wanted
        )
    seconds = time.perf_counter() - began, time.process_time() - started
    writer.close()
    check(seen, names, events)
    return seconds


def header(block: bytes, name: bytes) -> str:
    at = block.index(name) + len(name)
    end = block.find(b"\r\n", at)
    return block[at : end if end >= 0 else len(block)].decode()


def check(seen: list[tuple[str, str]], names: list[str], events: int) -> None:
    """Nobody is quick by leaving out."""
    wanted = sum(share for name, share in shares().items() if name in names)
    assert len(seen) == events * wanted // 100
    assert set(seen) == {("sp-7k2m9qwertyuiopasdfghjklzx",) * 2}


def shares() -> Mapping[str, int]:
    """Percent of each kind; what is left over is AgentConnect's."""
    return SHARE | {"AgentConnect": 100 - sum(SHARE.values())}


def stream() -> bytes:
    """A hundred events in the mix's proportions, spread evenly."""
    kinds = [name for name, share in shares().items() for _ in range(share)]
    spread = (kinds[(37 * place) % 100] for place in range(100))
    return "".join(f"Event: {name}\r\n{CHANNEL}{SPECIAL[name]}\r\n" for name in spread).encode()


async def serve(count: int) -> None:
    """The peer: answers every action, and a Ping with all the events and then a last one."""
    events = stream() * (count // 100) + b"Event: BenchDone\r\n\r\n"

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        while True:
            try:
                action = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            own = next(line for line in action.split(b"\r\n") if line.startswith(b"ActionID: "))
            writer.write(b"Response: Success\r\n" + own + b"\r\nAsteriskVersion: 22.10.1\r\n\r\n")
            if b"Action: Ping\r\n" in action:
                writer.write(events)
            await writer.drain()

    server = await asyncio.start_server(client, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
