"""Ties the handlers to the names the dialplan calls them by; what each does is its own file's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agi.answered import AnsweredHook, FactHook
from agi.channel import ChannelHandler
from agi.connection import Handler
from agi.models_in_use import ModelsInUse
from agi.place import PlaceHook
from agi.player import ScriptHook
from agi.promotions import Promotions
from agi.segment import SegmentHook
from config.project import Project
from config.variables import AgiScript
from models.registry import SHIPPED
from strategies.store import Store


@dataclass(frozen=True, slots=True)
class Routes:
    """Script name to handler: over FastAGI, and over the local socket, which can only set variables."""

    fastagi: Mapping[str, Handler]
    local: Mapping[str, ChannelHandler]


class Lasting:
    """What a server keeps while the catalogue is replaced: the models in use and the share guard's counts."""

    def __init__(self, project: Project) -> None:
        self.models = ModelsInUse([project.settings.data_dir / "models", SHIPPED])
        self.promotions = Promotions()


def build_routes(project: Project, store: Store, lasting: Lasting) -> Routes:
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
    lasting.models.hold_to(project.segments)
    segment = SegmentHook(
        store,
        project.segments,
        lasting.models.live,
        country=country,
        tenant=project.settings.tenant,
        promotions=lasting.promotions,
    )
    return Routes({**outbound, AgiScript.SEGMENT: segment}, {AgiScript.SEGMENT: segment})
