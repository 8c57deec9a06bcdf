"""Hands text messages to Asterisk as SIP MESSAGE, by way of the bridge, which alone speaks to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from config.gateways import TextGateway
from messaging.gateway import clean
from messaging.letters import Draft, Return, Text, Unwritable, text_for
from strategies.attempts import Stage
from strategies.messages import Answer, Fate, SipMessage
from strategies.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

ASK_WITHIN = 5.0  # seconds after which the bridge does not ask Asterisk any more
ANSWER_WITHIN = 8.0  # seconds more for Asterisk, and for clocks that differ
BLOCK_MS = 1000
LONGEST = 700  # bytes: a line of the manager's is cut after 1,024, and these are written in base 64
STORE_AGAIN = 1.0


def sip_text_for(draft: Draft, back: Return) -> Text:
    """The text message of a pass. Raises Unwritable, also for one too long for the manager."""
    message = text_for(draft, back)
    if len(message.text.encode()) > LONGEST:
        raise Unwritable(f"a SIP MESSAGE may have {LONGEST} bytes")
    return message


class SipGateway:
    """A request on a stream, and its answer on another. Without an answer the attempt's stage tells: the
    bridge raises it right before it asks Asterisk, and asks nothing after `until`."""

    def __init__(self, settings: TextGateway, store: Store, clock: Callable[[], float]) -> None:
        self._destination, self._sender = settings.sip or "", settings.sender or ""
        self._store, self._clock = store, clock
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read(), name="sip answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.wait({self._reader})

    async def send(self, message: Text) -> Answer:
        """Ask the bridge, once."""
        attempt, until = message.key, self._clock() + ASK_WITHIN
        request = SipMessage(
            attempt, self._destination.replace("{number}", message.number), message.text, until, self._sender
        )
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[attempt] = answered
        try:
            await self._store.ask_for(request)
            async with asyncio.timeout(ASK_WITHIN + ANSWER_WITHIN):
                return await answered
        except TimeoutError:
            return await self._without_answer(attempt)
        except StoreUnavailable as error:
            return Answer(Fate.UNKNOWN, clean(str(error)))
        finally:
            del self._asked[attempt]

    async def _without_answer(self, attempt: str) -> Answer:
        try:
            stage = await self._store.stage(attempt)
        except StoreUnavailable as error:
            return Answer(Fate.UNKNOWN, clean(str(error)))
        if stage is Stage.INTENT:
            return Answer(Fate.NOT_SENT, "no bridge has taken it")
        return Answer(Fate.UNKNOWN, "the bridge did not answer")

    async def _read(self) -> None:
        """Answers, for who waits for them."""
        after = f"{round((self._clock() - ANSWER_WITHIN) * 1000)}-0"
        while True:
            try:
                for identity, attempt, answer in await self._store.answers(after, BLOCK_MS):
                    after = identity
                    waiting = self._asked.get(attempt)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)
            except StoreUnavailable:
                await asyncio.sleep(STORE_AGAIN)
