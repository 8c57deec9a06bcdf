"""`secondpass results abandonment`: the share of abandoned calls of each campaign and period, counted from
the ledger alone, as a regulator may be handed it; what counts as what is left to
`strategies.abandonment`."""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.ledger_rebuild import campaigns_of
from console.refusal import Reason, RefusedError
from strategies.abandonment import PATIENCE, Kept, Period, Share, is_abandoned, is_live, kept, period_of
from strategies.campaign import Campaign
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

DEFINITION = (
    "Live answer: a call of a dialer pass that a person answered.",
    f"Abandoned: a live answer with no agent within {PATIENCE:g} seconds.",
    "The clock starts with the end of the person's greeting: the moment of the machine detection's verdict",
    "less the silence it waited for; where it heard no greeting, with the verdict. Who hung up before, and",
    "whose call's end nobody saw, is counted as abandoned. Machines are in neither figure.",
    "Rate: abandoned / live answers, per campaign and successive period of days in the campaign's zone; the",
    "first period begins with the day of the campaign's first live answer.",
    "Everything here is counted from the ledger's lines attempt_ended that have live_at.",
)
COLUMNS = (
    *("campaign", "from", "to", "zone", "live_answers", "abandoned", "rate", "cap"),
    *Kept,
    *("longest_wait_for_agent", "longest_wait_for_message"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign in one period; `cap`: what its passes ask for now, None where none does. Waits in
    seconds."""

    campaign: str
    period: Period
    zone: str
    cap: float | None
    share: Share
    became: Mapping[Kept, int]
    longest: Mapping[str, float]

    def cells(self) -> dict[str, object]:
        """By the names of COLUMNS."""
        return {
            "campaign": self.campaign,
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "zone": self.zone,
            "live_answers": self.share.live,
            "abandoned": self.share.abandoned,
            "rate": round(self.share.rate, 5),
            "cap": self.cap,
            **{how: self.became.get(how, 0) for how in Kept},
            "longest_wait_for_agent": self.longest.get("agent"),
            "longest_wait_for_message": self.longest.get("message"),
        }


def report(loaded: Project, campaign: str | None, *, as_csv: bool, json: bool) -> None:
    """Print it: as CSV with the definition on top, as JSON, or as a table."""
    rows = options.with_store(loaded, lambda store: counted(store, loaded, campaign))
    if as_csv:
        _write_csv(rows)
    elif json:
        output.document({"definition": " ".join(DEFINITION), "rows": [row.cells() for row in rows]})
    else:
        for text in DEFINITION:
            output.line(text)
        cells = [tuple(row.cells().values()) for row in rows]
        output.show(output.table("Abandonment", COLUMNS, cells))


@dataclass(slots=True)
class _Sum:
    """Of one day, or of one period."""

    live: int = 0
    abandoned: int = 0
    became: Counter[Kept] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)

    def add(self, line: Mapping[str, object]) -> None:
        self.live += 1
        self.abandoned += is_abandoned(line)
        self.became[kept(line)] += 1
        waited = line.get("waited")
        if isinstance(waited, int | float):
            self._longer("agent" if line.get("result") == "connected_agent" else "message", waited)

    def join(self, other: _Sum) -> None:
        self.live += other.live
        self.abandoned += other.abandoned
        self.became += other.became
        for whom, waited in other.longest.items():
            self._longer(whom, waited)

    def _longer(self, whom: str, waited: float) -> None:
        self.longest[whom] = max(self.longest.get(whom, 0.0), waited)


async def counted(store: Store, loaded: Project, campaign: str | None) -> list[Row]:
    """A row for each campaign and period in which anybody answered. Raises RefusedError for a campaign that
    there is none of, and never was."""
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
    return [row for name in sorted(days) for row in _rows(latest[name], days[name])]


def _rows(campaign: Campaign, days: Mapping[date, _Sum]) -> Iterator[Row]:
    begun = min(days)
    sums: defaultdict[Period, _Sum] = defaultdict(_Sum)
    for day in sorted(days):
        sums[period_of(day, begun, campaign.limits.abandon_days)].join(days[day])
    for period, each in sums.items():
        share = Share(each.live, each.abandoned)
        cap = cap_of(campaign)
        yield Row(campaign.name, period, campaign.zone, cap, share, each.became, each.longest)


def cap_of(campaign: Campaign) -> float | None:
    """The strictest share of abandoned calls that a pass of the campaign is paced by."""
    rates = [one.pacing.abandon_rate for one in campaign.passes if one.pacing.abandon_rate is not None]
    return min(rates, default=None)


def _write_csv(rows: list[Row]) -> None:
    for text in DEFINITION:
        sys.stdout.write(f"# {text}\n")
    for row in rows:
        sys.stdout.write(
            f"# Period of {output.clean(row.campaign)}: {row.period.first} to {row.period.last}\n"
        )
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells() for row in rows)
