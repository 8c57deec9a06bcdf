"""The bridge as a whole: AMI link, agents, dialer and keeper tied together, for as long as it holds
the tenant's lease."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from ami_bridge.agent_wishes import AgentWishes
from ami_bridge.agents import QueueBoard
from ami_bridge.attempt_keeper import AttemptKeeper
from ami_bridge.call_facts import ATTEMPT_PREFIX, call_fact, has_channel, is_inbound
from ami_bridge.came_back import CameBack
from ami_bridge.dialer import Dialer
from ami_bridge.events import (
    NAMES,
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiEvent,
    Hangup,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    parse,
)
from ami_bridge.inbound_calls import InboundCalls
from ami_bridge.lease import BridgeRefused, Lease, new_owner
from ami_bridge.link import AmiAddress, AmiLink, LinkState
from ami_bridge.logged.files import files_of
from ami_bridge.logged.gap import Gap, Retell, nobody_retells
from ami_bridge.lost_callers import LostCallers
from ami_bridge.nudging import Nudging
from ami_bridge.queue_flows import QueueFlows
from ami_bridge.repair import Repair
from ami_bridge.rule_watch import RuleWatch
from ami_bridge.service_level import ServiceLevels
from ami_bridge.sip_texts import SipTexts
from ami_bridge.speech import Speech
from ami_bridge.sub_campaigns import SubCampaigns
from ami_bridge.waiting import WaitingCallers
from ami_bridge.wire import Event
from config.project import Project
from models.models_in_use import ModelsInUse
from models.registry import SHIPPED
from strategies.attempts import Fact, FactName
from strategies.segments import Catalogue
from strategies.store import QueueFigures, Store, StoreUnavailable
from strategies.store.desk import DialerStatus

__all__ = ["Bridge", "BridgeRefused", "new_attempt_id", "run_bridge"]

log = structlog.get_logger(__name__)

PUBLISH = 0.5  # seconds between two writes of the queues' figures
HEARD_EVERY = 5.0  # seconds between two notes of until when events were heard
DEAF_BY = frozenset({"no_lease", "no_ami", "repair"})  # hindrances under which events may be missed
FACTS_BLOCK_MS = 1000
FACTS_GATHER = 0.1  # seconds between two readings of facts: our own come back by this way too, one by one
FACTS_BEFORE = 60.0  # seconds before the start from which the player's facts are read: clocks differ
DRAIN = 8.0  # seconds that calls just asked for, and what was heard of others, get at the end


def new_attempt_id() -> str:
    """Twelve digits of the time in milliseconds, then chance: sorts by time, is nobody's guess, fits a
    ChannelId."""
    return f"{ATTEMPT_PREFIX}{int(time.time() * 1000):012x}{secrets.token_hex(7)}"


Segments = Callable[[], Catalogue | None]


async def run_bridge(
    project: Project,
    store: Store,
    stop: asyncio.Event,
    retell: Retell = nobody_retells,
    segments: Segments | None = None,
) -> None:
    """Run until `stop` is set; `retell` is called where the store turns out to be a new one, `segments` gives
    the catalogue that holds now, the project's if nobody says. Raises BridgeRefused where another bridge
    works for this tenant."""
    lease = Lease(store, new_owner())
    if not await lease.take(stop):
        return
    try:
        await Bridge(project, store, lease, retell=retell, segments=segments).run(stop)
    finally:
        await lease.give_back()


class Bridge:
    """One process's bridge. Everything it knows can be rebuilt from the store and a snapshot of Asterisk."""

    def __init__(  # noqa: PLR0913  each its own source of what is known, by name
        self,
        project: Project,
        store: Store,
        lease: Lease,
        clock: Callable[[], float] = time.time,
        *,
        retell: Retell = nobody_retells,
        segments: Segments | None = None,
    ) -> None:
        settings = project.settings
        self._store, self._lease, self._clock = store, lease, clock
        self._board = QueueBoard(clock)
        self._flows = QueueFlows(self._board)
        self._subs = SubCampaigns(store)
        self._keeper = AttemptKeeper(store, self._subs, self._board, clock)
        countries = settings.numbers.countries
        country = countries[0] if countries else "US"
        self._came_back = CameBack(store, self._subs, clock, country)
        self._lost_callers = LostCallers(store, self._subs, clock, country)
        self._inbound_calls = InboundCalls(store, country)
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
            leased=lease.held,
            on_doubt=self._ask_for_repair,
        )
        gap = Gap(
            store,
            files_of(settings.asterisk),
            lost_callers=self._lost_callers,
            came_back=self._came_back,
            clock=clock,
            country=country,
            retell=retell,
        )
        self._repair = Repair(store, self._link, self._board, self._keeper, self._dialer, clock, gap)
        self._rules = RuleWatch(store, self._subs, self._board, clock=clock, leased=lease.held)
        self._nudging = Nudging(self._link, self._board)
        self._levels = ServiceLevels()
        self._waiting = WaitingCallers(
            store,
            self._link,
            self._board,
            queues=self._queues,
            clock=clock,
            catalogue=segments or (lambda: project.segments),
            leased=lease.held,
            models=ModelsInUse([settings.data_dir / "models", SHIPPED]),
        )
        self._texts = SipTexts(store, self._link, clock, lease.held)
        self._wishes = AgentWishes(store, self._link, clock, lease.held)
        lease.on_lapse = self._dialer.unsettle

    async def run(self, stop: asyncio.Event) -> None:
        """All of the bridge's tasks, until `stop` is set. Raises BridgeRefused when the lease is lost."""
        async with asyncio.TaskGroup() as tasks:
            dialing = tasks.create_task(self._dialer.run(), name="dialer")
            running = [
                dialing,
                tasks.create_task(self._link.run(), name="ami"),
                tasks.create_task(self._keeper.run(), name="keeper"),
                tasks.create_task(self._came_back.run(), name="came back"),
                tasks.create_task(self._lost_callers.run(), name="lost callers"),
                tasks.create_task(self._inbound_calls.run(), name="inbound calls"),
                tasks.create_task(self._repair.run(), name="repair"),
                tasks.create_task(self._read_facts(), name="facts"),
                tasks.create_task(self._publish(), name="publish"),
                tasks.create_task(self._note_hearing(), name="hearing"),
                tasks.create_task(self._dialer.abandoning.run(), name="abandoning"),
                tasks.create_task(self._nudging.run(), name="nudging"),
                tasks.create_task(self._waiting.run(), name="waiting callers"),
                tasks.create_task(self._texts.run(), name="texts"),
                tasks.create_task(self._wishes.run(), name="agents' wishes"),
                tasks.create_task(self._rules.run(), name="rules"),
            ]
            leased = await self._lease.keep(stop)
            if leased:
                await self._drain(dialing)
            for task in running:
                task.cancel()
        if not leased:
            raise BridgeRefused("another bridge has taken over this tenant; this one stops")

    async def _drain(self, dialing: asyncio.Task[None]) -> None:
        """Dial nobody else, learn what became of the calls just asked for, write down what was heard."""
        self._dialer.stop()
        try:
            async with asyncio.timeout(DRAIN):
                await dialing
                await self._keeper.drained()
        except TimeoutError:
            log.warning("bridge.stopped_undrained", mend="the next start settles what is open")

    def _on_event(self, message: Event) -> None:
        event = parse(message)
        if event is None:
            return
        now = self._clock()
        self._flows.hear(event, now)
        self._seat(event, now)
        self._lost_callers.hear(event, now)
        self._dialer.standing_by.hear(event)
        self._inbound_calls.hear(event, now)
        self._waiting.hear(event, now)
        self._levels.hear(event)
        if (attempt := has_channel(event)) is not None:
            self._keeper.saw_channel(attempt)
        if (heard := call_fact(event, now)) is not None:
            self._seat_own_agent(*heard)
            self._keeper.hear(*heard)
            self._dialer.calls.hear(*heard)

    def _seat(self, event: AmiEvent, now: float) -> None:
        """What an event changes about members and waiting callers."""
        match event:
            case QueueMemberStatus(member) | QueueMemberAdded(member) | QueueMemberPause(member):
                self._board.member(member)
                self._nudging.changed(member)
            case QueueMemberRemoved(member):
                self._board.removed(member.queue, member.interface)
            case QueueCallerJoin(queue=queue, uniqueid=call):
                self._board.joined(queue, call, now)
            case QueueCallerLeave(queue=queue, uniqueid=call):
                self._board.left(queue, call)
            case AgentCalled(uniqueid=call, interface=interface):
                self._board.rings(interface, call)
            case AgentRingNoAnswer(interface=interface):
                self._board.rang_in_vain(interface)
            case AgentConnect(uniqueid=call, interface=interface, caller_number=caller):
                self._board.connected(interface, call)
                if is_inbound(call):
                    self._came_back.connected(caller)
            case AgentComplete(queue=queue, interface=interface):
                self._board.completed(interface)
                self._dialer.agent_freed(queue)
            case Hangup(uniqueid=call):
                self._board.ended(call)

    def _seat_own_agent(self, attempt: str, fact: Fact) -> None:
        """The agent of a callback is dialled past the queue, which then says nothing of it."""
        if fact.name is FactName.AGENT_CONNECTED:
            self._board.connected(fact.value, attempt)

    def _on_state(self, state: LinkState) -> None:
        if state.connected:
            self._ask_for_repair()

    def _ask_for_repair(self) -> None:
        self._repair.due.set()

    async def _read_facts(self) -> None:
        """What the script's player and the agents' page wrote, for those who wait for it; what an agent noted
        while no bridge was there, too."""
        after = ""
        while True:
            try:
                if not after:
                    heard, before = await self._store.heard_until(), self._clock() - FACTS_BEFORE
                    after = f"{round(min(heard or before, before) * 1000)}-0"
                for identity, attempt, fact in await self._store.read_facts(after, FACTS_BLOCK_MS):
                    self._keeper.learn(attempt, fact)
                    self._dialer.calls.hear(attempt, fact)
                    after = identity
                await asyncio.sleep(FACTS_GATHER)
            except StoreUnavailable:
                await asyncio.sleep(1)

    def _queues(self, now: float) -> dict[str, QueueFigures]:
        """Every queue that Asterisk told of, at this moment."""
        seen = self._board.queues(now)
        lately = self._flows.lately(seen, now)
        return {
            queue: replace(figures, in_time=self._levels.of(queue), lately=lately[queue])
            for queue, figures in seen.items()
        }

    async def _publish(self) -> None:
        """The queues' figures, which the inbound hook takes for factors and the console shows; and why nobody
        is dialled."""
        while True:
            await asyncio.sleep(PUBLISH)
            try:
                await self._store.put_dialer_status(self._dialer_status())
                if not self._link.connected:
                    continue
                for queue, figures in self._queues(self._clock()).items():
                    await self._store.put_queue_figures(queue, figures)
                await self._store.put_seats(self._board.seats(), self._clock())
            except StoreUnavailable:
                continue

    async def _note_hearing(self) -> None:
        """Until when events were heard, for whoever comes after us; a store that knows of no such moment was
        lost, and has to be told what it lost."""
        while True:
            await asyncio.sleep(HEARD_EVERY)
            if self._dialer.hindrance() in DEAF_BY:
                continue
            try:
                if not await self._store.go_on_hearing(self._clock()):
                    log.warning("bridge.store_is_new", mend="nothing to do, unless nobody emptied the store")
                    self._dialer.unsettle()
            except StoreUnavailable:
                continue

    def _dialer_status(self) -> DialerStatus:
        return DialerStatus(self._clock(), self._dialer.hindrance(), self._dialer.held())
