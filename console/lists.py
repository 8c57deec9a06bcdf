"""`secondpass list`: the options of an import, its progress, and what is told of it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from console import list_import, options, output
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

BATCH = 2000  # contacts handed to the store at once; it cuts them into pipelines of its own
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

app = typer.Typer(no_args_is_help=True, help="Contact lists: import a CSV file, see what there is.")


@app.command("import")
def import_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The list's name, as campaigns write it.")],
    file: Annotated[
        Path, typer.Argument(help="A CSV file in UTF-8 with the columns' names in its first line.")
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=NAME", help="What a column of the file stands for; repeatable."
        ),
    ] = None,
    country: Annotated[str | None, typer.Option(help="Of numbers without +; else the campaign's.")] = None,
    separator: Annotated[str, typer.Option(help="Between columns.")] = ",",
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused rows and devices go; else FILE.rejects.csv.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows though others are refused.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Import FILE as the list NAME.

    The file is read to its end before anything is written. Refused rows go into a file of their own with row,
    column, reason and value. A single one refuses the file, unless --partial asks for the others. A contact
    that is there already is replaced.
    """
    if not NAME.fullmatch(name):
        raise typer.BadParameter("write letters, digits, _ . - only, 64 at most", param_hint="NAME")
    loaded = options.project(context, config)
    plan = list_import.Plan(
        name=name,
        file=file,
        rejects=rejects or file.with_suffix(".rejects.csv"),
        country=country or _country(loaded, name),
        mapping=_mapping(mapping or []),
        debt=_debt(loaded, name),
        separator=_separator(separator),
    )
    with tempfile.TemporaryFile() as spool:
        reading = list_import.check(plan, output.progress(f"checking {file.name}", plan.rows()), spool)
        list_import.refuse_with_rejects(plan, reading, partial=partial)
        options.with_store(loaded, lambda store: _write(store, name, spool, reading.contacts))
    _tell(plan, reading, json=json)


@app.command("show")
def show(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """The lists there are, and how many contacts each has."""
    found = options.with_store(options.project(context, config), lambda store: store.lists())
    if json:
        output.document(found)
    else:
        output.show(output.table("Lists", ("list", "contacts"), sorted(found.items())))


async def _write(store: Store, name: str, spool: IO[bytes], total: int) -> None:
    for batch in output.progress(f"importing {name}", list_import.batches(spool, BATCH), total / BATCH):
        await store.import_contacts(name, batch)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        theirs, equals, ours = pair.rpartition("=")
        if not (theirs and equals and ours):
            raise typer.BadParameter(f'"{pair}" is no mapping; write COLUMN=NAME', param_hint="--map")
        found[theirs.strip()] = ours.strip()
    return found


def _separator(given: str) -> str:
    if given == "\\t":
        return "\t"
    if len(given) != 1:
        raise typer.BadParameter("write one character, or \\t for a tab", param_hint="--separator")
    return given


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


def _tell(plan: list_import.Plan, reading: list_import.Reading, *, json: bool) -> None:
    refused = reading.rejected_rows + reading.rejected_devices
    if json:
        output.document(
            {
                "list": plan.name,
                "rows": reading.rows,
                "imported": reading.contacts,
                "rejected_rows": reading.rejected_rows,
                "rejected_devices": reading.rejected_devices,
                "rejects": str(plan.rejects) if refused else None,
            }
        )
        return
    output.line(f"{plan.name}: {reading.contacts} of {reading.rows} rows imported; {reading.columns()}")
    if reading.rejected_rows:
        output.line(f"refused rows: {reading.rejected_rows}")
    if reading.rejected_devices:
        output.line(f"refused devices, of contacts with another one: {reading.rejected_devices}")
    for reject in reading.first:
        output.line(f"  {list_import.told(reject)}")
    if refused:
        output.line(f"all that was refused: {plan.rejects}")
