"""`make demo`: brings the harness up, runs a campaign and inbound calls on it, prints what happened,
and takes all of it down."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness import Harness, ensure_ready  # noqa: E402
from harness_records import CallsIn  # noqa: E402
from people import callers, noon_zone, people, write_list  # noqa: E402  (the harness's folder is no package)
from report import Seen, Summary, summarise  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.live import Live  # noqa: E402
from rich.table import Table  # noqa: E402

from strategies.ledger import Counters, recount  # noqa: E402
from strategies.store import Store  # noqa: E402

BUILD = ROOT / "build" / "demo"
SUB = "demo/1"
CALLS, CALLS_PER_SECOND = 40, 1.0
LONGEST = 240.0  # seconds the campaign may take
console = Console()


def main() -> int:
    """Exit status 0 when every check holds; the harness is down at the end in any case."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    harness = Harness(net="127.0.10", project="secondpass", state_dir=BUILD / "state")
    began = time.monotonic()
    ensure_ready()
    try:
        console.print("[bold]Starting[/] Asterisk, carrier, agents, Redis and secondpass")
        harness.up()
        for who, where in harness.addresses().items():
            console.print(f"  {who:<20} {where}")
        summary = asyncio.run(_run(harness))
    finally:
        harness.down()
    (BUILD / "summary.json").write_text(json.dumps(summary.figures, indent=2) + "\n")
    _show(summary)
    console.print(f"{time.monotonic() - began:.0f} s; figures in {BUILD.relative_to(ROOT)}/summary.json")
    return 1 if summary.failed else 0


async def _run(harness: Harness) -> Summary:
    rows = people(noon_zone(datetime.fromtimestamp(time.time(), UTC)))
    write_list(BUILD / "people.csv", rows)
    _secondpass(harness, "list", "import", "demo", str(BUILD / "people.csv"))
    _secondpass(harness, "campaign", "start", "demo")
    store = await Store.open(f"redis://{harness.net}.3:6379", BUILD, "demo")
    try:
        inbound = asyncio.create_task(
            asyncio.to_thread(harness.call_in, callers(rows, CALLS), CALLS_PER_SECOND)
        )
        await _watch(store, inbound)
        counted = await inbound
        await _until_quiet(harness)
        ledger = [line for _, line in await store.ledger(count=100_000)]
        recounted = recount(line for line in ledger if line.get("campaign") == SUB)
        return summarise(
            Seen(
                ledger=ledger,
                carrier=harness.carrier_records(),
                queue_log=harness.queue_log(),
                contacts=len(rows),
                inbound_calls=counted.calls,
                channels_left=harness.channels(),
                ledger_equals_counters=recounted == await store.counters(SUB),
            )
        )
    finally:
        await store.close()


def _secondpass(harness: Harness, *arguments: str) -> None:
    """One command as a user would type it."""
    command = [str(ROOT / ".venv/bin/secondpass"), "--config", str(harness.configuration), *arguments]
    console.print(f"[dim]$ secondpass {' '.join(arguments)}[/]")
    subprocess.run(command, check=True, env={**harness.environment(), "PATH": "/usr/bin:/bin"})


async def _watch(store: Store, inbound: asyncio.Task[CallsIn]) -> None:
    """Show figures until nobody is left to call and the inbound calls are over, or LONGEST has passed."""
    ends = time.monotonic() + LONGEST
    with Live(console=console, refresh_per_second=2) as live:
        while time.monotonic() < ends:
            counters = await store.counters(SUB)
            live.update(_progress(counters, inbound.done()))
            sub = await store.sub(SUB)
            if inbound.done() and sub is not None and sub.run_state == "completed":
                return
            await asyncio.sleep(0.5)


async def _until_quiet(harness: Harness) -> None:
    """Wait for the last call to be hung up, 15 s at most; what is left then is counted."""
    for _ in range(30):
        if await asyncio.to_thread(harness.channels) == 0:
            return
        await asyncio.sleep(0.5)


def _progress(counters: Counters, inbound_over: bool) -> Table:
    table = Table(title="demo/1, live", show_header=False, min_width=60)
    table.add_row("people", f"{counters.ended} of {counters.contacts} done")
    table.add_row("attempts", f"{counters.attempts}, {counters.in_progress} in progress")
    for result, count in sorted(counters.by_result.items()):
        table.add_row(f"  {result}", str(count))
    recovered = sum(counters.reached.values())
    table.add_row("recoveries", f"{sum(counters.triggered.values())}, {recovered} reached")
    table.add_row("inbound calls", "over" if inbound_over else "coming in")
    return table


def _show(summary: Summary) -> None:
    table = Table(title="What happened", min_width=72)
    table.add_column("part")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for part, figures in summary.figures.items():
        for name, value in figures.items():
            shown = (
                ", ".join(f"{key} {count}" for key, count in value.items())
                if isinstance(value, dict)
                else str(value)
            )
            table.add_row(part, name, shown)
        table.add_section()
    console.print(table)
    for failed in summary.failed:
        console.print(f"[red]does not hold:[/] {failed}")


if __name__ == "__main__":
    raise SystemExit(main())
