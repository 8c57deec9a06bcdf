"""`secondpass up`, `agi`, `bridge`, `console`, `learner` and `messages`: the processes that run as long as
people are reached.

`up` keeps the others running and the store open; each can also run by itself, under systemd say.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import logs, options
from console.errors import STORE_MEND
from console.learner import is_wanted
from console.ledger_rebuild import rebuilt_by_itself
from console.refusal import Reason, RefusedError
from console.retention import archive_daily
from console.supervisor import Child, Supervisor, stopped_within

if TYPE_CHECKING:
    from config.project import Project
    from config.watch import Changes
    from console.reloading import Reloading, Take
    from strategies.store import Store

Work = Callable[["Project", "Store", asyncio.Event], Awaitable[None]]
Supervised = Annotated[
    bool, typer.Option("--supervised", hidden=True, help="Stop when standard input is closed.")
]
STORE_PAUSE = 1.0  # seconds between two tries to reach the store
DRAIN = 10.0  # seconds that running AGI sessions get at the end
BEHIND_CALLS = 5  # niceness of the console: whoever watches waits for whoever calls, not the other way


def up(context: typer.Context, config: options.ConfigDir = None) -> None:
    """Run everything until SIGTERM: the FastAGI server, the AMI bridge and, where there is a gateway, the
    messenger, each started again if it dies."""
    loaded = options.project(context, config)
    directory = options.directory(context, config)
    loaded.settings.asterisk.ami.secret()  # where it lacks, it is told now, not by a child again and again
    loaded.settings.gateways.check_secrets()
    _run(loaded, _keep_children(directory), supervised=False)


def agi(context: typer.Context, config: options.ConfigDir = None, supervised: Supervised = False) -> None:
    """Run only the FastAGI server, which decides about calls while they are up."""
    _run(_project(context, config, supervised), _serve_agi, supervised=supervised)


def bridge(context: typer.Context, config: options.ConfigDir = None, supervised: Supervised = False) -> None:
    """Run only the AMI bridge, which dials."""
    _run(_project(context, config, supervised), _run_bridge, supervised=supervised)


def messages(
    context: typer.Context, config: options.ConfigDir = None, supervised: Supervised = False
) -> None:
    """Run only the messenger, which sends texts and emails and hears what comes back."""
    loaded = options.project(context, config)
    if not loaded.settings.gateways.media():
        mend = "write gateways: {email: ...} or {text: ...} into settings.yaml"
        raise RefusedError("there is nothing to send by", [Reason("settings.yaml names no gateway", mend)])
    loaded.settings.gateways.check_secrets()
    _run(loaded, _run_messages, supervised=supervised)


def learner(context: typer.Context, config: options.ConfigDir = None, supervised: Supervised = False) -> None:
    """Run only the learner, which keeps the models up with what comes of the calls."""
    from console.learner import MEND, NEEDS, go_behind

    if not all(map(find_spec, NEEDS)):
        raise RefusedError("nothing can be learned", [Reason(f"{' and '.join(NEEDS)} are needed", MEND)])
    go_behind()
    _run(_project(context, config, supervised), _run_learner, supervised=supervised)


def console(context: typer.Context, config: options.ConfigDir = None, supervised: Supervised = False) -> None:
    """Run only the console: the HTTP API and the live page."""
    _run(_project(context, config, supervised), _run_console, supervised=supervised)


def _project(context: typer.Context, config: Path | None, supervised: bool) -> Project:
    """A process that is started again after it died goes by what is right in the files, whatever edit is
    under way; its first look at them tells the rest."""
    return options.as_it_runs(context, config) if supervised else options.project(context, config)


def _run(loaded: Project, work: Work, *, supervised: bool) -> None:
    logs.configure()
    loaded.settings.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(_until_stopped(loaded, work, supervised=supervised))


async def _until_stopped(loaded: Project, work: Work, *, supervised: bool) -> None:
    """Give `work` the store and an event that is set once we are to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if supervised:
        await _stop_with_parent(stop)
    store = await _opened(loaded, stop)
    if store is None:
        return
    try:
        await work(loaded, store, stop)
    finally:
        await store.close()


async def _opened(loaded: Project, stop: asyncio.Event) -> Store | None:
    """The store, waited for while its server is away, which may start after us; None if we are to stop."""
    from strategies.store import StoreUnavailable

    told = False
    while not stop.is_set():
        try:
            return await options.open_store(loaded)
        except StoreUnavailable as error:
            log = logs.get()
            (log.debug if told else log.warning)("up.store_unavailable", error=str(error), mend=STORE_MEND)
            told = True
            await stopped_within(stop, STORE_PAUSE)
    return None


class _Parent(asyncio.Protocol):
    """Standard input as a pipe from the supervisor: its end means that the supervisor is gone."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, _error: Exception | None) -> None:
        self._stop.set()


async def _stop_with_parent(stop: asyncio.Event) -> None:
    await asyncio.get_running_loop().connect_read_pipe(lambda: _Parent(stop), sys.stdin)


async def _serve_agi(loaded: Project, store: Store, stop: asyncio.Event) -> None:
    async with _agi_servers(loaded, store) as take:
        await _reloading(loaded, store, "agi", take).run(stop)


def _reloading(loaded: Project, store: Store, process: str, take: Take, *, tells: bool = False) -> Reloading:
    """Keeps a process to the files as they are edited; only the settings are those of its start."""
    from config.project import load_project
    from config.watch import Watch
    from console.reloading import Reloading

    watch = Watch(loaded, lambda: options.located(load_project(loaded.directory)), whole=False)
    return Reloading(watch, store, process, take, tells=tells)


@asynccontextmanager
async def _agi_servers(loaded: Project, store: Store) -> AsyncIterator[Take]:
    from agi.handlers import Lasting, build_routes
    from agi.local_socket import LocalServer
    from agi.server import FastAgiServer

    fastagi = loaded.settings.asterisk.fastagi
    token = os.environ.get(fastagi.token_env) or None
    if token is None:
        mend = f"export {fastagi.token_env}=... with the SECONDPASS_TOKEN of secondpass_globals.conf"
        logs.get().warning("agi.no_token", mend=mend)
    lasting = Lasting(loaded)
    routes = build_routes(loaded, store, lasting)
    server = FastAgiServer(
        fastagi.host, fastagi.port, allow=fastagi.allow, token=token, routes=routes.fastagi
    )
    local = LocalServer(loaded.settings.data_dir / "agi.sock", token=token, routes=routes.local)

    async def take(project: Project, changes: Changes) -> None:
        """Decide by the new segments from the next call on."""
        if changes.segments:
            if project.segments is not None:
                await lasting.models.fetch(project.segments)
            renewed = build_routes(replace(loaded, segments=project.segments), store, lasting)
            server.take(renewed.fastagi)
            local.take(renewed.local)

    await server.start()
    keeping_up = asyncio.create_task(lasting.keep_up(store))
    try:
        await local.start()
        yield take
    finally:
        keeping_up.cancel()
        await local.close()
        await server.close(DRAIN)
        await lasting.close()


async def _run_bridge(loaded: Project, store: Store, stop: asyncio.Event) -> None:
    from ami_bridge.bridge import run_bridge

    holds = loaded

    async def take(project: Project, _changes: Changes) -> None:
        """Look at waiting callers by the new segments. What is dialled is in the store, and what a campaign
        says now is for its next start."""
        nonlocal holds
        holds = project

    reloading = asyncio.create_task(_reloading(loaded, store, "bridge", take, tells=True).run(stop))
    try:
        await run_bridge(
            loaded,
            store,
            stop,
            retell=lambda since: rebuilt_by_itself(store, loaded, since),
            segments=lambda: holds.segments,
        )
    finally:
        stop.set()
        await reloading


async def _run_learner(loaded: Project, store: Store, stop: asyncio.Event) -> None:
    from console.learner import LearnerProcess

    process = LearnerProcess(loaded, store)
    reloading = asyncio.create_task(_reloading(loaded, store, "learner", process.take).run(stop))
    try:
        await process.run(stop)
    finally:
        stop.set()
        await reloading


async def _run_messages(loaded: Project, store: Store, stop: asyncio.Event) -> None:
    from messaging.process import run_messages

    await run_messages(loaded, store, stop)


async def _run_console(loaded: Project, store: Store, stop: asyncio.Event) -> None:
    from console.web.app import Files
    from console.web.process import run_console

    os.nice(
        BEHIND_CALLS
    )  # not before the store is open: an embedded server that we start is not to inherit it
    files = Files(loaded)

    async def take(project: Project, _changes: Changes) -> None:
        """What is started from now on is as the files say now."""
        files.project = project

    reloading = asyncio.create_task(_reloading(loaded, store, "console", take).run(stop))
    try:
        await run_console(files, store, stop)
    finally:
        stop.set()
        await reloading


def _keep_children(directory: Path) -> Work:
    async def work(loaded: Project, store: Store, stop: asyncio.Event) -> None:
        """Keep the children running, and have closed days of the ledger moved into files; the store stays
        open, and an embedded one runs, as long as we do."""
        settings = loaded.settings
        logs.get().info(
            "up.running",
            fastagi=f"{settings.asterisk.fastagi.host}:{settings.asterisk.fastagi.port}",
            ami=f"{settings.asterisk.ami.host}:{settings.asterisk.ami.port}",
            store="embedded" if settings.redis.url is None else "redis",
            ends_by="Ctrl-C or SIGTERM",
        )
        me = [sys.executable, "-m", "console"]
        names = ["agi", "bridge", *(["messages"] if settings.gateways.media() else [])]
        names += ["learner"] if is_wanted(loaded) else []
        names += ["console"] if "console" in settings.model_fields_set else []
        commands = {name: [*me, name, "--config", str(directory), "--supervised"] for name in names}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(archive_daily(loaded, store, logs.get(), stop))
            await Supervisor(commands, _log_child).run(stop)

    return work


def _log_child(child: Child) -> None:
    log, about = logs.get(), {"process": child.name, "restarts": child.restarts}
    if child.pid is not None:
        log.info("up.process_started", pid=child.pid, **about)
    elif child.exit_code == 0:
        log.info("up.process_ended", exit_code=0, **about)
    else:
        log.warning("up.process_died", exit_code=child.exit_code, **about)
