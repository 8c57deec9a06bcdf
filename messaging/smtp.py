"""Hands emails to a mail server, and tells what it said; what an email says is left to `letters`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog
from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from config.gateways import EmailGateway
from messaging.gateway import clean
from messaging.letters import Letter
from strategies.messages import Answer, Fate

log = structlog.get_logger(__name__)

_PORTS = {"smtp": 25, "smtps": 465}
_IDLE = 20.0  # seconds after which a connection is not used again: servers hang up on idle ones
_LETTERS = 50  # letters over one connection: some servers refuse more


class SmtpGateway:
    """At most `connections` at a time, each used for several letters.

    A server that cannot be reached, or refuses the login or the sender, has been given nothing: NOT_SENT. One
    that falls silent after it was given the text leaves us not knowing.
    """

    def __init__(self, settings: EmailGateway) -> None:
        self._settings = settings
        self._secret = settings.secret()
        self._room = asyncio.Semaphore(settings.connections)
        self._idle: list[tuple[SMTP, float, int]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client, _, _ in self._idle:
            client.close()
        self._idle.clear()

    async def send(self, message: Letter) -> Answer:
        """Offer it once."""
        async with self._room:
            try:
                async with self._connection() as client:
                    return await _handed_over(client, message)
            except _NotReady as error:
                return Answer(Fate.NOT_SENT, clean(str(error)))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        client, used = await self._found()
        try:
            yield client
        except BaseException:
            client.close()
            raise
        if client.is_connected and used + 1 < _LETTERS:
            self._idle.append((client, asyncio.get_running_loop().time(), used + 1))
        else:
            client.close()

    async def _found(self) -> tuple[SMTP, int]:
        """A connection over which a letter may go: one that is idle and alive, or a new one."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            client, since, used = self._idle.pop()
            if now - since < _IDLE and await _alive(client):
                return client, used
            client.close()
        return await self._opened(), 0

    async def _opened(self) -> SMTP:
        settings, split = self._settings, urlsplit(self._settings.smtp)
        client = SMTP(
            hostname=split.hostname,
            port=split.port or _PORTS[split.scheme],
            use_tls=split.scheme == "smtps",
            start_tls=False,
            timeout=settings.timeout,
            tls_context=ssl.create_default_context(cafile=settings.ca),
        )
        try:
            await client.connect()
            await self._secured(client, tls=split.scheme == "smtps")
            if settings.username is not None and self._secret is not None:
                await client.login(settings.username, self._secret)
        except (SMTPException, OSError, ssl.SSLError) as error:
            client.close()
            raise _NotReady(_told(error)) from error
        return client

    async def _secured(self, client: SMTP, *, tls: bool) -> None:
        """TLS as the settings ask for it; whoever could take the offer of it away gets no password."""
        wish = self._settings.starttls
        if tls or wish == "off":
            return
        await client.ehlo()
        if client.supports_extension("starttls") or wish == "required" or self._settings.username:
            await client.starttls()


class _NotReady(Exception):
    """The server cannot be reached, or does not take us for a customer: no letter has left us."""


async def _alive(client: SMTP) -> bool:
    try:
        await client.noop()
    except (SMTPException, OSError):
        return False
    return client.is_connected


async def _handed_over(client: SMTP, letter: Letter) -> Answer:
    """MAIL, RCPT, DATA, one by one: what each refusal means depends on where it comes."""
    try:
        await client.mail(letter.mail_from)
    except SMTPResponseException as error:
        if error.code >= 500:
            raise _NotReady(f"the sender is refused: {_told(error)}") from error
        return _refused(error)
    except (SMTPException, OSError) as error:
        raise _NotReady(_told(error)) from error
    try:
        await client.rcpt(letter.to)
    except SMTPResponseException as error:
        await _reset(client)
        return _refused(error)
    except (SMTPException, OSError) as error:
        raise _NotReady(_told(error)) from error
    try:
        said = await client.data(letter.content)
    except SMTPResponseException as error:
        return _refused(error)
    except (SMTPTimeoutError, SMTPServerDisconnected, OSError) as error:
        client.close()
        return Answer(Fate.UNKNOWN, clean(f"no answer to the text: {_told(error)}"))
    return Answer(Fate.ACCEPTED, id=clean(said.message))


async def _reset(client: SMTP) -> None:
    """Ready for the next letter, or closed."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


def _refused(error: SMTPResponseException) -> Answer:
    """What a reply code means (RFC 5321 4.2.1): 4yz may be taken later, 5yz never will be."""
    return Answer(Fate.REFUSED if error.code >= 500 else Fate.FAILED, clean(_told(error)))


def _told(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    if isinstance(error, SMTPNotSupported | SMTPConnectError | SMTPException):
        return error.message
    return str(error) or type(error).__name__
