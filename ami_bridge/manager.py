"""panoramisk's Manager, made to connect, log in and watch for silence once; when to try again is the link's.

As shipped, Manager reconnects after a fixed wait, queues unanswered actions to send them again (an Originate
too), tries every registered pattern on every event, and sends pings whose answers nobody checks.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from panoramisk import Manager

from ami_bridge.errors import NotConnected
from ami_bridge.protocol import LinkProtocol
from ami_bridge.reconnect import Backoff
from ami_bridge.wire import Event, Reply, encode_action


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where the manager listens and who we are. Raises ForbiddenText for what cannot be sent."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        encode_action("Login", {"Username": self.username, "Secret": self.secret}, action_id="check")


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Seconds and counts that bound the link; the defaults suit a manager on the same machine or network."""

    connect: float = 5.0
    """To connect, log in and learn the version."""
    quiet: float = 10.0
    """Of silence before we ask whether Asterisk is there."""
    answer: float = 5.0
    """More of silence before the link is dropped."""
    backoff: Backoff = field(default_factory=Backoff)
    waiting_events: int = 20_000
    """About eight seconds of 2,500 events a second."""
    waiting_bytes: int = 16_777_216


class LinkManager(Manager):  # type: ignore[misc]  # panoramisk has no types
    """One connection at a time: `connect()` opens it, `authenticated_future` is the login's answer."""

    def __init__(
        self,
        address: AmiAddress,
        limits: LinkLimits,
        wanted: Iterable[str],
        dispatch: Callable[[Event], None],
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(
            loop=asyncio.get_running_loop(),
            host=address.host,
            port=address.port,
            username=address.username,
            secret=address.secret,
            protocol_factory=self._new_protocol,
            log=logging.getLogger(__name__),
        )
        self.dispatch = dispatch
        self.ping_delay = self.ping_interval = min(limits.quiet, limits.answer) / 2
        self._limits = limits
        self._wanted = frozenset(wanted)
        self._on_lost = on_lost
        self._prefix = f"sp{secrets.token_hex(5)}"
        self._connections = 0

    def _new_protocol(self) -> LinkProtocol:
        # Its owner is known to the protocol from the first byte: Asterisk's banner may come before
        # connection_made below has run. No ActionID is ever used twice, on whatever connection.
        self._connections += 1
        return LinkProtocol(self, self._wanted, f"{self._prefix}-{self._connections}")

    def connection_made(self, opened: "asyncio.Task[tuple[asyncio.Transport, LinkProtocol]]") -> None:
        """Logs in. A connection that failed, or ended at once, is told by the task to whom awaits it."""
        if opened.cancelled() or opened.exception() is not None or opened.result()[0].is_closing():
            return
        super().connection_made(opened)

    def login(self, answered: asyncio.Future[Reply]) -> bool:
        """Starts the watch once the login is answered; its outcome is for whom awaits the future."""
        if answered.cancelled() or answered.exception() is not None:
            return False
        return bool(super().login(answered))

    def ping(self) -> None:
        """panoramisk's timer, at least twice within `quiet`: any byte proves the peer alive."""
        if self.protocol.closed:
            return
        silent = self.loop.time() - self.protocol.heard_at
        if silent >= self._limits.quiet + self._limits.answer:
            self.protocol.drop("silent")
            return
        if silent >= self._limits.quiet and not self.protocol.waits_for("Ping"):
            with contextlib.suppress(NotConnected):
                self.protocol.request("Ping", {}, {})
        self.pinger = self.loop.call_later(self.ping_interval, self.ping)

    def connection_lost(self, exc: Exception | None) -> None:
        """Where panoramisk would come again after a fixed wait."""
        if self.pinger is not None:
            self.pinger.cancel()
        self._on_lost()
