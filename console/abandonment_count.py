"""The share of abandoned calls of each campaign and period, counted from the ledger alone; what counts as
what is left to `strategies.abandonment`, how it is shown to `abandonment`."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.ledger_rebuild import campaigns_of
from console.refusal import Reason, RefusedError
from strategies.abandonment import Kept, Period, Share, is_abandoned, is_live, kept, period_of
from strategies.campaign import Campaign
from strategies.vocabulary import Kind
from strategies.windows import local_date

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign in one period; `cap`: what its passes ask for now, None where none does. Waits in
    seconds. `rebuilt`: live answers of the period that are known from Asterisk's own records alone.
    `incomplete`: calls of it may be missing, because their days were removed from the ledger."""

    campaign: str
    period: Period
    zone: str
    cap: float | None
    share: Share
    became: Mapping[Kept, int]
    longest: Mapping[str, float]
    clock: str
    rebuilt: int
    so_far: bool
    incomplete: bool


@dataclass(slots=True)
class _Sum:
    """Of one day, or of one period."""

    live: int = 0
    abandoned: int = 0
    became: Counter[Kept] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)
    rebuilt: int = 0

    def add(self, line: Mapping[str, object]) -> None:
        self.live += 1
        self.abandoned += is_abandoned(line)
        self.became[kept(line)] += 1
        self.rebuilt += line.get("source") == "asterisk"
        waited = line.get("waited")
        if isinstance(waited, int | float):
            self._longer("agent" if line.get("result") == "connected_agent" else "message", waited)

    def join(self, other: _Sum) -> None:
        self.live += other.live
        self.abandoned += other.abandoned
        self.became += other.became
        self.rebuilt += other.rebuilt
        for whom, waited in other.longest.items():
            self._longer(whom, waited)

    def _longer(self, whom: str, waited: float) -> None:
        self.longest[whom] = max(self.longest.get(whom, 0.0), waited)


async def counted(
    store: Store, loaded: Project, campaign: str | None
) -> tuple[list[Row], Mapping[str, Campaign]]:
    """A row for each campaign and period in which anybody answered, and the campaigns by name. When the first
    period began is told by the store too, whose sums outlast the ledger's days. Raises RefusedError for a
    campaign that there is none of."""
    files = archive_of(loaded)
    await at_home(store, files)
    latest = await campaigns_of(store, loaded)
    if campaign is not None and campaign not in latest:
        never = f"there is no campaign {campaign}"
        raise RefusedError(never, [Reason(f"there are: {', '.join(sorted(latest)) or 'none'}", "")])
    wanted = {campaign} if campaign is not None else latest.keys()
    days: defaultdict[str, defaultdict[date, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    async for _, line in whole_ledger(store, files):
        name = str(line.get("campaign", "")).rpartition("/")[0]
        if line.get("kind") == Kind.ATTEMPT_ENDED and is_live(line) and name in wanted:
            days[name][date.fromisoformat(str(line["day"]))].add(line)
    removed, rows = files.removed_until(), list[Row]()
    for name in sorted(days):
        begun = min(*days[name], (await store.answered(name)).begun or date.max)
        rows += _rows(latest[name], days[name], begun, removed, time.time())
    return rows, latest


def _rows(
    campaign: Campaign, days: Mapping[date, _Sum], begun: date, removed: float, now: float
) -> Iterator[Row]:
    """`removed`: the moment before which the ledger's lines are missing."""
    today, missing = local_date(campaign.zone, now), local_date(campaign.zone, removed - 1)
    sums: defaultdict[Period, _Sum] = defaultdict(_Sum)
    for day in sorted(days):
        sums[period_of(day, begun, campaign.limits.abandon_days)].join(days[day])
    for period, each in sums.items():
        yield Row(
            campaign.name,
            period,
            campaign.zone,
            cap_of(campaign),
            Share(each.live, each.abandoned),
            each.became,
            each.longest,
            campaign.limits.abandon_clock,
            each.rebuilt,
            so_far=today <= period.last,
            incomplete=period.first <= missing,
        )


def cap_of(campaign: Campaign) -> float | None:
    """The strictest share of abandoned calls that a pass of the campaign is paced by."""
    rates = [one.pacing.abandon_rate for one in campaign.passes if one.pacing.abandon_rate is not None]
    return min(rates, default=None)
