"""`secondpass up` as a process: its children listen, are started again, and none outlives it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from secondpass_command import NET, Secondpass, configured

AGI = (f"{NET}.4", 4573)
WITHIN = 60.0  # seconds; an import of everything takes two, more on a busy machine


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return configured(tmp_path)


@pytest.fixture
def up(secondpass: Secondpass) -> Iterator[subprocess.Popen[str]]:
    process = secondpass.start("up")
    yield process
    if process.poll() is None:
        process.terminate()
    process.communicate(timeout=WITHIN)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110 - it comes true in another process
            await asyncio.sleep(0.05)


async def listens() -> bool:
    try:
        _, writer = await asyncio.open_connection(*AGI)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def until_it_listens(wanted: bool = True) -> None:
    async with asyncio.timeout(WITHIN):
        while await listens() is not wanted:  # noqa: ASYNC110 - so does this
            await asyncio.sleep(0.05)


def children(parent: int) -> dict[str, int]:
    """The processes `up` started, by what they are: read from /proc, as an admin would see them."""
    found = {}
    for entry in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        words = Path(f"/proc/{entry}/cmdline").read_text().split("\0")
        if "--supervised" in words:
            found[words[words.index("console") + 1]] = int(entry)
    return found


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


async def test_a_killed_server_comes_back_and_a_stop_ends_everything(up: subprocess.Popen[str]) -> None:
    await until_it_listens()
    first = children(up.pid)
    assert set(first) == {"agi", "bridge"}
    os.kill(first["agi"], signal.SIGKILL)
    await until(lambda: children(up.pid).get("agi", first["agi"]) != first["agi"])
    await until_it_listens()
    second = children(up.pid)
    assert second["bridge"] == first["bridge"]

    up.send_signal(signal.SIGTERM)
    _, said = await asyncio.to_thread(up.communicate, timeout=WITHIN)
    assert up.returncode == 0
    assert not any(lives(pid) for pid in (*first.values(), *second.values()))
    events = [json.loads(line)["event"] for line in said.splitlines() if line.startswith("{")]
    assert events.count("up.process_started") == 3
    assert "Traceback" not in said


async def test_no_process_outlives_a_killed_supervisor(
    secondpass: Secondpass, up: subprocess.Popen[str]
) -> None:
    await until_it_listens()
    orphans = children(up.pid)
    orphans["store"] = int((secondpass.data_dir / "store" / "server.pid").read_text())
    up.kill()
    await until(lambda: not any(lives(pid) for pid in orphans.values()))
    await until_it_listens(wanted=False)


def test_a_missing_secret_is_told_before_anything_starts(
    secondpass: Secondpass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECONDPASS_AMI_SECRET", raising=False)
    said = secondpass("up")
    assert said.code == 1
    assert "export SECONDPASS_AMI_SECRET=" in said.err
    assert not secondpass.data_dir.exists()
