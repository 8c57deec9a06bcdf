"""What the overrides of sub-campaigns come to: the phases as they are kept, and a snapshot with the one of
this moment laid over it. Setting and cancelling overrides is left to `overrides`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from strategies.overrides import Phase, Plan, as_of
from strategies.state import SubCampaign
from strategies.store.codec import read_campaign, read_plain, text
from strategies.store.connection import Door

SCHEDULE = "schedule"


def mark(overrides: Sequence[str]) -> str:
    """The overrides in force as one word; empty for none."""
    return ",".join(overrides)


class Plans(Door):
    """Phases are read anew when their revision has changed, and only then."""

    def __init__(self, url: str, tenant: str, clock: Callable[[], float]) -> None:
        super().__init__(url, tenant, clock)
        self._plans: dict[str, Plan] = {}
        self._turned: dict[str, tuple[str, bool]] = {}  # the phase last told; whether some are still to know

    async def plan(self, sub: str) -> Plan:
        """The phases of a sub-campaign, those of the last day among them."""
        kept = await self._command("HGETALL", self._keys.plan(sub))
        if not kept:
            return Plan()
        schedule = read_plain(kept[SCHEDULE.encode()])
        campaigns = {name: read_campaign(raw) for name, raw in kept.items() if name != SCHEDULE.encode()}
        phases = (
            Phase(begins, ends, tuple(overrides), campaigns[mark(overrides).encode()])
            for begins, ends, overrides in schedule["stretches"]
        )
        return Plan(schedule["revision"], tuple(phases))

    async def _with_plan(self, sub: SubCampaign, control: Mapping[bytes, bytes]) -> SubCampaign:
        """The sub-campaign as it holds now; `control`: what may change while it runs, as just read."""
        self._turned[sub.name] = (control.get(b"phase", b"").decode(), b"rousing" in control)
        revision = int(control.get(b"plan", 0))
        if revision == 0:
            return sub
        if sub.name not in self._plans or self._plans[sub.name].revision != revision:
            self._plans[sub.name] = await self.plan(sub.name)
        return as_of(sub, self._plans[sub.name], self._clock())


def kept(plan: Plan) -> dict[str, str]:
    """The fields a plan is kept in; a campaign that holds on several stretches is kept once."""
    schedule = {
        "revision": plan.revision,
        "stretches": [(one.begins, one.ends, one.overrides) for one in plan.phases],
    }
    campaigns = {mark(one.overrides): one.campaign for one in plan.phases}
    return {SCHEDULE: text(schedule), **{name: text(campaign) for name, campaign in campaigns.items()}}
