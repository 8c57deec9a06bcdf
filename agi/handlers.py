"""Ties the handlers to the names the dialplan calls them by; what each does is its own file's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from agi.answered import AnsweredHook, FactHook
from agi.channel import ChannelHandler
from agi.connection import Handler
from agi.place import PlaceHook
from agi.player import ScriptHook
from agi.segment import SegmentHook
from config.project import Project
from config.variables import AgiScript
from models.outcome import NullModel, OutcomeModel, open_model
from models.registry import SHIPPED
from strategies.segments import Catalogue
from strategies.store import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Routes:
    """Script name to handler: over FastAGI, and over the local socket, which can only set variables."""

    fastagi: Mapping[str, Handler]
    local: Mapping[str, ChannelHandler]


def build_routes(project: Project, store: Store) -> Routes:
    """Every handler. Without segments.yaml there is no segment hook: the dialplan's defaults hold."""
    countries = project.settings.numbers.countries
    country = countries[0] if countries else "US"
    outbound: dict[str, Handler] = {
        AgiScript.ANSWERED: AnsweredHook(store),
        AgiScript.SCRIPT: ScriptHook(store),
        AgiScript.FACT: FactHook(store),
        AgiScript.PLACE: PlaceHook(store, country),
    }
    if project.segments is None:
        return Routes(outbound, {})
    segment = SegmentHook(
        store,
        project.segments,
        _predictors(project.segments, project.settings.data_dir),
        country=country,
        tenant=project.settings.tenant,
    )
    return Routes({**outbound, AgiScript.SEGMENT: segment}, {AgiScript.SEGMENT: segment})


def _predictors(catalogue: Catalogue, data_dir: Path) -> dict[str, OutcomeModel | NullModel]:
    """The models the catalogue names, the site's own before the shipped ones; a broken one is told."""
    names = {outcome.model for outcome in catalogue.outcomes.values()}
    roots = [data_dir / "models", SHIPPED]
    models = {name: open_model(name, roots) for name in sorted(names)}
    for name, model in models.items():
        if isinstance(model, NullModel):
            log.error("model.missing", model=name, reason=model.reason, mend="secondpass model train")
    return models
