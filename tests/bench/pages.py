"""What open live pages cost callers: the segment hook's decisions at 20 calls a second on one real Asterisk,
while nobody watches, while 200 pages watch figures of which every look brings new ones, and without them
again; and that those who take nothing are cut off.

The hook, the console and the pages are a process each. Twenty of the pages never read.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from console.web.access import digest, new_token
from strategies.store import QueueFigures, Store
from strategies.store.tokens import Token
from tests.bench.segment_hook import (
    NET,
    PROJECT,
    QUIET,
    SETTINGS,
    TENANT,
    WARM_UP,
    Calls,
    Held,
    dialplan,
    import_customers,
    opened,
    p99,
    servers,
)
from tests.bench.segment_models import published
from tests.telephony.telephony_wire import manager

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docker"))

from harness import Harness, listening  # noqa: E402
from harness_engine import ensure_engine, wait_until  # noqa: E402
from harness_images import build  # noqa: E402

from tests.bench.dialing import cpu_of  # noqa: E402

PORT = 8080
CALLS_A_SECOND, CALLS = 20, 200
READING, SLOW = 180, 20
QUEUES = 40
PUBLISHED_EVERY = 0.5  # seconds, as the bridge does
DROPPED_WITHIN = 40.0  # seconds until whoever reads nothing is cut off
DROPPED = "secondpass_live_readers_dropped_total"


@dataclass(frozen=True, slots=True)
class Watched:
    """The calls while nobody watched before and after, and while the pages did; events that the busiest and
    the idlest page took, pages that were cut off though they read, and those that did not and were; processor
    seconds of the console for each second."""

    before: Sequence[Held]
    during: Sequence[Held]
    after: Sequence[Held]
    fewest: int
    most: int
    wrongly_cut: int
    cut: int
    console: float


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about eighty seconds."""
    ensure_engine()
    build(secondpass=False)
    harness = Harness(NET, PROJECT, ROOT / "build" / f"harness-{PROJECT}")
    try:
        harness.up("redis", "asterisk")
        harness.add_dialplan("bench", QUIET + "".join(dialplan(harness)))
        asyncio.run(import_customers())
        published(harness.state_dir / "data" / "models")
        with servers(harness), console(harness) as process:
            watched = asyncio.run(measure(harness, process.pid))
    finally:
        harness.down()
    return list(rows(watched))


def rows(watched: Watched) -> Iterator[dict[str, object]]:
    """Latencies beside those of the same run without pages, of which the two stretches tell the noise."""
    pages = f"{READING + SLOW} open pages"
    sides: dict[str, Callable[[Held], float]] = {
        "server side": lambda one: one.inside,
        "as Asterisk sees it": lambda one: one.hook,
    }
    for side, time_of in sides.items():
        before, during, after = (
            [time_of(one) for one in calls] for calls in (watched.before, watched.during, watched.after)
        )
        for name, figure in (("median", median), ("p99", p99)):
            alone = figure([*before, *after])
            yield {
                "name": f"segment hook, {CALLS_A_SECOND} calls/s beside {pages}, {side}, {name}",
                "value": round(figure(during), 2),
                "unit": "ms",
                "peer": round(alone, 2),
                "peer_name": f"no page; before {figure(before):.2f}, after {figure(after):.2f}",
                "ratio": round(figure(during) / alone, 2),
            }
    yield {
        "name": f"{pages}, processor of the console",
        "value": round(watched.console * 100, 1),
        "unit": "% of one",
    }
    assert watched.wrongly_cut == 0, f"{watched.wrongly_cut} pages that read were cut off"
    assert watched.fewest > 0, "a page that reads was told nothing"
    yield {
        "name": f"events that each of {READING} pages that read took, fewest",
        "value": watched.fewest,
        "unit": "events",
        "peer": watched.most,
        "peer_name": "most",
        "ratio": round(watched.fewest / watched.most, 2),
    }
    yield {
        "name": "pages that never read, cut off",
        "value": watched.cut,
        "unit": "pages",
        "peer": SLOW,
        "peer_name": "of",
        "ratio": round(watched.cut / SLOW, 2),
    }


async def measure(harness: Harness, console_pid: int) -> Watched:
    """Calls without, with and again without pages."""
    async with manager(f"{NET}.1", "secondpass", harness.secret("SECONDPASS_AMI_SECRET")) as ami:
        calls, store = Calls(ami), await opened()
        token = new_token()
        await store.add_token(digest(token), Token("pages", "viewer", time.time()))
        changing = asyncio.create_task(change(store))
        try:
            await calls.at(CALLS_A_SECOND, WARM_UP)
            before = await calls.at(CALLS_A_SECOND, CALLS)
            with readers(token) as pages:
                await asyncio.to_thread(said, pages, "open")
                used, began = cpu_of(console_pid), time.monotonic()
                during = await calls.at(CALLS_A_SECOND, CALLS)
                spent = (cpu_of(console_pid) - used) / (time.monotonic() - began)
                await dropped(SLOW)
                fewest, most, wrongly, cut = map(int, (await asyncio.to_thread(told_by, pages)).split())
            after = await calls.at(CALLS_A_SECOND, CALLS)
        finally:
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)
            await store.close()
    return Watched(before, during, after, fewest, most, wrongly, cut, spent)


async def change(store: Store) -> None:
    """Figures of queues as the bridge writes them, other ones each time."""
    for nth in itertools.count():
        for queue in range(QUEUES):
            figures = QueueFigures(waiting=nth % 7, agents_free=3, longest_wait=nth / 10, at=time.time())
            await store.put_queue_figures(f"queue_{queue:02}", figures)
        await asyncio.sleep(PUBLISHED_EVERY)


@contextmanager
def console(harness: Harness) -> Iterator[subprocess.Popen[bytes]]:
    """The console's process, listening."""
    config = harness.state_dir / "console"
    config.mkdir(exist_ok=True)
    settings = SETTINGS.format(net=NET, port=PORT, data=harness.state_dir / "data", tenant=TENANT)
    (config / "settings.yaml").write_text(f"{settings}console: {{host: {NET}.4, port: {PORT}}}\n")
    with (harness.state_dir / "console.log").open("w") as log:
        command = [sys.executable, "-m", "console", "console", "--config", str(config)]
        environment = {**os.environ, **harness.environment()}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: (f"{NET}.4", PORT) in listening("tcp"), 60, "the console listens")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@contextmanager
def readers(token: str) -> Iterator[subprocess.Popen[str]]:
    """All pages, in a process of their own."""
    script = Path(__file__).with_name("page_readers.py")
    words = (f"{NET}.4", str(PORT), token, str(READING), str(SLOW))
    pages = subprocess.Popen(
        [sys.executable, script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield pages
    finally:
        pages.kill()
        pages.wait()


def said(pages: subprocess.Popen[str], word: str) -> None:
    """Wait for its next line, which is this one."""
    assert pages.stdout is not None
    line = pages.stdout.readline().strip()
    assert line == word, f"the pages said {line!r} instead of {word}"


def told_by(pages: subprocess.Popen[str]) -> str:
    """What it tells when it is asked."""
    assert pages.stdin is not None
    assert pages.stdout is not None
    pages.stdin.write("tell\n")
    pages.stdin.flush()
    return pages.stdout.readline()


async def dropped(how_many: int) -> None:
    """Wait until the console has counted so many as dropped, or for long enough."""
    ends = time.monotonic() + DROPPED_WITHIN
    while await asyncio.to_thread(dropped_so_far) < how_many and time.monotonic() < ends:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(1.0)


def dropped_so_far() -> float:
    """What the console tells Prometheus."""
    with urllib.request.urlopen(f"http://{NET}.4:{PORT}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(DROPPED))
