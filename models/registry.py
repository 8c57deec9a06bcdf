"""Keeps published models on disk, `<name>/<version>/model.onnx` and `card.json`, and says which version is
current; running them is left to `models.outcome`.

A version is never written over. `<name>/current` is a small file with the version's name and, below it, those
that were current before, newest first. It is replaced in one step, so that a reader sees the old version or
the new one and never half of one; a symbolic link would not survive a wheel.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from models.card import Card, card_from
from models.errors import RegistryError

SHIPPED = Path(__file__).parent / "shipped"
"""The registry that comes with the project."""

REMEMBERED = 50
"""Versions one can go back to, step by step."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_VERSION = re.compile(r"[0-9a-f]{12}")


def publish(root: Path, onnx: bytes, card: Card, *, keep_current: bool = False, beside: bool = False) -> Path:
    """Write a version and make it the current one, unless another is and is to be kept, or it is to stay
    `beside` whatever is in use, in this registry or another; publishing the same version again changes
    nothing else.

    Returns the version's folder. Raises RegistryError.
    """
    if sha256(onnx).hexdigest() != card.sha256:
        raise RegistryError(f"{card.name}: the card describes another file; train the model again")
    folder = _folder(root, card.name) / _checked_version(card.version)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            _write_version(folder, onnx, card)
        if not beside and not (keep_current and (folder.parent / "current").exists()):
            activate(root, card.name, card.version)
    except OSError as error:
        raise RegistryError(f"{folder}: {error.strerror}; give a folder that can be written to") from error
    return folder


def activate(root: Path, name: str, version: str) -> None:
    """Make a published version the current one. Raises RegistryError."""
    folder = _folder(root, name)
    load_version(folder / _checked_version(version))
    before = _currents(root, name) if (folder / "current").exists() else []
    if before[:1] != [version]:
        _point(folder, [version, *before])


def rollback(root: Path, name: str) -> str:
    """Make the version before the current one current again; its name. Raises RegistryError."""
    before = _currents(root, name)[1:]
    if not before:
        raise RegistryError(
            f"{name}: no version was current before this one; train another, or promote one of its folders"
        )
    folder = _folder(root, name)
    load_version(folder / before[0])
    _point(folder, before)
    return before[0]


def _point(folder: Path, versions: Sequence[str]) -> None:
    handle, made = tempfile.mkstemp(dir=folder, prefix=".current-")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"{version}\n" for version in versions[:REMEMBERED])
        file.flush()
        os.fsync(file.fileno())
    Path(made).chmod(0o644)
    Path(made).replace(folder / "current")


def current(root: Path, name: str) -> Path:
    """The folder of the current version. Raises RegistryError when there is none."""
    return _folder(root, name) / _currents(root, name)[0]


def _currents(root: Path, name: str) -> list[str]:
    """The current version and those that were before it, newest first."""
    try:
        versions = (_folder(root, name) / "current").read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"no model {name!r} in {root}; train one with secondpass model train") from error
    return [_checked_version(versions[0]), *filter(_VERSION.fullmatch, versions[1:])]


def newest(root: Path, name: str) -> str:
    """The version that was written last, empty where there is none."""
    versions = _versions(_folder(root, name))
    return versions[-1].name if versions else ""


def prune(root: Path, name: str, keep: int = 2 * REMEMBERED) -> int:
    """Remove all but the newest `keep` versions and those one can go back to; how many went."""
    pointed = (_folder(root, name) / "current").exists()
    remembered = _currents(root, name) if pointed else []
    gone = [one for one in _versions(_folder(root, name))[:-keep] if one.name not in remembered]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return len(gone)


def _versions(folder: Path) -> list[Path]:
    """The folders of versions, the oldest first."""
    found = [one for one in folder.glob("*") if _VERSION.fullmatch(one.name) and one.is_dir()]
    return sorted(found, key=lambda one: (one.stat().st_mtime_ns, one.name))


def find(name: str, roots: Sequence[Path]) -> Path:
    """The current version's folder in the first registry that has the model. Raises RegistryError.

    A registry that has the model broken is not passed over: an older model would answer unnoticed.
    """
    for root in roots:
        if (_folder(root, name) / "current").exists():
            return current(root, name)
    searched = ", ".join(map(str, roots))
    raise RegistryError(f"no model {name!r} in {searched}; train one with secondpass model train")


def current_version(name: str, roots: Sequence[Path]) -> str:
    """The name of the version that `find` would open, empty where there is none; opens nothing, raises
    nothing."""
    for root in roots:
        try:
            return current(root, name).name
        except RegistryError:
            if (root / name / "current").exists():
                return ""
    return ""


def load_version(folder: Path) -> tuple[bytes, Card]:
    """A version's ONNX file and card, the file checked against the card. Raises RegistryError."""
    try:
        card = card_from((folder / "card.json").read_text(encoding="utf-8"))
        onnx = (folder / "model.onnx").read_bytes()
    except OSError as error:
        raise RegistryError(f"{error.filename}: {error.strerror}; publish the model again") from error
    except UnicodeDecodeError as error:
        raise RegistryError(f"{folder / 'card.json'}: not UTF-8; publish the model again") from error
    if sha256(onnx).hexdigest() != card.sha256:
        raise RegistryError(
            f"{folder / 'model.onnx'}: not the file its card describes; publish the model again or go back "
            "to another version"
        )
    return onnx, card


def _write_version(folder: Path, onnx: bytes, card: Card) -> None:
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        made.chmod(0o755)
        for path, content in ((made / "model.onnx", onnx), (made / "card.json", card.as_json().encode())):
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _folder(root: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise RegistryError(f"{name!r} cannot name a model; use letters, digits and _, as in accepts_offer")
    return root / name


def _checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise RegistryError(f"{version!r} is not a model's version: twelve signs of 0-9 and a-f")
    return version
