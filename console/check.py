"""`secondpass check`: reads the whole configuration and tells what it would do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from console import options, output
from console.launch import in_the_files


def check(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Check every file, and tell in plain words what would be done.

    Every mistake is told with file, line, column and what to write instead; and of a campaign without one,
    what would refuse its start all the same.
    """
    loaded = options.project(context, config)
    from config.describe import describe, lines

    told = describe(loaded)
    trunk = bool(loaded.settings.asterisk.trunks)
    media = loaded.settings.gateways.media()
    stopped = {name: in_the_files(one, trunk=trunk, gateways=media) for name, one in loaded.campaigns.items()}
    if json:
        obstacles = {name: [asdict(reason) for reason in reasons] for name, reasons in stopped.items()}
        output.document({**told, "cannot_start": {name: found for name, found in obstacles.items() if found}})
        return
    for line in lines(told):
        output.line(line)
    for name, reasons in stopped.items():
        for reason in reasons:
            output.line(f"campaign {name} cannot be started: {reason}")
