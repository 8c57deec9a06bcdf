"""`secondpass results`: the figures of sub-campaigns, live or once, and their recount from the ledger."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import abandonment, machines, options, output
from console.abandonment_count import cap_of
from console.campaigns import FINAL, named
from console.figures import figures
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.ledger import LOST, changes, from_figures
from strategies.state import SubCampaign
from strategies.vocabulary import RecoveryEnd

if TYPE_CHECKING:
    from rich.table import Table

    from config.project import Project
    from strategies.store import QueueFigures, Store

ABANDONMENT = "abandonment"  # in the place of a campaign: how many calls were abandoned
MACHINES = "machines"  # the same: what the machine detection said, and how often it was wrong
EVERY = 1.0  # seconds between two looks at the store while a table is live


def results(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[/N]|abandonment|machines", help="A campaign or one of its sub-campaigns."
        ),
    ],
    of: Annotated[
        str | None,
        typer.Argument(metavar="[CAMPAIGN]", help="After `abandonment` or `machines`: this campaign only."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="After those two: as a file for others.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print once; else a terminal shows it live.")] = False,
    recounted: Annotated[
        bool, typer.Option("--recount", help="Count everything anew from the ledger, and compare.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """What became of a campaign: attempts, results, responses, recovery, and what is left to do.

    `secondpass results abandonment [CAMPAIGN] [--csv]`: calls answered by a person for whom no agent was
    there in time, per campaign and period, counted from the ledger.

    `secondpass results machines [CAMPAIGN] [--csv]`: what the machine detection said of whoever answered, and
    how many machines it put through to agents, per campaign and settings, counted from the ledger.
    """
    loaded = options.project(context, config)
    if name == ABANDONMENT:
        abandonment.report(loaded, of, as_csv=as_csv, json=json)
        return
    if name == MACHINES:
        machines.report(loaded, of, as_csv=as_csv, json=json)
        return
    if of is not None or as_csv:
        raise typer.BadParameter(
            "these belong to secondpass results abandonment, or machines", param_hint="CAMPAIGN, --csv"
        )
    if recounted:
        options.with_store(loaded, lambda store: _recount(store, loaded, name, json=json))
    elif json:
        output.document(options.with_store(loaded, lambda store: figures_of(store, name)))
    elif once or not sys.stdout.isatty():
        output.show(*_tables(options.with_store(loaded, lambda store: figures_of(store, name))))
    else:
        options.with_store(loaded, lambda store: _live(store, name))


async def figures_of(store: Store, name: str) -> list[dict[str, Any]]:
    """Every figure of the sub-campaigns of that name. Raises RefusedError where there is none."""
    return await figures_of_all(store, await named(store, name), (await store.caller(None)).queues)


async def figures_of_all(
    store: Store, subs: Sequence[SubCampaign], queues: Mapping[str, QueueFigures]
) -> list[dict[str, Any]]:
    """Every figure of these sub-campaigns, in their order; `queues`: the agents' queues by name."""
    sizes = await store.lists()
    return [
        {
            **figures(sub, counters, waiting),
            "total": sum(sizes.get(each, 0) for each in sub.attached or sub.lists),
            "abandon_cap": cap_of(sub.campaign),
            "queue": _queue(queues.get(sub.campaign.queue)),
        }
        for sub, (counters, waiting) in zip(subs, await store.figures_of(subs), strict=True)
    ]


def _queue(queue: QueueFigures | None) -> dict[str, Any]:
    """The agents' queue as the bridge last told it; empty where no bridge did."""
    return {} if queue is None else {"agents_free": queue.agents_free, "waiting": queue.waiting}


GROUPS = (
    ("Results", "by_result"),
    ("Responses", "by_response"),
    ("Attempts by pass", "by_pass"),
    ("Attempts by medium", "by_medium"),
    ("Contacts ended", "ended_by"),
    ("Passed over", "skipped"),
)


def _tables(found: list[dict[str, Any]]) -> list[Table]:
    return [table for one in found for table in _tables_of(one)]


def _tables_of(one: dict[str, Any]) -> list[Table]:
    single = ("contacts", "attempted", "remaining", "attempts", "in_progress", "connected_to_agent")
    shown = {key: one[key] for key in single} | one["queue"]
    shown |= {"strategy": one["strategy"], "overrides": ", ".join(one["overrides"]) or "none"}
    recovery = one["recovery"]
    return [
        output.pairs(f"{one['sub_campaign']}: {one['state']}", shown),
        _each("Passes", "pass", one["passes"]),
        _each("Lists", "list", one["list_figures"]),
        *(output.pairs(title, one[key]) for title, key in GROUPS if one[key]),
        *([_recoveries(recovery["by_day"])] if recovery["by_day"] else []),
    ]


def _each(title: str, what: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Passes or lists, a row each, with their results in one column."""
    cells = [
        (name, row["attempts"], row["remaining"], ", ".join(f"{k} {n}" for k, n in row["by_result"].items()))
        for name, row in rows.items()
    ]
    return output.table(title, (what, "attempts", "remaining", "results"), cells)


def _recoveries(rows: Sequence[Mapping[str, Any]]) -> Table:
    names = ("day", "pass", "trigger")
    ends = (LOST, *(str(how) for how in RecoveryEnd))
    cells = [(*(row[name] for name in names), *(row.get(end, 0) for end in ends)) for row in rows]
    return output.table("Recovery", (*names, *ends), cells)


async def _live(store: Store, name: str) -> None:
    """The tables, renewed until everything is over or Ctrl-C."""
    with output.live() as shown:
        while True:
            found = await figures_of(store, name)
            shown.update(output.stacked(_tables(found)), refresh=True)
            if all(one["state"] in FINAL and not one["in_progress"] for one in found):
                return
            await asyncio.sleep(EVERY)


async def _recount(store: Store, loaded: Project, name: str, *, json: bool) -> None:
    """Count every figure anew from the closed days' files and the store's stream."""
    files = archive_of(loaded)
    await at_home(store, files)
    subs = await named(store, name)
    if older := [sub.name for sub in subs if sub.created < files.removed_until()]:
        mend = "count those that were started since, or have their days put back from a backup"
        reason = Reason(f"{', '.join(older)} began before the days that ledger.retention keeps", mend)
        raise RefusedError("not everything can be recounted", [reason])
    last, counters = await store.figures_at([sub.name for sub in subs])
    kept = {sub: asdict(figures) for sub, figures in counters.items()}
    sums: dict[str, Counter[tuple[str, str]]] = {sub: Counter() for sub in kept}
    told = Counter[str]()
    async for _, line in whole_ledger(store, files, until=files.last() if last == "-" else last):
        campaign = line.get("campaign")
        if campaign in sums:
            told[campaign] += 1
            for figure, key, step in changes(line):
                sums[campaign][figure, key] += step
    counted = {name: asdict(from_figures(figures)) for name, figures in sums.items()}
    differing = [
        Reason(f"{sub} {figure}: shown {shown}, in the ledger {counted[sub][figure]}", "")
        for sub, own in kept.items()
        for figure, shown in own.items()
        if shown != counted[sub][figure]
    ]
    if differing:
        raise RefusedError("the figures differ from their recount", differing)
    if json:
        output.document({"equal": True, "ledger_lines": {name: told[name] for name in kept}})
    else:
        for sub in kept:
            output.line(f"{sub}: every figure equals its recount from {told[sub]} ledger lines")
