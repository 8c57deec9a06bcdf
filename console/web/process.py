"""The console's process: the API and the page, on the address of the settings, until we are to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from console.follow.control_effect import ControlEffect
from console.follow.follower import Follower
from console.follow.ledger_views import LedgerViews
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from console.web import (
    audits,
    desk,
    floor,
    imports,
    lists,
    metrics,
    overrides,
    own_calls,
    people,
    segments,
    subs,
)
from console.web.access import Role
from console.web.app import GATE, Files, build_app
from console.web.decision_metrics import Scraped
from console.web.live import Live, operation
from console.web.looking import look
from console.web.page import add_page
from console.web.webhooks import telling

if TYPE_CHECKING:
    from strategies.store import Store

OPERATIONS = (
    *subs.OPERATIONS,
    *overrides.OPERATIONS,
    *lists.OPERATIONS,
    *people.OPERATIONS,
    *floor.OPERATIONS,
    *desk.OPERATIONS,
)
DRAIN = 3.0  # seconds that requests get at the end


@asynccontextmanager
async def served(
    files: Files, store: Store, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[tuple[str, int]]:
    """Serve it; gives host and port. Raises RefusedError where the address cannot be had."""
    where = files.project.settings.console
    live = Live(lambda: look(store), lambda request: request.app[GATE].let_in(request, Role.VIEWER))
    uploads = imports.Uploads(files.project.settings.data_dir / "uploads")
    follower, effect = Follower(store, archive_of(files.project), LedgerViews), ControlEffect()
    own = (
        operation(live),
        metrics.operation(store, live, Scraped(follower, effect)),
        *imports.operations(uploads),
        *own_calls.operations(),
        *segments.operations(follower, effect),
        *audits.operations(follower),
    )
    app = build_app(files, store, (*OPERATIONS, *own), clock)
    add_page(app, app[GATE])
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=DRAIN, handler_cancellation=True
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, where.host, where.port).start()
        except OSError as error:
            mend = "free it, or write another port under console: in settings.yaml"
            raise RefusedError(
                f"{where.host}:{where.port} cannot be had", [Reason(str(error), mend)]
            ) from error
        uploads.begin()  # here no other console of ours has the address
        host, port = runner.addresses[0][:2]
        yield host, port
    finally:
        await live.close()
        await uploads.close()
        await runner.cleanup()
        await effect.close()
        await follower.close()


async def run_console(files: Files, store: Store, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    hooks, days = files.project.settings.webhooks, archive_of(files.project)
    async with telling(hooks, store, days, time.time), served(files, store):
        await stop.wait()
