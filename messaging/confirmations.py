"""Answers to who writes STOP or HELP, one text each, as carriers ask for; what follows from the words is the
intake's and the inbox's."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog

from messaging.gateway import Gateway
from messaging.letters import Text
from strategies.numbers import allowed

log = structlog.get_logger(__name__)

AGAIN = 86_400.0  # seconds in which a number gets the same answer once: two machines must not talk for ever
WAITING, REMEMBERED = 1000, 20_000  # answers that may wait, and numbers remembered


class Confirmations:
    """`answers` maps a response (`text_stop`) to what is written back. Each is offered once: one lost
    is not made up for. None is an attempt, and the one to STOP is the last a person hears of us."""

    def __init__(
        self,
        answers: Mapping[str, str],
        gateway: Gateway[Text] | None,
        countries: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._answers = answers if gateway is not None else {}
        self._gateway, self._countries, self._clock = gateway, countries, clock
        self._waiting: asyncio.Queue[Text] = asyncio.Queue(WAITING)
        self._answered: OrderedDict[tuple[str, str], float] = OrderedDict()

    def due(self, identity: str, number: str, response: str) -> None:
        """This number has just written so; `identity` names what came in."""
        answer, now = self._answers.get(response), self._clock()
        known = (number, response)
        if answer is None or not allowed(number, self._countries) or self._waiting.full():
            return
        if now - self._answered.get(known, -AGAIN) < AGAIN:
            return
        self._answered[known] = now
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        self._waiting.put_nowait(Text(identity, number, answer))

    async def run(self) -> None:
        """Write back, one after the other, until cancelled."""
        while self._gateway is not None:
            answer = await self._gateway.send(await self._waiting.get())
            log.info("confirmation.offered", fate=str(answer.fate), reason=answer.reason)
