"""The small web server of the messenger: the text gateway's webhook, and the page to unsubscribe. What is
heard goes to the intake; what it means is not asked here."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web

from config.gateways import Gateways, Web, Webhook
from messaging.confirmations import Confirmations
from messaging.gateway import clean
from messaging.intake import Intake
from messaging.letters import UNSUBSCRIBE
from messaging.places import at_path
from messaging.signature import fault_of
from messaging.tokens import Tokens
from strategies.messages import STOP, Notice, response_to
from strategies.numbers import normalise
from strategies.pacing import Budget, rate_allowance, spend
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import Medium, Result

log = structlog.get_logger(__name__)

WEBHOOK = "/text"
LONGEST = 65_536  # bytes of a request
A_MINUTE, PEERS = 120.0, 4096  # requests of a peer that prove nothing, and peers remembered
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Unsubscribe</title><main>{}</main></html>"""
_ASK = _PAGE.format(
    "<h1>No more messages and calls?</h1><form method='post'><button>Yes, stop them</button></form>"
)
_DONE = _PAGE.format("<h1>Done</h1><p>You will get no more messages and calls from us.</p>")
_NO_LINK = _PAGE.format("<h1>This link does not work any more</h1><p>Please reply STOP to our message.</p>")


class Site:
    """Its routes; `country` is where numbers without a country code are from."""

    def __init__(  # noqa: PLR0913  each its own part, by name
        self,
        store: Store,
        intake: Intake,
        gateways: Gateways,
        *,
        tokens: Tokens,
        confirmations: Confirmations,
        country: str,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._intake, self._tokens = store, intake, tokens
        self._confirmations = confirmations
        self._words, self._country, self._clock = gateways.replies, country, clock
        self._webhook = gateways.text.webhook if gateways.text is not None else None
        self._secret = self._webhook.secret() if self._webhook is not None else ""
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def app(self) -> web.Application:
        """What is served."""
        app = web.Application(client_max_size=LONGEST, middlewares=[_without_store])
        app.router.add_get(UNSUBSCRIBE + "{token}", self._ask)
        app.router.add_post(UNSUBSCRIBE + "{token}", self._unsubscribe)
        if self._webhook is not None:
            app.router.add_post(WEBHOOK, self._hear)
        return app

    async def _ask(self, request: web.Request) -> web.Response:
        """The page with its button. To look at it changes nothing: mail scanners follow every link."""
        await self._message(request)
        return _page(_ASK)

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        attempt, medium = await self._message(request)
        notice = Notice("unsubscribe", self._clock(), medium, attempt, responses=(f"{medium}_{STOP}",))
        await self._intake.take(f"unsubscribe:{attempt}", notice)
        return _page(_DONE)

    async def _message(self, request: web.Request) -> tuple[str, Medium]:
        """The message whose link was followed. Raises HTTPGone for a link of ours that is none any more."""
        attempt = self._tokens.attempt(request.match_info["token"])
        found = await self._store.message(attempt) if attempt is not None else None
        if attempt is None or found is None:
            self._spend(request)
            raise web.HTTPGone(text=_NO_LINK, content_type="text/html", headers=_HEADERS)
        return attempt, found[0].medium

    async def _hear(self, request: web.Request) -> web.Response:
        """A report or a reply, from who can sign it."""
        assert self._webhook is not None  # noqa: S101  else there is no such route
        body = await request.read()
        stamp = request.headers.get(self._webhook.timestamp, "")
        signature = request.headers.get(self._webhook.signature, "")
        fault = fault_of(
            secret=self._secret,
            body=body,
            signature=signature,
            timestamp=stamp,
            now=self._clock(),
            within=self._webhook.within,
        )
        if fault is not None:
            self._spend(request)
            log.warning("webhook.refused", fault=fault, peer=clean(request.remote or ""))
            raise web.HTTPForbidden(text=f"{fault} not accepted\n")
        notice = self._read(_fields(body, request.content_type), self._webhook)
        if notice is None:
            raise web.HTTPUnprocessableEntity(text="neither a report nor a reply\n")
        identity = sha256(stamp.encode() + b"." + body).hexdigest()
        new = await self._intake.take(f"text:{identity}", notice)
        if new and notice.address is not None:
            self._confirmations.due(identity, notice.address, notice.responses[0])
        return web.Response(status=204)

    def _read(self, fields: Any, webhook: Webhook) -> Notice | None:
        """What the fields say; None where they say nothing we know."""
        now, status = self._clock(), str(at_path(fields, webhook.status) or "").lower()
        name, text = at_path(fields, webhook.id), at_path(fields, webhook.text)
        if isinstance(text, str) and (sender := at_path(fields, webhook.sender)) is not None:
            number = normalise(str(sender)[:64], self._country) or ""
            said = response_to(text, Medium.TEXT, self._words)
            return (
                Notice("reply", now, Medium.TEXT, address=number, result=Result.REPLIED, responses=(said,))
                if number
                else None
            )
        if status and isinstance(name, str | int):
            reason = clean(str(at_path(fields, webhook.reason) or ""))
            return Notice(
                "report",
                now,
                Medium.TEXT,
                called=clean(str(name)),
                result=_result(status, webhook),
                reason=reason,
            )
        return None

    def _spend(self, request: web.Request) -> None:
        """Who proves nothing may ask so often. Raises HTTPTooManyRequests."""
        peer, now = request.remote or "", self._clock()
        left, budget = rate_allowance(A_MINUTE, self._budgets.pop(peer, Budget()), now)
        self._budgets[peer] = spend(budget, 1)
        while len(self._budgets) > PEERS:
            self._budgets.popitem(last=False)
        if left < 1:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "10"})


def _result(status: str, webhook: Webhook) -> Result | None:
    """The result a status word, in small letters, means; None for one in between, such as `queued`."""
    if status in map(str.lower, webhook.delivered):
        return Result.DELIVERED
    return Result.UNDELIVERED if status in map(str.lower, webhook.undelivered) else None


def _fields(body: bytes, content_type: str) -> Mapping[str, Any] | None:
    """The fields of a form or of a JSON object."""
    try:
        if content_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100))
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _page(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


@web.middleware
async def _without_store(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """While nothing can be kept, whoever tells us something is asked to come again."""
    try:
        answer: web.StreamResponse = await handler(request)
    except StoreUnavailable as error:
        log.warning("web.store_unavailable", error=str(error))
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
    return answer


@asynccontextmanager
async def served(site: Site, where: Web) -> AsyncIterator[int]:
    """Serve it; gives the port."""
    runner = web.AppRunner(site.app(), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, where.host, where.port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
