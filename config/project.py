"""Loads a directory of files into one checked project, all mistakes of all files at once; starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from config.campaign_build import campaign
from config.checking import Problems
from config.errors import ConfigError, ConfigErrors
from config.pass_rules import Scripts
from config.script_file import script
from config.segments_file import segments
from config.settings import Numbers, Settings, settings
from config.yaml_reader import Document, read
from strategies.campaign import Campaign
from strategies.script import Script
from strategies.segments import Catalogue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Project:
    """What a directory says; `segments` is None without a segments.yaml, `settings` has defaults for its own.

    An avm pass whose `script` is None (there is no scripts/ at all) can be simulated, not launched.
    `documents`: each campaign's file as it was read, by the campaign's name.
    """

    directory: Path
    settings: Settings
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    scripts: Mapping[str, Script] = field(default_factory=dict)
    segments: Catalogue | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)

    @property
    def has_nothing(self) -> bool:
        """Whether no file at all was there."""
        alone = (self.directory / name for name in ("settings.yaml", "segments.yaml"))
        return not self.campaigns and not self.scripts and not any(file.exists() for file in alone)

    def known_scripts(self) -> Scripts:
        """The scripts a campaign, or a patch of one, may name."""
        return Scripts(self.scripts, absent=_has_no_scripts(self.directory))

    def source(self, campaign: str) -> Mapping[str, Any]:
        """What a campaign's file says, in values that JSON knows. Raises KeyError."""
        data = self.documents[campaign].data
        assert isinstance(data, dict)  # noqa: S101 - no campaign was ever made of anything else
        return data


def load_what_is_right(directory: Path) -> tuple[Project, tuple[ConfigError, ...]]:
    """The project as far as its files have no mistakes, and the mistakes: for whoever must act though a file
    is wrong, to stop what runs or to start again what died. Raises ConfigErrors for settings with
    mistakes."""
    reading = _Reading(directory)
    file = reading.one("settings.yaml")
    found = reading.built(file, settings) or Settings()
    if reading.errors:
        raise ConfigErrors(reading.errors)
    project = reading.project(found)
    if project.has_nothing and not reading.errors:
        raise ConfigErrors([reading.nothing()])
    return project, tuple(reading.errors)


def load_project(directory: Path) -> Project:
    """The project in `directory`. Raises ConfigErrors with every mistake in it; changes nothing."""
    reading = _Reading(directory)
    found = reading.built(reading.one("settings.yaml"), settings) or Settings()
    project = reading.project(found)
    if reading.errors:
        raise ConfigErrors(reading.errors)
    if project.has_nothing:
        raise ConfigErrors([reading.nothing()])
    return project


def _with_document(document: Document, scripts: Scripts) -> tuple[tuple[Campaign, Document] | None, Problems]:
    """A campaign with the file it was read from."""
    found, problems = campaign(document, scripts)
    return (None if found is None else (found, document)), problems


def _has_no_scripts(directory: Path) -> bool:
    return not (directory / "scripts").is_dir()


def _with_countries(found: Settings, campaigns: Mapping[str, Campaign]) -> Settings:
    """The countries of all campaigns, where the settings say none; `Numbers.of` still knows that they do."""
    if "countries" in found.numbers.model_fields_set:
        return found
    countries = tuple(sorted({one.country for one in campaigns.values()}))
    unsaid = Numbers.model_construct(_fields_set=set(), countries=countries)
    return found.model_copy(update={"numbers": unsaid})


class _Reading:
    """One walk through the directory: collects mistakes instead of stopping at the first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.errors: list[ConfigError] = []

    def nothing(self) -> ConfigError:
        where = self._directory.absolute()
        if not self._directory.is_dir():
            return ConfigError(where, None, None, "", "is no directory", "name the one with campaigns/")
        mend = "name the one that has them (--config DIR or SECONDPASS_CONFIG), or add campaigns/NAME.yaml"
        return ConfigError(where, None, None, "", "has neither campaigns nor settings", mend)

    def project(self, found: Settings) -> Project:
        """Everything but the settings, which are `found`."""
        files = {kind: self.files(kind) for kind in ("scripts", "campaigns")}
        scripts = self.scripts(files["scripts"])
        read_campaigns = self.named(
            files["campaigns"], lambda document: _with_document(document, scripts), lambda c: c[0].name
        )
        campaigns = {name: one for name, (one, _) in read_campaigns.items()}
        return Project(
            self._directory,
            _with_countries(found, campaigns),
            campaigns,
            dict(scripts.found),
            self.built(self.one("segments.yaml"), segments),
            {name: document for name, (_, document) in read_campaigns.items()},
        )

    def files(self, kind: str) -> list[Path]:
        """The YAML files of a sub-directory, by name."""
        folder = self._directory / kind
        for other in sorted(folder.glob("*.yml")):
            self.errors.append(
                ConfigError(other, None, None, "", "is not read", f"rename it to {other.stem}.yaml")
            )
        return sorted(folder.glob("*.yaml"))

    def one(self, name: str) -> Path | None:
        file = self._directory / name
        return file if file.exists() else None

    def built(self, file: Path | None, build: Callable[[Document], tuple[T | None, Problems]]) -> T | None:
        """What a file says, or None, its mistakes noted."""
        if file is None:
            return None
        try:
            found, problems = build(read(file))
        except ConfigErrors as errors:
            self.errors += errors.errors
            return None
        self.errors += problems.errors
        return found

    def named(
        self,
        files: list[Path],
        build: Callable[[Document], tuple[T | None, Problems]],
        name_of: Callable[[T], str],
    ) -> dict[str, T]:
        """What the files say, by the names they give themselves; two of one name are a mistake."""
        found: dict[str, T] = {}
        origin: dict[str, Path] = {}
        for file in files:
            one = self.built(file, build)
            if one is None:
                continue
            name = name_of(one)
            if name in origin:
                message = f"{name} stands in {origin[name].name} already"
                self.errors.append(ConfigError(file, None, None, "", message, "give each its own name"))
            origin.setdefault(name, file)
            found.setdefault(name, one)
        return found

    def scripts(self, files: list[Path]) -> Scripts:
        """The scripts; one with mistakes is known by its file's name: no campaign is blamed for it."""
        found = self.named(files, script, lambda s: s.name)
        broken = frozenset(file.stem for file in files) - found.keys()
        return Scripts(found, broken, absent=_has_no_scripts(self._directory))
