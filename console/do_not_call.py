"""`secondpass do-not-call`: numbers that are never called again, by any campaign."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.refusal import Reason, RefusedError
from strategies.numbers import normalise

if TYPE_CHECKING:
    from config.project import Project

app = typer.Typer(no_args_is_help=True, help="Numbers that are never called again.")


@app.command("add")
def add(
    context: typer.Context,
    numbers: Annotated[
        list[str], typer.Argument(metavar="NUMBER...", help="+1..., or of the one country allowed.")
    ],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "asked by hand",
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Take numbers off every campaign at once; calls that are up finish."""
    loaded = options.project(context, config)
    clean = [_number(loaded, number) for number in numbers]
    by = getpass.getuser()
    options.with_store(loaded, lambda store: store.do_not_call(clean, reason=reason, by=by))
    if json:
        output.document({"do_not_call": clean})
    else:
        output.line(f"never called again: {', '.join(clean)}")


def _number(loaded: Project, given: str) -> str:
    countries = loaded.settings.numbers.countries
    number = normalise(given, countries[0] if len(countries) == 1 else "")
    if number is None:
        raise RefusedError(
            f'"{given}" is no phone number; nothing was changed',
            [Reason("a number is needed with its country", "write it like +12025550123")],
        )
    return number
