"""`secondpass watch`: a wallboard in the terminal; the same figures as on the live page, looked up each
second."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import typer

from console import options, output

if TYPE_CHECKING:
    from rich.table import Table

    from strategies.store import Store

EVERY = 1.0  # seconds
FIGURES = ("contacts", "remaining", "attempts", "in_progress", "connected_to_agent", "recovered")


def watch(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Everything that runs, renewed each second until Ctrl-C; printed once where there is no terminal."""
    loaded = options.as_it_runs(context, config)
    if json or not sys.stdout.isatty():
        seen = options.with_store(loaded, _seen)
        output.document(seen) if json else output.show(*_tables(seen))
    else:
        options.with_store(loaded, _live)


async def _seen(store: Store) -> dict[str, Any]:
    from console.web.looking import look

    return await look(store)


async def _live(store: Store) -> None:
    with output.live() as shown:
        while True:
            shown.update(output.stacked(_tables(await _seen(store))), refresh=True)
            await asyncio.sleep(EVERY)


def _tables(seen: dict[str, Any]) -> list[Table]:
    overview = seen["overview"]
    state = {
        "dialling": _dialling(overview),
        "rules fired or near": ", ".join(_rules(seen)) or "none",
    }
    rows = [
        (one["sub_campaign"], one["state"], *(one[name] for name in FIGURES), _share(one["abandon_rate"]))
        for one in overview["sub_campaigns"]
    ]
    queues = [
        (name, one["agents_free"], one["waiting"], round(one["longest_wait"]))
        for name, one in overview["queues"].items()
    ]
    return [
        output.pairs("secondpass", state),
        output.table("Running", ("sub-campaign", "state", *FIGURES, "abandoned"), rows),
        output.table("Queues", ("queue", "agents free", "waiting", "longest wait, s"), queues),
    ]


def _dialling(overview: dict[str, Any]) -> str:
    if overview["halted_by"] is not None:
        return f"halted by {overview['halted_by']}: secondpass campaign unhalt"
    return "yes" if overview["bridge"] else "no bridge runs: secondpass up"


def _rules(seen: dict[str, Any]) -> list[str]:
    return [
        f"{one['sub_campaign']} {rule['rule']} {rule['stand']}"
        for topic, one in seen.items()
        if topic.startswith("sub:")
        for rule in one["rules"]
        if rule["stand"] != "calm"
    ]


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.1f} %"
