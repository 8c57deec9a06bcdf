"""Says in plain words what a checked project would do; printing it is left to the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from config.campaign_words import CampaignTold, describe_campaign
from config.project import Project
from config.scalars import duration_text
from config.settings import Asterisk
from strategies.segments import Catalogue, Objective, ScopeKind


class SegmentTold(TypedDict):
    """One segment and how its customers are handled."""

    name: str
    does: list[str]


class ProjectTold(TypedDict):
    """A whole project, in values that JSON knows."""

    directory: str
    campaigns: list[CampaignTold]
    scripts: list[str]
    segments: list[SegmentTold]
    countries: list[str]
    store: str
    records: str


def describe(project: Project) -> ProjectTold:
    """What the project would do."""
    return {
        "directory": str(project.directory),
        "campaigns": [describe_campaign(one) for one in project.campaigns.values()],
        "scripts": sorted(project.scripts),
        "segments": _segments(project.segments) if project.segments else [],
        "countries": list(project.settings.numbers.countries),
        "store": project.settings.redis.url or f"embedded, in {project.settings.data_dir}",
        "records": _records(project.settings.asterisk),
    }


def lines(told: ProjectTold) -> Iterator[str]:
    """The same as text, a line each, indented by what belongs to what."""
    for campaign in told["campaigns"]:
        yield f"campaign {campaign['name']} ({campaign['purpose']}, {campaign['country']})"
        yield from (f"  {sentence}" for sentence in campaign["does"])
        for number, one in enumerate(campaign["passes"], 1):
            yield f"  {number}. {one['name']} ({one['medium']})"
            yield from (f"     {sentence}" for sentence in one["does"])
        yield from (f"  note: {note}" for note in campaign["notes"])
    for segment in told["segments"]:
        yield f"segment {segment['name']}: {'; '.join(segment['does'])}"
    yield f"numbers: {', '.join(told['countries']) or 'no country, so no calls at all'}"
    yield f"store: {told['store']}"
    yield f"Asterisk's records: {told['records']}"


def _records(asterisk: Asterisk) -> str:
    if asterisk.queue_log is None or asterisk.cdr is None:
        return (
            "not named (asterisk.queue_log, asterisk.cdr), so what became of calls while nobody heard events "
            "stays unknown, and a lost store's abandonments are lost"
        )
    missing = [str(file) for file in (asterisk.queue_log, asterisk.cdr) if not file.exists()]
    there = f"{asterisk.queue_log}, {asterisk.cdr}"
    return f"{there}; not there (yet): {', '.join(missing)}" if missing else there


def _segments(catalogue: Catalogue) -> list[SegmentTold]:
    ranked = sorted(catalogue.segments.values(), key=lambda segment: (segment.rank, segment.name))
    return [
        {
            "name": segment.name,
            "does": [
                f"entered when {segment.enter.text}" if segment.enter else "entered by no decision",
                *(["everybody nobody knows"] if segment.default else []),
                _handling(catalogue.objective_of(segment)),
                f"for {duration_text(segment.scope.ttl)}"
                if segment.scope.ttl
                else _lasts(segment.scope.kind),
            ],
        }
        for segment in ranked
    ]


def _lasts(kind: ScopeKind) -> str:
    return "for good" if kind is ScopeKind.PERMANENT else "for this interaction"


def _handling(objective: Objective) -> str:
    text = f"{objective.name}: queue {objective.queue}, priority {objective.priority}"
    if objective.wait_limit is not None:
        text += f", waits {duration_text(objective.wait_limit)} at most"
    return text + (f", offers {objective.offer}" if objective.offer else "")
