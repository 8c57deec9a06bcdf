"""`secondpass ledger rebuild`: after a loss of the store, live answers and abandoned calls put back into the
ledger from Asterisk's own records; how those read is left to `ami_bridge.logged`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import logs, options, output
from console.audit import me
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.abandonment import is_abandoned
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from ami_bridge.logged.calls import LoggedCall
    from ami_bridge.logged.files import AsteriskFiles
    from config.project import Project
    from strategies.campaign import Campaign
    from strategies.store import Store

ALL = 0.0  # since when: everything Asterisk still has


@dataclass(slots=True)
class Rebuilt:
    """`known`: calls the ledger has already. By campaign: live answers that were put back, those of them
    abandoned, and calls of campaigns whose days cannot be told, because no file of theirs is there."""

    known: int = 0
    live: Counter[str] = field(default_factory=Counter)
    abandoned: Counter[str] = field(default_factory=Counter)
    without_file: Counter[str] = field(default_factory=Counter)


def rebuild_command(
    context: typer.Context,
    queue_log: Annotated[
        Path | None, typer.Option("--queue-log", metavar="FILE", help="If not asterisk.queue_log.")
    ] = None,
    cdr: Annotated[Path | None, typer.Option("--cdr", metavar="FILE", help="If not asterisk.cdr.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what the ledger lacks; change nothing.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Put back what a lost store knew of people who answered a call that was for an agent, and of those
    abandoned.

    Read from Asterisk's queue log and call records, rotated parts included. Safe to repeat: a call that the
    ledger has is never told twice. `secondpass up` does this by itself where the settings name the files.
    """
    from ami_bridge.logged.files import AsteriskFiles

    loaded = options.project(context, config)
    asterisk = loaded.settings.asterisk
    log, records = queue_log or asterisk.queue_log, cdr or asterisk.cdr
    if log is None or records is None:
        mend = "say --queue-log FILE --cdr FILE, or name asterisk.queue_log and asterisk.cdr in settings.yaml"
        raise RefusedError("nothing can be rebuilt", [Reason("Asterisk's records are not known", mend)])
    done = options.with_store(
        loaded, lambda store: rebuilt(store, loaded, AsteriskFiles(log, records), dry=dry_run)
    )
    _tell(done, dry=dry_run, json=json)


def _tell(done: Rebuilt, *, dry: bool, json: bool) -> None:
    rows = [(name, count, done.abandoned[name]) for name, count in sorted(done.live.items())]
    if json:
        told = {name: {"live_answers": live, "abandoned": lost} for name, live, lost in rows}
        output.document(
            {"dry_run": dry, "known": done.known, "told": told, "without_file": dict(done.without_file)}
        )
        return
    output.show(output.table("Put back" if not dry else "Lacking", ("campaign", "live", "abandoned"), rows))
    output.line(f"{done.known} live answers of Asterisk's records were in the ledger already")
    for name, count in sorted(done.without_file.items()):
        output.line(f"{count} calls of {name} were left out: put campaigns/{name}.yaml back, and repeat this")


async def rebuilt(
    store: Store, loaded: Project, files: AsteriskFiles, since: float = ALL, *, dry: bool = False
) -> Rebuilt:
    """Tell the ledger of every live answer since that moment that Asterisk has written of and the store knows
    nothing of. Raises RefusedError where a file cannot be read."""
    done = Rebuilt()
    try:
        calls = await asyncio.to_thread(files.live_answers, loaded.settings.tenant, since)
    except OSError as error:
        reason = Reason(str(error), "let this user read Asterisk's queue log and call records")
        raise RefusedError("nothing can be rebuilt", [reason]) from error
    lacking = await _lacking(store, loaded, calls)
    done.known = len(calls) - len(lacking)
    campaigns = await campaigns_of(store, loaded)
    for call in lacking.values():
        await _retell(store, campaigns, call, done, dry=dry)
    if done.live and not dry:
        await store.changed("live_answers_rebuilt", by=me(), new=dict(done.live))
    return done


async def rebuilt_by_itself(store: Store, loaded: Project, since: float) -> None:
    """The same for the bridge, which goes on whatever comes of it. Raises StoreUnavailable."""
    from ami_bridge.logged.files import files_of

    files, log = files_of(loaded.settings.asterisk), logs.get()
    if files is None:
        return
    try:
        done = await rebuilt(store, loaded, files, since)
    except RefusedError as refused:
        why = "; ".join(map(str, refused.reasons))
        log.error("ledger.not_rebuilt", error=f"{refused.message}: {why}", mend="secondpass ledger rebuild")
    else:
        log.info(
            "ledger.rebuilt",
            known=done.known,
            live=done.live.total(),
            abandoned=done.abandoned.total(),
            without_file=dict(done.without_file),
        )


async def campaigns_of(store: Store, loaded: Project) -> dict[str, Campaign]:
    """Every campaign by its name: as it last ran, or else as its file has it."""
    return {**loaded.campaigns, **{sub.campaign.name: sub.campaign for sub in await store.subs()}}


async def _lacking(store: Store, loaded: Project, calls: Mapping[str, LoggedCall]) -> dict[str, LoggedCall]:
    """Those of the calls that neither the store has in hand nor the ledger has the end of."""
    lacking = {call: calls[call] for call in await store.unknown(calls.keys())}
    if lacking:
        files = archive_of(loaded)
        await at_home(store, files)
        async for _, line in whole_ledger(store, files):
            if line.get("kind") == Kind.ATTEMPT_ENDED:
                lacking.pop(str(line.get("attempt")), None)
    return lacking


async def _retell(
    store: Store, campaigns: Mapping[str, Campaign], call: LoggedCall, done: Rebuilt, *, dry: bool
) -> None:
    from ami_bridge.logged.made_anew import made_anew, sub_of

    name = sub_of(call).rpartition("/")[0]
    if name not in campaigns:
        done.without_file[name] += 1
        return
    made = made_anew(call, campaigns[name])
    if made is None:
        return
    intent, ended = made
    if dry or await store.retell(intent, ended, campaigns[name].zone):
        told = {"live_at": ended.live_at, "waited": ended.waited, "result": ended.result}
        done.live[name] += 1
        done.abandoned[name] += is_abandoned(told)
