"""The bridge as a whole: AMI link, agents, dialer and keeper tied together, for as long as it holds
the tenant's lease."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.attempt_keeper import AttemptKeeper, until_stored
from ami_bridge.call_facts import ATTEMPT_PREFIX, call_fact, has_channel
from ami_bridge.came_back import CameBack
from ami_bridge.dialer import Dialer
from ami_bridge.errors import AmiError, BridgeError
from ami_bridge.events import (
    NAMES,
    AgentConnect,
    AmiEvent,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    parse,
)
from ami_bridge.link import AmiAddress, AmiLink, LinkState
from ami_bridge.reconcile import adopted, lost_attempts
from ami_bridge.snapshot import snapshot
from ami_bridge.speech import Speech
from ami_bridge.sub_campaigns import SubCampaigns
from ami_bridge.wire import Event
from config.project import Project
from strategies.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

LEASE = 15.0  # seconds a bridge that died keeps another from starting
PUBLISH = 0.5  # seconds between two writes of the queues' figures
FACTS_BLOCK_MS = 1000


class BridgeRefused(BridgeError):
    """The bridge does not start; the message names the mend."""


def new_attempt_id() -> str:
    """Twelve digits of the time in milliseconds, then chance: sorts by time, is nobody's guess, fits a
    ChannelId."""
    return f"{ATTEMPT_PREFIX}{int(time.time() * 1000):012x}{secrets.token_hex(7)}"


async def run_bridge(project: Project, store: Store, stop: asyncio.Event) -> None:
    """Run until `stop` is set. Raises BridgeRefused where another bridge works for this tenant."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    await _wait_for_lease(store, owner, stop)
    if not stop.is_set():
        await Bridge(project, store, owner).run(stop)


async def _wait_for_lease(store: Store, owner: str, stop: asyncio.Event) -> None:
    """One bridge a tenant: a lease left by one that died runs out, a living one renews it."""
    ends = time.monotonic() + LEASE + 1
    while not await store.bridge_lease(owner, LEASE):
        if time.monotonic() > ends:
            raise BridgeRefused(
                "another bridge works for this tenant; stop it first (one bridge per tenant dials)"
            )
        log.info("bridge.waiting_for_lease")
        if await _stopped_within(stop, 0.5):
            return


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


class Bridge:
    """One process's bridge. Everything it knows can be rebuilt from the store and a snapshot of Asterisk."""

    def __init__(
        self, project: Project, store: Store, owner: str, clock: Callable[[], float] = time.time
    ) -> None:
        settings = project.settings
        self._store, self._owner, self._clock = store, owner, clock
        self._board = QueueBoard()
        self._subs = SubCampaigns(store)
        self._keeper = AttemptKeeper(store, self._subs, self._board, clock)
        countries = settings.numbers.countries
        self._came_back = CameBack(store, self._subs, clock, countries[0] if countries else "US")
        self._snapshot_due = asyncio.Event()
        ami = settings.asterisk.ami
        self._link = AmiLink(
            AmiAddress(ami.host, ami.port, ami.username, ami.secret()),
            on_event=dict.fromkeys(NAMES, self._on_event),
            on_state=self._on_state,
        )
        self._dialer = Dialer(
            store,
            self._link,
            settings,
            subs=self._subs,
            board=self._board,
            keeper=self._keeper,
            speech=Speech(settings.speech.command, settings.data_dir / "speech"),
            clock=clock,
            new_id=new_attempt_id,
        )
        self._dialer.on_store_back = self._snapshot_due.set

    async def run(self, stop: asyncio.Event) -> None:
        """All of the bridge's tasks, until `stop` is set or the lease is lost."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._link.run(), name="ami"),
                tasks.create_task(self._keeper.run(), name="keeper"),
                tasks.create_task(self._came_back.run(), name="came back"),
                tasks.create_task(self._dialer_after_snapshot(), name="dialer"),
                tasks.create_task(self._repair(), name="repair"),
                tasks.create_task(self._read_facts(), name="facts"),
                tasks.create_task(self._publish(), name="publish"),
            ]
            await self._keep_lease(stop)
            for task in running:
                task.cancel()
        await self._store.end_bridge_lease(self._owner)

    def _on_event(self, message: Event) -> None:
        event = parse(message)
        if event is None:
            return
        now = self._clock()
        self._seat(event, now)
        if (attempt := has_channel(event)) is not None:
            self._keeper.saw_channel(attempt)
        if (heard := call_fact(event, now)) is not None:
            self._keeper.hear(*heard)

    def _seat(self, event: AmiEvent, now: float) -> None:
        """What an event changes about members and waiting callers."""
        match event:
            case QueueMemberStatus(member) | QueueMemberAdded(member) | QueueMemberPause(member):
                self._board.member(member)
            case QueueMemberRemoved(member):
                self._board.removed(member.queue, member.interface)
            case QueueCallerJoin(queue=queue, uniqueid=call):
                self._board.joined(queue, call, now)
            case QueueCallerLeave(queue=queue, uniqueid=call):
                self._board.left(queue, call)
            case AgentConnect(uniqueid=call, caller_number=caller) if not call.startswith(ATTEMPT_PREFIX):
                self._came_back.connected(caller)

    def _on_state(self, state: LinkState) -> None:
        if state.connected:
            self._snapshot_due.set()

    async def _repair(self) -> None:
        """After each login, and whenever events may have been missed: agents and attempts from a snapshot."""
        while True:
            await self._snapshot_due.wait()
            self._snapshot_due.clear()
            try:
                await self._repair_once()
            except (AmiError, StoreUnavailable, TimeoutError) as error:
                log.warning("bridge.repair_failed", error=str(error))
                await asyncio.sleep(1)
                if self._link.connected:
                    self._snapshot_due.set()

    async def _repair_once(self) -> None:
        # Read before the snapshot: an attempt claimed after this line cannot be mistaken for a lost one.
        live = await self._store.live()
        asked_now = set(self._dialer.asked_now)
        with self._link.held():
            seen = await snapshot(self._link)
            now = self._clock()
            self._board.replace(seen.queues.values(), now)
        for attempt in adopted(live, seen.channels):
            await self._store.placed(attempt)
        gone = lost_attempts(live, seen.channels, asked_now, now)
        for intent, _ in live:
            if intent.attempt in seen.channels:
                self._dialer.adopt(intent)
        for attempt, fact in gone:
            self._keeper.hear(attempt, fact)
        self._dialer.ready.set()
        log.info("bridge.repaired", live=len(live), gone=len(gone), queues=len(seen.queues))

    async def _dialer_after_snapshot(self) -> None:
        """Nobody is dialled before the calls of the time before are accounted for."""
        await self._dialer.ready.wait()
        await self._dialer.run()

    async def _read_facts(self) -> None:
        """What the script's player wrote, for those who wait for it."""
        after = "$"
        while True:
            try:
                for identity, attempt, fact in await self._store.read_facts(after, FACTS_BLOCK_MS):
                    self._keeper.learn(attempt, fact)
                    after = identity
            except StoreUnavailable:
                await asyncio.sleep(1)

    async def _publish(self) -> None:
        """The queues' figures, which the inbound hook takes for factors and the console shows."""
        while True:
            await asyncio.sleep(PUBLISH)
            if not self._link.connected:
                continue
            try:
                for queue, figures in self._board.queues(self._clock()).items():
                    await self._store.put_queue_figures(queue, figures)
            except StoreUnavailable:
                continue

    async def _keep_lease(self, stop: asyncio.Event) -> None:
        """Renew the lease until told to stop; another's lease ends this bridge at once."""
        while not await _stopped_within(stop, LEASE / 3):
            renewed = await until_stored(lambda: self._store.bridge_lease(self._owner, LEASE))
            if not renewed:
                raise BridgeRefused("another bridge has taken over this tenant; this one stops")
