"""How a CSV file is to be read, as commands are told it: what its columns stand for, and what separates
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=NAME", help="What a column of the file stands for; repeatable."),
]
Separator = Annotated[str, typer.Option(help="Between columns.")]


def mapping(pairs: Sequence[str] | None) -> dict[str, str]:
    """The file's names of columns to ours. Raises typer.BadParameter."""
    found = {}
    for pair in pairs or ():
        theirs, equals, ours = pair.rpartition("=")
        if not (theirs and equals and ours):
            raise typer.BadParameter(f'"{pair}" is no mapping; write COLUMN=NAME', param_hint="--map")
        found[theirs.strip()] = ours.strip()
    return found


def separator(given: str) -> str:
    """The one character between columns. Raises typer.BadParameter."""
    if given == "\\t":
        return "\t"
    if len(given) != 1 or given in '"\r\n':
        raise typer.BadParameter(
            "write one character that is no quote, or \\t for a tab", param_hint="--separator"
        )
    return given
