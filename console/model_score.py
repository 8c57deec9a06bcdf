"""`secondpass model score`: what a model foretells of everybody on a list, written beside their other
attributes, where campaigns find it: `order: ["-contact.p_pays"]`, `where: "contact.p_pays >= 0.2"`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from console import model_live, options, output
from console.audit import me
from console.enrolling import members
from console.refusal import Reason, RefusedError
from strategies.frozen import replace

if TYPE_CHECKING:
    from models.outcome import OutcomeModel
    from strategies.contacts import Contact
    from strategies.store import Store

DIGITS = 4  # of a probability: more would only change records that mean the same
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}")


def score(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A model of segments.yaml.")],
    list_: Annotated[str, typer.Option("--list", metavar="LIST", help="Whose contacts.")],
    attribute: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The attribute; p_MODEL if not said.")
    ] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Write the probability the model in use foretells of each contact, as an attribute of theirs. Running
    campaigns that are ordered by it are put into their new order."""
    from models.outcome import OutcomeModel
    from models.registry import find

    written = attribute or f"p_{name}"
    if not _NAME.fullmatch(written):
        raise typer.BadParameter("write a name such as p_pays", param_hint="--as")
    loaded = options.project(context, config)
    model = OutcomeModel.load(find(name, model_live.registries(loaded)))
    count, ranked = options.with_store(loaded, lambda store: _score(store, model, list_, written))
    if json:
        output.document(
            {"contacts": count, "attribute": written, "version": model.card.version, "ranked": ranked}
        )
        return
    output.line(f"{count} contacts of {list_} have {written} by {name} {model.card.version}")
    if ranked:
        output.line(f"put into their new order: {', '.join(ranked)}")


async def _score(store: Store, model: OutcomeModel, name: str, attribute: str) -> tuple[int, list[str]]:
    if name not in await store.lists():
        raise RefusedError(f'there is no list "{name}"', [Reason("nobody to score", "secondpass list show")])
    count = 0
    async for contacts in members(store, name):
        await store.import_contacts(name, await _with_scores(store, model, contacts, attribute))
        count += len(contacts)
    await store.changed("list_scored", by=me(), list=name, name=attribute, new=model.card.version)
    return count, await _put_in_order(store, name, attribute)


async def _with_scores(
    store: Store, model: OutcomeModel, contacts: Sequence[Contact], attribute: str
) -> list[Contact]:
    from models.scoring import scores

    known = await store.histories([one.id for one in contacts])
    local = datetime.fromtimestamp(await store.server_time(), UTC).astimezone()
    found = await asyncio.to_thread(scores, model, contacts, known, local)
    return [
        replace(one, attributes={**one.attributes, attribute: f"{chance:.{DIGITS}f}"})
        for one, chance in zip(contacts, found, strict=True)
    ]


async def _put_in_order(store: Store, name: str, attribute: str) -> list[str]:
    """The sub-campaigns over the list whose order names the attribute."""
    ranked: list[str] = []
    for sub in await store.open_subs():
        if name in sub.attached and any(f"contact.{attribute}" in key for key in sub.campaign.order):
            await store.rank_anew(sub)
            ranked.append(sub.name)
    return ranked
