"""What every member of Asterisk's queues is at, from its snapshots and events; who waits for them, and whom
they are promised to, is the board's.

A member has a telephone that rings, or a leg: an agent of app_agent_pool who stays on the line, whose device
state is `Agent:ID`. That state is free only once the pool would connect somebody, so both are judged alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from ami_bridge.events import QueueMember
from ami_bridge.snapshot import LiveQueue, PoolStatus, leg_of
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState

NOT_IN_USE = 1  # AST_DEVICE_NOT_INUSE in Asterisk's device states
IN_USE = 2
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


class Members:
    """All members of all queues; who is in several has one telephone. `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._of_queue: dict[str, dict[str, QueueMember]] = {}  # queue -> interface -> member
        self._rung: dict[str, str] = {}  # interface -> the call it rings for
        self._talks: dict[str, str] = {}  # interface -> its call, empty if not known which
        self._done: dict[str, float] = {}  # interface -> when its last call was over
        self._wrap_up: dict[str, float] = {}  # queue -> seconds
        self._kept: set[str] = set()  # legs that the pool keeps in use after a talk: its own wrap-up

    def found(self, queues: Iterable[LiveQueue], pool: Mapping[str, PoolStatus] = NO_POOL) -> None:
        """Take a snapshot for the truth. `pool`: the agents who have a leg, by their ids."""
        self._of_queue, self._rung, self._talks, self._kept = {}, {}, {}, set()
        for queue in queues:
            for member in queue.members:
                self._found(member, pool.get(leg_of(member)))

    def _found(self, member: QueueMember, leg: PoolStatus | None) -> None:
        """A member as a snapshot has it. Of a leg in use the queue does not tell whether it talks."""
        if leg is PoolStatus.LOGGED_OFF:
            member = replace(member, status=UNAVAILABLE)
        self.member(member)
        if member.in_call or leg is PoolStatus.ON_CALL:
            self._talks[member.interface] = ""
        elif leg is PoolStatus.IDLE and member.status == IN_USE:
            self._kept.add(member.interface)

    def member(self, member: QueueMember) -> None:
        """A member was added or changed."""
        self._of_queue.setdefault(member.queue, {})[member.interface] = member
        if member.status != IN_USE:
            self._kept.discard(member.interface)
        if member.last_call > self._done.get(member.interface, 0.0):
            self._done[member.interface] = float(member.last_call)
        if is_free(member) and self._talks.get(member.interface) == "":
            self.completed(member.interface)  # nothing else may tell of a call that only a snapshot knew

    def removed(self, queue: str, interface: str) -> None:
        """A member left its queue."""
        self._of_queue.get(queue, {}).pop(interface, None)

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
        for members in self._of_queue.values():
            if interface in members:
                members[interface] = replace(members[interface], in_call=False)
                if leg_of(members[interface]) and members[interface].status == IN_USE:
                    self._kept.add(interface)

    def ended(self, call: str) -> None:
        """The caller's channel is gone: whoever still talked to them has done."""
        for interface in [one for one, with_whom in self._talks.items() if with_whom == call]:
            self.completed(interface)

    def in_queue(self, queue: str) -> Iterable[QueueMember]:
        """Its members."""
        return self._of_queue.get(queue, {}).values()

    def sharing(self, interfaces: Iterable[str]) -> set[str]:
        """Every queue that one of them is a member of."""
        wanted = set(interfaces)
        return {queue for queue, members in self._of_queue.items() if not wanted.isdisjoint(members)}

    def served(self) -> set[str]:
        """The calls for which somebody is rung."""
        return set(self._rung.values())

    def stop_ringing(self, call: str) -> None:
        """The caller waits no more: nobody is rung for them."""
        self._rung = {interface: other for interface, other in self._rung.items() if other != call}

    def is_idle(self, member: QueueMember) -> bool:
        """Could take a call now: has no after-call work either."""
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
        return AgentState.AFTER_CALL if interface in self._kept else AgentState.BUSY

    def seats(self) -> list[Seat]:
        """Every agent and what they are at, one for all their queues, ordered by interface.

        Who is paused in one queue and works in another is at what they are at in that one.
        """
        by_interface: defaultdict[str, list[QueueMember]] = defaultdict(list)
        for members in self._of_queue.values():
            for member in members.values():
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
        member = self._of_queue.get(queue, {}).get(interface)
        return member is not None and self.is_idle(member)
