"""Notices that the files have changed and reads them anew; a wrong edit leaves what was read before. Telling
it, and giving what is new to those who run by it, is left to the console."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import ConfigError, ConfigErrors
from config.project import Project

Prints = Mapping[Path, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new reading says otherwise.

    `campaigns`: name to the versions before and now, None where there is none. `settings`: the sections of
    settings.yaml that say something else.
    """

    campaigns: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    segments: bool = False
    settings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.campaigns or self.segments or self.settings)


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of an edit: the project as it holds from now on, and either what changed or why it did
    not."""

    project: Project
    changes: Changes = Changes()
    errors: tuple[ConfigError, ...] = ()


class Watch:
    """Over one project; `load` reads it anew and raises ConfigErrors as it does so. `whole`: all files were
    read without a mistake; else they are read once more at the first look, and their mistakes told."""

    def __init__(self, project: Project, load: Callable[[], Project], *, whole: bool = True) -> None:
        self.project, self._load = project, load
        self._seen = _prints(project.directory)
        self._read: Prints = self._seen if whole else {}

    def look(self) -> Edit | None:
        """What became of an edit since the last look; None if there is none.

        Files are read once they have stayed the same between two looks: who saves several, or whose editor
        writes in steps, is not told of mistakes that are only halves.
        """
        prints = _prints(self.project.directory)
        settled, self._seen = prints == self._seen, prints
        if not settled or prints == self._read:
            return None
        self._read = prints
        try:
            found = self._load()
        except ConfigErrors as wrong:
            return Edit(self.project, errors=wrong.errors)
        changes = changes_between(self.project, found)
        self.project = found
        return Edit(found, changes)


def changes_between(before: Project, now: Project) -> Changes:
    """What the second project says otherwise than the first."""
    names = sorted(before.campaigns.keys() | now.campaigns.keys())
    versions = {name: (_version(before, name), _version(now, name)) for name in names}
    sections = type(now.settings).model_fields
    return Changes(
        campaigns={name: pair for name, pair in versions.items() if pair[0] != pair[1]},
        segments=before.segments != now.segments,
        settings=tuple(
            name for name in sections if getattr(before.settings, name) != getattr(now.settings, name)
        ),
    )


def _version(project: Project, name: str) -> str | None:
    campaign = project.campaigns.get(name)
    return campaign.version if campaign is not None else None


def _prints(directory: Path) -> Prints:
    """When each file that is read was last written, its size and its number."""
    files = [directory / "settings.yaml", directory / "segments.yaml"]
    for kind in ("campaigns", "scripts"):
        files += sorted((directory / kind).glob("*.y*ml"))
    return {file: found for file in files if (found := _print(file)) is not None}


def _print(file: Path) -> tuple[int, int, int] | None:
    try:
        known = file.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino
