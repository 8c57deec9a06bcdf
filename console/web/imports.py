"""Lists uploaded: the file is taken as it comes, then read by the command that reads every list, in a
process of its own; what became of it is told for as long as this console runs."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import sys
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog
from aiohttp import web
from pydantic import Field

from console import output
from console.web.access import Role
from console.web.operations import Call, Operation, Query, Told
from console.web.problems import Problem

log = structlog.get_logger(__name__)

LONGEST = 2 * 1024**3  # bytes of a file
REMEMBERED = 50  # uploads whose reports can be had
AT_ONCE = 2  # files read at the same time; the others wait
WAITING = 10  # uploads that come in, wait or are read: so many files may fill the disk
LONGEST_COMPLAINT = 500  # characters of what a reader said, for the log
END_WITHIN = 5.0  # seconds for a reader to end by itself
SEPARATOR = r"^[ -!#-~\t]$"  # no quotation mark, nothing that is no character of a line


class Wishes(Query):
    """As the options of `secondpass list import`."""

    country: str | None = Field(None, pattern="^[A-Z]{2}$")
    separator: str = Field(",", pattern=SEPARATOR)
    partial: bool = False
    duplicates: Literal["replace", "keep", "refuse"] = "replace"


class Upload(Told):
    """What became of an uploaded file: `counts` as the import tells them, `refused` with each reason where
    nothing was imported; `rejects`: refused rows can be had as a file."""

    id: str
    list_name: str
    state: Literal["waiting", "reading", "imported", "refused"]
    bytes: int
    counts: dict[str, int]
    refused: str
    reasons: list[dict[str, str]]
    rejects: bool


@dataclass(slots=True)
class _Job:
    id: str
    name: str
    folder: Path
    size: int
    state: str = "waiting"
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "list.csv"

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.csv"

    def told(self) -> dict[str, Any]:
        counts = {key: value for key, value in self.said.items() if type(value) is int}
        return {
            "id": self.id,
            "list_name": self.name,
            "state": self.state,
            "bytes": self.size,
            "counts": counts,
            "refused": self.said.get("refused", ""),
            "reasons": self.said.get("reasons", []),
            "rejects": self.rejects.exists(),
        }


class Uploads:
    """Those of this console; their files go with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._coming = 0

    def begin(self) -> None:
        """Clear away what a console left that was killed: its files have people's numbers in them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def take(self, call: Call) -> dict[str, Any]:
        """The file as it comes in; the answer is there before it is read."""
        if self._coming + len(self._tasks) >= WAITING:
            raise Problem(
                429,
                f"{WAITING} uploads are under way",
                "wait until one is read",
                headers={"Retry-After": "10"},
            )
        self._coming += 1
        try:
            return await self._taken(call, call.asked(Wishes))
        finally:
            self._coming -= 1

    async def _taken(self, call: Call, wishes: Wishes) -> dict[str, Any]:
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        job = _Job(folder.name, call.path["name"], folder, 0)
        try:
            job.size = await _kept(call.request, job.file)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._jobs[job.id] = job
        self._forget()
        task = asyncio.get_running_loop().create_task(
            self._read(job, _command(call, job, wishes), call.who.name)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.told()

    async def told(self, call: Call) -> dict[str, Any]:
        """What became of one."""
        return self._found(call).told()

    async def rejects(self, call: Call) -> web.StreamResponse:
        """The refused rows."""
        job = self._found(call)
        if not job.rejects.exists():
            raise Problem(404, "no row was refused")
        headers = {
            "Content-Disposition": f'attachment; filename="{job.name}.rejects.csv"',
            "Content-Type": "text/csv; charset=utf-8",
        }
        return web.FileResponse(job.rejects, headers=headers)

    async def close(self) -> None:
        """End what is being read, which changes nothing or is taken up by the next import of the file."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _found(self, call: Call) -> _Job:
        job = self._jobs.get(call.path["identity"])
        if job is None:
            raise Problem(404, "there is no such upload", "those of before the console's start are forgotten")
        return job

    def _forget(self) -> None:
        over = [job for job in self._jobs.values() if job.state in {"imported", "refused"}]
        for job in over[: max(0, len(self._jobs) - REMEMBERED)]:
            del self._jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)

    async def _read(self, job: _Job, command: list[str], who: str) -> None:
        async with self._room:
            job.state = "reading"
            try:
                code, said, complaint = await _run(command, who)
                with suppress(ValueError):
                    job.said = json.loads(said)
            except Exception:
                log.exception("upload.failed", list=job.name)
                code, complaint = -1, b""
        if code != 0 and "refused" not in job.said:
            words = output.clean(complaint.decode(errors="replace").strip()[-LONGEST_COMPLAINT:])
            log.error("upload.not_read", list=job.name, code=code, said=words)
            job.said["refused"] = "the file could not be read; see the log of the console"
        job.state = "imported" if code == 0 else "refused"
        job.file.unlink(missing_ok=True)


async def _run(command: list[str], who: str) -> tuple[int | None, bytes, bytes]:
    """A command that ends with us: its exit code, and what it said on both streams."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LOGNAME": who},  # whom the audit names
    )
    try:
        said, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            await _end(process)
    return process.returncode, said, complaint


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(END_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _kept(request: web.Request, file: Path) -> int:
    """The body in a file; how many bytes. Raises Problem for one that is too long or empty."""
    if request.content_type != "text/csv":
        raise Problem(415, "the body is no list", "send it with Content-Type: text/csv")
    size = 0
    with file.open("wb") as to:
        async for part in request.content.iter_chunked(1 << 18):
            size += len(part)
            if size > LONGEST:
                raise Problem(413, "the list is too long", "split it, or import it by the command line")
            await asyncio.to_thread(to.write, part)
    if not size:
        raise Problem(422, "the list is empty", "send a CSV file with a header")
    return size


def _command(call: Call, job: _Job, wishes: Wishes) -> list[str]:
    """What reads the file. A name may begin like an option, so it stands behind the end of all options."""
    command = [sys.executable, "-m", "console", "list", "import", "--json"]
    command += [f"--rejects={job.rejects}", f"--config={call.project.directory}"]
    command += [f"--separator={wishes.separator}", f"--duplicates={wishes.duplicates}"]
    command += ["--partial"] if wishes.partial else []
    command += [f"--country={wishes.country}"] if wishes.country is not None else []
    return [*command, "--", job.name, str(job.file)]


def operations(uploads: Uploads) -> tuple[Operation, ...]:
    """The ways to upload a list and to hear what became of it."""
    return (
        Operation(
            "POST",
            "/api/lists/{name}/imports",
            "Upload a list; it is read afterwards",
            uploads.take,
            Upload,
            Role.SUPERVISOR,
            query=Wishes,
            status=202,
            raw="text/csv",
        ),
        Operation(
            "GET",
            "/api/imports/{identity}",
            "What became of an upload",
            uploads.told,
            Upload,
            Role.SUPERVISOR,
        ),
        Operation(
            "GET",
            "/api/imports/{identity}/rejects",
            "Its refused rows",
            uploads.rejects,
            "text/csv",
            Role.SUPERVISOR,
        ),
    )
