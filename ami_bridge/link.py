"""The link to Asterisk's manager: connected, logged in, watched, and made anew when lost.

It is built on panoramisk's Manager with our protocol class under it. It sends actions and passes events on by
name; what an event means, whom to dial, and how a gap is repaired is decided by those who use it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

import structlog

from ami_bridge.dispatch import EventQueue, LinkState
from ami_bridge.errors import ActionRefused, AmiError, LoginRefused, NotConnected, OutcomeUnknown
from ami_bridge.manager import AmiAddress, LinkLimits, LinkManager
from ami_bridge.permitted import REPEATABLE, check_permitted
from ami_bridge.protocol import LinkProtocol, Pending
from ami_bridge.version import check_version
from ami_bridge.wire import Event, Reply, clean

__all__ = ["AmiAddress", "AmiLink", "LinkLimits", "LinkState"]

log = structlog.get_logger(__name__)
T = TypeVar("T")
_NONE: Mapping[str, str] = MappingProxyType({})


class AmiLink:
    """Actions to Asterisk and events from it, over however many connections it takes.

    `on_event` maps an event's name to a callback, called in the order Asterisk sent the events; `on_state` is
    called, in the same order, when the link is won, lost, refused, or fell behind. Both must not block.
    """

    def __init__(
        self,
        settings: AmiAddress,
        *,
        on_event: Mapping[str, Callable[[Event], None]],
        on_state: Callable[[LinkState], None] = lambda state: None,
        limits: LinkLimits | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.limits = limits or LinkLimits()
        self.state = LinkState()
        self.asterisk_version: str | None = None
        self._jitter = jitter
        self._protocol: LinkProtocol | None = None
        self._ready = asyncio.Event()
        self.events = EventQueue(
            on_event,
            on_state,
            self._overflowed,
            most=self.limits.waiting_events,
            most_bytes=self.limits.waiting_bytes,
        )

    @property
    def connected(self) -> bool:
        return self._ready.is_set()

    @property
    def generation(self) -> int:
        """Grows whenever events may have been missed: with each login, and each time we fell behind."""
        return self.state.generation

    def held(self) -> AbstractContextManager[None]:
        """Callbacks wait while the block runs: take a snapshot, apply it, and the events go on after it."""
        return self.events.held()

    def check_version(self) -> None:
        """Raises UnsafeAsterisk where this Asterisk, or one of unknown version, must not be dialled with."""
        check_version(self.asterisk_version)

    async def run(self) -> None:
        """Connects, logs in, and reconnects until cancelled; leaves no task and no socket behind."""
        manager = LinkManager(
            self.settings, self.limits, self.events.handlers, self.events.put, on_lost=self._ready.clear
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.events.consume(), name="ami events")
            tasks.create_task(self._keep_connected(manager), name="ami link")

    async def call(
        self,
        action: str,
        headers: Mapping[str, str] = _NONE,
        variables: Mapping[str, str] = _NONE,
        *,
        deadline: float = 5.0,
        action_id: str | None = None,
    ) -> Reply:
        """Sends one action and waits for its reply, at most `deadline` seconds.

        Raises ForbiddenText, ActionNotAllowed or NotConnected when nothing was sent; ActionRefused when
        Asterisk said no; OutcomeUnknown when it said nothing. An action that only asks (permitted.REPEATABLE)
        is asked again when a reconnect falls within the deadline; any other is sent once. `action_id` names
        the action oneself, so that a later event (OriginateResponse) can be told by it.
        """
        asked = self._ask(action, headers, variables, action_id=action_id)
        return (await _within(deadline, action, asked))[0]

    async def listing(
        self,
        action: str,
        headers: Mapping[str, str] = _NONE,
        *,
        deadline: float = 5.0,
    ) -> list[Event]:
        """The events of a list action (`CoreShowChannels`, `QueueStatus`); raises as `call` does."""
        return (await _within(deadline, action, self._ask(action, headers, _NONE, listing=True)))[1]

    async def _ask(
        self,
        action: str,
        headers: Mapping[str, str],
        variables: Mapping[str, str],
        *,
        listing: bool = False,
        action_id: str | None = None,
    ) -> tuple[Reply, list[Event]]:
        check_permitted(action, headers, variables)
        while True:
            protocol = self._logged_in(action)
            pending = protocol.request(action, headers, variables, listing=listing, action_id=action_id)
            try:
                return await _answer(protocol, pending)
            except OutcomeUnknown:
                if action not in REPEATABLE:
                    raise
            await self._ready.wait()

    def _logged_in(self, action: str) -> LinkProtocol:
        if self._protocol is None or not self._ready.is_set():
            raise NotConnected(f"no link to Asterisk ({self.state.reason}): {action} was not sent")
        return self._protocol

    async def _keep_connected(self, manager: LinkManager) -> None:
        failures = 0
        while True:
            lasted, reason = await self._session(manager)
            failures = self.limits.backoff.failures_after(failures, lasted)
            refused = reason == "login_refused"
            delay = self.limits.backoff.delay(max(0, failures - 1), self._jitter(), refused=refused)
            gaps = self.state.gaps + self.state.connected
            self._change(connected=False, gaps=gaps, reason=reason, retry_in=delay)
            (log.warning if failures <= 1 or lasted else log.debug)(
                "ami.down", reason=reason, retry_in=round(delay, 2), mend=self.state.mend
            )
            await asyncio.sleep(delay)

    async def _session(self, manager: LinkManager) -> tuple[float, str]:
        """One connection, from dialling the port to its end: how long it was logged in, and why it ended."""
        loop = asyncio.get_running_loop()
        since = None
        try:
            async with asyncio.timeout(self.limits.connect):
                protocol = await self._open(manager)
            since = loop.time()
            self._ready.set()
            self._change(connected=True, generation=self.generation + 1, reason="connected", retry_in=None)
            log.info(
                "ami.connected",
                asterisk=clean(self.asterisk_version or "unknown"),
                generation=self.generation,
            )
            await protocol.gone.wait()
            reason = protocol.reason or "lost"
        except TimeoutError:
            reason = "no_answer"
        except LoginRefused:
            reason = "login_refused"
        except OSError:
            reason = "unreachable"
        except AmiError:
            reason = "lost" if self._protocol is None else self._protocol.reason or "lost"
        finally:
            await self._close(manager)
        return (0.0 if since is None else loop.time() - since), reason

    async def _open(self, manager: LinkManager) -> LinkProtocol:
        self._protocol = None
        manager.authenticated_future = None
        protocol: LinkProtocol
        _, protocol = await manager.connect()
        self._protocol = protocol
        answered: asyncio.Future[Reply] | None = manager.authenticated_future
        if answered is None:
            raise NotConnected("the connection ended before the login")
        reply = await answered
        if not reply.success:
            raise LoginRefused(clean(reply.text))
        self.asterisk_version = await _ask_version(protocol)
        return protocol

    async def _close(self, manager: LinkManager) -> None:
        manager.close()
        if manager.protocol is not None:
            await manager.protocol.gone.wait()

    def _overflowed(self) -> None:
        self._change(generation=self.generation + 1, gaps=self.state.gaps + 1, reason="overflow")
        log.warning(
            "ami.overflow", dropped=self.events.dropped, generation=self.generation, mend=self.state.mend
        )

    def _change(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.events.put_state(self.state)


async def _within(seconds: float, action: str, asked: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        raise OutcomeUnknown(action, f"no answer within {seconds:g} s") from None


async def _ask_version(protocol: LinkProtocol) -> str | None:
    try:
        reply, _ = await _answer(protocol, protocol.request("CoreSettings", {}, {}))
    except ActionRefused as refusal:
        log.warning("ami.version_unknown", answer=refusal.text, mend="give the AMI user write=reporting")
        return None
    return reply.get("AsteriskVersion") or None


async def _answer(protocol: LinkProtocol, pending: Pending) -> tuple[Reply, list[Event]]:
    try:
        reply = await pending.answer
    finally:
        protocol.forget(pending)
    if not reply.success:
        raise ActionRefused(pending.action, clean(reply.text))
    return reply, pending.events
