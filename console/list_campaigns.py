"""`secondpass list attach` and its kin: lists in sub-campaigns while they run, contacts that go from one list
to another, and the matrix of lists by campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.audit import me
from console.campaigns import FINAL, named
from console.enrolling import entering
from console.launch import Ground, over_lists
from console.list_matrix import COLUMNS, matrix_rows
from console.list_moves import NewList, Picked, by_share, every_nth, move_contacts, picked, split_off
from console.refusal import Reason, RefusedError
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

ListName = Annotated[str, typer.Argument(metavar="LIST", help="A list.")]
SubName = Annotated[str, typer.Argument(metavar="NAME[/N]", help="A campaign, or one of its sub-campaigns.")]
AnySub = Annotated[
    str | None, typer.Argument(metavar="[NAME[/N]]", help="A campaign, or one of its sub-campaigns.")
]
EverySub = Annotated[bool, typer.Option("--all", help="In every sub-campaign that is not over.")]
Where = Annotated[
    str | None, typer.Option(metavar="EXPRESSION", help='Those for whom it holds: "contact.balance > 100".')
]


def join(group: typer.Typer) -> None:
    """Add the commands of this file to the group `list`."""
    for name, command in (
        ("attach", attach),
        ("detach", detach),
        ("weight", weight),
        ("pause", pause),
        ("resume", resume),
        ("move", move),
        ("split", split),
        ("matrix", matrix),
    ):
        group.command(name)(command)


def attach(
    context: typer.Context,
    list_name: ListName,
    name: SubName,
    share: Annotated[
        float | None,
        typer.Option("--weight", min=0.001, max=1e6, help="Its share of the work beside other lists'; 1."),
    ] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Bring the list's contacts into a campaign that runs, filtered and ordered as at its start.

    Attaching again brings in who was imported since, and who ended because the list was detached; nobody
    is in twice.
    """
    loaded = options.project(context, config)
    done = options.with_store(loaded, lambda store: attach_list(store, list_name, name, share, by=me()))
    if json:
        output.document(done)
    for row in () if json else done:
        output.line(f"{list_name} is attached to {row['sub_campaign']}: {row['new']} new, {row['back']} back")


def detach(
    context: typer.Context,
    list_name: ListName,
    name: SubName,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Take the list out of a campaign: nobody of it is called from the next look on, and all end with that
    reason.

    Who is on another attached list goes on with that one; a call that is up finishes.
    """
    loaded = options.project(context, config)
    done = options.with_store(loaded, lambda store: detach_list(store, list_name, name, by=me()))
    _tell(f"{list_name} is detached from", list_name, done, json)


def weight(
    context: typer.Context,
    list_name: ListName,
    name: SubName,
    share: Annotated[
        float, typer.Argument(metavar="WEIGHT", min=0.001, max=1e6, help="2: twice as much as 1.")
    ],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """How much of a campaign's list work is done on this list beside its others."""
    loaded = options.project(context, config)
    done = options.with_store(loaded, lambda store: set_list(store, list_name, name, share=share, by=me()))
    _tell(f"{list_name} weighs {share:g} in", list_name, done, json)


def pause(
    context: typer.Context,
    list_name: ListName,
    name: AnySub = None,
    everywhere: EverySub = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Call nobody of the list, in one campaign or in all, until it is resumed."""
    done = _pause(context, list_name, name, everywhere, config, paused=True)
    _tell(f"{list_name} is paused in", list_name, done, json)


def resume(
    context: typer.Context,
    list_name: ListName,
    name: AnySub = None,
    everywhere: EverySub = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Go on with a list that was paused."""
    done = _pause(context, list_name, name, everywhere, config, paused=False)
    _tell(f"{list_name} goes on in", list_name, done, json)


def move(
    context: typer.Context,
    list_name: ListName,
    to: Annotated[str, typer.Argument(metavar="TO", help="The list they go to; made if there is none.")],
    where: Where = None,
    contact: Annotated[list[str] | None, typer.Option(help="A contact by its id; repeatable.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All contacts of the list.")] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Contacts go from one list to another, also in the campaigns that are calling them, where they stand.

    A campaign that has the first list and not the other one ends them, as if their list were detached.
    """
    if sum((where is not None, bool(contact), everybody)) != 1:
        raise typer.BadParameter(
            "say whom to move by one of --where, --contact and --all", param_hint="--where"
        )
    pick = Picked(where=where, contacts=frozenset(contact or ()))
    loaded = options.project(context, config)
    moved = options.with_store(loaded, lambda store: _move(store, list_name, NewList(to), pick))
    if json:
        output.document({"list": list_name, "to": to, "moved": moved})
    else:
        output.line(f"{moved} contacts moved from {list_name} to {to}")


def split(
    context: typer.Context,
    list_name: ListName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name of the list that is split off.")],
    where: Where = None,
    share: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="This share, evenly spread.")] = None,
    every: Annotated[int | None, typer.Option(min=1, metavar="N", help="Each Nth contact.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Part of a list becomes a list of its own, attached wherever the first one is, with the same weight."""
    if sum(each is not None for each in (where, share, every)) != 1:
        raise typer.BadParameter(
            "say what to split off by one of --where, --share and --every", param_hint="--where"
        )
    places = by_share(share) if share is not None else every_nth(every) if every is not None else None
    pick = Picked(where=where, places=places)
    loaded = options.project(context, config)
    moved = options.with_store(loaded, lambda store: _move(store, list_name, NewList(new, split=True), pick))
    if json:
        output.document({"list": list_name, "new": new, "moved": moved})
    else:
        output.line(f"{moved} contacts of {list_name} are the list {new}")


def matrix(
    context: typer.Context,
    over: Annotated[bool, typer.Option("--all", help="Sub-campaigns that are over, too.")] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Lists by campaigns: how each list stands in each sub-campaign it is or was attached to."""
    rows = options.with_store(options.project(context, config), lambda store: matrix_rows(store, over=over))
    if json:
        output.document(rows)
        return
    cells = [["" if cell is None else cell for cell in row.values()] for row in rows]
    output.show(output.table("Lists by campaigns", COLUMNS, cells))


def _tell(said: str, list_name: str, done: Sequence[str], json: bool) -> None:
    if json:
        output.document({"list": list_name, "sub_campaigns": list(done)})
    else:
        output.line(f"{said} {', '.join(done)}")


async def attach_list(
    store: Store, list_name: str, name: str, share: float | None, *, by: str
) -> list[dict[str, Any]]:
    """Attach a list to the sub-campaigns of that name, all judged first; how many contacts are new in each,
    and how many are back. Raises RefusedError."""
    known, brought = await store.lists(), {}
    reasons: list[Reason] = []
    subs = await _open(store, name)
    for sub in subs:
        brought[sub.name] = each = await entering(store, sub.campaign, list_name)
        ground = Ground(known, {list_name: each.attributes} if known.get(list_name) else {}, queues=None)
        reasons += over_lists(sub.campaign, [list_name], ground)
    if reasons:
        raise RefusedError(f"{list_name} was not attached; nothing was changed", reasons)
    done = []
    for sub in subs:
        contacts = brought[sub.name].contacts
        entered = await store.attach(sub.name, list_name, contacts, weight=share, by=by)
        done.append({"sub_campaign": sub.name, "new": entered.new, "back": entered.back})
    return done


async def detach_list(store: Store, list_name: str, name: str, *, by: str) -> list[str]:
    """Detach a list from the sub-campaigns of that name; which. Raises RefusedError."""
    subs = await _with_list(store, list_name, name)
    for sub in subs:
        for other, attachment in sub.attached.items():
            if other != list_name and not attachment.detached:
                both = await store.on_both_lists(list_name, other)
                await store.relist(sub.name, list_name, other, both, by=by)
        await store.detach(sub.name, list_name, by=by)
    return [sub.name for sub in subs]


async def set_list(
    store: Store,
    list_name: str,
    name: str | None,
    *,
    by: str,
    share: float | None = None,
    paused: bool | None = None,
) -> list[str]:
    """Weigh, pause or resume a list in the sub-campaigns of that name, in all for None; which. Raises
    RefusedError."""
    subs = await _with_list(store, list_name, name)
    for sub in subs:
        await store.set_attachment(sub.name, list_name, weight=share, paused=paused, by=by)
    return [sub.name for sub in subs]


def _pause(
    context: typer.Context,
    list_name: str,
    name: str | None,
    everywhere: bool,
    config: Path | None,
    *,
    paused: bool,
) -> list[str]:
    if (name is None) != everywhere:
        raise typer.BadParameter("name a campaign, or say --all", param_hint="NAME")
    loaded: Project = options.project(context, config)
    return options.with_store(loaded, lambda store: set_list(store, list_name, name, paused=paused, by=me()))


async def _move(store: Store, list_name: str, target: NewList, pick: Picked) -> int:
    known = await store.lists()
    if list_name not in known:
        reason = Reason(f"there are: {', '.join(sorted(known)) or 'none'}", "secondpass list show")
        raise RefusedError(f'there is no list "{list_name}"; nothing was changed', [reason])
    if target.split and target.name in known:
        reason = Reason(
            f'there is a list "{target.name}" already', "name a new one, or use secondpass list move"
        )
        raise RefusedError(f"{list_name} was not split; nothing was changed", [reason])
    chosen = await picked(store, list_name, pick)
    if target.split:
        await split_off(store, list_name, target.name, by=me())
    return await move_contacts(store, list_name, target.name, chosen, by=me())


async def _open(store: Store, name: str | None) -> list[SubCampaign]:
    """The sub-campaigns of that name that are not over; all for None."""
    found = [sub for sub in await named(store, name) if sub.run_state not in FINAL]
    if not found:
        campaign = name.split("/")[0] if name else "NAME"
        reason = Reason("what has ended is final", f"start it anew: secondpass campaign start {campaign}")
        raise RefusedError(f"{f'{name} is over' if name else 'nothing runs'}; nothing was changed", [reason])
    return found


async def _with_list(store: Store, list_name: str, name: str | None) -> list[SubCampaign]:
    """Those of them that the list is attached to."""
    subs = await _open(store, name)
    found = [sub for sub in subs if list_name in sub.attached and not sub.attached[list_name].detached]
    if not found:
        where = name or "any sub-campaign"
        mend = f"attach it: secondpass list attach {list_name} {name or 'NAME'}"
        raise RefusedError(
            f"the list {list_name} is not attached to {where}; nothing was changed",
            [Reason("secondpass list matrix shows which are", mend)],
        )
    return found
