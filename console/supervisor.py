"""Keeps child processes running: starts each, starts it again after a growing pause when it dies, stops all.

What the children are and what is shown of them is left to who asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a start is repeated, doubling in between
STEADY = 60.0  # a child that lived this long (seconds) starts anew with the first pause
GRACE = 20.0  # seconds a child has to finish its calls' sessions before it is killed


@dataclass(frozen=True, slots=True)
class Child:
    """One process as it stands: without `pid` it does not run."""

    name: str
    pid: int | None = None
    restarts: int = 0
    exit_code: int | None = None


def pause_after(failures: int) -> float:
    """Seconds to wait before the start that follows the nth failure in a row (n from 1)."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16))


class Supervisor:
    """Runs `commands` (name to arguments) until `stop` is set; `on_change` hears of every start and end."""

    def __init__(self, commands: Mapping[str, Sequence[str]], on_change: Callable[[Child], None]) -> None:
        self._commands = commands
        self._on_change = on_change

    async def run(self, stop: asyncio.Event) -> None:
        """Returns once `stop` was set and every child has ended."""
        async with asyncio.TaskGroup() as group:
            for name in self._commands:
                group.create_task(self._keep(Child(name), stop))

    async def _keep(self, child: Child, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            started = time.monotonic()
            code = await self._live(child, stop)
            child = replace(child, exit_code=code, restarts=child.restarts + (not stop.is_set()))
            self._on_change(child)
            failures = 1 if time.monotonic() - started >= STEADY else failures + 1
            await stopped_within(stop, pause_after(failures))

    async def _live(self, child: Child, stop: asyncio.Event) -> int:
        """One life of a child: its exit code. Its standard input closes when we are gone, which ends it."""
        command = self._commands[child.name]
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        self._on_change(replace(child, pid=process.pid, exit_code=None))
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            await _end(process, ended)
        return await ended


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    """Ask a process to end, and end it if it does not in time."""
    with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
        process.terminate()
    await asyncio.wait({ended}, timeout=GRACE)
    if not ended.done():
        process.kill()


async def stopped_within(stop: asyncio.Event, seconds: float) -> None:
    """Wait until `stop` is set, `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
