"""The processes of `secondpass up`: kept running, started again with a growing pause, stopped together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from console import supervisor
from console.supervisor import Child, Supervisor, pause_after

SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]
DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


class Changes:
    """What a supervisor told, and a way to wait until it told something in particular."""

    def __init__(self) -> None:
        self.seen: list[Child] = []
        self._news = asyncio.Event()

    def __call__(self, child: Child) -> None:
        self.seen.append(child)
        self._news.set()

    async def until(self, count: int, *, running: bool) -> Child:
        async with asyncio.timeout(20):
            while True:
                fitting = [child for child in self.seen if (child.pid is not None) is running]
                if len(fitting) >= count:
                    return fitting[count - 1]
                self._news.clear()
                await self._news.wait()


def test_the_pause_doubles_up_to_its_bound() -> None:
    assert [pause_after(n) for n in (1, 2, 3, 7, 500)] == [0.5, 1.0, 2.0, 30.0, 30.0]


async def test_all_children_end_when_it_stops() -> None:
    changes, stop = Changes(), asyncio.Event()
    running = asyncio.create_task(Supervisor({"agi": SLEEPER, "bridge": SLEEPER}, changes).run(stop))
    await changes.until(2, running=True)
    stop.set()
    async with asyncio.timeout(20):
        await running
    for child in changes.seen:
        if child.pid is not None:
            with pytest.raises(ProcessLookupError):
                os.kill(child.pid, 0)


async def test_a_child_that_was_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    changes, stop = Changes(), asyncio.Event()
    running = asyncio.create_task(Supervisor({"bridge": SLEEPER}, changes).run(stop))
    first = await changes.until(1, running=True)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    ended = await changes.until(1, running=False)
    second = await changes.until(2, running=True)
    stop.set()
    await running
    assert ended.exit_code == -signal.SIGKILL
    assert (second.restarts, second.pid != first.pid) == (1, True)


async def test_a_child_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.2)
    changes, stop, deaf = Changes(), asyncio.Event(), tmp_path / "deaf"
    command = [sys.executable, "-c", DEAF, str(deaf)]
    running = asyncio.create_task(Supervisor({"agi": command}, changes).run(stop))
    async with asyncio.timeout(20):
        while not deaf.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
    stop.set()
    async with asyncio.timeout(20):
        await running
    assert changes.seen[-1].exit_code == -signal.SIGKILL
