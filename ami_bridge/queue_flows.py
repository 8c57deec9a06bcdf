"""Follows how it goes in Asterisk's queues, for the factors of the models; who waits is the board's to know,
what is made of it is left to `strategies.queue_flow`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ami_bridge.agents import QueueBoard
from ami_bridge.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
)
from strategies.queue_flow import QueueFlow


class QueueFlows:
    """`hear` is told of every event. One flow for all queues: their agents mostly serve several."""

    def __init__(self, board: QueueBoard) -> None:
        self._board, self._flow = board, QueueFlow()

    def hear(self, event: AmiEvent, now: float) -> None:
        """What an event changes about the queues."""
        match event:
            case QueueCallerJoin(queue=queue, uniqueid=call):
                self._flow.joined(queue, call, now)
            case QueueCallerAbandon(uniqueid=call):
                self._flow.gave_up(call)
            case QueueCallerLeave(uniqueid=call):
                self._flow.left(call, now)
            case AgentConnect(interface=interface):
                self._flow.answered(interface, now)
            case AgentComplete(interface=interface):
                self._flow.completed(interface, now)

    def lately(self, queues: Iterable[str], now: float) -> dict[str, dict[str, float]]:
        """By queue, the factors of somebody who enters it now, those left out of which nothing is known yet.
        Who waits is taken from the board, which a snapshot of Asterisk puts right after a gap."""
        names = list(queues)
        self._flow.now_waiting(
            {call: (name, since) for name in names for call, since in self._board.waiting(name).items()}
        )
        return {name: _known(self._flow.factors(name, now)) for name in names}


def _known(factors: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in factors.items() if not math.isnan(value)}
