"""`secondpass model backtest-inbound`: learn from logs of inbound calls up to a day, score those after it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from console import options, output
from console.model_backtest import shown_progress

DAY = ["%Y-%m-%d"]


def backtest_inbound(
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG...", help="Logs of inbound calls, tab separated, plain or .gz, any order."
        ),
    ],
    train_until: Annotated[
        datetime,
        typer.Option(formats=DAY, help="Calls before this day are learned from; the rest is scored."),
    ],
    until: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Stop before this day; at the end if not said.", show_default=False),
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, help="Outcomes after which the layer over the model is renewed.")
    ] = 200,
    compare: Annotated[
        bool, typer.Option(help="Also without the callers' past, and without the queues' state either.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="A registry to publish the model in.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="The outcome's name, as segments.yaml writes it.")] = "abandons",
    seed: Annotated[int, typer.Option(help="The same logs and seed make the same file.")] = 0,
    json: options.Json = False,
) -> None:
    """Learn from LOG whether a caller who is queued hangs up, and score the later calls as production would
    have: from what was known of queue and caller when each was queued, by the published ONNX file.

    A log has the columns customer_id (0: unknown), type, date (yymmdd), vru_entry, vru_time, q_start, q_time,
    outcome (AGENT, HANG; others are no calls), ser_start, ser_time and server.
    """
    from models.publish import play_inbound

    report = play_inbound(
        logs,
        train_until=train_until.date(),
        until=until.date() if until else None,
        every=every,
        compare=compare,
        name=name,
        seed=seed,
        out=out,
        progress=shown_progress,
    )
    if json:
        output.document(report)
        return
    _tell(report)


def _tell(report: dict[str, object]) -> None:
    plain = {name: value for name, value in report.items() if not isinstance(value, dict)}
    poorer = {name: value for name, value in report.items() if isinstance(value, dict)}
    figures = list(next(iter(poorer.values())))
    rows = [(name.replace("_", " "), *value.values()) for name, value in poorer.items()]
    output.show(
        output.pairs("Queued calls that hang up", plain),
        output.table("Beside it", ("model", *figures), rows),
    )
