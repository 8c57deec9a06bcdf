"""How long the segment hook holds a caller, with three models of forty factors, at 20 and at 100 calls a
second, against a FastAGI session that only sets three variables.

One real Asterisk; each server is a process of its own. The hook's is `secondpass agi` with the harness's
Redis, which writes to its disk at once. Every call asks both servers, in turns each first. Under the higher
load all models are swapped; then one of them is made to take a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from models.registry import activate
from strategies.contacts import Contact, Device
from strategies.store import Store
from tests.bench.segment_models import OUTCOMES, attributes, publish_slow, published
from tests.telephony.telephony_wire import Ami, Message, manager

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docker"))

from harness import Harness, listening  # noqa: E402
from harness_engine import ensure_engine, wait_until  # noqa: E402
from harness_images import build  # noqa: E402

NET = os.environ.get("SP_BENCH_NET", "127.0.40")
PROJECT = os.environ.get("SP_BENCH_PROJECT", "secondpass-bench")
HOOK, NO_OP = 4573, 4574  # ports at {NET}.4
TENANT = "bench"
WARM_UP = 20
LOADS = {20: 200, 100: 600}  # calls a second -> calls
SLOW_CALLS, SLOW_RATE = 60, 20
CUSTOMERS = 100
DEADLINE = 150  # milliseconds, the catalogue's
EXTENSIONS = {"hook-first": (HOOK, NO_OP), "no-op-first": (NO_OP, HOOK)}
PEER = "FastAGI session, 3 SET VARIABLE"
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
data_dir: {data}
numbers: {{countries: [US]}}
"""
SEGMENTS = """
outcomes:
  buys: {value: contact.worth, model: buys}
  pays: {value: contact.worth, model: pays}
  stays: {value: contact.worth, model: stays}
objectives:
  serve: {queue: service, importance: 1}
  sell: {queue: sales, importance: 3, priority: 10, prompt: "Ask about the term deposit."}
  collect: {queue: service, importance: 2, priority: 5}
  keep: {queue: retention, importance: 4, priority: 15}
segments:
  standard: {rank: 9, objective: serve, default: true}
  buyer: {rank: 3, objective: sell, enter: "p.buys >= 0.6 and ev.buys >= 40"}
  debtor: {rank: 4, objective: collect, enter: "p.pays >= 0.8"}
  leaving: {rank: 2, objective: keep, enter: "p.stays < 0.2"}
guards: {margin: 5, promoted_share: {limit: 80%, per: 5m}}
deadline: 150ms
"""


@dataclass(frozen=True, slots=True)
class Held:
    """How long one call was held by each of the two as Asterisk saw it, in milliseconds, and by the hook as
    it saw itself; `by`: the versions that foretold."""

    hook: float
    no_op: float
    inside: float
    by: frozenset[str]
    decided: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """All calls by their load; the no-op's times as it saw itself; the calls of the slow model."""

    loads: Mapping[int, Sequence[Held]]
    no_op: Sequence[float]
    slow: Sequence[Held]


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about a minute and a half, half of it the harness's."""
    ensure_engine()
    build(secondpass=False)
    harness = Harness(NET, PROJECT, ROOT / "build" / f"harness-{PROJECT}")
    try:
        harness.up("redis", "asterisk")
        harness.add_dialplan("bench", QUIET + "".join(dialplan(harness)))
        asyncio.run(import_customers())
        versions = published(harness.state_dir / "data" / "models")
        with servers(harness):
            measured = asyncio.run(measure(harness, versions))
    finally:
        harness.down()
    return [*rows(measured), *whole(measured, versions)]


def rows(measured: Measured) -> Iterator[dict[str, object]]:
    """Times of hook and no-op, as the servers saw them and as Asterisk did."""
    inside = list(measured.no_op)
    for rate, held in measured.loads.items():
        own, inside = inside[: len(held)], inside[len(held) :]
        sides = {
            "server side": ([one.inside for one in held], own),
            "as Asterisk sees it": ([one.hook for one in held], [one.no_op for one in held]),
        }
        for side, (hook, no_op) in sides.items():
            for name, figure in (("median", median), ("p99", p99)):
                yield row(f"segment hook, {rate} calls/s, {side}, {name}", figure(hook), figure(no_op))


def whole(measured: Measured, versions: Mapping[str, tuple[str, str]]) -> Iterator[dict[str, object]]:
    """That nothing was lost by the swap, and nobody held past the deadline by a slow model."""
    busiest = measured.loads[max(LOADS)]
    before, after = ({pair[n] for pair in versions.values()} for n in (0, 1))
    assert any(one.by & before for one in busiest), "calls before the swap"
    assert any(one.by & after for one in busiest), "calls after the swap"
    lost = sum(not one.decided for one in busiest)
    yield {
        **row("calls undecided while all models were swapped at 100 calls/s", lost, len(busiest)),
        "unit": "calls",
        "peer_name": "calls",
    }
    longest = max(one.inside for one in measured.slow)
    yield {**row("longest hold with a model that takes a second", longest, DEADLINE), "peer_name": "deadline"}


def row(name: str, value: float, peer: float) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "ms",
        "peer": round(peer, 3),
        "peer_name": PEER,
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
    """People the models know a good deal of."""
    return [
        Contact(
            f"B{n:03}",
            (Device("mobile", f"+1202555{n:04}"),),
            segment="standard",
            attributes=attributes(n),
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
    config.mkdir(exist_ok=True)
    data = harness.state_dir / "data"
    settings = SETTINGS.format(net=NET, port=HOOK, data=data, tenant=TENANT)
    (config / "settings.yaml").write_text(settings)
    (config / "segments.yaml").write_text(SEGMENTS)
    environment = {**os.environ, **harness.environment()}
    commands = {
        HOOK: [sys.executable, "-m", "console", "agi", "--config", str(config)],
        NO_OP: [
            sys.executable,
            "-m",
            "tests.bench.no_op_sessions",
            NET,
            str(NO_OP),
            str(told_by_no_op(harness)),
        ],
    }
    running = []
    with (harness.state_dir / "servers.log").open("w") as log:
        try:
            for port, command in commands.items():
                running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
                address = (f"{NET}.4", port)
                wait_until(lambda a=address: a in listening("tcp"), 60, f"{command[3]} listens")  # type: ignore[misc]
            yield
        finally:
            for server in running:
                server.send_signal(signal.SIGTERM)
                server.wait(20)


def told_by_no_op(harness: Harness) -> Path:
    return harness.state_dir / "no-op.jsonl"


async def measure(harness: Harness, versions: Mapping[str, tuple[str, str]]) -> Measured:
    """One load after the other, the first calls not counted."""
    models = harness.state_dir / "data" / "models"
    loads: dict[int, Sequence[Held]] = {}
    async with manager(f"{NET}.1", "secondpass", harness.secret("SECONDPASS_AMI_SECRET")) as ami:
        calls = Calls(ami)
        await calls.at(20, WARM_UP)
        for rate, how_many in LOADS.items():
            swapping = asyncio.create_task(
                swap(models, versions, how_many / rate / 2, wanted=rate == max(LOADS))
            )
            loads[rate] = await calls.at(rate, how_many)
            await swapping
        no_op = [json.loads(line) for line in told_by_no_op(harness).read_text().splitlines()][WARM_UP:]
        slow = publish_slow(models, OUTCOMES[-1])
        await calls.until_decided_by(slow)
        return Measured(loads, no_op, await calls.at(SLOW_RATE, SLOW_CALLS))


async def swap(models: Path, versions: Mapping[str, tuple[str, str]], after: float, *, wanted: bool) -> None:
    """Put the second version of every model in use, in the middle of a load."""
    if wanted:
        await asyncio.sleep(after)
        for name, (_, second) in versions.items():
            activate(models, name, second)


class Calls:
    """Places calls at a rate, whatever becomes of those before."""

    def __init__(self, ami: Ami) -> None:
        self._ami = ami
        self._numbers = cycle(contact.devices[0].address for contact in customers())
        self._extensions = cycle(EXTENSIONS)
        self._serial = count()

    async def at(self, rate: float, how_many: int) -> list[Held]:
        """So many calls a second; what became of each."""
        loop = asyncio.get_running_loop()
        began, placed = loop.time(), []
        async with asyncio.TaskGroup() as tasks:
            for n in range(how_many):
                await asyncio.sleep(max(0.0, began + n / rate - loop.time()))
                placed.append(tasks.create_task(self._call()))
        told = [one.result() for one in placed]
        lines = await decided([identity for identity, _ in told])
        return [held(message, lines.get(identity, {})) for identity, message in told]

    async def until_decided_by(self, version: str) -> None:
        """Call now and then until the server has taken this version."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            held_by = await self.at(5, 5)
            if any(version in one.by for one in held_by):
                return
        raise AssertionError("the slow model was never in use")

    async def _call(self) -> tuple[str, Message]:
        """Raises unless both servers set what they are to set."""
        identity = f"bench-{next(self._serial)}"
        since = len(self._ami.events)
        await self._ami.originate(
            "Local/s@quiet/n",
            identity,
            Context="bench",
            Exten=next(self._extensions),
            Variable=f"NUMBER={next(self._numbers)}",
        )
        told = await self._ami.event("UserEvent", since, within=60, UserEvent="Held", Uniqueid=identity)
        status, queue, *_ = told[f"TOLD_{HOOK}"].split()
        assert (status, bool(queue)) == ("SUCCESS", True), told
        assert told[f"TOLD_{NO_OP}"].startswith("SUCCESS retention"), told
        return identity, told


def held(told: Message, lines: Mapping[str, Any]) -> Held:
    decision = lines.get("decision", {})
    by = frozenset(one["version"] for one in decision.get("predictions", {}).values())
    hook, no_op = (
        (float(told[f"ENDED_{port}"]) - float(told[f"BEGAN_{port}"])) * 1000 for port in (HOOK, NO_OP)
    )
    undecided = decision.get("reason") in (None, "deadline", "fault")
    return Held(hook, no_op, float(lines.get("ms", 0.0)), by, decided=not undecided)


async def decided(calls: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each call both of its ledger lines as one: nobody is quick by leaving out. The last may still be on
    its way to the disk."""
    store = await opened()
    wanted, ends = set(calls), time.monotonic() + 10
    try:
        while True:
            found: dict[str, dict[str, Any]] = {}
            after = "-"
            while page := await store.ledger(after, 2_000):
                for _, line in page:
                    if line.get("interaction") in wanted:
                        found.setdefault(line["interaction"], {}).update(line)
                after = page[-1][0]
            whole_ones = [one for one in found.values() if "ms" in one and "decision" in one]
            if len(whole_ones) == len(wanted) or time.monotonic() > ends:
                return found
            await asyncio.sleep(0.2)
    finally:
        await store.close()


if __name__ == "__main__":
    for line in run():
        print(line)
