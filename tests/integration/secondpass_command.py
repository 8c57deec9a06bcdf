"""Runs the real command `secondpass` over a configuration of the test's own, with its embedded store."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.cli import main
from strategies.store import QueueFigures, Store

ROOT = Path(__file__).parents[2]
# Another one for each process of tests: on some of these addresses the port is always the same.
NET = f"127.0.{38 + int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])}"


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the JSON document it must be."""
        return json.loads(self.out)


def _run(arguments: list[str]) -> Said:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True, slots=True)
class Secondpass:
    """The command over the configuration in `config`."""

    config: Path

    def __call__(self, *arguments: str | Path) -> Said:
        """Run one command to its end; in a thread, since it has an event loop of its own."""
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(_run, ["--config", str(self.config), *map(str, arguments)]).result(
                timeout=60
            )

    def start(self, *arguments: str, **secrets: str) -> subprocess.Popen[str]:
        """The command as a process of its own, left running, with these in its environment."""
        command = [sys.executable, "-m", "console", *arguments, "--config", str(self.config)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment(), **secrets},
            cwd=ROOT,
        )

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SECONDPASS_")}
        return {**kept, "SECONDPASS_AMI_SECRET": "secret", "SECONDPASS_TOKEN": "token", "COLUMNS": "200"}

    @property
    def data_dir(self) -> Path:
        """Where the embedded store of this configuration keeps its files."""
        return self.config.parent / "var"


SETTINGS = f"""\
asterisk:
  ami: {{host: {NET}.1}}
  fastagi: {{host: {NET}.4}}
  trunks:
    carrier: {{dial: "PJSIP/{{number}}@carrier", channels: 10}}
data_dir: ../var
"""
CALLS = """\
campaign: calls
purpose: service
country: US
zone: America/New_York
caller_id: "+12125550100"
agents: collections
lists: [march]
debt: account
order: ["-contact.balance"]
response_groups: {promised: [pressed_1]}
strategy:
  passes:
    - {name: live, medium: dialer, devices: [mobile], where: "contact.balance > 10"}
"""


MARCH = "contact_id,mobile,balance\n1,+12025550101,20\n2,+12025550102,300\n3,+12025550103,5\n"


def where_it_is_noon() -> str:
    """A zone in which nobody is called at night, and midnight is never near."""
    return f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"


def imported(folder: Path, people: str = MARCH) -> Secondpass:
    """`configured`, with these people on the list `march`."""
    command = configured(folder)
    (folder / "march.csv").write_text(people)
    assert command("list", "import", "march", folder / "march.csv").code == 0
    return command


async def tell_queues(store: Store, *names: str) -> None:
    """What the bridge does several times a second."""
    for name in names:
        await store.put_queue_figures(name, QueueFigures(agents_free=2, at=time.time()))


async def started(secondpass: Secondpass, store: Store) -> Secondpass:
    """The command, with calls/1 running."""
    await tell_queues(store, "collections")
    said = secondpass("campaign", "start", "calls")
    assert said.code == 0, said.err
    return secondpass


def configured(folder: Path) -> Secondpass:
    """A configuration with one campaign, `calls` over the list `march`; its data lie in `folder` too."""
    config = folder / "config"
    (config / "campaigns").mkdir(parents=True)
    (config / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (config / "campaigns" / "calls.yaml").write_text(CALLS, encoding="utf-8")
    return Secondpass(config)
