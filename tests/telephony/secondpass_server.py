"""secondpass as real processes over the harness: a configuration with a tenant of its own, the command line,
servers that can be killed, frozen and stopped. What came of their calls is looked at by accounts.py."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import Harness, listening
from harness_engine import run
from harness_records import CarrierCall
from people import noon_zone

from console.cli import main
from strategies.store import Store

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / ".venv" / "bin" / "secondpass"
CONSOLE = "console: {host: NET.4, port: 8080}\n"
READY = 30.0  # seconds until all processes work, on a quiet machine
SLOWER = 3.0  # times a machine may be, on which other calls and other processes go on

_tenants = itertools.count(1)
_numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(140))


def logs(harness: Harness) -> Path:
    """Where this harness's logs and measurements are kept, also after it is down."""
    folder = ROOT / "build" / "telephony" / harness.project
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own_number(area: str) -> str:
    """A number at the carrier that no other person of this session has; its area code says what happens."""
    return f"+1{area}555{next(_numbers[area]):04}"


def person(mobile: str, home: str = "", **attributes: str) -> dict[str, str]:
    """A row of a list: somebody with whom it is noon now; areas of the numbers, or empty."""
    return {
        "first_name": "Ada",
        "mobile": own_number(mobile) if mobile else "",
        "home": own_number(home) if home else "",
        "zone": noon_zone(datetime.fromtimestamp(time.time(), UTC)),
        "segment": "standard",
        **attributes,
    }


async def until(true: Callable[[], Any], within: float, what: str) -> None:
    """Poll until it is so; `true` may be a coroutine function. AssertionError naming `what`, after as many
    times `within` as a machine may be slower than a quiet one: no machine fails a test by being busy.

    What is dear to ask (a command inside a container is) is asked for less often: calls go on meanwhile.
    """
    ends = time.monotonic() + SLOWER * within
    while True:
        asked = time.monotonic()
        answer = true()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        told = time.monotonic()
        assert told < ends, f"not so within {SLOWER} times {within:g} s: {what}"
        await asyncio.sleep(max(0.1, 2 * (told - asked)))


@dataclass
class Site:
    """One tenant's configuration over the harness; the demo's, with `changes` to its files made."""

    harness: Harness
    config: Path
    tenant: str
    began: float = field(default_factory=time.time)
    secrets: dict[str, str] = field(default_factory=dict)  # in place of the harness's

    @property
    def folder(self) -> Path:
        return self.config.parent

    @property
    def data(self) -> Path:
        """The data directory: Asterisk sees it under the same path, for the prompts."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return logs(self.harness) / f"{self.tenant}.log"

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text in one of the configuration's files, which must be there."""
        path = self.config / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """What secondpass needs in its environment beside what is there."""
        return {**self.harness.environment(), **self.secrets, "COLUMNS": "300"}

    def command(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """One `secondpass` command as a user types it; how it ended and what it said."""
        line = [str(COMMAND), "--config", str(self.config), *map(str, words)]
        return subprocess.run(
            line,
            env={**os.environ, **self.environment()},
            check=False,
            text=True,
            capture_output=True,
            timeout=60,
        )

    async def does(self, *words: str | Path) -> str:
        """A command that must succeed; its output. It runs in a thread of ours: to start a process and load
        everything anew takes it a second, in which real calls go on."""
        code, out, err = await asyncio.to_thread(self._main, [str(word) for word in words])
        assert code == 0, f"secondpass {' '.join(map(str, words))}:\n{out}{err}"
        return out

    def _main(self, words: list[str]) -> tuple[int, str, str]:
        """How the command ended, and what it wrote to standard output and to standard error."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as ours, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment().items():
                ours.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(["--config", str(self.config), *words])
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    async def imports(self, people: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Import these people as the campaign's list; the rows with their contact ids."""
        rows = [{"contact_id": f"P{nth}", **one} for nth, one in enumerate(people)]
        file = self.folder / "people.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(dict.fromkeys(key for row in rows for key in row)))
            writer.writeheader()
            writer.writerows(rows)
        await self.does("list", "import", "demo", file)
        return rows

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        store = await Store.open(f"redis://{self.harness.net}.3:6379", self.data, self.tenant)
        try:
            yield store
        finally:
            await store.close()

    def carrier(self) -> list[CarrierCall]:
        """The carrier's records of the calls since this site is there."""
        return [call for call in self.harness.carrier_records() if call.start >= self.began]

    def keys(self) -> list[str]:
        """Everything of this tenant that is in Redis."""
        return self._redis("KEYS", f"{{{self.tenant}.0}}*").split()

    def lose_store(self) -> None:
        """Everything of this tenant is gone from Redis."""
        self._redis("DEL", *self.keys())

    def lease_runs_out(self) -> None:
        """What a bridge that was killed leaves behind ends by itself after fifteen seconds: skip them."""
        self._redis("DEL", f"{{{self.tenant}.0}}:bridge")

    def _redis(self, *words: str) -> str:
        client = ["redis-cli", "-h", f"{self.harness.net}.3"]
        return run(["docker", "exec", self.harness.container("redis"), *client, *words]).stdout


class Server:
    """A process with its children, in a process group of their own; leaves none of them behind."""

    def __init__(self, site: Site, command: Sequence[str] = ()) -> None:
        """Start `secondpass up` over the site, or this command."""
        self._site = site
        self._log = site.log.open("ab")
        self.began = time.time()
        self.process = subprocess.Popen(
            command or (str(COMMAND), "--config", str(site.config), "up"),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **site.environment()},
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.kill9()
        self._log.close()
        if failed is not None:
            print(f"--- {self._site.log}\n{self.logged()[-6000:]}", file=sys.stderr)

    def logged(self) -> str:
        """All that this site's processes have logged so far."""
        return self._site.log.read_text(encoding="utf-8", errors="replace")

    async def ready(self) -> None:
        """Wait until FastAGI is served and the bridge has seen Asterisk's queues."""
        address = (f"{self._site.harness.net}.4", 4573)
        await until(lambda: self._alive() and address in listening("tcp"), READY, "FastAGI is served")
        async with self._site.store() as store:

            async def bridge_works() -> bool:
                queues = (await store.caller(None)).queues.values()
                return self._alive() and any(figures.at > self.began for figures in queues)

            await until(bridge_works, READY, "the bridge has seen the queues")

    def kill9(self) -> None:
        """SIGKILL to the whole group; none of it is there when this returns."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    async def stop(self) -> int:
        """SIGTERM to the first process, which ends the others; its exit status."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, 30)

    async def died(self, within: float) -> int:
        """Wait for the end that a test has planned; the exit status."""
        return await asyncio.to_thread(self.process.wait, within)

    def freeze(self) -> None:
        """SIGSTOP: sockets stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def _alive(self) -> bool:
        assert self.process.poll() is None, f"it ended with status {self.process.returncode}"
        return True


def make_site(harness: Harness, name: str, *, segments: bool = False, console: bool = False) -> Site:
    """The demo's configuration for a fresh tenant; a prompt is one second of sound and costs nothing.

    Only where asked for are there segments, with the learner that keeps up their models, and the console:
    each is a process more to start.
    """
    tenant = f"{name}{next(_tenants)}"
    folder = harness.state_dir / "sites" / tenant
    shutil.rmtree(folder, ignore_errors=True)
    (logs(harness) / f"{tenant}.log").unlink(missing_ok=True)
    shutil.copytree(ROOT / "docker" / "demo" / "config", folder / "config")
    prompt = _one_second_of_sound(folder / "prompt.wav")
    site = Site(harness, folder / "config", tenant)
    site.change("settings.yaml", "tenant: demo", f"tenant: {tenant}")
    if not segments:
        (site.config / "segments.yaml").unlink()
    if not console:
        site.change("settings.yaml", CONSOLE, "")
    site.change("settings.yaml", "NET.", f"{harness.net}.")
    site.change("settings.yaml", "STATE/data", str(site.data))
    site.change("settings.yaml", '"espeak-ng --stdin -w {wav}"', f'"cp {prompt} {{wav}}"')
    site.change("campaigns/demo.yaml", "[5s]", "[1s]")
    site.change("campaigns/demo.yaml", "delay: 2s", "delay: 1s")
    site.change("scripts/reminder.yaml", "wait: 3s", "wait: 6s")
    harness.carrier("database deltree called")  # whoever is busy when first called is so to each tenant
    return site


def _one_second_of_sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(
            b"".join((1000 * (n % 16 - 8)).to_bytes(2, "little", signed=True) for n in range(8000))
        )
    return path
