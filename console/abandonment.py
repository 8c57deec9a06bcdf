"""`secondpass results abandonment`: the share of abandoned calls of each campaign and period as a regulator
may be handed it, with what is counted and the rules it is held to; the count is of `abandonment_count`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from console import options, output
from console.abandonment_count import Row, cap_of, counted
from strategies.abandonment import PATIENCE, Kept
from strategies.campaign import Campaign

if TYPE_CHECKING:
    from config.project import Project

HOUR = 3600.0  # seconds
DEFINITION = (
    "Live answer: a call of a dialer pass that a person answered.",
    f"Abandoned: a live answer with no agent within {PATIENCE:g} seconds.",
    "Clock greeting: it starts with the end of the person's greeting, which is the moment of the machine",
    "detection's verdict less the silence it waited for; where it heard no greeting, with the verdict. Clock",
    "answer: it starts with the answer. Who hung up before, whose call's end nobody saw, and who heard the",
    "message is counted as abandoned. Machines are in neither figure.",
    "Rate: abandoned / live answers, per campaign and successive period of days in the campaign's zone; the",
    "first period begins with the day of the campaign's first live answer; so_far: it is not over;",
    "incomplete: ledger.retention has removed days of it, and calls of theirs may be in no figure.",
    "Everything here is counted from the ledger's lines attempt_ended that have live_at. Rebuilt: those that",
    "were put back from Asterisk's own queue log and call records after a loss; where these know only the",
    "second in which an agent was there, its end counts.",
)
COLUMNS = (
    *("campaign", "from", "to", "zone", "live_answers", "abandoned", "rate", "cap"),
    *Kept,
    *("longest_wait_for_agent", "longest_wait_for_message", "clock", "rebuilt", "so_far"),
    "incomplete",
)


def cells(row: Row) -> dict[str, object]:
    """By the names of COLUMNS."""
    return {
        "campaign": row.campaign,
        "from": row.period.first.isoformat(),
        "to": row.period.last.isoformat(),
        "zone": row.zone,
        "live_answers": row.share.live,
        "abandoned": row.share.abandoned,
        "rate": round(row.share.rate, 5),
        "cap": row.cap,
        **{how: row.became.get(how, 0) for how in Kept},
        "longest_wait_for_agent": row.longest.get("agent"),
        "longest_wait_for_message": row.longest.get("message"),
        "clock": row.clock,
        "rebuilt": row.rebuilt,
        "so_far": "yes" if row.so_far else "no",
        "incomplete": "yes" if row.incomplete else "no",
    }


def report(loaded: Project, campaign: str | None, *, as_csv: bool, json: bool) -> None:
    """Print it: as CSV with the definition on top, as JSON, or as a table."""
    rows, campaigns = options.with_store(loaded, lambda store: counted(store, loaded, campaign))
    rules = {name: rules_of(campaigns[name]) for name in dict.fromkeys(row.campaign for row in rows)}
    if as_csv:
        _write_csv(rows, rules)
    elif json:
        told = {"definition": " ".join(DEFINITION), "rules": rules, "rows": [cells(row) for row in rows]}
        output.document(told)
    else:
        for text in DEFINITION:
            output.line(text)
        output.show(output.table("Abandonment", COLUMNS, [tuple(cells(row).values()) for row in rows]))


def rules_of(campaign: Campaign) -> list[str]:
    """What the campaign is held to, in words, and the texts of law it comes from, with the day on which they
    were last looked at."""
    from config.presets import preset_for

    limits, preset = campaign.limits, preset_for(campaign.purpose, campaign.country)
    cap = cap_of(campaign)
    words = [
        f"purpose {campaign.purpose}, country {campaign.country}",
        f"periods of {limits.abandon_days} days",
        "no cap" if cap is None else f"at most {cap:.1%}",
        f"clock {limits.abandon_clock}",
    ]
    if limits.abandon_lockout:
        words.append(f"nobody abandoned is called again for {limits.abandon_lockout / HOUR:g} hours")
    return ["; ".join(words), *(f"as of {preset.checked}: {source}" for source in preset.sources)]


def _write_csv(rows: list[Row], rules: Mapping[str, list[str]]) -> None:
    for text in DEFINITION:
        sys.stdout.write(f"# {text}\n")
    for name, told in rules.items():
        for text in told:
            sys.stdout.write(f"# Rules of {output.clean(name)}: {output.clean(text)}\n")
    for row in rows:
        sys.stdout.write(
            f"# Period of {output.clean(row.campaign)}: {row.period.first} to {row.period.last}\n"
        )
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells(row) for row in rows)
