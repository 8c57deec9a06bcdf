"""Has Asterisk send the texts that the messenger asks for, each once; what its answer comes to is the
messenger's."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable

import structlog

from ami_bridge.errors import ActionRefused, AmiError, NotConnected, OutcomeUnknown
from ami_bridge.link import AmiLink
from strategies.messages import Answer, Fate, SipMessage
from strategies.store import Store, StoreUnavailable
from strategies.store.patience import until_stored

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
BEFORE = 60.0  # seconds before the start from which requests are read: clocks differ
ANSWER_WITHIN = 5.0  # seconds for Asterisk to take a message
STORE_AGAIN = 1.0


class SipTexts:
    """One per bridge. `leased`: whether this bridge may still work for its tenant."""

    def __init__(
        self, store: Store, link: AmiLink, clock: Callable[[], float], leased: Callable[[], bool]
    ) -> None:
        self._store, self._link, self._clock, self._leased = store, link, clock, leased

    async def run(self) -> None:
        """Send what is asked for, one after the other, until cancelled."""
        after = f"{round((self._clock() - BEFORE) * 1000)}-0"
        while True:
            try:
                for identity, message in await self._store.asked_for(after, BLOCK_MS):
                    await self.send(message)
                    after = identity
            except StoreUnavailable:
                await asyncio.sleep(STORE_AGAIN)

    async def send(self, message: SipMessage) -> None:
        """Have it sent, unless it is too late or was asked of Asterisk before: then the messenger hears
        nothing new. Raises StoreUnavailable before Asterisk is asked."""
        if self._clock() >= message.until or not self._leased():
            return
        if not self._link.connected:
            await self._store.answer(message.attempt, Answer(Fate.NOT_SENT, "no link to Asterisk"))
            return
        if not await self._store.placed(message.attempt):
            return
        answer = await self._asked(message)
        log.info("text.asked", attempt=message.attempt, fate=str(answer.fate))
        await until_stored(lambda: self._store.answer(message.attempt, answer))

    async def _asked(self, message: SipMessage) -> Answer:
        body = b64encode(message.text.encode()).decode()
        headers = {"To": message.destination, "Base64Body": body}
        if message.sender:
            headers["From"] = message.sender
        try:
            await self._link.call("MessageSend", headers, deadline=ANSWER_WITHIN, action_id=message.attempt)
        except NotConnected as error:
            return Answer(Fate.NOT_SENT, str(error))
        except OutcomeUnknown as error:
            return Answer(Fate.UNKNOWN, error.why)
        except ActionRefused as error:
            return Answer(Fate.FAILED, error.text)
        except AmiError as error:
            return Answer(Fate.NOT_SENT, str(error))
        return Answer(Fate.ACCEPTED)
