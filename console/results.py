"""`secondpass results`: the figures of sub-campaigns, live or once, and their recount from the ledger."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.campaigns import FINAL, named
from console.refusal import Reason, RefusedError
from strategies.ledger import Counters, recount
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from rich.table import Table

    from strategies.store import Store

EVERY = 1.0  # seconds between two looks at the store while a table is live
PAGE = 5000  # ledger lines read at once


def results(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME[/N]", help="A campaign or one of its sub-campaigns.")],
    once: Annotated[bool, typer.Option("--once", help="Print once; else a terminal shows it live.")] = False,
    recounted: Annotated[
        bool, typer.Option("--recount", help="Count everything anew from the ledger, and compare.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """What became of a campaign: attempts, results, responses, recovery, and what is left to do."""
    loaded = options.project(context, config)
    if recounted:
        options.with_store(loaded, lambda store: _recount(store, name, json=json))
    elif json:
        output.document(options.with_store(loaded, lambda store: _figures(store, name)))
    elif once or not sys.stdout.isatty():
        output.show(*_tables(options.with_store(loaded, lambda store: _figures(store, name))))
    else:
        options.with_store(loaded, lambda store: _live(store, name))


async def _figures(store: Store, name: str) -> list[dict[str, Any]]:
    return [figures(sub, await store.counters(sub.name)) for sub in await named(store, name)]


def figures(sub: SubCampaign, counters: Counters) -> dict[str, Any]:
    """Everything shown of a sub-campaign; `by_group` counts responses, one attempt may give several."""
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "lists": list(sub.lists),
        "strategy": sub.campaign.version,
        "contacts": counters.contacts,
        "ended": counters.ended,
        "remaining": counters.contacts - counters.ended,
        "attempts": counters.attempts,
        "in_progress": counters.in_progress,
        "connected_to_agent": counters.connected_to_agent,
        "by_result": dict(counters.by_result),
        "by_pass": dict(counters.by_pass),
        "by_medium": dict(counters.by_medium),
        "by_response": dict(counters.by_response),
        "by_group": {
            group: sum(counters.by_response.get(response, 0) for response in sub.campaign.group(group))
            for group in sub.campaign.groups
        },
        "ended_by": dict(counters.ended_by),
        "skipped": dict(counters.skipped),
        "recovery": {
            "triggered": sum(counters.triggered.values()),
            "reached": sum(counters.reached.values()),
            "by_trigger": dict(counters.triggered),
            "reached_by_trigger": dict(counters.reached),
            "ended": dict(counters.recovery_ended),
        },
    }


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
    single = ("contacts", "remaining", "attempts", "in_progress", "connected_to_agent")
    recovery = one["recovery"]
    return [
        output.pairs(f"{one['sub_campaign']}: {one['state']}", {key: one[key] for key in single}),
        *(output.pairs(title, one[key]) for title, key in GROUPS if one[key]),
        *(
            [
                output.table(
                    "Recovery",
                    ("trigger", "lost", "reached"),
                    [
                        (trigger, lost, recovery["reached_by_trigger"].get(trigger, 0))
                        for trigger, lost in recovery["by_trigger"].items()
                    ],
                )
            ]
            if recovery["triggered"]
            else []
        ),
    ]


async def _live(store: Store, name: str) -> None:
    """The tables, renewed until everything is over or Ctrl-C."""
    with output.live() as shown:
        while True:
            found = await _figures(store, name)
            shown.update(output.stacked(_tables(found)), refresh=True)
            if all(one["state"] in FINAL and not one["in_progress"] for one in found):
                return
            await asyncio.sleep(EVERY)


async def _recount(store: Store, name: str, *, json: bool) -> None:
    subs = await named(store, name)
    lines: dict[str, list[dict[str, Any]]] = {sub.name: [] for sub in subs}
    after = "-"
    while page := await store.ledger(after, PAGE):
        after = page[-1][0]
        for _, line in page:
            if line.get("campaign") in lines:
                lines[line["campaign"]].append(line)
    differing = []
    for sub in subs:
        kept, counted = asdict(await store.counters(sub.name)), asdict(recount(lines[sub.name]))
        differing += [
            Reason(f"{sub.name} {figure}: shown {kept[figure]}, in the ledger {counted[figure]}", "")
            for figure in kept
            if kept[figure] != counted[figure]
        ]
    if differing:
        raise RefusedError("the figures differ from their recount", differing)
    told = {sub.name: len(lines[sub.name]) for sub in subs}
    if json:
        output.document({"equal": True, "ledger_lines": told})
    else:
        for name_, count in told.items():
            output.line(f"{name_}: every figure equals its recount from {count} ledger lines")
