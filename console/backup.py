"""`secondpass backup` and `restore`: the whole of a tenant in one file, of one moment, and back into an empty
store; nothing dials after a restore until a person releases the stop switch."""

from __future__ import annotations

import gzip
import json as json_
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from console import options, output
from console.audit import me
from console.ledger_archive import archive_of
from console.refusal import Reason, RefusedError
from strategies.attempts import Outcome
from strategies.engine import ended
from strategies.state import due_at
from strategies.vocabulary import Result

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store
    from strategies.store.vault import Kept

FORMAT = 1  # of the file itself
MANIFEST, RECORDS, LEDGER = "manifest.json", "store.gz", "ledger/"
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
            records, digest = await _spool(store, spool)
            days = [day.path for day in files.files()]
            manifest = {
                "format": FORMAT,
                "store_format": _store_format(),
                "tenant": loaded.settings.tenant,
                "made": datetime.fromtimestamp(await store.server_time(), UTC).isoformat(timespec="seconds"),
                "version": _version(),
                "records": records,
                "sha256": digest,
                "days": len(days),
            }
            _pack(partial, manifest, spool, [*days, *files.folder.glob(".removed")])
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return manifest


async def _spool(store: Store, spool: IO[bytes]) -> tuple[int, str]:
    """The store's records, compressed, each behind its length; how many, and the hash of all."""
    count, digest = 0, sha256()
    with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=3) as packed:
        async for kept in store.snapshot():
            raw = msgspec.msgpack.encode([kept.name, kept.kind, kept.words, kept.expires])
            framed = len(raw).to_bytes(4) + raw
            digest.update(framed)
            packed.write(framed)
            count += 1
    return count, digest.hexdigest()


def _pack(path: Path, manifest: dict[str, Any], spool: IO[bytes], days: list[Path]) -> None:
    with path.open("wb") as out:
        os.fchmod(out.fileno(), 0o600)
        with tarfile.open(fileobj=out, mode="w") as tar:
            text = json_.dumps(manifest, indent=2).encode()
            with tempfile.TemporaryFile() as told:
                told.write(text)
                _add(tar, MANIFEST, told)
            _add(tar, RECORDS, spool)
            for day in days:
                with day.open("rb") as opened:
                    _add(tar, LEDGER + day.name, opened)
        out.flush()
        os.fsync(out.fileno())


def _add(tar: tarfile.TarFile, name: str, opened: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = opened.seek(0, os.SEEK_END), 0o600
    opened.seek(0)
    tar.addfile(member, opened)


async def _restore(store: Store, loaded: Project, file: Path) -> dict[str, Any]:
    files = archive_of(loaded)
    with _opened(file) as tar:
        manifest = _judged(tar, file)
        if await store.is_restoring():
            await store.clear()
        elif not await store.is_empty() or any(files.folder.glob("*.parquet")):
            where = f"tenant {loaded.settings.tenant} has data, or {files.folder} has files"
            mend = "restore into an empty data_dir, or under a tenant that has nothing yet"
            raise RefusedError("nothing was restored", [Reason(where, mend)])
        await store.restoring(begun=True, by=RESTORED)
        batch: list[Kept] = []
        for kept in _records(tar):
            batch.append(kept)
            if len(batch) == BATCH:
                await store.put_back(batch)
                batch = []
        await store.put_back(batch)
        await store.halt(by=RESTORED)
        _unpack_days(tar, files.folder, await store.archive_home())
    unknown = await _settle(store)
    await store.restoring(begun=False, by=RESTORED)
    await store.changed("restored", by=me(), old=None, new=manifest["made"])
    return {**manifest, "unknown": unknown}


def _opened(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:")
    except (OSError, tarfile.TarError) as error:
        reason = Reason(f"{file} cannot be read as a backup ({error})", "name a file secondpass backup wrote")
        raise RefusedError("nothing was restored", [reason]) from error


def _judged(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    """The file's word on itself, once all of it was read and is as it was written."""
    try:
        manifest: dict[str, Any] = json_.load(_member(tar, MANIFEST))
        later = manifest["format"] > FORMAT or manifest["store_format"] != _store_format()
        if not later:
            digest, count = sha256(), 0
            for framed in _frames(tar):
                digest.update(framed)
                count += 1
            whole = digest.hexdigest() == manifest["sha256"] and count == manifest["records"]
    except (KeyError, ValueError, EOFError, OSError, zlib.error, tarfile.TarError) as error:
        reason = Reason(f"{file} is damaged, or no backup ({error})", "take another backup")
        raise RefusedError("nothing was restored", [reason]) from error
    if later:
        what = f"{file} was written by secondpass {manifest['version']}, whose data this one does not read"
        raise RefusedError("nothing was restored", [Reason(what, f"install {manifest['version']}")])
    if not whole:
        reason = Reason(f"{file} is not as it was written", "take another backup")
        raise RefusedError("nothing was restored", [reason])
    return manifest


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _frames(tar: tarfile.TarFile) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=_member(tar, RECORDS)) as packed:
        while length := packed.read(4):
            yield length + packed.read(int.from_bytes(length))


def _records(tar: tarfile.TarFile) -> Iterator[Kept]:
    from strategies.store.vault import Kept

    for framed in _frames(tar):
        name, kind, words, expires = msgspec.msgpack.decode(framed[4:])
        yield Kept(name, kind, words, expires)


def _unpack_days(tar: tarfile.TarFile, folder: Path, home: str | None) -> None:
    """The ledger's files, under names of the form we give them only, in what is now their directory."""
    names = [name for name in tar.getnames() if name.startswith(LEDGER)]
    folder.mkdir(parents=True, exist_ok=True)
    if home is not None:
        (folder / ".mark").write_text(home, encoding="ascii")
    for name in names:
        path = folder / Path(name).name
        path.write_bytes(_member(tar, name).read())


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


def _store_format() -> int:
    from strategies.store.upkeep import FORMAT as STORE_FORMAT

    return STORE_FORMAT


def _version() -> str:
    from importlib.metadata import version

    return version("secondpass")
