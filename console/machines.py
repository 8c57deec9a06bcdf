"""`secondpass results machines`: what the machine detection said of whoever answered, by campaign and
settings, and how often agents found it wrong, counted from the ledger alone; what counts as what is left to
`strategies.detection`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.detection import CORRECTION, Heard, Measured, Tally, interval

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

DEFINITION = (
    "Connected: calls put through to an agent. Machines: those of them of which the agent noted",
    f"`{CORRECTION.removeprefix('agent_')}` (the disposition), during the call or after it.",
    "Rate: machines / connected, with the interval that holds the true one 95 times in a hundred (Wilson);",
    "where agents do not note each machine (see noted), the true rate is higher.",
    "A person taken for a machine is not in here: no agent was on the line, and nobody can tell.",
    "Settings: the arguments of AMD(), empty ones as in amd.conf. Everything is counted from the ledger's",
    "lines attempt_ended that have `heard`, and from lines responded about them.",
)
COLUMNS = ("campaign", "settings", *Heard, "connected", "noted", "machines", "rate", "low", "high")


def report(loaded: Project, campaign: str | None, *, as_csv: bool, json: bool) -> None:
    """Print it: as CSV with the definition on top, as JSON, or as a table."""
    rows = options.with_store(loaded, lambda store: counted(store, loaded, campaign))
    if json:
        output.document({"definition": " ".join(DEFINITION), "rows": [cells(row) for row in rows]})
    elif as_csv:
        _write_csv(map(cells, rows))
    else:
        for text in DEFINITION:
            output.line(text)
        output.show(output.table("Machine detection", COLUMNS, [_shown(row) for row in rows]))


async def counted(store: Store, loaded: Project, campaign: str | None) -> list[Measured]:
    """A row for each campaign and settings that anybody answered under. Raises RefusedError for a campaign
    that nobody ever answered."""
    files = archive_of(loaded)
    await at_home(store, files)
    tally = Tally()
    async for _, line in whole_ledger(store, files):
        tally.add(line)
    rows = [row for row in tally.rows() if campaign in (None, row.campaign)]
    if campaign is not None and not rows:
        known = ", ".join(sorted({row.campaign for row in tally.rows()})) or "none"
        raise RefusedError(f"nobody answered a call of {campaign}", [Reason(f"there are: {known}", "")])
    return rows


def cells(row: Measured) -> dict[str, object]:
    """By the names of COLUMNS."""
    low, high = interval(row.machines, row.connected)
    return {
        "campaign": row.campaign,
        "settings": row.settings,
        **{what: row.heard.get(what, 0) for what in Heard},
        "connected": row.connected,
        "noted": row.noted,
        "machines": row.machines,
        "rate": round(row.rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }


def _shown(row: Measured) -> list[object]:
    """For a person: settings in words."""
    from config.machine_detection import detection_text

    told = cells(row) | {"settings": detection_text(row.settings) if row.settings else "as in amd.conf"}
    return [told[name] for name in COLUMNS]


def _write_csv(rows: Iterable[Mapping[str, object]]) -> None:
    for text in DEFINITION:
        sys.stdout.write(f"# {text}\n")
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
