"""Importing a list: rows a second of the real command with three numbers in each row, the memory of every
process it takes, and what a contact costs the store.

The peer reads and checks the same rows in one process as one does at first: csv.DictReader and phonenumbers,
and stores nothing. SECONDPASS_BENCH_ROWS asks for another size, such as 1000000.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import phonenumbers

from strategies.campaign import Campaign, Pass
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.vocabulary import Medium, RunState

ROOT = Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("SECONDPASS_BENCH_ROWS", "100000"))
PEER_ROWS = 3000
AREAS = ("212", "305", "415", "617", "702", "808", "213", "312", "404", "503")
NAMES = ("Ada", "Bo", "Chiara", "Dmitri", "Élodie", "Fatima", "Grace", "Hông", "Ines", "Jörg")
ATTRIBUTES = ("account", "first_name", "last_name", "balance", "due_date")
MORE = ("product", "language", "risk", "agent", "plan")
COLUMNS = ("contact_id", "mobile", "home", "work", *ATTRIBUTES, *MORE)
SETTINGS = "tenant: bench\ndata_dir: {data}\nnumbers: {{countries: [US]}}\n"


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; about a quarter of a minute for the default size."""
    with tempfile.TemporaryDirectory(prefix="sp-import-") as folder:
        return asyncio.run(measured(Path(folder)))


async def measured(folder: Path) -> list[dict[str, object]]:
    """The rows, measured on an embedded store of its own."""
    list_file = folder / "people.csv"
    write_people(list_file, ROWS)
    config = folder / "config"
    (config / "campaigns").mkdir(parents=True)
    (config / "settings.yaml").write_text(SETTINGS.format(data=folder / "var"), encoding="utf-8")
    store = await Store.open(None, folder / "var", "bench")
    try:
        empty = await used_memory(store)
        worked = await cpu_seconds(store)
        took, peaks = await asyncio.to_thread(imported, config, list_file, folder / "var")
        worked = await cpu_seconds(store) - worked
        held = await mean_call(store)
        assert await store.lists() == {"people": ROWS}
        kept = (await used_memory(store) - empty) / ROWS
        await enrolled(store)
        in_all = (await used_memory(store) - empty) / ROWS
    finally:
        await store.close()
    rate, peer = ROWS / took, peer_rate(list_file)
    return [
        {
            "name": f"list import, {ROWS:,} rows with 3 numbers",
            "value": round(rate),
            "unit": "rows/s",
            "peer": round(peer),
            "peer_name": "csv.DictReader and phonenumbers, nothing stored",
            "ratio": round(rate / peer, 1),
        },
        {"name": "list import, CPU of all processes", "value": round(worked / ROWS * 1e6), "unit": "us/row"},
        {"name": "list import, the store held by a batch, mean", "value": held, "unit": "ms"},
        *(
            {"name": f"list import, peak memory: {who}", "value": mb, "unit": "MB"}
            for who, mb in peaks.items()
        ),
        {"name": "store, a contact on a list", "value": round(kept), "unit": "bytes"},
        {"name": "store, the same enrolled in a campaign", "value": round(in_all), "unit": "bytes"},
    ]


def write_people(path: Path, rows: int) -> None:
    """A list as a customer system exports it: quotes in every tenth row, numbers written in three ways."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(people(rows, dice))


def people(rows: int, dice: random.Random) -> Iterator[tuple[str, ...]]:
    """The rows."""
    for n in range(rows):
        last = f"van den Berg{n % 977}" if n % 10 else f"Smith, Jr. {n % 977}"
        yield (
            f"C{n:07}",
            *(number(dice) for _ in range(3)),
            f"A-{n % 100_000:06}",
            NAMES[n % len(NAMES)],
            last,
            f"{dice.randrange(10_000, 900_000) / 100:.2f}",
            f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            ("loan", "card", "mortgage")[n % 3],
            ("en", "es")[n % 2],
            str(n % 9),
            f"agent{n % 40}",
            ("basic", "plus")[n % 2],
        )


def number(dice: random.Random) -> str:
    """A number of the United States, with a plus, without, or as people write it."""
    area, line = dice.choice(AREAS), dice.randrange(2_000_000, 9_999_999)
    match line % 3:
        case 0:
            return f"+1{area}{line}"
        case 1:
            return f"{area}{line}"
    return f"({area}) {line // 10_000}-{line % 10_000:04}"


def imported(config: Path, list_file: Path, data_dir: Path) -> tuple[float, dict[str, float]]:
    """Run the command; seconds, and the peak of each kind of process in MB."""
    command = [sys.executable, "-m", "console", "list", "import", "people", str(list_file), "--json"]
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, "--country", "US", "--config", str(config)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as running:
        peaks: dict[str, float] = {}
        while running.poll() is None:
            note_peaks(peaks, running.pid, data_dir)
            time.sleep(0.1)
        took = time.perf_counter() - began
        said = json.load(running.stdout) if running.stdout else {}
    assert said["imported"] == ROWS, said
    return took, {who: round(kilobytes / 1024, 1) for who, kilobytes in peaks.items()}


def note_peaks(peaks: dict[str, float], parent: int, data_dir: Path) -> None:
    """The most memory the command, its readers and the server have had so far, in kB."""
    named = {"command": [parent], "reader": children(parent)}
    server = data_dir / "store" / "server.pid"
    if server.exists():
        named["store"] = [int(server.read_text())]
    for who, processes in named.items():
        for process in processes:
            peaks[who] = max(peaks.get(who, 0), high_water(process))


def children(parent: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def high_water(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


async def used_memory(store: Store) -> int:
    return int((await store._redis.info("memory"))["used_memory"])


async def cpu_seconds(store: Store) -> float:
    """What the store's server, and the commands that have ended, have worked: what a busy machine changes
    less."""
    server = await store._redis.info("cpu")
    commands = getrusage(RUSAGE_CHILDREN)
    return float(server["used_cpu_user"] + server["used_cpu_sys"] + commands.ru_utime + commands.ru_stime)


async def mean_call(store: Store) -> float:
    """Milliseconds of a function's call so far, by the clock: on a busy machine more than it worked."""
    calls = (await store._redis.info("commandstats"))["cmdstat_fcall"]
    return round(float(calls["usec_per_call"]) / 1000, 1)


async def enrolled(store: Store) -> None:
    """Put everybody into a campaign."""
    campaign = Campaign(
        name="spring",
        purpose="service",
        country="US",
        caller_id="+12125550100",
        queue="collections",
        passes=(Pass("reminder", Medium.AVM, devices=("mobile", "home", "work")),),
        zone="America/New_York",
        lists=("people",),
    )
    sub = SubCampaign("spring/1", campaign, campaign.lists, RunState.RUNNING, time.time())
    await store.create_sub(sub)
    members = await store.list_members("people")
    assert await store.enrol(sub, members) == ROWS


def peer_rate(list_file: Path) -> float:
    """Rows a second of the plain way."""
    began, rows = time.perf_counter(), 0
    with list_file.open(encoding="utf-8", newline="") as file:
        for row in islice(csv.DictReader(file), PEER_ROWS):
            for kind in ("mobile", "home", "work"):
                parsed = phonenumbers.parse(row[kind], "US")
                assert phonenumbers.is_valid_number(parsed)
                phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            rows += 1
    return rows / (time.perf_counter() - began)


if __name__ == "__main__":
    for row in run():
        print(row)
