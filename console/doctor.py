"""`secondpass doctor`: whether everything around secondpass is as it must be, each fault with its mend; it
changes nothing and calls nobody."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from console import options, output
from console.campaigns import FINAL
from console.errors import expected, told
from console.refusal import REFUSED, RefusedError

if TYPE_CHECKING:
    from ami_bridge.link import AmiLink
    from config.project import Project
    from strategies.store import Store

LINK_WITHIN = 6.0  # seconds for Asterisk to let us in
SKEW = 2.0  # seconds two clocks may differ
CONTEXTS = ("secondpass-segment", "secondpass-answered")
NEEDED = ("Originate", "Redirect", "Hangup", "QueueStatus", "CoreShowChannels", "Setvar", "QueuePause")
RIGHTS = "read = system,call,agent,user,cdr and write = originate,call,agent,reporting,message"
LATE = 60.0  # seconds a webhook may be behind
UP = "secondpass up (or secondpass console) tells it"
TOO_MUCH = ("Command", "UpdateConfig", "ModuleLoad")


class Stand(StrEnum):
    """How something stands."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` where it is not good."""

    what: str
    stand: Stand
    told: str
    mend: str = ""


def doctor(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Look at everything that secondpass needs: files, store, Asterisk's rights, dialplan and queues, model,
    clocks, ports. Exit code 1 if anything is bad."""
    findings = asyncio.run(_look(context, config))
    if json:
        output.document([asdict(one) for one in findings])
    else:
        rows = [(one.stand.value, one.what, one.told, one.mend) for one in findings]
        output.show(output.table("What secondpass needs", ("", "what", "found", "mend"), rows))
    if any(one.stand is Stand.BAD for one in findings):
        raise typer.Exit(REFUSED)


async def _look(context: typer.Context, given: Path | None) -> list[Finding]:
    try:
        loaded = options.project(context, given)
    except expected() as error:
        return [_refused("configuration", told(error))]
    count = f"{len(loaded.campaigns)} campaigns, {len(loaded.scripts)} scripts"
    findings = [_good("configuration", f"{loaded.directory}: {count}"), *_directory(loaded), *_model(loaded)]
    try:
        store = await options.open_store(loaded)
    except expected() as error:
        return [*findings, _refused("store", told(error))]
    try:
        findings += await _store(store, loaded)
        findings += await _processes(store)
        findings += await _webhooks(store, loaded)
        findings += await _asterisk(loaded)
    finally:
        await store.close()
    return [*findings, *await _ports(loaded)]


def _good(what: str, found: str) -> Finding:
    return Finding(what, Stand.GOOD, found)


def _refused(what: str, why: RefusedError) -> Finding:
    reasons = "; ".join(f"{one.what}" for one in why.reasons)
    mends = "; ".join(dict.fromkeys(one.mend for one in why.reasons if one.mend))
    return Finding(what, Stand.BAD, f"{why.message}: {reasons}" if reasons else why.message, mends)


def _directory(loaded: Project) -> list[Finding]:
    folder = loaded.settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rights = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        return [Finding("data directory", Stand.BAD, str(error), "name another data_dir in settings.yaml")]
    if not os.access(folder, os.W_OK):
        return [
            Finding(
                "data directory", Stand.BAD, f"{folder} cannot be written to", f"chown it to {os.geteuid()}"
            )
        ]
    if rights & stat.S_IWOTH:
        return [Finding("data directory", Stand.BAD, f"anybody may write to {folder}", f"chmod o-w {folder}")]
    return [_good("data directory", str(folder))]


def _model(loaded: Project) -> list[Finding]:
    """That each model of the segments is there, whole, and as its card says."""
    if loaded.segments is None:
        return [_good("models", "none is asked for: there is no segments.yaml")]
    from models.registry import SHIPPED, find, load_version

    roots, findings = (loaded.settings.data_dir / "models", SHIPPED), []
    for name in sorted({one.model for one in loaded.segments.outcomes.values()}):
        try:
            folder = find(name, roots)
            load_version(folder)
            findings.append(_good(f"model {name}", f"{folder.name}, as its card says"))
        except expected() as error:
            findings.append(_refused(f"model {name}", told(error)))
    return findings


async def _store(store: Store, loaded: Project) -> list[Finding]:
    """The store was opened, so it is of the right version and keeps a journal; the rest is looked at here."""
    url = loaded.settings.redis.url or f"built in, in {loaded.settings.data_dir}"
    findings = [_good("store", str(url))]
    durability = await store.durability()
    if durability != "always":
        words = f"appendfsync is {durability}: each batch of claims waits for the disk by itself"
        mend = (
            "appendfsync always in its configuration makes that quicker, and keeps the ledger's last second"
        )
        findings.append(Finding("store's journal", Stand.DOUBTFUL, words, mend))
    skew = await store.server_time() - time.time()
    findings.append(_clock("store's clock", skew))
    return findings


def _clock(what: str, skew: float) -> Finding:
    if abs(skew) <= SKEW:
        return _good(what, f"{skew:+.1f} s from ours")
    return Finding(what, Stand.BAD, f"{skew:+.1f} s from ours", "set both clocks by NTP")


async def _processes(store: Store) -> list[Finding]:
    """What runs, and whether it goes by the files as they are."""
    findings, running = [], await store.bridge_holder() is not None
    if running:
        findings.append(_good("bridge", "runs"))
    elif [sub for sub in await store.open_subs() if sub.run_state not in FINAL]:
        findings.append(Finding("bridge", Stand.BAD, "a campaign runs, but no bridge", "secondpass up"))
    else:
        findings.append(Finding("bridge", Stand.DOUBTFUL, "none runs", "secondpass up"))
    for process, status in (await store.configurations()).items():
        for error in status.errors:
            mend = "correct the file; until then what was read before holds"
            findings.append(Finding(f"files of {process}", Stand.BAD, error, mend))
    halted = await store.halted_by()
    if halted is not None:
        mend = "secondpass campaign unhalt"
        findings.append(
            Finding("stop switch", Stand.DOUBTFUL, f"thrown by {halted}: nobody is dialled", mend)
        )
    return findings


async def _webhooks(store: Store, loaded: Project) -> list[Finding]:
    """How far each is behind what happened, and what nobody took."""
    hooks, findings = loaded.settings.webhooks, []
    if not hooks:
        return []
    from console.web.webhooks import standings

    for name, one in (await standings(hooks, store)).items():
        passed = f"; {one.passed_over} events passed over, which nobody took" if one.passed_over else ""
        mend = f"{UP}; and see that {hooks[name].url} takes what comes"
        if one.behind is None:
            findings.append(Finding(f"webhook {name}", Stand.DOUBTFUL, "was never told anything", mend))
        elif one.behind > LATE:
            words = f"is {timedelta(seconds=round(one.behind))} behind{passed}"
            findings.append(Finding(f"webhook {name}", Stand.DOUBTFUL, words, mend))
        else:
            findings.append(_good(f"webhook {name}", f"was told what happened{passed}"))
    return findings


async def _asterisk(loaded: Project) -> list[Finding]:
    """What Asterisk lets us do, by its own answers; nothing is changed there."""
    from ami_bridge.errors import AmiError

    try:
        async with _linked(loaded) as link:
            if not link.connected:
                words = f"{link.state.reason} at {_address(loaded)}"
                return [Finding("Asterisk", Stand.BAD, words, link.state.mend)]
            findings = [_good("Asterisk", f"{link.asterisk_version} at {_address(loaded)}")]
            for look in (_rights, _dialplan, _clocks, _queues):
                try:
                    findings += await look(link, loaded)
                except AmiError as error:
                    findings.append(Finding(f"Asterisk: {look.__name__[1:]}", Stand.BAD, str(error), RIGHTS))
            return findings
    except expected() as error:
        return [_refused("Asterisk", told(error))]


def _address(loaded: Project) -> str:
    return f"{loaded.settings.asterisk.ami.host}:{loaded.settings.asterisk.ami.port}"


@asynccontextmanager
async def _linked(loaded: Project) -> AsyncIterator[AmiLink]:
    """A link of our own, beside the bridge's; its state says why where it is not connected in time."""
    import structlog

    from ami_bridge.link import AmiAddress, AmiLink

    ami, connected = loaded.settings.asterisk.ami, asyncio.Event()
    address, spoken = AmiAddress(ami.host, ami.port, ami.username, ami.secret()), structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    link = AmiLink(
        address,
        on_event={},
        on_state=lambda state: connected.set() if state.connected else None,
    )
    running = asyncio.create_task(link.run())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINK_WITHIN):
                await connected.wait()
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        structlog.configure(**spoken)


async def _rights(link: AmiLink, _loaded: Project) -> list[Finding]:
    """The actions the user may send: ListCommands tells those alone."""
    may = await link.call("ListCommands")
    lacking = [name for name in NEEDED if not may.get(name)]
    if lacking:
        words = f"the user may not {', '.join(lacking)}"
        return [Finding("rights", Stand.BAD, words, f"in manager_secondpass.conf: {RIGHTS}")]
    if beyond := [name for name in TOO_MUCH if may.get(name)]:
        words = f"the user may also {', '.join(beyond)}, which secondpass never needs"
        return [Finding("rights", Stand.DOUBTFUL, words, f"give it no more than {RIGHTS}")]
    return [_good("rights", "what is needed, and no more")]


async def _dialplan(link: AmiLink, _loaded: Project) -> list[Finding]:
    from ami_bridge.errors import ActionRefused

    lacking = []
    for name in CONTEXTS:
        try:
            await link.listing("ShowDialPlan", {"Context": name})
        except ActionRefused:
            lacking.append(name)
    if lacking:
        mend = '#include "secondpass.conf" in extensions.conf, then: asterisk -rx "dialplan reload"'
        return [Finding("dialplan", Stand.BAD, f"there is no {', '.join(lacking)}", mend)]
    return [_good("dialplan", "is loaded")]


async def _clocks(link: AmiLink, _loaded: Project) -> list[Finding]:
    reply = await link.call("Ping")
    return [_clock("Asterisk's clock", float(reply.get("Timestamp") or time.time()) - time.time())]


async def _queues(link: AmiLink, loaded: Project) -> list[Finding]:
    """Each queue that a campaign or a segment leads to, and whether anybody is in it."""
    members: dict[str, int] = {}
    for event in await link.listing("QueueStatus"):
        name = event.get("Queue", "")
        members[name] = members.get(name, 0) + (event.name == "QueueMember")
    wanted = {one.queue for one in loaded.campaigns.values()}
    if loaded.segments is not None:
        wanted |= {one.queue for one in loaded.segments.objectives.values()}
    findings = []
    for name in sorted(wanted - {""}):
        if name not in members:
            mend = f"add [{name}] to queues.conf, or name another queue"
            findings.append(Finding(f"queue {name}", Stand.BAD, "Asterisk has none of that name", mend))
        elif not members[name]:
            mend = "members join by queues.conf, AddQueueMember or AgentLogin"
            findings.append(Finding(f"queue {name}", Stand.DOUBTFUL, "nobody is in it", mend))
        else:
            findings.append(_good(f"queue {name}", f"{members[name]} members"))
    return findings


async def _ports(loaded: Project) -> list[Finding]:
    """Whether something answers where the servers of `secondpass up` should; who it is, is not asked."""
    settings, findings = loaded.settings, []
    fastagi, web = settings.asterisk.fastagi, settings.console
    places = [("FastAGI", fastagi.host, fastagi.port)]
    places += [("console", web.host, web.port)] if "console" in settings.model_fields_set else []
    for what, host, port in places:
        where = f"{host}:{port}"
        try:
            async with asyncio.timeout(1.0):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            findings.append(Finding(what, Stand.DOUBTFUL, f"nobody listens at {where}", "secondpass up"))
        else:
            writer.close()
            findings.append(_good(what, f"somebody listens at {where}"))
    return findings
