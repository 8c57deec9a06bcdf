"""The share of callers lately who had an agent in time, for each queue, from Asterisk's events; what follows
from it is the conditions' of segments.yaml."""

from __future__ import annotations

from ami_bridge.events import AgentConnect, AmiEvent, QueueCallerAbandon

IN_TIME = 20  # seconds, the trade's usual
NEWEST = 0.05  # what the newest caller counts: the last twenty or so


class ServiceLevels:
    """Over all queues since the process began."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}

    def hear(self, event: AmiEvent) -> None:
        """A caller had an agent, or gave up. Who was led elsewhere counts as given up: not in time here."""
        match event:
            case AgentConnect(queue=queue, hold_seconds=held):
                self._add(queue, held <= IN_TIME)
            case QueueCallerAbandon(queue=queue):
                self._add(queue, False)

    def of(self, queue: str) -> float | None:
        """The share; None before the first caller."""
        return self._shares.get(queue)

    def _add(self, queue: str, in_time: bool) -> None:
        share = self._shares.get(queue, float(in_time))
        self._shares[queue] = share + NEWEST * (in_time - share)
