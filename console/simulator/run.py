"""Sets a simulation up and carries it through: a store of its own that nobody else sees, the list in it, the
sub-campaign, and the ledger written out as it grows. The command gives it files and moments."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from config.carrier import Carrier
from config.settings import Trunk
from console.simulator.agents import Agents
from console.simulator.fates import Fates
from console.simulator.finishing import Finishing
from console.simulator.grants import Grants
from console.simulator.ledger import LedgerFile, debtors, moment
from console.simulator.previews import Previews
from console.simulator.simulation import Simulation, Stage
from console.simulator.timeline import VirtualClock
from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.eligibility import keeps
from strategies.overrides import Override, Phase
from strategies.precedence import ordered
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.vocabulary import RunState

LIST = "simulated"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated; moments in epoch seconds. `agents` None: enough of them. `source`: the campaign's
    file as read; `phases`: what `overrides` make of it."""

    campaign: Campaign
    contacts: Sequence[Contact]
    carrier: Carrier
    begins: float
    until: float
    countries: tuple[str, ...]
    agents: int | None = None
    trunk: Trunk | None = None
    seed: int = 0
    source: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[Override] = ()
    phases: Sequence[Phase] = ()


def launched(campaign: Campaign, source: Mapping[str, Any], begins: float) -> SubCampaign:
    """The sub-campaign as it is launched; `source`: the campaign's file as read."""
    return SubCampaign(
        name=f"{campaign.name}/1",
        campaign=campaign,
        lists=(LIST,),
        run_state=RunState.RUNNING,
        created=begins,
        source=source,
    )


async def simulate(scenario: Scenario, ledger: IO[bytes]) -> dict[str, Any]:
    """Run it, write its ledger and return the summary of it."""
    clock = VirtualClock(scenario.begins)
    with tempfile.TemporaryDirectory(prefix="sp-sim-") as folder, seldom_collected():
        store = await Store.open(None, Path(folder), "simulation", clock=clock, durable=False)
        try:
            return await _run(scenario, store, clock, ledger)
        finally:
            await store.close()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """A simulation holds its whole list and makes next to nothing that only the collector frees: its looks
    through all of that would take a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _run(scenario: Scenario, store: Store, clock: VirtualClock, ledger: IO[bytes]) -> dict[str, Any]:
    campaign = scenario.campaign
    sub, enrolled = await _launch(scenario, store)
    written = LedgerFile(store, ledger, campaign, debtors(campaign, scenario.contacts))
    agents = Agents(scenario.agents)
    previews = Previews(agents, scenario.carrier.model, scenario.seed)
    stage = Stage(
        store=store,
        clock=clock,
        fates=Fates(scenario.carrier, scenario.seed),
        grants=Grants(agents, scenario.trunk, _finishing(scenario), previews),
        countries=scenario.countries,
        ledger=written,
    )
    await Simulation(stage, sub, scenario.until).run()
    zone = ZoneInfo(campaign.zone)
    return {
        "campaign": campaign.name,
        "strategy": campaign.version,
        "from": moment(scenario.begins, zone),
        "until": moment(scenario.until, zone),
        "contacts": len(scenario.contacts),
        "enrolled": enrolled,
        **written.figures.document(),
    }


async def _launch(scenario: Scenario, store: Store) -> tuple[SubCampaign, int]:
    """The sub-campaign as a start would make it; how many of the contacts its filter keeps."""
    await store.import_contacts(LIST, scenario.contacts)
    sub = launched(scenario.campaign, scenario.source, scenario.begins)
    await store.create_sub(sub)
    kept = [one for one in scenario.contacts if keeps(scenario.campaign, one)]
    enrolled = await store.enrol(sub, ordered(scenario.campaign, kept))
    if scenario.campaign.limits.registry_within is not None:  # an empty one that never grows old
        country = scenario.campaign.country
        await store.load_registry(country, (), as_of=scenario.until, source="none", by="simulation")
    if scenario.overrides:
        await store.set_overrides(sub, scenario.overrides, scenario.phases)
    return await store.sub(sub.name) or sub, enrolled


def _finishing(scenario: Scenario) -> Finishing:
    """For the passes that have a time to be through by, from the start or while an override holds."""
    campaigns = [scenario.campaign, *(phase.campaign for phase in scenario.phases)]
    names = {one.name for campaign in campaigns for one in campaign.passes if one.pacing.finish_by}
    kept = [one for one in scenario.contacts if keeps(scenario.campaign, one)] if names else []
    return Finishing(sorted(names), scenario.campaign, kept)
