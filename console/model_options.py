"""The options by which the commands of `secondpass model` say what a record of calls holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console import options

Data = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="A CSV: one earlier call a line, oldest first.")
]
Label = Annotated[str, typer.Option(help="The column that says what became of the call.")]
Positive = Annotated[str, typer.Option(help="The label's value that counts as success.")]
Separator = Annotated[str, typer.Option("--separator", "--sep", help="Between columns.")]
Exclude = Annotated[
    list[str] | None, typer.Option(help="A column that is no factor; repeatable.", show_default=False)
]
Model = Annotated[
    Path, typer.Argument(metavar="NAME|DIR", help="A model of segments.yaml; or a folder of models.")
]


def folder(context: typer.Context, config: Path | None, given: Path) -> Path:
    """The folder that is meant: one that is there, or that of the centre's own model of this name. Raises
    RegistryError."""
    if given.is_dir() or len(given.parts) > 1:
        return given
    from models.registry import current

    return current(options.project(context, config).settings.data_dir / "models", given.name).parent
