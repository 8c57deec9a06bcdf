"""Keeps a running process to the files as they are edited: a good edit is taken within seconds, a wrong one
is told and leaves what was read before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from config.watch import changes_between
from console import logs
from console.supervisor import stopped_within
from strategies.store import Store, StoreUnavailable
from strategies.store.configuration import ConfigurationStatus

if TYPE_CHECKING:
    from config.project import Project
    from config.watch import Changes, Edit, Watch

Take = Callable[["Project", "Changes"], Awaitable[None]]

LOOK = 1.0  # seconds between two looks at the files; an edit is taken at the second that sees it


class Reloading:
    """Of one process, by its name. `take` gives it what is new; `tells`: it writes the ledger's line of a new
    version, which only one process does."""

    def __init__(self, watch: Watch, store: Store, process: str, take: Take, *, tells: bool = False) -> None:
        self._watch, self._store, self._process = watch, store, process
        self._take, self._tells = take, tells
        self._started = watch.project  # its settings hold until the process ends
        self._status = _status_of(watch.project)

    async def run(self, stop: asyncio.Event) -> None:
        """Look at the files until `stop` is set."""
        await self._put()
        await self._keep_catalogue(self._watch.project)
        while not stop.is_set():
            await stopped_within(stop, LOOK)
            await self.look()

    async def look(self) -> None:
        """Take an edit, if there is one."""
        edit = await asyncio.to_thread(self._watch.look)
        if edit is None:
            return
        if edit.errors:
            self._refuse(edit)
        elif edit.changes:
            await self._hold_to(edit)
        else:
            self._status = replace(self._status, refused_at=None, errors=())
        await self._put()

    def _refuse(self, edit: Edit) -> None:
        errors = tuple(str(error) for error in edit.errors)
        logs.get().error("config.refused", errors=errors, mend="correct the files; what ran before runs on")
        self._status = replace(self._status, refused_at=time.time(), errors=errors)

    async def _hold_to(self, edit: Edit) -> None:
        changes, before = edit.changes, self._status.segments
        await self._take(edit.project, changes)
        waiting = changes_between(self._started, edit.project).settings
        self._status = replace(_status_of(edit.project), waiting=waiting)
        logs.get().info(
            "config.reloaded",
            campaigns={name: now for name, (_, now) in changes.campaigns.items()},
            segments=self._status.segments if changes.segments else None,
        )
        if waiting:
            mend = "start secondpass up again; until then the old ones hold"
            logs.get().warning("config.waits_for_restart", sections=waiting, mend=mend)
        if self._tells:
            await self._tell(changes, before)
        if changes.segments:
            await self._keep_catalogue(edit.project)

    async def _tell(self, changes: Changes, segments_before: str | None) -> None:
        """A ledger line for each campaign whose file says something else now, which running ones do not heed,
        and for the segments, which the next call is decided by."""
        told = [("campaign_file", name, old, new) for name, (old, new) in changes.campaigns.items()]
        if changes.segments:
            told.append(("segments_file", "segments", segments_before, self._status.segments))
        for what, name, old, new in told:
            try:
                await self._store.changed(what, name=name, old=old, new=new, by="files")
            except StoreUnavailable as error:
                logs.get().warning("config.not_in_ledger", file=name, error=str(error))

    async def _keep_catalogue(self, project: Project) -> None:
        """So that each decision can be made again by the segments of its time."""
        if not self._tells or project.segments is None:
            return
        try:
            document = (project.directory / "segments.yaml").read_text(encoding="utf-8")
            await self._store.keep_catalogue(project.segments.version, document)
        except (OSError, UnicodeDecodeError, StoreUnavailable) as error:
            logs.get().warning("config.segments_not_kept", error=str(error))

    async def _put(self) -> None:
        try:
            await self._store.put_configuration(self._process, self._status)
        except StoreUnavailable as error:
            logs.get().warning("config.not_told", error=str(error))


def _status_of(project: Project) -> ConfigurationStatus:
    return ConfigurationStatus(
        time.time(),
        {name: campaign.version for name, campaign in project.campaigns.items()},
        segments=project.segments.version if project.segments else None,
    )
