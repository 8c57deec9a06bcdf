"""Who of a queue's members could take a call now and what the others are at, from Asterisk's snapshots and
events; whom to dial is the dialer's to decide.

A member has a telephone that rings, or a leg: an agent of app_agent_pool who stays on the line, whose device
state is `Agent:ID`. That state is free only once the pool would connect somebody, so both are judged alike.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ami_bridge.events import QueueMember
from ami_bridge.snapshot import LiveQueue, PoolStatus, leg_of
from strategies.store import QueueFigures
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState

NOT_IN_USE = 1  # AST_DEVICE_NOT_INUSE in Asterisk's device states
UNAVAILABLE = 5
RINGING = frozenset({6, 7})  # 7: rings beside a call
AWAY = frozenset({0, 4, UNAVAILABLE})  # unknown, invalid, unavailable: no telephone that could ring
NO_POOL: Mapping[str, PoolStatus] = MappingProxyType({})


def is_free(member: QueueMember) -> bool:
    """Could be rung this moment."""
    return member.status == NOT_IN_USE and not member.paused and not member.in_call


def is_staffed(member: QueueMember) -> bool:
    """Works, whatever at: a paused agent does not."""
    return member.status not in AWAY and not member.paused


@dataclass(frozen=True, slots=True)
class Manning:
    """A queue's agents at a moment: `staffed`, those of them `busy` (being rung and wrap-up included), people
    who wait in any queue that shares an idle one and ring nobody, and calls on their way to such a queue."""

    staffed: int = 0
    busy: int = 0
    waiting: int = 0
    coming: int = 0


@dataclass(slots=True)
class QueueBoard:
    """Members and waiting callers of every queue, and the agents promised to calls that are still on
    their way. `clock` gives epoch seconds."""

    clock: Callable[[], float] = time.time
    _queues: set[str] = field(default_factory=set)
    _members: dict[tuple[str, str], QueueMember] = field(default_factory=dict)
    _waiting: dict[str, dict[str, float]] = field(default_factory=dict)  # queue -> call -> entered
    _reserved: dict[str, str] = field(default_factory=dict)  # attempt -> queue
    _rung: dict[str, str] = field(default_factory=dict)  # interface -> the call it rings for
    _talks: dict[str, str] = field(default_factory=dict)  # interface -> its call, empty if not known which
    _done: dict[str, float] = field(default_factory=dict)  # interface -> when its last call was over
    _wrap_up: dict[str, float] = field(default_factory=dict)  # queue -> seconds

    def replace(
        self, queues: Iterable[LiveQueue], now: float, pool: Mapping[str, PoolStatus] = NO_POOL
    ) -> None:
        """Take a snapshot for the truth; promises stay. `pool`: the agents who have a leg, by their ids."""
        self._queues, self._members, self._waiting = set(), {}, {}
        self._rung, self._talks = {}, {}
        for queue in queues:
            self._queues.add(queue.name)
            for member in queue.members:
                self._found(member, pool.get(leg_of(member)))
            for caller in queue.callers:
                self.joined(queue.name, caller.uniqueid, now - caller.wait_seconds)

    def _found(self, member: QueueMember, leg: PoolStatus | None) -> None:
        """A member as a snapshot has it. Of a leg in use the queue does not tell whether it talks."""
        if leg is PoolStatus.LOGGED_OFF:
            member = replace(member, status=UNAVAILABLE)
        self.member(member)
        if member.in_call or leg is PoolStatus.ON_CALL:
            self._talks[member.interface] = ""

    def member(self, member: QueueMember) -> None:
        """A member was added or changed."""
        self._members[member.queue, member.interface] = member
        if member.last_call > self._done.get(member.interface, 0.0):
            self._done[member.interface] = float(member.last_call)

    def removed(self, queue: str, interface: str) -> None:
        """A member left its queue."""
        self._members.pop((queue, interface), None)

    def wraps_up(self, queue: str, seconds: float) -> None:
        """After a call of this queue an agent has so much to do that it takes no other meanwhile."""
        self._wrap_up[queue] = seconds

    def rings(self, interface: str, call: str) -> None:
        """A member is rung for a caller."""
        self._rung[interface] = call

    def rang_in_vain(self, interface: str) -> None:
        """The member did not answer."""
        self._rung.pop(interface, None)

    def connected(self, interface: str, call: str = "") -> None:
        """Member and caller talk."""
        self._rung.pop(interface, None)
        self._talks[interface] = call

    def completed(self, interface: str) -> None:
        """They have done: the agent's wrap-up begins."""
        self._talks.pop(interface, None)
        self._done[interface] = self.clock()
        for place, member in self._members.items():
            if member.interface == interface and member.in_call:
                self._members[place] = replace(member, in_call=False)

    def ended(self, call: str) -> None:
        """The caller's channel is gone: whoever still talked to them has done."""
        for interface in [one for one, with_whom in self._talks.items() if with_whom == call]:
            self.completed(interface)

    def joined(self, queue: str, call: str, entered: float) -> None:
        """A caller waits; whoever was promised an agent is now served by the queue itself."""
        self._waiting.setdefault(queue, {})[call] = entered

    def left(self, queue: str, call: str) -> None:
        """A caller waits no more, for whatever reason."""
        self._waiting.get(queue, {}).pop(call, None)
        self._rung = {interface: other for interface, other in self._rung.items() if other != call}

    def waits_since(self, queue: str, call: str) -> float | None:
        """When a caller that waits entered the queue (epoch seconds); None for one that does not wait."""
        return self._waiting.get(queue, {}).get(call)

    def reserve(self, queue: str, attempt: str) -> bool:
        """Promise a free agent to an attempt, before it is dialled; False when there is none."""
        if self.free(queue) < 1:
            return False
        self.promise(queue, attempt)
        return True

    def promise(self, queue: str, attempt: str) -> None:
        """An attempt is on its way to this queue, whether or not an agent is free."""
        self._reserved[attempt] = queue

    def release(self, attempt: str) -> None:
        """The attempt has its agent, or needs none any more."""
        self._reserved.pop(attempt, None)

    def free(self, queue: str) -> int:
        """Agents that are free, less the callers that wait and the attempts that were promised one. Never
        below zero.

        An agent may serve several queues: callers of any queue that shares a free agent count against it.
        """
        seen = self.manning(queue)
        return max(0, seen.staffed - seen.busy - seen.waiting - seen.coming)

    def manning(self, queue: str) -> Manning:
        """The queue's agents as they are now. Callers whose agent's telephone rings wait for none of the idle
        ones."""
        staffed = [one for one in self._members.values() if one.queue == queue and is_staffed(one)]
        idle = {one.interface for one in staffed if self._is_idle(one)}
        sharing = {one.queue for one in self._members.values() if one.interface in idle} | {queue}
        served = set(self._rung.values())
        waiting = [call for name in sharing for call in self._waiting.get(name, ())]
        coming = sum(
            name in sharing and attempt not in self._waiting.get(name, ())
            for attempt, name in self._reserved.items()
        )
        unserved = sum(call not in served for call in waiting)
        return Manning(len(staffed), len(staffed) - len(idle), unserved, coming)

    def _is_idle(self, member: QueueMember) -> bool:
        interface, done = member.interface, self._done.get(member.interface)
        if not is_free(member) or interface in self._rung or interface in self._talks:
            return False
        return done is None or self.clock() >= done + self._wraps_up(member)

    def _wraps_up(self, member: QueueMember) -> float:
        """Seconds of wrap-up: what the queue's campaigns ask for, or the queue itself, if that is more."""
        return max(self._wrap_up.get(member.queue, 0.0), member.wrap_up_seconds)

    def state_of(self, member: QueueMember) -> AgentState:
        """What the agent is at, as the events so far tell it."""
        interface, done = member.interface, self._done.get(member.interface)
        if member.status in AWAY:
            return AgentState.GONE
        if interface in self._talks or member.in_call:
            return AgentState.BUSY
        if interface in self._rung or member.status in RINGING:
            return AgentState.RINGING
        if member.paused:
            return AgentState.PAUSED
        if done is not None and self.clock() < done + self._wraps_up(member):
            return AgentState.AFTER_CALL
        if member.status == NOT_IN_USE:
            return AgentState.READY
        # The pool keeps a leg in use for a wrap-up of its own; a telephone may be used for anything.
        return AgentState.AFTER_CALL if leg_of(member) else AgentState.BUSY

    def seats(self) -> list[Seat]:
        """Every agent and what they are at, one for all their queues, ordered by interface.

        Who is paused in one queue and works in another is at what they are at in that one.
        """
        by_interface: defaultdict[str, list[QueueMember]] = defaultdict(list)
        for member in self._members.values():
            by_interface[member.interface].append(member)
        return [self._seat(places) for _, places in sorted(by_interface.items())]

    def _seat(self, places: list[QueueMember]) -> Seat:
        first = min(places, key=lambda one: (one.paused, one.queue))
        call = self._talks.get(first.interface) or self._rung.get(first.interface, "")
        queues = tuple(sorted(one.queue for one in places))
        return Seat(
            first.interface, first.member, queues, self.state_of(first), call, leg=bool(leg_of(first))
        )

    def is_free(self, queue: str, interface: str) -> bool:
        """Whether this one member of the queue could take a call now."""
        member = self._members.get((queue, interface))
        return member is not None and self._is_idle(member)

    def unserved(self, queue: str) -> list[str]:
        """Callers who wait in the queue and ring nobody, who came first first."""
        served, waiting = set(self._rung.values()), self._waiting.get(queue, {})
        return sorted((call for call in waiting if call not in served), key=waiting.__getitem__)

    def ahead(self, queue: str, since: float) -> int:
        """Callers who wait in the queue and entered it before `since` (epoch seconds)."""
        return sum(entered < since for entered in self._waiting.get(queue, {}).values())

    def waiting(self, queue: str) -> Mapping[str, float]:
        """Who waits in the queue, and when each of them began (epoch seconds)."""
        return self._waiting.get(queue, {})

    def queues(self, now: float) -> dict[str, QueueFigures]:
        """Every queue that Asterisk told of, as the inbound hook and the console see it."""
        return {queue: self._figures(queue, now) for queue in sorted(self._queues)}

    def _figures(self, queue: str, now: float) -> QueueFigures:
        waiting = self._waiting.get(queue, {})
        return QueueFigures(
            waiting=len(waiting),
            agents_free=self.free(queue),
            longest_wait=max(0.0, now - min(waiting.values(), default=now)),
            at=now,
            staffed=self.manning(queue).staffed,
        )
