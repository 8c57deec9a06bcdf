"""`secondpass campaign preview`: whom a campaign would take of its lists, and why not the others; nothing is
changed."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.refusal import Reason, RefusedError
from strategies.campaign import Campaign
from strategies.preview import Preview, empty, figures, look_at

if TYPE_CHECKING:
    from strategies.store import Store

STEP = 5000  # contacts read at once


def preview_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A campaign of the configuration.")],
    lists: Annotated[str | None, typer.Option(help="Comma-separated; else the campaign's own.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Tell how many of the lists' people the filter keeps and the first passes take, and why not the others.

    Counted are also the comparisons that were false because a contact has no such value: a misspelt or empty
    column shows itself here.
    """
    loaded = options.project(context, config)
    campaign = loaded.campaigns.get(name)
    if campaign is None:
        known = ", ".join(sorted(loaded.campaigns)) or "none"
        raise RefusedError(
            f'there is no campaign "{name}"', [Reason(f"there are: {known}", "name one of them")]
        )
    chosen = tuple(part.strip() for part in lists.split(",") if part.strip()) if lists else campaign.lists
    countries = loaded.settings.numbers.of(campaign.country)
    told = options.with_store(loaded, lambda store: _told(store, campaign, chosen, countries))
    output.document(figures(told)) if json else _show(campaign, chosen, told)


async def _told(
    store: Store, campaign: Campaign, lists: Sequence[str], countries: Collection[str]
) -> Preview:
    """Everybody of the lists, once each. Raises RefusedError where a list is not there."""
    known = await store.lists()
    absent = [name for name in lists if name not in known]
    if absent or not lists:
        message = f'there is no list "{absent[0]}"' if absent else f"{campaign.name} names no list"
        there = ", ".join(sorted(known)) or "none; import one: secondpass list import NAME FILE.csv"
        raise RefusedError(message, [Reason(f"there are: {there}", "say --lists NAME")])
    members = dict.fromkeys([one for name in lists for one in await store.list_members(name)])
    ids, told, now = list(members), empty(campaign), time.time()
    for first in output.progress("people", range(0, len(ids), STEP)):
        look_at(told, campaign, await store.contacts(ids[first : first + STEP]), countries, now)
    return told


def _show(campaign: Campaign, lists: Sequence[str], told: Preview) -> None:
    output.line(f"{told.contacts} people of {', '.join(lists)}; the filter keeps {told.kept}")
    rows = [
        (name, one.takes, ", ".join(f"{count} {reason}" for reason, count in one.refused.most_common()))
        for name, one in told.passes.items()
    ]
    drawn = [output.table(f"First passes of {campaign.name}", ("pass", "takes", "not the others"), rows)]
    if told.missing:
        wanting = ((f"contact.{name}", count) for name, count in told.attributes.most_common())
        drawn.append(
            output.table("False for want of a value", ("comparison", "contacts"), told.missing.most_common())
        )
        drawn.append(output.table("Values that are wanting", ("attribute", "contacts"), wanting))
    output.show(*drawn)
