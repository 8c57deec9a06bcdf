"""Asks a service of the centre's own who calls, within its time and without ever raising; what it says is
laid over what the store knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import quote

import aiohttp
import msgspec
import structlog
from yarl import URL

from agi.asked import Asked
from config.lookup import Lookup
from strategies.contacts import Contact
from strategies.store import Caller

log = structlog.get_logger(__name__)

LONGEST = 65_536  # bytes of an answer that are read
AT_ONCE = 100  # questions under way


class Found(msgspec.Struct, frozen=True):
    """What the service says; anything else in its answer is passed over. Attributes are told as texts or
    numbers."""

    customer: str | None = None
    segment: str | None = None
    attributes: dict[str, str | int | float | bool | None] = {}


_found = msgspec.json.Decoder(Found).decode


class LookupService:
    """One per server; `close` at its end."""

    def __init__(self, settings: Lookup) -> None:
        self._settings = settings
        secret = settings.secret()
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, call: Asked) -> Found | None:
        """What the service knows of the caller; None where it is slow, away, knows nobody or talks
        nonsense."""
        if call.number is None and call.account is None:
            return None
        try:
            async with asyncio.timeout(self._settings.within):
                return await self._answer(self._url(call))
        except (TimeoutError, aiohttp.ClientError, OSError, msgspec.DecodeError, ValueError) as error:
            log.warning("lookup.failed", interaction=call.interaction, error=type(error).__name__)
            return None

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()

    async def _answer(self, url: URL) -> Found | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE), cookie_jar=aiohttp.DummyCookieJar()
            )
        async with self._session.get(url, headers=self._headers, allow_redirects=False) as response:
            if response.status != 200:
                return None
            return _found(await _body(response))

    def _url(self, call: Asked) -> URL:
        places = {"{number}": call.number or "", "{account}": call.account or ""}
        text = self._settings.url
        for place, value in places.items():
            text = text.replace(place, quote(value, safe=""))
        return URL(text, encoded=True)


def laid_over(caller: Caller, found: Found | None) -> Caller:
    """The caller with what the service says: its attributes beside those of the list and before them, its
    segment where nobody moved the customer, its name for them where the store knows none. `customer` stays:
    the store finds what it keeps of them by that alone."""
    if found is None:
        return caller
    told = {name: _text(value) for name, value in found.attributes.items() if value is not None}
    known = caller.contact or Contact(found.customer or caller.customer, ())
    moved = caller.segment is not None and caller.segment != known.segment
    return replace(
        caller,
        contact=replace(known, attributes={**known.attributes, **told}),
        segment=caller.segment if moved or found.segment is None else found.segment,
    )


def named(caller: Caller) -> str:
    """The customer as people are told: by the list or the service that knows them, else by their number."""
    return caller.contact.id if caller.contact else caller.customer


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """All of the answer, however it comes in, but no more than LONGEST."""
    body = bytearray()
    while len(body) < LONGEST and (more := await response.content.read(LONGEST - len(body))):
        body += more
    return bytes(body)


def _text(value: str | float) -> str:
    """As a list's columns are: texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)
