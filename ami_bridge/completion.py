"""The rate that gets a pass done by the time its pacing names: counts who is left, now and then; the rule is
`strategies.pacing`'s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from time import monotonic

from strategies.campaign import Campaign, Pass
from strategies.eligibility import devices_of
from strategies.pacing import finish_rate
from strategies.records import is_main, is_through, main_index
from strategies.state import Case, ContactState, SubCampaign
from strategies.store import Store
from strategies.windows import contact_zones, next_time_of_day, pass_window

RECOUNT = 30.0  # seconds between two counts of who is left; between them the time left goes on
SHARE = 20.0  # a count that took long is made less often: at most a twentieth of the time goes into it
FEWEST = 1.0  # calls a minute where nobody was counted: who came since is not left waiting

Left = Mapping[tuple[str, ...], int]


class Completion:
    """One per dialer. `refresh` before anybody of a sub-campaign is asked to wait for its rate."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left: dict[str, dict[str, Left]] = {}  # sub-campaign -> pass -> who is left, by their zones
        self._again: dict[str, float] = {}  # sub-campaign -> when they are counted again
        self._counted: dict[str, tuple[int, str]] = {}  # what held when they were

    async def refresh(self, sub: SubCampaign, now: float) -> None:
        """Count who is left, if a pass is paced by it and it is time."""
        passes = [one for one in sub.campaign.passes if one.pacing.method == "finish_by" and not one.out]
        holds = (sub.plan, ",".join(sorted(sub.passes_ended)))
        if not passes or (now < self._again.get(sub.name, 0.0) and self._counted.get(sub.name) == holds):
            return
        began = monotonic()
        counts: dict[str, Counter[tuple[str, ...]]] = {one.name: Counter() for one in passes}
        async for page in self._store.standings(sub.name):
            for _, contact, state in page:
                if contact is None or state.ended is not None:
                    continue
                for one in passes:
                    if _awaits(state, one, sub.campaign):
                        counts[one.name][_zones(Case(contact, sub, now), one)] += 1
        self._left[sub.name] = dict(counts)
        self._counted[sub.name] = holds
        self._again[sub.name] = now + max(RECOUNT, SHARE * (monotonic() - began))

    def rate(self, sub: SubCampaign, going: Pass, now: float) -> float | None:
        """The calls a minute of a pass: as its pacing writes it, or as it takes to be done in time."""
        if going.pacing.finish_by is None:
            return going.pacing.rate
        window = pass_window(sub.campaign, going)
        until = next_time_of_day(going.pacing.finish_by, window, sub.campaign.zone, now)
        left = self._left.get(sub.name, {}).get(going.name, {})
        return finish_rate(left, window, until, now) or FEWEST


def _awaits(state: ContactState, one: Pass, campaign: Campaign) -> bool:
    """Whether the contact is in the pass, or waits for it."""
    if is_main(one):
        return main_index(campaign, state.pass_index) == campaign.passes.index(one)
    return not is_through(state, one.name)


def _zones(case: Case, one: Pass) -> tuple[str, ...]:
    devices = devices_of(one, case)
    return contact_zones(case.contact, devices[0], case.campaign) if devices else (case.campaign.zone,)
