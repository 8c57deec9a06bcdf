"""Takes in what the listeners hear, durably, before anybody is told that it was; dealing with it is the
inbox's. Who wants no more gets no more from this moment on."""

from __future__ import annotations

import structlog

from strategies.messages import Notice
from strategies.store import Store
from strategies.vocabulary import SAID_STOP

log = structlog.get_logger(__name__)


class Intake:
    """One per messenger; may be used by several listeners at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take(self, identity: str, notice: Notice) -> bool:
        """Keep a notice; False if `identity` came in before. Raises StoreUnavailable: then nothing was."""
        stopped = await self._everywhere(notice) if SAID_STOP.intersection(notice.responses) else []
        new = await self._store.take_in(identity, notice, stopped)
        log.info("notice.taken_in", kind=notice.kind, medium=str(notice.medium), new=new)
        return new

    async def _everywhere(self, notice: Notice) -> list[str]:
        """All addresses of whoever has opted out: a message's contact, and everybody with that number."""
        contacts = list[str]()
        if notice.attempt is not None and (found := await self._store.message(notice.attempt)) is not None:
            contacts.append(found[0].contact)
        if notice.address is not None:
            contacts += await self._store.contacts_of_number(notice.address)
        addresses = dict.fromkeys([notice.address] if notice.address is not None else [])
        for contact in contacts:
            addresses |= dict.fromkeys(await self._store.addresses_of_person(contact))
        return list(addresses)
