"""Hands text messages to an HTTP gateway by the template of the settings, and tells what it said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from config.gateways import Accepted, TextGateway
from messaging.gateway import clean
from messaging.letters import Text
from messaging.places import at_path, filled
from strategies.messages import Answer, Fate

LONGEST_ANSWER = 65_536  # bytes of an answer that are read
CONNECT_WITHIN = 5.0  # seconds
_OURS_IS_WRONG = frozenset({401, 402, 403, 404, 405, 407, 415})  # the settings, not this message
_NOT_NOW = frozenset({429, 500, 503})  # said by the gateway itself: it has not taken it


class HttpGateway:
    """One request a message, and no connection is used twice: what a server that just hung up was sent is not
    known, and aiohttp would send some of it again.

    The attempt's id goes along as `Idempotency-Key`, so that a gateway could tell a repeat.
    """

    def __init__(self, settings: TextGateway) -> None:
        self._settings = settings
        self._secret = settings.secret()
        self._headers = dict(settings.headers)
        if self._secret and not any("{secret}" in value for value in settings.headers.values()):
            self._headers.setdefault("Authorization", "Bearer {secret}")
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        seconds = self._settings.timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.connections, force_close=True),
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_WITHIN, seconds)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, message: Text) -> Answer:
        """Offer it once. Who cannot be reached has been given nothing; who falls silent may have taken it."""
        try:
            async with self._session.request(
                self._settings.method, self._url(message), allow_redirects=False, **self._request(message)
            ) as response:
                body = await _start_of(response)
                return judged(response.status, response.headers, body, self._settings.accepted)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return Answer(Fate.NOT_SENT, clean(str(error)))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(Fate.UNKNOWN, clean(f"no answer: {str(error) or type(error).__name__}"))

    def _url(self, message: Text) -> URL:
        named = {name: quote(value, safe="") for name, value in self._places(message).items()}
        return URL(str(filled(self._settings.url, named)), encoded=True)

    def _request(self, message: Text) -> dict[str, Any]:
        places = self._places(message)
        headers = {name: str(filled(value, places)) for name, value in self._headers.items()}
        asked: dict[str, Any] = {"headers": {"Idempotency-Key": message.key, **headers}}
        if self._settings.body:
            body = filled(self._settings.body, places)
            if self._settings.format == "json":
                asked["json"] = body
            else:
                asked["data"] = {name: str(value) for name, value in body.items()}
        return asked

    def _places(self, message: Text) -> Mapping[str, str]:
        return {
            "number": message.number,
            "text": message.text,
            "attempt": message.key,
            "from": self._settings.sender or "",
            "secret": self._secret or "",
        }


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """The answer's body, cut where it grows beyond reason."""
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) >= LONGEST_ANSWER:
            break
    return body[:LONGEST_ANSWER]


def judged(status: int, headers: Mapping[str, str], body: bytes, accepted: Accepted) -> Answer:
    """What a gateway's answer comes to. Pure.

    502 and 504 come from somebody in between who does not know, so neither do we. A message is refused for
    good by the rest of 4xx, or by an answer whose fields do not say yes.
    """
    told = _read(body)
    reason = clean(f"{status} {at_path(told, accepted.reason) or ''}".strip())
    if status in _NOT_NOW:
        return Answer(Fate.FAILED, reason, pause=_pause(status, headers))
    if status in _OURS_IS_WRONG or 300 <= status < 400:
        return Answer(Fate.NOT_SENT, f"{reason}: see gateways.text in settings.yaml")
    if 400 <= status < 500 and status != 408:
        return Answer(Fate.REFUSED, reason)
    if not 200 <= status < 300:
        return Answer(Fate.UNKNOWN, reason)
    if not all(str(at_path(told, path)) in yes for path, yes in accepted.when.items()):
        return Answer(Fate.REFUSED, reason)
    name = at_path(told, accepted.id)
    return Answer(Fate.ACCEPTED, id=clean(str(name)) if isinstance(name, str | int) else "")


def _pause(status: int, headers: Mapping[str, str]) -> float:
    """Seconds to rest, as the gateway asks; one that is only overloaded is given one second."""
    asked = headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return float(asked[:6])
    return 0.0 if status == 500 else 1.0


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
