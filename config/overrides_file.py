"""Reads overrides and their moments from files, and says which moments an override may have; what a patch
does is left to `config.patching`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.checking import checked
from config.errors import ConfigError, ConfigErrors, Path_, shown
from config.scalars import Line, Strict, Text
from config.yaml_reader import Document, Position, parse, read
from strategies.overrides import Override, latest_end
from strategies.windows import epoch_of, local_date

SLACK = 60.0  # seconds by which a beginning may lie back: who types a moment takes a moment
_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class OverrideFile(Strict):
    """One override as a file has it."""

    at: Text
    """When it begins: a moment with offset, or a time of day."""
    until: Text | None = None
    """When it ends; midnight in the campaign's zone if not written, which is also the latest."""
    by: Line = "file"
    """Who ordered it."""
    reason: Line | None = None
    """Why."""
    patch: dict[str, Any]
    """Pass name to keys, each replaced whole; null takes the pass out; `campaign` patches filter, window and
    order."""


@dataclass(frozen=True, slots=True)
class Part(Document):
    """What stands at `prefix` of a larger document; mistakes are told at their place in that one."""

    whole: Document | None = None
    prefix: Path_ = ()

    def error(self, path: Path_, message: str, mend: str = "") -> ConfigError:
        """An error at that path of the part."""
        assert self.whole is not None  # noqa: S101 - `part` alone makes one
        return self.whole.error((*self.prefix, *path), message, mend)

    def position(self, path: Path_) -> Position | tuple[None, None]:
        """Where the path stands in the whole file."""
        assert self.whole is not None  # noqa: S101
        return self.whole.position((*self.prefix, *path))


def part(whole: Document, data: object, *prefix: str | int) -> Part:
    """The part of a document that has this data."""
    return Part(whole.file, data, {}, whole=whole, prefix=prefix)


def read_patch(raw: bytes, file: Path) -> Document:
    """A patch as a file or the standard input has it. Raises ConfigErrors for what is no YAML."""
    return parse(raw, file)


def read_overrides(file: Path, sub: str, zone: str) -> tuple[list[Override], Mapping[str, Document]]:
    """The overrides a file lists for a sub-campaign, with the ids `SUB.1`, `SUB.2`, ... in their order, and
    where each one's patch stands. Moments without an offset are local to `zone`, the campaign's own.

    Raises ConfigErrors with every mistake but those in the patches, which are found as they are laid.
    """
    document = read(file)
    if not isinstance(document.data, list):
        mend = "write one entry each: - {at: 2030-01-31T14:00, patch: {reminder: {devices: [mobile]}}}"
        raise ConfigErrors([document.error((), "is no list of overrides", mend)])
    overrides: list[Override] = []
    written: dict[str, Document] = {}
    errors: list[ConfigError] = []
    for index, entry in enumerate(document.data):
        here = part(document, entry, index)
        found, problems = checked(here, OverrideFile)
        if found is not None and not problems.errors:
            one, wrong = _override(found, here, f"{sub}.{index + 1}", zone)
            errors += wrong
            overrides.append(one)
            written[one.id] = part(document, found.patch, index, "patch")
        errors += problems.errors
    if errors:
        raise ConfigErrors(errors)
    return overrides, written


def _override(
    found: OverrideFile, here: Document, identity: str, zone: str
) -> tuple[Override, list[ConfigError]]:
    """The override, and what is wrong with its moments."""
    nothing = Override(identity, 0.0, 0.0, found.patch)
    try:
        at = moment(found.at, zone)
    except ValueError as error:
        return nothing, [here.error(("at",), str(error), _mend(found.at))]
    try:
        until = latest_end(zone, at) if found.until is None else moment(found.until, zone, at)
    except ValueError as error:
        return nothing, [here.error(("until",), str(error), _mend(found.until or ""))]
    one = Override(identity, at, until, found.patch, found.by, found.reason or "", set_at=at)
    return one, [here.error((key,), message, mend) for key, message, mend in faults(at, until, zone)]


def moment(text: str, zone: str, day: float | None = None) -> float:
    """Epoch seconds of an ISO moment, local to `zone` where it has no offset; or of a time such as 17:00 on
    the day of `zone` that `day` (epoch seconds) lies in. Raises ValueError."""
    clock = _OF_DAY.fullmatch(text)
    if clock is not None and day is not None:
        wall = time(int(clock[1]), int(clock[2]))
        return datetime.combine(local_date(zone, day), wall, ZoneInfo(zone)).timestamp()
    if text == "24:00" and day is not None:
        return latest_end(zone, day)
    try:
        return epoch_of(datetime.fromisoformat(text), zone)
    except ValueError:
        raise ValueError(f"{shown(text)} is no moment") from None


def _mend(text: str) -> str:
    return f"write a day, too: 2030-01-31T{text}" if _OF_DAY.fullmatch(text) else "write 2030-01-31T14:00"


def faults(at: float, until: float, zone: str, now: float | None = None) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the moments of an override, each as key, message and mend; with `now`, also what is
    past or of another day."""
    midnight = latest_end(zone, at)
    if until <= at:
        yield "until", "is not after the moment at which it begins", "write a later one"
    elif until > midnight:
        told = f"is later than midnight in {zone}, when every override ends"
        yield "until", told, f"write {_local(midnight, zone)} or less, or leave it out"
    if now is None:
        return
    if at < now - SLACK:
        yield "at", "is past", "name a moment to come, or leave it out to begin now"
    elif at >= latest_end(zone, now):
        yield "at", f"is not today in {zone}", "set it on its day, or make a new version of the campaign"


def _local(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).isoformat(timespec="minutes")
