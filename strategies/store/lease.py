"""A tenant's lease: one process of a kind at a time works for a tenant, and it knows at any moment whether it
still may; what it does with that is its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable

import structlog

from strategies.store.errors import StoreError, StoreUnavailable
from strategies.store.store import Store

log = structlog.get_logger(__name__)

LEASE = 15.0  # seconds a process that died keeps another from starting
STORE_AGAIN = 1.0  # seconds between two tries to renew while the store is away


class LeaseRefused(StoreError):
    """Another process of this kind works for the tenant; the message names the mend."""


def new_owner() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until `stop` is set: then True."""
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


class Lease:
    """Held for `seconds` from each renewal, by a clock that runs on while this process is stopped. What it is
    for (`role`) names its log lines; each role asks the store for a lease of its own."""

    role = ""
    refused: type[Exception] = LeaseRefused

    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        seconds: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._owner, self._seconds, self._clock = store, owner, seconds, clock
        self._ends = 0.0
        self.on_lapse: Callable[[], None] = lambda: None

    def held(self) -> bool:
        """Whether no other process can have it. Reckoned from before the server was asked, so this process
        knows of the end before the server lets another in: one that was frozen must not go on."""
        return self._clock() < self._ends

    async def take(self, stop: asyncio.Event) -> bool:
        """Wait for the lease as long as one left by a process that died can last; False if `stop` came first.

        Raises what `refused` names where a living process renews it.
        """
        gives_up = self._clock() + self._seconds + 1
        while not await self._renewed():
            if self._clock() > gives_up:
                raise self.refused(
                    f"another {self.role} works for this tenant; stop it first (one per tenant)"
                )
            log.info(f"{self.role}.waiting_for_lease")
            if await stopped_within(stop, min(0.5, self._seconds / 3)):
                return False
        return True

    async def keep(self, stop: asyncio.Event) -> bool:
        """Renew until `stop` is set; False as soon as another process has it."""
        pause = self._seconds / 3
        while not await stopped_within(stop, pause):
            pause = self._seconds / 3
            try:
                if not await self._renewed_or_revived():
                    return False
            except StoreUnavailable as error:
                log.warning(f"{self.role}.lease_not_renewed", error=str(error), retry_in=STORE_AGAIN)
                pause = min(STORE_AGAIN, pause)
        return True

    async def give_back(self) -> None:
        """Let the next one start at once."""
        self._ends = 0.0
        try:
            await self._asked(0)
        except StoreUnavailable as error:
            log.warning(f"{self.role}.lease_runs_out_by_itself", error=str(error), seconds=self._seconds)

    async def _asked(self, seconds: float) -> bool:
        """Ask the store to be, or stay, the one; for 0 seconds: no more."""
        raise NotImplementedError

    async def _renewed_or_revived(self) -> bool:
        try:
            return await self._renewed()
        except StoreUnavailable:
            await self._store.revive()  # a built-in server that died is started by whoever misses it
            return await self._renewed()

    async def _renewed(self) -> bool:
        asked = self._clock()
        if not await self._asked(self._seconds):
            self._ends = 0.0
            return False
        lapsed = 0.0 < self._ends <= self._clock()
        self._ends = asked + self._seconds
        if lapsed:  # another may have worked meanwhile
            log.warning(f"{self.role}.lease_had_lapsed")
            self.on_lapse()
        return True
