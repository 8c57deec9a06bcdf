"""How long the segment hook holds a caller, as Asterisk sees it, against a FastAGI session that only sets
three variables.

One real Asterisk; each server is a process of its own. The hook's is `secondpass agi` with the shipped model
and the harness's Redis, which writes to its disk at once. Every call asks both servers, in turns each first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

from agi.server import FastAgiServer
from agi.session import AgiSession
from strategies.contacts import Contact, Device
from strategies.store import Store
from strategies.vocabulary import Kind
from tests.telephony.telephony_wire import Ami, Message, manager

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docker"))

from harness import Harness, listening  # noqa: E402
from harness_engine import ensure_engine, wait_until  # noqa: E402
from harness_images import build  # noqa: E402

NET = "127.0.40"
HOOK, NO_OP = 4573, 4574  # ports at {NET}.4
TENANT = "bench"
WARM_UP = 20
CALLS = 300
CUSTOMERS = 100
DECIDED = 0.95  # of the calls; on a machine that stalls, some go on undecided at the deadline
VARIABLES = {"SP_QUEUE": "retention", "SP_PRIORITY": "10", "SP_SEGMENT": "worth_keeping"}
EXTENSIONS = {"hook-first": (HOOK, NO_OP), "no-op-first": (NO_OP, HOOK)}
QUIET = """
[quiet]
exten => s,1,Answer()
 same => n,Wait(120)

[bench]
"""
SETTINGS = """
tenant: {tenant}
asterisk: {{fastagi: {{host: {net}.4, port: {port}, allow: [127.0.0.0/8]}}}}
redis: {{url: "redis://{net}.3:6379"}}
data_dir: {state}/data
numbers: {{countries: [US]}}
"""


@dataclass(frozen=True, slots=True)
class Held:
    """How long one call waited for each of the two, in milliseconds."""

    hook: float
    no_op: float
    decided: bool


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about half a minute, most of it the harness's."""
    ensure_engine()
    build(secondpass=False)
    harness = Harness(NET, "secondpass-bench", ROOT / "build" / "harness-bench")
    try:
        harness.up("redis", "asterisk")
        harness.add_dialplan("bench", QUIET + "".join(dialplan(harness)))
        asyncio.run(import_customers())
        with servers(harness):
            held = asyncio.run(measure(harness.secret("SECONDPASS_AMI_SECRET")))
        asyncio.run(check_ledger())
    finally:
        harness.down()
    assert sum(one.decided for one in held) >= DECIDED * CALLS, "the deadline was met too rarely"
    hook, no_op = [one.hook for one in held], [one.no_op for one in held]
    return [
        row("segment hook, as Asterisk sees it, median", median(hook), median(no_op)),
        row("segment hook, as Asterisk sees it, p99", p99(hook), p99(no_op)),
    ]


def row(name: str, value: float, peer: float) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "ms",
        "peer": round(peer, 3),
        "peer_name": "FastAGI session, 3 SET VARIABLE",
        "ratio": round(value / peer, 2),
    }


def p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100)[98]


def dialplan(harness: Harness) -> Iterator[str]:
    """Two extensions that ask both servers and tell when each question began and ended. The pause between
    lets the first server write down what it has to; it is not part of any figure."""
    token = harness.secret("SECONDPASS_FASTAGI_TOKEN")
    for name, ports in EXTENSIONS.items():
        yield f"exten => {name},1,Set(CALLERID(num)=${{NUMBER}})\n"
        for port in ports:
            yield f" same => n,Set(BEGAN_{port}=${{STRFTIME(,,%s.%6q)}})\n"
            yield f" same => n,AGI(agi://{NET}.4:{port}/segment,{token})\n"
            yield f" same => n,Set(ENDED_{port}=${{STRFTIME(,,%s.%6q)}})\n"
            yield f" same => n,Set(TOLD_{port}=${{AGISTATUS}} ${{SP_QUEUE}} ${{SP_CUSTOMER}})\n"
            yield " same => n,Wait(0.02)\n"
        told = (f"{part}_{port}: ${{{part}_{port}}}" for port in ports for part in ("BEGAN", "ENDED", "TOLD"))
        yield f" same => n,UserEvent(Held,{','.join(told)})\n"
        yield " same => n,Hangup()\n"


def customers() -> list[Contact]:
    """People the shipped model knows a good deal of; every third is likely to accept the offer."""
    common = {"age": "70", "job": "retired", "marital": "married", "housing": "no", "loan": "no"}
    common |= {"contact": "cellular", "offer_value": "400"}
    likely = {"poutcome": "success", "previous": "2", "pdays": "3"}
    return [
        Contact(
            f"B{n:03}",
            (Device("mobile", f"+1202555{n:04}"),),
            segment="standard",
            attributes=common | (likely if n % 3 == 0 else {"poutcome": "failure", "previous": "1"}),
        )
        for n in range(CUSTOMERS)
    ]


async def opened() -> Store:
    return await Store.open(f"redis://{NET}.3:6379", ROOT / "build", TENANT)


async def import_customers() -> None:
    store = await opened()
    await store.import_contacts("bench", customers())
    await store.close()


@contextmanager
def servers(harness: Harness) -> Iterator[None]:
    """Both servers, listening."""
    config = harness.state_dir / "config"
    config.mkdir()
    settings = SETTINGS.format(net=NET, port=HOOK, state=harness.state_dir, tenant=TENANT)
    (config / "settings.yaml").write_text(settings)
    (config / "segments.yaml").write_text((ROOT / "docker/demo/config/segments.yaml").read_text())
    environment = {**os.environ, **harness.environment()}
    commands = {
        HOOK: [sys.executable, "-m", "console", "agi", "--config", str(config)],
        NO_OP: [sys.executable, "-m", "tests.bench.segment_hook", "no-op"],
    }
    running = []
    with (harness.state_dir / "servers.log").open("w") as log:
        try:
            for port, command in commands.items():
                running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
                address = (f"{NET}.4", port)
                wait_until(lambda a=address: a in listening("tcp"), 60, f"{command[-1]} listens")  # type: ignore[misc]
            yield
        finally:
            for server in running:
                server.send_signal(signal.SIGTERM)
                server.wait(20)


async def measure(secret: str) -> list[Held]:
    """One call after the other, the first ones not counted."""
    numbers = cycle(contact.devices[0].address for contact in customers())
    extensions = cycle(EXTENSIONS)
    async with manager(f"{NET}.1", "secondpass", secret) as ami:
        return [
            await call(ami, f"bench-{n}", next(extensions), next(numbers)) for n in range(WARM_UP + CALLS)
        ][WARM_UP:]


async def call(ami: Ami, identity: str, extension: str, number: str) -> Held:
    """Place one call; raises unless both servers set what they are to set."""
    since = len(ami.events)
    await ami.originate(
        "Local/s@quiet/n", identity, Context="bench", Exten=extension, Variable=f"NUMBER={number}"
    )
    told = await ami.event("UserEvent", since, UserEvent="Held", Uniqueid=identity)
    await ami.event("Hangup", since, Uniqueid=identity)
    status, queue, *customer = told[f"TOLD_{HOOK}"].split()
    assert (status, bool(queue)) == ("SUCCESS", True), told
    assert told[f"TOLD_{NO_OP}"].startswith("SUCCESS retention"), told
    return Held(held(told, HOOK), held(told, NO_OP), decided=bool(customer))


def held(told: Message, port: int) -> float:
    return (float(told[f"ENDED_{port}"]) - float(told[f"BEGAN_{port}"])) * 1000


async def check_ledger() -> None:
    """Nobody is quick by leaving out: calls have their two lines, and some were re-associated."""
    store = await opened()
    kinds = [line["kind"] for _, line in await store.ledger(count=10_000)]
    await store.close()
    asked = WARM_UP + CALLS
    moved = kinds.count(Kind.RE_ASSOCIATED)
    assert kinds.count(Kind.CALL_ENTERED) >= DECIDED * asked
    assert moved + kinds.count(Kind.DECISION) >= DECIDED * asked
    assert moved >= asked / 10


async def serve_no_op() -> None:
    async def segment(session: AgiSession) -> None:
        for name, value in VARIABLES.items():
            await session.set_variable(name, value)

    token = os.environ["SECONDPASS_FASTAGI_TOKEN"]
    allow = [ip_network("127.0.0.0/8")]
    await FastAgiServer(f"{NET}.4", NO_OP, allow=allow, token=token, routes={"segment": segment}).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve_no_op())
    else:
        for line in run():
            print(line)
