"""`secondpass campaign rules`: which rules over live figures there are, which has fired and which is near;
they are judged by the bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.campaigns import FINAL, named
from console.moments import local_moment
from strategies.rules import RuleState, carried_on
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from strategies.store import Store

Kept = Mapping[str, Sequence[RuleState]]


def rules_command(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME[/N]]", help="All, if not said.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """How the rules over live figures stand: calm, near (holds, but not yet for its time) or fired."""
    rows = options.with_store(options.as_it_runs(context, config), lambda store: _rows(store, name))
    if json:
        output.document(rows)
        return
    columns = ("sub_campaign", "rule", "for", "do", "stand", "since", "figures")
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    output.show(output.table("Rules over live figures", columns, cells))


async def _rows(store: Store, name: str | None) -> list[dict[str, Any]]:
    kept = await store.rules()
    open_ones = [sub for sub in await named(store, name) if sub.run_state not in FINAL]
    return [{"sub_campaign": sub.name, **row} for sub in open_ones for row in rows_of(sub, kept)]


def rows_of(sub: SubCampaign, kept: Kept) -> list[dict[str, Any]]:
    """Each rule of a sub-campaign as it stands; calm where no bridge has judged it yet."""
    zone = sub.campaign.zone
    return [
        {
            "rule": state.when,
            "for": state.lasting,
            "do": state.act.value,
            "stand": state.stand.value,
            "since": local_moment(state.since, zone),
            "fired": local_moment(state.fired, zone),
            "last_fired": local_moment(state.last_fired, zone),
            "figures": dict(state.figures),
        }
        for state in carried_on(sub.campaign.rules, kept.get(sub.name, ()))
    ]


def _cell(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {figure:.6g}" for name, figure in value.items())
    return "" if value is None else value
