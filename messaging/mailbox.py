"""The small mail server of the messenger: takes mail on the addresses we put into our emails, and no other.
What is heard goes to the intake; what a mail says is told by `mail_reading`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.gateways import Listen
from messaging.intake import Intake
from messaging.letters import BOUNCE, REPLY
from messaging.mail_reading import read_mail
from messaging.tokens import Tokens
from strategies.messages import Words
from strategies.store import StoreUnavailable

log = structlog.get_logger(__name__)

LONGEST = 1_048_576  # bytes of a mail
AT_ONCE = 50  # connections
RECIPIENTS = 10  # of one mail
IDLE = 60.0  # seconds a silent peer is listened to
COMMANDS = 50  # of each kind, a connection


class Mailbox:
    """What aiosmtpd asks about each command of a peer."""

    def __init__(
        self, intake: Intake, tokens: Tokens, domain: str, words: Words, clock: Callable[[], float]
    ) -> None:
        self._intake, self._tokens, self._domain = intake, tokens, domain.lower()
        self._words, self._clock = words, clock

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Only addresses of ours, whose token is right."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if self._attempt(address) is None:
            return "550 5.1.1 No such address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Kept before it is taken; a mail that says nothing to us is taken and forgotten."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            for address in envelope.rcpt_tos:
                await self._take(address, content, (envelope.mail_from or "").strip("<>"))
        except StoreUnavailable as error:
            log.warning("mailbox.store_unavailable", error=str(error))
            return "451 4.3.0 Try again later"
        return "250 2.0.0 Ok"

    async def _take(self, address: str, content: bytes, sender: str) -> None:
        attempt = self._attempt(address)
        if attempt is None:
            return
        notice = read_mail(content, attempt, sender, self._clock(), self._words)
        if notice is None:
            log.info("mailbox.nothing_said", attempt=attempt)
            return
        identity = sha256(content).hexdigest()
        await self._intake.take(f"email:{attempt}:{identity}", notice)

    def _attempt(self, address: str) -> str | None:
        """The attempt whose message carried this address; None for an address that is none of ours."""
        local, _, domain = address.lower().rpartition("@")
        if domain != self._domain:
            return None
        for prefix in (BOUNCE, REPLY):
            if local.startswith(prefix):
                return self._tokens.attempt(local.removeprefix(prefix))
        return None


class _Bounded(SMTP):
    """One peer's connection; those beyond AT_ONCE are hung up on. `open_now`: all of one listener."""

    def __init__(self, handler: Mailbox, open_now: set[SMTP], **options: Any) -> None:
        super().__init__(handler, **options)
        self._open_now = open_now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_now.add(self)
        super().connection_made(transport)
        if len(self._open_now) > AT_ONCE and isinstance(transport, asyncio.Transport):
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._open_now.discard(self)
        super().connection_lost(error)


@asynccontextmanager
async def served(mailbox: Mailbox, where: Listen, name: str) -> AsyncIterator[int]:
    """Listen as the host `name`; gives the port."""
    loop, open_now = asyncio.get_running_loop(), set[SMTP]()
    limits: dict[str, Any] = {
        "data_size_limit": LONGEST,
        "timeout": IDLE,
        "command_call_limit": COMMANDS,
        "ident": "secondpass",
    }
    server = await loop.create_server(
        lambda: _Bounded(mailbox, open_now, hostname=name, loop=loop, **limits), where.host, where.port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
