"""Who of a queue's members could take a call now, from Asterisk's snapshots and events; whom to dial
is the dialer's to decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ami_bridge.events import QueueMember
from ami_bridge.snapshot import LiveQueue
from strategies.store import QueueFigures

NOT_IN_USE = 1  # AST_DEVICE_NOT_INUSE in Asterisk's device states


def is_free(member: QueueMember) -> bool:
    """Could be rung this moment."""
    return member.status == NOT_IN_USE and not member.paused and not member.in_call


@dataclass(slots=True)
class QueueBoard:
    """Members and waiting callers of every queue, and the agents promised to calls that are still on
    their way."""

    _queues: set[str] = field(default_factory=set)
    _members: dict[tuple[str, str], QueueMember] = field(default_factory=dict)
    _waiting: dict[str, dict[str, float]] = field(default_factory=dict)  # queue -> call -> entered
    _reserved: dict[str, str] = field(default_factory=dict)  # attempt -> queue

    def replace(self, queues: Iterable[LiveQueue], now: float) -> None:
        """Take a snapshot for the truth; promises stay."""
        self._queues, self._members, self._waiting = set(), {}, {}
        for queue in queues:
            self._queues.add(queue.name)
            for member in queue.members:
                self.member(member)
            for caller in queue.callers:
                self.joined(queue.name, caller.uniqueid, now - caller.wait_seconds)

    def member(self, member: QueueMember) -> None:
        """A member was added or changed."""
        self._members[member.queue, member.interface] = member

    def removed(self, queue: str, interface: str) -> None:
        """A member left its queue."""
        self._members.pop((queue, interface), None)

    def joined(self, queue: str, call: str, entered: float) -> None:
        """A caller waits; whoever was promised an agent is now served by the queue itself."""
        self._waiting.setdefault(queue, {})[call] = entered

    def left(self, queue: str, call: str) -> None:
        """A caller waits no more, for whatever reason."""
        self._waiting.get(queue, {}).pop(call, None)

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
        idle = {
            member.interface for member in self._members.values() if member.queue == queue and is_free(member)
        }
        sharing = {member.queue for member in self._members.values() if member.interface in idle}
        waiting = sum(len(self._waiting.get(name, ())) for name in sharing)
        promised = sum(
            name in sharing and attempt not in self._waiting.get(name, ())
            for attempt, name in self._reserved.items()
        )
        return max(0, len(idle) - waiting - promised)

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
        )
