"""Keeps a running process to the files as they are edited: a good edit is taken within seconds, a wrong one
is told and leaves what was read before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
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
        self._status = ConfigurationStatus(time.time(), _versions(watch.project))

    async def run(self, stop: asyncio.Event) -> None:
        """Look at the files until `stop` is set."""
        await self._put()
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
            self._status = ConfigurationStatus(
                self._status.since, self._status.campaigns, self._status.waiting
            )
        await self._put()

    def _refuse(self, edit: Edit) -> None:
        errors = tuple(str(error) for error in edit.errors)
        logs.get().error("config.refused", errors=errors, mend="correct the files; what ran before runs on")
        old = self._status
        self._status = ConfigurationStatus(old.since, old.campaigns, old.waiting, time.time(), errors)

    async def _hold_to(self, edit: Edit) -> None:
        changes = edit.changes
        await self._take(edit.project, changes)
        waiting = changes_between(self._started, edit.project).settings
        self._status = ConfigurationStatus(time.time(), _versions(edit.project), waiting)
        logs.get().info(
            "config.reloaded",
            campaigns={name: now for name, (_, now) in changes.campaigns.items()},
            segments=changes.segments,
        )
        if waiting:
            mend = "start secondpass up again; until then the old ones hold"
            logs.get().warning("config.waits_for_restart", sections=waiting, mend=mend)
        if self._tells:
            await self._tell(changes)

    async def _tell(self, changes: Changes) -> None:
        """A ledger line for each campaign whose file says something else now. Running ones keep theirs."""
        for name, (old, new) in changes.campaigns.items():
            try:
                await self._store.changed("campaign_file", name=name, old=old, new=new, by="files")
            except StoreUnavailable as error:
                logs.get().warning("config.not_in_ledger", campaign=name, error=str(error))

    async def _put(self) -> None:
        try:
            await self._store.put_configuration(self._process, self._status)
        except StoreUnavailable as error:
            logs.get().warning("config.not_told", error=str(error))


def _versions(project: Project) -> dict[str, str]:
    return {name: campaign.version for name, campaign in project.campaigns.items()}
