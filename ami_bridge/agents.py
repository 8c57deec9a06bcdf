"""The queues: who waits for an agent, whom agents are promised to, and so how many are free; what each agent
is at is for `members` to know, whom to dial for the dialer to decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ami_bridge.members import NO_POOL, Members, is_staffed
from ami_bridge.snapshot import LiveQueue, PoolStatus
from strategies.store import QueueFigures


@dataclass(frozen=True, slots=True)
class Manning:
    """A queue's agents at a moment: `staffed`, those of them `busy` (being rung and wrap-up included), people
    who wait in any queue that shares an idle one and ring nobody, and calls on their way to such a queue."""

    staffed: int = 0
    busy: int = 0
    waiting: int = 0
    coming: int = 0

    @property
    def free(self) -> int:
        """Agents for one more call."""
        return max(0, self.staffed - self.busy - self.waiting - self.coming)


class QueueBoard(Members):
    """Members and waiting callers of every queue, and the agents promised to calls that are still on
    their way."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self._queues: set[str] = set()
        self._waiting: dict[str, dict[str, float]] = {}  # queue -> call -> entered
        self._reserved: dict[str, str] = {}  # attempt -> queue

    def replace(
        self, queues: Iterable[LiveQueue], now: float, pool: Mapping[str, PoolStatus] = NO_POOL
    ) -> None:
        """Take a snapshot for the truth; promises stay. `pool`: the agents who have a leg, by their ids."""
        listed = list(queues)
        self.found(listed, pool)
        self._queues, self._waiting = {queue.name for queue in listed}, {}
        for queue in listed:
            for caller in queue.callers:
                self.joined(queue.name, caller.uniqueid, now - caller.wait_seconds)

    def joined(self, queue: str, call: str, entered: float) -> None:
        """A caller waits; whoever was promised an agent is now served by the queue itself."""
        self._waiting.setdefault(queue, {})[call] = entered

    def left(self, queue: str, call: str) -> None:
        """A caller waits no more, for whatever reason."""
        self._waiting.get(queue, {}).pop(call, None)
        self.stop_ringing(call)

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
        return self.manning(queue).free

    def manning(self, queue: str) -> Manning:
        """The queue's agents as they are now. Callers whose agent's telephone rings wait for none of the idle
        ones."""
        staffed = [one for one in self.in_queue(queue) if is_staffed(one)]
        idle = [one.interface for one in staffed if self.is_idle(one)]
        sharing, served = self.sharing(idle) | {queue}, self.served()
        waiting = sum(call not in served for name in sharing for call in self._waiting.get(name, ()))
        coming = sum(
            name in sharing and attempt not in self._waiting.get(name, ())
            for attempt, name in self._reserved.items()
        )
        return Manning(len(staffed), len(staffed) - len(idle), waiting, coming)

    def unserved(self, queue: str) -> list[str]:
        """Callers who wait in the queue and ring nobody, who came first first."""
        served, waiting = self.served(), self._waiting.get(queue, {})
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
        waiting, seen = self._waiting.get(queue, {}), self.manning(queue)
        return QueueFigures(
            waiting=len(waiting),
            agents_free=seen.free,
            longest_wait=max(0.0, now - min(waiting.values(), default=now)),
            at=now,
            staffed=seen.staffed,
        )
