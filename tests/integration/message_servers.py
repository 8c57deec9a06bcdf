"""The mail server and the text gateway as processes of their own, and what they got."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Server:
    """A running one: its port, what it got, and what it is told to do."""

    port: int
    records: Path
    control: Path

    def got(self) -> list[dict[str, Any]]:
        """Everything it took, in order."""
        if not self.records.exists():
            return []
        return [json.loads(line) for line in self.records.read_text(encoding="utf-8").splitlines()]

    def fresh(self) -> Server:
        """As if just started: nothing got, nothing told."""
        self.records.unlink(missing_ok=True)
        self.control.unlink(missing_ok=True)
        return self

    def told(self, **wishes: dict[str, Any]) -> None:
        """From now on it does so: recipient (`all` for everybody) to what becomes of their messages."""
        written = self.control.with_suffix(".new")
        written.write_text(
            json.dumps({"*" if k == "all" else k: v for k, v in wishes.items()}), encoding="utf-8"
        )
        os.replace(written, self.control)


@contextmanager
def running(
    script: str, folder: Path, *options: str, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Server]:
    """The server of this script, ended afterwards."""
    records, control = folder / f"{script}.jsonl", folder / f"{script}.json"
    command = [sys.executable, str(HERE / f"{script}.py"), "--listen", f"{host}:{port}"]
    command += ["--records", str(records), "--control", str(control), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(json.loads(process.stdout.readline())["port"], records, control)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
