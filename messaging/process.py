"""The messenger's process: gateways, listeners, messenger and inbox tied together, for as long as it holds
the tenant's lease."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import structlog

from config.project import Project
from config.settings import Settings
from messaging.carrier import Carrier
from messaging.confirmations import Confirmations
from messaging.errors import MessagingError, MessengerRefused
from messaging.http_text import HttpGateway
from messaging.inbox import Inbox
from messaging.intake import Intake
from messaging.lease import Lease
from messaging.letters import Return, letter_for, text_for
from messaging.mailbox import Mailbox
from messaging.mailbox import served as mailbox_served
from messaging.messenger import Messenger
from messaging.sip_text import SipGateway, sip_text_for
from messaging.smtp import SmtpGateway
from messaging.tokens import Tokens, kept_secret
from messaging.web import Site
from messaging.web import served as site_served
from strategies.store import Store
from strategies.store.lease import new_owner
from strategies.vocabulary import Medium

log = structlog.get_logger(__name__)

Carriers = Mapping[Medium, Carrier[Any]]
DRAIN = 20.0  # seconds that messages just offered get at the end


def new_attempt_id() -> str:
    """As the bridge's: twelve digits of the time in milliseconds, then chance; nobody's guess."""
    return f"sp-{int(time.time() * 1000):012x}{secrets.token_hex(7)}"


async def run_messages(
    project: Project, store: Store, stop: asyncio.Event, clock: Callable[[], float] = time.time
) -> None:
    """Run until `stop` is set. Raises MessengerRefused where another messenger works for this tenant, and
    ConfigErrors where the environment lacks a secret."""
    lease = Lease(store, new_owner())
    if not await lease.take(stop):
        return
    try:
        async with carriers_of(project.settings, store, clock) as carriers:
            messenger = Messenger(
                store,
                carriers,
                countries=project.settings.numbers.countries,
                clock=clock,
                new_id=new_attempt_id,
                leased=lease.held,
            )
            inbox = Inbox(store, messenger, clock)
            async with listening(project.settings, store, carriers, clock):
                await _while_leased(messenger, inbox, lease, stop)
    finally:
        await lease.give_back()


async def _while_leased(messenger: Messenger, inbox: Inbox, lease: Lease, stop: asyncio.Event) -> None:
    """Send until `stop` is set, or the lease is another's; what was offered gets its answer."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(messenger.run(over), name="messenger")
        dealing = tasks.create_task(inbox.run(lease.held), name="inbox")
        leased = await lease.keep(stop)
        over.set()
        done, _ = await asyncio.wait({sending}, timeout=DRAIN)
        if not done:
            log.warning("messenger.stopped_undrained", mend="what is open ends as unknown at the next start")
            sending.cancel()
        dealing.cancel()
    if not leased:
        raise MessengerRefused("another messenger has taken over this tenant; this one stops")


@asynccontextmanager
async def carriers_of(
    settings: Settings, store: Store, clock: Callable[[], float]
) -> AsyncIterator[dict[Medium, Carrier[Any]]]:
    """A way out for each medium that has a gateway. Raises ConfigErrors where the environment lacks a
    secret."""
    gateways, carriers = settings.gateways, dict[Medium, Carrier[Any]]()
    async with AsyncExitStack() as open_gateways:
        back = returns_of(settings)
        if (email := gateways.email) is not None:
            smtp = await open_gateways.enter_async_context(SmtpGateway(email))
            write = partial(letter_for, back=back)
            carriers[Medium.EMAIL] = Carrier(
                Medium.EMAIL, write, smtp, email.connections, email.report_within
            )
        if (text := gateways.text) is not None and text.url is not None:
            http = await open_gateways.enter_async_context(HttpGateway(text))
            carriers[Medium.TEXT] = Carrier(
                Medium.TEXT, partial(text_for, back=back), http, text.connections, text.waits()
            )
        elif text is not None:
            sip = await open_gateways.enter_async_context(SipGateway(text, store, clock))
            carriers[Medium.TEXT] = Carrier(
                Medium.TEXT, partial(sip_text_for, back=back), sip, text.connections, text.waits()
            )
        yield carriers


@asynccontextmanager
async def listening(
    settings: Settings, store: Store, carriers: Carriers, clock: Callable[[], float]
) -> AsyncIterator[dict[str, int]]:
    """The listeners the settings ask for; gives the ports of `mail` and `web`. Raises MessagingError where
    one cannot be had."""
    gateways, tokens, intake = settings.gateways, Tokens(kept_secret(settings.data_dir)), Intake(store)
    countries = settings.numbers.countries
    ports: dict[str, int] = {}
    async with AsyncExitStack() as listeners:
        email = gateways.email
        if email is not None and email.listen is not None and email.bounce_domain is not None:
            mailbox = Mailbox(intake, tokens, email.bounce_domain, gateways.replies, clock)
            taking = mailbox_served(mailbox, email.listen, email.bounce_domain)
            ports["mail"] = await _bound(listeners, taking, "gateways.email.listen")
        if gateways.web is not None:
            confirmations = confirmations_of(settings, carriers, clock)
            site = Site(
                store,
                intake,
                gateways,
                tokens=tokens,
                confirmations=confirmations,
                country=countries[0] if countries else "US",
                clock=clock,
            )
            ports["web"] = await _bound(listeners, site_served(site, gateways.web), "gateways.web")
            confirming = asyncio.create_task(confirmations.run(), name="confirmations")
            listeners.push_async_callback(_ended, confirming)
        log.info("messages.running", **ports)
        yield ports


def confirmations_of(settings: Settings, carriers: Carriers, clock: Callable[[], float]) -> Confirmations:
    """What is written back to replies, by the text gateway."""
    text, carrier = settings.gateways.text, carriers.get(Medium.TEXT)
    answers = {f"{Medium.TEXT}_{word}": said for word, said in (text.answers if text else {}).items()}
    gateway = carrier.gateway if carrier is not None else None
    return Confirmations(answers, gateway, settings.numbers.countries, clock)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _bound(listeners: AsyncExitStack, one: AbstractAsyncContextManager[int], setting: str) -> int:
    try:
        return await listeners.enter_async_context(one)
    except OSError as error:
        raise MessagingError(f"nothing can be heard at {setting}: {error}; choose another port") from error


def returns_of(settings: Settings) -> Return:
    """By which addresses answers to our messages come back."""
    gateways = settings.gateways
    return Return(
        sender=gateways.email.sender if gateways.email is not None else "",
        tokens=Tokens(kept_secret(settings.data_dir)),
        domain=gateways.email.bounce_domain if gateways.email is not None else None,
        public_url=gateways.web.public_url if gateways.web is not None else None,
    )
