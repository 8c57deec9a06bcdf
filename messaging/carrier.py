"""One medium's way out: writes a message, offers it to the gateway, and rests while the gateway is away; what
its answers come to is left to the messenger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from messaging.gateway import Gateway
from messaging.letters import Draft
from strategies.messages import Answer, Fate
from strategies.vocabulary import Medium

log = structlog.get_logger(__name__)

FIRST_REST, LONGEST_REST = 1.0, 60.0  # seconds in which nothing is offered to a gateway that is away
M = TypeVar("M")


@dataclass(slots=True)
class Carrier(Generic[M]):
    """`write` makes a message of a draft, or raises Unwritable; `room` are the messages that may be on their
    way at once; `waits`: seconds an accepted message's report is waited for."""

    medium: Medium
    write: Callable[[Draft], M]
    gateway: Gateway[M]
    room: int
    waits: float
    under_way: int = 0
    failures: int = 0
    rests_until: float = field(default=0.0)

    def free(self, now: float) -> int:
        """How many messages may be claimed now: after a failure one, to see whether the gateway is back."""
        if now < self.rests_until:
            return 0
        return max(0, (1 if self.failures else self.room) - self.under_way)

    async def offer(self, message: M, now: Callable[[], float]) -> Answer:
        """Offer a message, once. It counts against `room` from the claim on: see `under_way`."""
        answer = await self.gateway.send(message)
        self._heed(answer, now())
        return answer

    def _heed(self, answer: Answer, now: float) -> None:
        """Rest after a gateway that is away, longer each time; go on as soon as one message was judged."""
        if answer.fate in (Fate.NOT_SENT, Fate.UNKNOWN) or answer.pause > 0:
            self.failures += 1
            rest = min(LONGEST_REST, FIRST_REST * 2.0 ** min(self.failures - 1, 16))
            self.rests_until = max(self.rests_until, now + max(rest, min(answer.pause, LONGEST_REST)))
            tell = log.warning if self.failures == 1 else log.debug
            tell("gateway.rests", medium=str(self.medium), fate=str(answer.fate), reason=answer.reason)
        elif self.failures:
            self.failures = 0
            log.info("gateway.back", medium=str(self.medium))
