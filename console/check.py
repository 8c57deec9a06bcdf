"""`secondpass check`: reads the whole configuration and tells what it would do."""

from __future__ import annotations

import typer

from console import options, output


def check(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Check every file, and tell in plain words what would be done.

    Every mistake is told with file, line, column and what to write instead.
    """
    loaded = options.project(context, config)
    from config.describe import describe, lines

    told = describe(loaded)
    if json:
        output.document(told)
        return
    for line in lines(told):
        output.line(line)
