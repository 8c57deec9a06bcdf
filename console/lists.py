"""`secondpass list`: the options of an import, what is told of it, and the way back."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from console import list_options, options, output
from console.audit import me
from console.list_reports import DUPLICATES, REJECTS, Report
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from console import list_import
    from strategies.store import Store
    from strategies.store.imports import Import

T = TypeVar("T")
ELSEWHERE = "name another place: --rejects FILE.csv"
FREE = "make room for it; what was imported can be taken back: secondpass list undo"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

app = typer.Typer(no_args_is_help=True, help="Contact lists: import a CSV file, see what there is.")


class Known(StrEnum):
    """What becomes of a contact that another list brought with other data."""

    REPLACE = "replace"
    KEEP = "keep"
    REFUSE = "refuse"


@app.command("import")
def import_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The list's name, as campaigns write it.")],
    file: Annotated[
        Path, typer.Argument(help="A CSV file in UTF-8 with the columns' names in its first line.")
    ],
    mapping: list_options.Columns = None,
    country: Annotated[str | None, typer.Option(help="Of numbers without +; else the campaign's.")] = None,
    separator: list_options.Separator = ",",
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows and devices go; else FILE.rejects.csv.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows though others are refused.")
    ] = False,
    duplicates: Annotated[
        Known, typer.Option(help="What becomes of a contact that another list brought with other data.")
    ] = Known.REPLACE,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Import FILE as the list NAME.

    The file is read to its end before anything is written. Refused rows go into a file of their own with row,
    column, reason and value. A single one refuses the file, unless --partial asks for the others. A contact
    that is known already gets the new data and is on both lists; FILE.duplicates.csv tells which, and whose
    number another contact has, too. An import that was cut off goes on when it is asked for again, and the
    latest one of a list can be taken back: secondpass list undo NAME. Whoever is new on a list that a running
    campaign works on is called once it is attached again.
    """
    if not NAME.fullmatch(name):
        raise typer.BadParameter("write letters, digits, _ . - only, 64 at most", param_hint="NAME")
    loaded = options.project(context, config)
    from console import list_import

    plan = list_import.Plan(
        name=name,
        file=file,
        rejects=rejects or file.with_suffix(".rejects.csv"),
        duplicates=file.with_suffix(".duplicates.csv"),
        country=_known(country) if country else _country(loaded, name),
        mapping=list_options.mapping(mapping),
        debt=_debt(loaded, name),
        separator=list_options.separator(separator),
        known=duplicates,
    )
    _tell(plan, *_imported(loaded, plan, partial=partial, quiet=json), json=json)


def _imported(
    loaded: Project, plan: list_import.Plan, *, partial: bool, quiet: bool
) -> tuple[list_import.Reading, Import]:
    """Read, refuse or write. Raises RefusedError."""
    from console import list_import
    from console.list_spool import Spool

    shown: list_import.Shown = _unseen if quiet else output.progress
    opened = plan.open()
    with (
        tempfile.TemporaryFile() as read,
        tempfile.TemporaryFile() as left,
        closing(Report(plan.rejects, REJECTS, what="rejects", mend=ELSEWHERE)) as rejects,
        closing(Report(plan.duplicates, DUPLICATES, what="duplicates", mend=FREE)) as duplicates,
    ):
        spool, second = Spool(read), Spool(left)
        reading = list_import.check(plan, opened, spool, rejects, shown)
        list_import.refuse_with_rejects(plan, reading, partial=partial)

        async def work(store: Store) -> Import:
            kept = spool
            if plan.known == Known.REFUSE:
                await list_import.refuse_known(store, plan, opened, (spool, second), rejects, reading)
                list_import.refuse_with_rejects(plan, reading, partial=partial)
                kept = second
            return await list_import.write(store, plan, opened, kept, duplicates, reading, shown)

        return reading, options.with_store(loaded, work)


def _unseen(_label: str, items: Iterable[T], _total: float | None = None, /) -> Iterable[T]:
    return items


@app.command("imports")
def imports(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of this list; else of all.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """What was imported: when, by whom, from which file, and what came of it."""
    loaded = options.project(context, config)
    found = options.with_store(loaded, lambda store: store.imports())
    rows = [_import_row(one) for one in found if name in {None, one.list}]
    if json:
        output.document(rows)
        return
    columns = ("import", "at", "by", "state", "contacts", "new", "changed", "rejected_rows", "file")
    output.show(output.table("Imports", columns, [[row.get(name, "") for name in columns] for row in rows]))


def _import_row(one: Import) -> dict[str, object]:
    at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds")
    told = {"import": one.id, "list": one.list, "at": at, "by": one.by, "file": one.file}
    return {**told, "state": one.state.value, **one.figures}


@app.command("undo")
def undo(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME[/N]", help="A list, or its latest import.")],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Take the latest import of a list back, also one that was cut off.

    Contacts that it brought are gone, and those that it changed are as they were before. Whoever is in a
    campaign that is not over, or was called, stays, and so does who got other data by an import since.
    """
    loaded = options.project(context, config)
    taken = options.with_store(loaded, lambda store: take_back(store, name, by=me()))
    _tell_taken(name, taken, json=json)


async def take_back(store: Store, name: str, *, by: str) -> dict[str, int]:
    """Undo the latest import of a list; what became of its contacts. Raises RefusedError."""
    list_name = name.partition("/")[0]
    latest = await store.latest_import(list_name)
    if latest is None or name not in {list_name, latest.id}:
        mend = f"there is one: {latest.id}" if latest else "see secondpass list imports"
        reason = Reason("only the latest import of a list can be taken back, once", mend)
        raise RefusedError(f"{name} cannot be taken back; nothing was changed", [reason])
    taken = await store.undo_import(latest)
    await store.changed("import_undone", by=by, list=list_name, old=latest.id)
    return dict(taken)


@app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A list.")],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Remove a list with everybody who is on no other one; who was called stays known."""
    loaded = options.project(context, config)
    _tell_taken(name, options.with_store(loaded, lambda store: _remove(store, name)), json=json)


async def _remove(store: Store, name: str) -> dict[str, int]:
    if name not in await store.lists():
        raise RefusedError(f'there is no list "{name}"; nothing was changed')
    subs = await store.open_subs()
    users = [sub.name for sub in subs if name in sub.attached and not sub.attached[name].detached]
    if users:
        reason = Reason(f"{', '.join(users)} work on it", "stop them, or secondpass list detach first")
        raise RefusedError(f"{name} cannot be removed; nothing was changed", [reason])
    taken = await store.remove_list(name)
    await store.changed("list_removed", by=me(), list=name)
    return dict(taken)


TAKEN = {
    "removed": "contacts removed",
    "restored": "contacts as they were before",
    "off": "taken off the list only",
    "enrolled": "kept: called, or in a campaign that is not over",
    "changed": "kept: changed by an import since",
}


def _tell_taken(name: str, taken: dict[str, int], *, json: bool) -> None:
    told = {what: taken.get(what, 0) for what in TAKEN}
    if json:
        output.document({"list": name.partition("/")[0], **told})
        return
    said = ", ".join(f"{count} {TAKEN[what]}" for what, count in told.items() if count)
    output.line(f"{name}: {said or 'nothing was left to take back'}")


@app.command("show")
def show(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """The lists there are, and how many contacts each has."""
    found = options.with_store(options.project(context, config), lambda store: store.lists())
    if json:
        output.document(found)
    else:
        output.show(output.table("Lists", ("list", "contacts"), sorted(found.items())))


def _known(country: str) -> str:
    """The country said by `--country`. Raises typer.BadParameter."""
    from config.zones import zones_of

    if not zones_of(country):
        raise typer.BadParameter(f'"{country}" is no country; write two capitals', param_hint="--country")
    return country


def _country(loaded: Project, name: str) -> str:
    """The one country of the campaigns that use the list, else of the allow list."""
    campaigns = {campaign.country for campaign in loaded.campaigns.values() if name in campaign.lists}
    for countries in (campaigns, set(loaded.settings.numbers.countries)):
        if len(countries) == 1:
            return str(countries.pop())
    raise RefusedError(
        f'the country of the numbers in the list "{name}" is not known; nothing was changed',
        [Reason("none or several come into question", "say it: --country US")],
    )


def _debt(loaded: Project, name: str) -> str | None:
    """The attribute that tells two debts of a person apart, where the campaigns of the list agree on one."""
    debts = {campaign.debt for campaign in loaded.campaigns.values() if name in campaign.lists}
    return debts.pop() if len(debts) == 1 else None


def _tell(plan: list_import.Plan, reading: list_import.Reading, done: Import, *, json: bool) -> None:
    refused = reading.rejected_rows + reading.rejected_devices
    doubled = reading.other_lists + reading.shared
    if json:
        output.document(
            {
                "list": plan.name,
                "import": done.id,
                "rows": reading.rows,
                "imported": reading.contacts,
                "new": reading.new,
                "changed": reading.changed,
                "rejected_rows": reading.rejected_rows,
                "rejected_devices": reading.rejected_devices,
                "rejects": str(plan.rejects) if refused else None,
                "known_with_other_data": reading.other_lists,
                "shared_numbers": reading.shared,
                "duplicates": str(plan.duplicates) if doubled else None,
            }
        )
        return
    from console.list_import import told

    output.line(f"{plan.name}: {reading.contacts} of {reading.rows} rows imported; {reading.columns()}")
    if reading.rejected_rows:
        output.line(f"refused rows: {reading.rejected_rows}")
    if reading.rejected_devices:
        output.line(f"refused devices, of contacts with another one: {reading.rejected_devices}")
    for reject in reading.first:
        output.line(f"  {told(reject)}")
    if refused:
        output.line(f"all that was refused: {plan.rejects}")
    if doubled:
        output.line(
            f"known from other lists with other data: {reading.other_lists}; "
            f"numbers that other contacts have, too: {reading.shared}; all of them: {plan.duplicates}"
        )
