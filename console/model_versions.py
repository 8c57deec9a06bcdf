"""`secondpass model evaluate | promote | rollback`: which of a model's versions is to be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import model_options, options, output

if TYPE_CHECKING:
    from models.proof import Held

Start = Annotated[
    int | None,
    typer.Option(help="Score the rows from this one on; the last fifth if not said.", show_default=False),
]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="The name of one of its folders.")]


def evaluate(
    context: typer.Context,
    path: model_options.Model,
    data: model_options.Data,
    label: model_options.Label = "y",
    positive: model_options.Positive = "yes",
    separator: model_options.Separator = ",",
    start: Start = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Score a published version on the rows of DATA from START on: later ones than it learned from."""
    from models.proof import score
    from models.publish import version_folder

    path = model_options.folder(context, config, path)
    figures = score(version_folder(path), _held(data, label, positive, separator, start))
    if json:
        output.document(figures)
    else:
        output.show(output.pairs(f"{path} on {data.name}", figures))


def promote(
    context: typer.Context,
    path: model_options.Model,
    version: Version,
    data: model_options.Data,
    label: model_options.Label = "y",
    positive: model_options.Positive = "yes",
    separator: model_options.Separator = ",",
    start: Start = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Make VERSION the current one, if it foretells the rows of DATA from START on better than that one."""
    from models.proof import promote as promoted

    path = model_options.folder(context, config, path)
    held = _held(data, label, positive, separator, start)
    before, after = promoted(path.absolute().parent, path.absolute().name, version, held)
    if json:
        output.document({"version": version, "before": before, "after": after})
        return
    rows = [(figure, before[figure], after[figure]) for figure in after]
    output.show(output.table(f"{path.name} {version} is current", ("figure", "before", "now"), rows))


def rollback(
    context: typer.Context,
    path: model_options.Model,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Go back to the version that was current before."""
    from models.registry import rollback as rolled_back

    path = model_options.folder(context, config, path)
    version = rolled_back(path.absolute().parent, path.absolute().name)
    if json:
        output.document({"version": version})
    else:
        output.line(f"{path.name} {version} is current")


def _held(data: Path, label: str, positive: str, separator: str, start: int | None) -> Held:
    from models.proof import Held

    return Held(data, label, positive, separator, start)
