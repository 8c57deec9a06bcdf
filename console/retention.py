"""`secondpass ledger` and `secondpass person`: closed days into files, and what is known of a person taken
away; how either is done safely is left to `ledger_archive` and `erasure`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.audit import me
from console.ledger_archive import Archived, archive
from console.ledger_files import archive_of, need_parquet
from console.refusal import RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

DAILY = 86_400.0  # seconds between two runs that nobody asked for
NOT_BEFORE = 300.0  # seconds after the start of the first of them: other things come first then

ledger = typer.Typer(no_args_is_help=True, help="The ledger: closed days kept as files.")
person = typer.Typer(no_args_is_help=True, help="What is known of one person.")


@ledger.command("archive")
def archive_(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Move closed days (UTC) from the store into Parquet files, and remove those older than
    ledger.retention.

    The store is only trimmed once a file is on the disk and was read back. `secondpass up` does this daily.
    """
    loaded = options.project(context, config)
    need_parquet()
    done = options.with_store(loaded, lambda store: archived(store, loaded))
    if json:
        output.document({"days": done.days, "lines": done.lines, "removed": done.removed})
        return
    folder = archive_of(loaded).folder
    output.line(f"{done.lines} lines of {len(done.days)} closed days are in {folder} now")
    if done.removed:
        output.line(f"removed, as older than ledger.retention: {', '.join(done.removed)}")


@person.command("erase")
def erase(
    context: typer.Context,
    contact: Annotated[str | None, typer.Option("--contact", metavar="ID", help="By the list's id.")] = None,
    number: Annotated[str | None, typer.Option("--number", metavar="N", help="By telephone number.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Take away everything known of a person, in every list, campaign and line of the ledger.

    A keyed hash of their addresses stays, so that no later import calls them again; figures stay right.
    """
    from console import erasure

    loaded = options.project(context, config)
    if (contact is None) == (number is None):
        raise typer.BadParameter("say either --contact ID or --number N", param_hint="--contact")
    done = options.with_store(
        loaded, lambda store: erasure.erase(store, loaded, contact=contact, number=number, by=me())
    )
    if json:
        output.document(done)
    else:
        output.show(output.pairs("Erased", done["removed"]))
        for note in done["notes"]:
            output.line(note)


async def archived(store: Store, loaded: Project) -> Archived:
    """One run over the settings' tenant."""
    return await archive(store, archive_of(loaded), retention=loaded.settings.ledger.retention)


async def archive_daily(loaded: Project, store: Store, log: Any, stop: asyncio.Event) -> None:
    """A run soon after the start and then daily, until `stop`; what goes wrong is told, and tried again the
    next day."""
    from console.supervisor import stopped_within

    try:
        need_parquet()
    except RefusedError as refused:
        log.info("ledger.stays_in_store", mend=refused.reasons[0].mend)
        return
    pause = NOT_BEFORE
    while not stop.is_set():
        await stopped_within(stop, pause)
        if stop.is_set():
            return
        pause = DAILY
        try:
            done = await archived(store, loaded)
            log.info("ledger.archived", days=len(done.days), lines=done.lines, removed=len(done.removed))
        except Exception as error:  # noqa: BLE001 - this task's edge: calls go on whatever becomes of the archive
            log.warning("ledger.not_archived", error=str(error), mend="secondpass ledger archive tells more")
