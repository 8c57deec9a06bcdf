"""The file of a backup: a tar of what it says of itself, the store's records, and the ledger's files; written
to the disk whole, and read to its end before anything of it is believed."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from strategies.store import Store
    from strategies.store.vault import Kept

FORMAT = 1  # of the file itself
MANIFEST, RECORDS, LEDGER = "manifest.json", "store.gz", "ledger/"


async def spool_of(store: Store, spool: IO[bytes]) -> tuple[int, str]:
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


def pack(path: Path, manifest: dict[str, Any], spool: IO[bytes], days: Sequence[Path]) -> None:
    """Write the file, and have it on the disk."""
    with path.open("wb") as out:
        os.fchmod(out.fileno(), 0o600)
        with tarfile.open(fileobj=out, mode="w") as tar:
            text = json.dumps(manifest, indent=2).encode()
            with tempfile.TemporaryFile() as told:
                told.write(text)
                _add(tar, MANIFEST, told)
            _add(tar, RECORDS, spool)
            for day in days:
                with day.open("rb") as opened:
                    _add(tar, LEDGER + day.name, opened)
        out.flush()
        os.fsync(out.fileno())


def opened(file: Path) -> tarfile.TarFile:
    """The file, to be read and closed. Raises RefusedError."""
    try:
        return tarfile.open(file, "r:")
    except (OSError, tarfile.TarError) as error:
        why = getattr(error, "strerror", None) or error
        reason = Reason(f"{file} cannot be read as a backup ({why})", "name a file secondpass backup wrote")
        raise RefusedError("nothing was restored", [reason]) from error


def judged(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    """The file's word on itself, once all of it was read and is as it was written."""
    try:
        manifest: dict[str, Any] = json.load(_member(tar, MANIFEST))
        later = manifest["format"] > FORMAT or manifest["store_format"] != store_format()
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


def records_of(tar: tarfile.TarFile) -> Iterator[Kept]:
    """The store's records, in their order."""
    from strategies.store.vault import Kept

    for framed in _frames(tar):
        name, kind, words, expires = msgspec.msgpack.decode(framed[4:])
        yield Kept(name, kind, words, expires)


def unpack_days(tar: tarfile.TarFile, folder: Path, home: str | None) -> None:
    """The ledger's files, under names of the form we give them only, in what is now their directory."""
    names = [name for name in tar.getnames() if name.startswith(LEDGER)]
    folder.mkdir(parents=True, exist_ok=True)
    if home is not None:
        (folder / ".mark").write_text(home, encoding="ascii")
    for name in names:
        path = folder / Path(name).name
        path.write_bytes(_member(tar, name).read())


def store_format() -> int:
    """The format of what this release keeps in a store."""
    from strategies.store.upkeep import FORMAT as STORE_FORMAT

    return STORE_FORMAT


def version_of() -> str:
    """This release."""
    from importlib.metadata import version

    return version("secondpass")


def _add(tar: tarfile.TarFile, name: str, opened: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = opened.seek(0, os.SEEK_END), 0o600
    opened.seek(0)
    tar.addfile(member, opened)


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _frames(tar: tarfile.TarFile) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=_member(tar, RECORDS)) as packed:
        while length := packed.read(4):
            yield length + packed.read(int.from_bytes(length))
