"""Attempts a second from the pacing's decision to the INVITE at the carrier, sustained, against what the same
Asterisk and carrier do for a bare Originate loop in the same run.

Both keep IN_FLIGHT calls under way, two of three to a number that is busy, the third to somebody who answers
and hangs up a second later, into the same dialplan; the carrier's own records say when each INVITE came. The
bridge is the process that dials for real, on the Redis of the harness: every intent is on its disk first. The
bare loop is measured before and after each of its RUNS, and a run's peer is the mean of both: as the machine
grows faster or slower meanwhile, so does what it is compared with. Told is the run whose ratio is the middle
one, and the ratios of the others.

Where the processors are the limit, the bridge is one thread among fifty of Asterisk's, and whatever else the
machine is at slows it first. What everything together spends on an attempt, Asterisk, carrier and store
included, depends less on that, and is told beside the rates.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median, quantiles

ROOT = Path(__file__).resolve().parents[2]
for folder in ("docker", "docker/demo", "tests/telephony"):
    sys.path.append(str(ROOT / folder))

from harness import Harness  # noqa: E402
from harness_engine import ensure_engine  # noqa: E402
from harness_engine import run as run_command  # noqa: E402
from harness_images import build  # noqa: E402
from people import noon_zone  # noqa: E402
from secondpass_server import COMMAND, Server, Site, make_site, until  # noqa: E402

from tests.bench.originates import number  # noqa: E402

NET = os.environ.get("SP_BENCH_NET", "127.0.60")
PROJECT = os.environ.get("SP_BENCH_PROJECT", "sp-bench")
IN_FLIGHT = 500  # calls under way at once: so many that Asterisk is the limit, and not who waits for a place
BARE = 8.0  # seconds of each bare loop
WARM = 2.0  # seconds until everything is under way
SUSTAINED = 10.0  # seconds measured of each run
RUNS = 3  # of the bridge, each between two of the bare loop
PEOPLE = 9000  # more than can be called meanwhile
SERVICES = ("redis", "carrier", "asterisk")
TICKS = os.sysconf("SC_CLK_TCK")

CAMPAIGN = f"""
campaign: demo
purpose: service
country: US
caller_id: "+12125550100"
agents: collections
lists: [demo]
zone: America/New_York
consent: {{basis: express, source: the people of the measurement are a dialplan, date: 2026-01-01}}
caps: {{channels: {IN_FLIGHT}}}
strategy: {{passes: [{{name: calls, medium: avm, script: reminder, devices: [mobile]}}]}}
"""


@dataclass(frozen=True, slots=True)
class Dialled:
    """INVITEs a second, seconds of processor time for each call (`all_cpu`: of everything that runs for it),
    and from decision to INVITE the median and 99th percentile in seconds."""

    rate: float
    cpu: float
    all_cpu: float
    typical: float = 0.0
    slow: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One of the bridge, and the bare loop around it."""

    ours: Dialled
    peer: Dialled

    @property
    def ratio(self) -> float:
        return self.ours.rate / self.peer.rate


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about two minutes and a half."""
    ensure_engine()
    build(secondpass=False)
    harness = Harness(NET, PROJECT, ROOT / "build" / "harness-bench")
    try:
        harness.up(*SERVICES)
        return list(rows(sorted(measured(harness), key=lambda run: run.ratio)))
    finally:
        harness.down()


def measured(harness: Harness) -> Iterator[Run]:
    before = bare(harness)
    for _ in range(RUNS):
        ours, after = asyncio.run(bridge(harness)), bare(harness)
        yield Run(ours, Dialled(*(mean(both) for both in zip(astuple(before), astuple(after), strict=True))))
        before = after


def rows(runs: Sequence[Run]) -> Iterator[dict[str, object]]:
    middle = runs[len(runs) // 2]
    ours, peer = middle.ours, middle.peer
    name = f"attempts with {IN_FLIGHT} calls under way"
    yield {
        "name": f"{name}, from pacing to INVITE, over {SUSTAINED:.0f} s",
        "value": round(ours.rate, 1),
        "unit": "a second",
        "peer": round(peer.rate, 1),
        "peer_name": "bare Originate loop",
        "ratio": round(middle.ratio, 2),
    }
    for which, other in (("lowest", runs[0]), ("highest", runs[-1])):
        yield {
            "name": f"{name}, {which} ratio of {RUNS} runs",
            "value": round(other.ratio, 2),
            "unit": "of it",
        }
    yield {
        "name": f"{name}, processor time of the bridge",
        "value": round(ours.cpu * 1000, 2),
        "unit": "ms each",
        "peer": round(peer.cpu * 1000, 2),
        "peer_name": "bare Originate loop",
        "ratio": round(ours.cpu / peer.cpu, 1),
    }
    yield {
        "name": f"{name}, processor time with Asterisk, carrier and store",
        "value": round(ours.all_cpu * 1000, 2),
        "unit": "ms each",
        "peer": round(peer.all_cpu * 1000, 2),
        "peer_name": "bare Originate loop",
        "ratio": round(ours.all_cpu / peer.all_cpu, 2),
    }
    yield {"name": f"{name}, decision to INVITE, median", "value": round(ours.typical * 1000), "unit": "ms"}
    yield {"name": f"{name}, decision to INVITE, p99", "value": round(ours.slow * 1000), "unit": "ms"}


def bare(harness: Harness) -> Dialled:
    """The loop in a process of its own."""
    began, used = time.time(), cpu_of_services(harness)
    secret = harness.secret("SECONDPASS_AMI_SECRET")
    loop = Path(__file__).with_name("originates.py")
    words = (f"{harness.net}.1", secret, str(IN_FLIGHT), str(BARE))
    done = subprocess.run([sys.executable, loop, *words], check=True, capture_output=True, text=True)
    asked, cpu = done.stdout.split()
    invites = wait_for_records(harness, began, int(asked))
    around = (cpu_of_services(harness) - used) / len(invites)
    first = invites[0] + 1.0
    return Dialled(rate(invites, first, first + BARE - 2), float(cpu), float(cpu) + around)


def wait_for_records(harness: Harness, since: float, most: int) -> list[float]:
    """The moments of all INVITEs since then, once the carrier has written them down."""
    ends = time.monotonic() + 10
    while True:
        found = sorted(call.start for call in harness.carrier_records() if call.start >= since)
        if len(found) >= most or time.monotonic() > ends:
            return found
        time.sleep(0.2)


def rate(moments: Sequence[float], first: float, last: float) -> float:
    """How many a second there were in [first, last)."""
    return sum(first <= moment < last for moment in moments) / (last - first)


async def bridge(harness: Harness) -> Dialled:
    """A campaign that dials as fast as its caps allow, by the process that does so in earnest."""
    site = make_site(harness, "dialing")
    (site.config / "campaigns" / "demo.yaml").write_text(CAMPAIGN, encoding="utf-8")
    site.change("settings.yaml", ", channels: 100, calls_per_second: 10", "")
    zone = noon_zone(datetime.fromtimestamp(time.time(), UTC))
    await site.imports([{"mobile": number(n), "zone": zone} for n in range(PEOPLE)])
    with Server(site, (str(COMMAND), "--config", str(site.config), "bridge")) as server:
        await started(site, server)
        await asyncio.sleep(WARM)
        began, used, around = time.time(), cpu_of(server.process.pid), cpu_of_services(harness)
        await asyncio.sleep(SUSTAINED)
        ended, spent = time.time(), cpu_of(server.process.pid) - used
        around = cpu_of_services(harness) - around
        assert await server.stop() == 0
    calls = {call.number: call.start for call in site.carrier()}
    async with site.store() as store:
        decided = [
            (str(line["address"]), float(str(line["at"])))
            for _, line in await store.ledger(count=100_000)
            if line["kind"] == "attempt_started"
        ]
    took = [calls[number] - at for number, at in decided if began <= at < ended and number in calls]
    made = rate(sorted(calls.values()), began, ended)
    many = made * (ended - began)
    return Dialled(made, spent / many, (spent + around) / many, median(took), quantiles(took, n=100)[98])


async def started(site: Site, server: Server) -> None:
    """The bridge has seen Asterisk's queues, and the campaign runs."""
    async with site.store() as store:

        async def seen() -> bool:
            assert server.process.poll() is None, server.logged()
            return bool((await store.caller(None)).queues)

        await until(seen, 40, "the bridge has seen the queues")
    await site.does("campaign", "start", "demo")


def cpu_of_services(harness: Harness) -> float:
    """Seconds of processor time that Asterisk, carrier and store have used."""
    names = [harness.container(service) for service in SERVICES]
    pids = run_command(["docker", "inspect", "-f", "{{.State.Pid}}", *names]).stdout.split()
    return sum(cpu_of(int(pid)) for pid in pids)


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
