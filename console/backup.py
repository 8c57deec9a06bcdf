"""`secondpass backup` and `restore`: the whole of a tenant in one file, of one moment, and back into an empty
store; nothing dials after a restore until a person releases the stop switch."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.audit import me
from console.backup_file import (
    FORMAT,
    judged,
    opened,
    pack,
    records_of,
    spool_of,
    store_format,
    unpack_days,
    version_of,
)
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.attempts import Outcome
from strategies.engine import ended
from strategies.state import due_at
from strategies.vocabulary import Result

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store
    from strategies.store.vault import Kept

BATCH = 50  # records written to the store at once
RESTORED = "restore"  # who holds the stop switch then


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to: a new file.")],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Write everything of the tenant into FILE: lists, campaigns and where everybody stands, and the whole
    ledger. What runs may go on running: it is the state of one moment."""
    loaded = options.project(context, config)
    if file.exists():
        reason = Reason(f"{file} is there already", "name another file, or move it away")
        raise RefusedError("no backup was made", [reason])
    told = options.with_store(loaded, lambda store: _write(store, loaded, file))
    if json:
        output.document(told)
    else:
        output.line(
            f"{file}: {told['records']} records and {told['days']} closed days of tenant {told['tenant']}"
        )


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `secondpass backup` wrote.")],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Put a backup back into an empty store.

    Attempts that were live become unknown, and the stop switch is thrown: look at what happened since the
    backup was made, then release it with secondpass campaign unhalt.
    """
    loaded = options.project(context, config)
    told = options.with_store(loaded, lambda store: _restore(store, loaded, file))
    if json:
        output.document(told)
        return
    output.line(f"restored as of {told['made']}: {told['records']} records, {told['days']} closed days")
    output.line(f"{told['unknown']} attempts were live then and are unknown now")
    output.line("nobody is dialled until secondpass campaign unhalt")


async def _write(store: Store, loaded: Project, file: Path) -> dict[str, Any]:
    """The file is whole and on the disk before it has its name."""
    files, partial = archive_of(loaded), file.with_name(f"{file.name}.partial")
    try:
        with files.alone(), tempfile.TemporaryFile(dir=file.parent) as spool:
            records, digest = await spool_of(store, spool)
            days = [day.path for day in files.files()]
            manifest = {
                "format": FORMAT,
                "store_format": store_format(),
                "tenant": loaded.settings.tenant,
                "made": datetime.fromtimestamp(await store.server_time(), UTC).isoformat(timespec="seconds"),
                "version": version_of(),
                "records": records,
                "sha256": digest,
                "days": len(days),
            }
            pack(partial, manifest, spool, [*days, *files.folder.glob(".removed")])
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return manifest


async def _restore(store: Store, loaded: Project, file: Path) -> dict[str, Any]:
    files = archive_of(loaded)
    with opened(file) as tar:
        manifest = judged(tar, file)
        if await store.is_restoring():
            await store.clear()
        elif not await store.is_empty() or any(files.folder.glob("*.parquet")):
            where = f"tenant {loaded.settings.tenant} has data, or {files.folder} has files"
            mend = "restore into an empty data_dir, or under a tenant that has nothing yet"
            raise RefusedError("nothing was restored", [Reason(where, mend)])
        await store.restoring(begun=True, by=RESTORED)
        batch: list[Kept] = []
        for kept in records_of(tar):
            batch.append(kept)
            if len(batch) == BATCH:
                await store.put_back(batch)
                batch = []
        await store.put_back(batch)
        await store.halt(by=RESTORED)
        unpack_days(tar, files.folder, await store.archive_home())
    unknown = await _settle(store)
    await store.restoring(begun=False, by=RESTORED)
    await store.changed("restored", by=me(), old=None, new=manifest["made"])
    return {**manifest, "unknown": unknown}


async def _settle(store: Store) -> int:
    """Whoever was being called when the backup was made: nobody knows any more what became of it."""
    now, count = await store.server_time(), 0
    for intent, _ in await store.live():
        sub, contact = await store.sub(intent.sub), await store.contact(intent.contact)
        state = await store.state(intent.sub, intent.contact)
        if sub is None or contact is None or state is None:
            continue
        outcome = Outcome(intent.attempt, Result.UNKNOWN, at=now)
        move = ended(contact, state, sub, intent, outcome, now)
        await store.record(intent, outcome, move, due_at(move.step, now), state.version)
        count += 1
    return count
