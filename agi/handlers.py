"""Ties the handlers to the names the dialplan calls them by; what each does is its own file's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from agi.agents_at_hand import AgentsAtHand
from agi.answered import AnsweredHook, FactHook
from agi.asked import read_plans
from agi.channel import ChannelHandler
from agi.connection import Handler
from agi.lookup import LookupService
from agi.outbound_decision import OutboundDecision
from agi.place import PlaceHook
from agi.player import ScriptHook
from agi.promotions import Promotions
from agi.segment import SegmentHook
from config.project import Project
from config.variables import AgiScript
from models.models_in_use import ModelsInUse
from models.registry import SHIPPED
from strategies.store import Store


@dataclass(frozen=True, slots=True)
class Routes:
    """Script name to handler: over FastAGI, and over the local socket, which can only set variables."""

    fastagi: Mapping[str, Handler]
    local: Mapping[str, ChannelHandler]


class Lasting:
    """What a server keeps while the catalogue is replaced: the models in use, the share guard's counts, and
    the agents."""

    def __init__(self, project: Project) -> None:
        self.models = ModelsInUse([project.settings.data_dir / "models", SHIPPED])
        self.promotions = Promotions()
        self.agents = AgentsAtHand()
        lookup = project.settings.lookup
        self.lookup = LookupService(lookup) if lookup is not None else None

    async def close(self) -> None:
        """Let go of what it holds open."""
        if self.lookup is not None:
            await self.lookup.close()

    async def keep_up(self, store: Store) -> None:
        """Keep them as they are now, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.models.keep_up(store), name="models")
            tasks.create_task(self.agents.keep_up(store), name="agents")


def build_routes(project: Project, store: Store, lasting: Lasting) -> Routes:
    """Every handler. Without segments.yaml there is no segment hook: the dialplan's defaults hold."""
    countries = project.settings.numbers.countries
    country = countries[0] if countries else "US"
    read_plans(country)
    outbound: dict[str, Handler] = {
        AgiScript.ANSWERED: AnsweredHook(store),
        AgiScript.SCRIPT: ScriptHook(store),
        AgiScript.FACT: FactHook(store),
        AgiScript.PLACE: PlaceHook(store, country),
    }
    if project.segments is None:
        return Routes(outbound, {})
    lasting.models.hold_to(project.segments)
    lasting.agents.hold_to(project.segments)
    segment = SegmentHook(
        store,
        project.segments,
        lasting.models.live,
        country=country,
        tenant=project.settings.tenant,
        promotions=lasting.promotions,
        agents=lasting.agents,
        lookup=lasting.lookup,
    )
    answered = AnsweredHook(store, decision=OutboundDecision(segment))
    deciding: dict[str, Handler] = {AgiScript.ANSWERED: answered, AgiScript.SEGMENT: segment}
    return Routes({**outbound, **deciding}, {AgiScript.SEGMENT: segment})
