"""`secondpass schema`: the shapes of the files, for editors as JSON Schema and for people as Markdown."""

from __future__ import annotations

from typing import Annotated

import typer

from console import output
from console.refusal import Reason, RefusedError


def schema(
    kind: Annotated[
        str, typer.Argument(help="campaign, script, segments, settings, overrides or carrier.")
    ] = "campaign",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference of all files, key by key.")
    ] = False,
) -> None:
    """Print the JSON Schema of one kind of file, for an editor to check it as it is written."""
    from config.schema import MODELS, reference, schema_of

    if markdown:
        for line in reference().splitlines():
            output.line(line)
    elif kind in MODELS:
        output.document(schema_of(kind))
    else:
        raise RefusedError(
            f'there is no kind of file "{kind}"', [Reason(f"there are: {', '.join(MODELS)}", "name one")]
        )
