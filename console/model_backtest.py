"""`secondpass model backtest`: a record of calls played through the learner that keeps up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from console import model_options, options, output


def backtest(
    data: model_options.Data,
    start: Annotated[int, typer.Option(help="Rows before the first one scored: only learned from.")],
    label: model_options.Label = "y",
    positive: model_options.Positive = "yes",
    separator: model_options.Separator = ",",
    exclude: model_options.Exclude = None,
    every: Annotated[int, typer.Option(help="Outcomes after which the model is renewed.")] = 200,
    until: Annotated[
        int | None, typer.Option(help="Stop before this row; at the end if not said.", show_default=False)
    ] = None,
    label_delay: Annotated[int, typer.Option(help="Rows that pass before the outcome of one is known.")] = 0,
    json: options.Json = False,
) -> None:
    """Score the rows of DATA from START on, in the order of time, as production would have: by the published
    ONNX file of the learner that keeps up, renewed from the outcomes known by then and from nothing later."""
    from models.publish import play

    report = play(
        data,
        start=start,
        every=every,
        until=until,
        delay=label_delay,
        label=label,
        positive=positive,
        sep=separator,
        exclude=tuple(exclude or ()),
        progress=shown_progress,
    )
    if json:
        output.document(report)
        return
    output.show(output.pairs(f"{data.name} from row {start}", report))


def shown_progress(moments: Iterable[int], total: int) -> Iterable[int]:
    return output.progress("playing", moments, total)
