"""`secondpass model`: train an outcome model and publish it, show the card of a published one; playing
records is left to `console.model_backtest`, choosing between versions to `console.model_versions`."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import model_live, model_options, options, output
from console.model_backtest import backtest
from console.model_decision import decision
from console.model_export import export
from console.model_inbound import backtest_inbound
from console.model_report import report
from console.model_score import score
from console.model_versions import evaluate, promote, rollback

if TYPE_CHECKING:
    from models.card import Card

app = typer.Typer(no_args_is_help=True, help="Outcome models: train, prove, publish and choose.")
app.command("backtest")(backtest)
app.command("backtest-inbound")(backtest_inbound)
app.command("export")(export)
app.command("score")(score)
app.command("decision")(decision)
app.command("report")(report)
app.command("evaluate")(evaluate)
app.command("promote")(promote)
app.command("rollback")(rollback)


@app.command("train")
def train(
    data: Annotated[
        Path, typer.Argument(help="A CSV file: one earlier call a line, what became of it in a column.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The registry: a directory of models.")],
    name: Annotated[
        str, typer.Option(help="The outcome's name, as segments.yaml writes it.")
    ] = "accepts_offer",
    label: model_options.Label = "y",
    positive: model_options.Positive = "yes",
    separator: model_options.Separator = ",",
    exclude: model_options.Exclude = None,
    seed: Annotated[int, typer.Option(help="The same data and seed make the same file.")] = 0,
    source: Annotated[str, typer.Option(help="Where the data come from, for the card.")] = "",
    note: Annotated[
        list[str] | None, typer.Option(help="A remark for the card; repeatable.", show_default=False)
    ] = None,
    keep_current: Annotated[
        bool, typer.Option("--keep-current", help="Publish it beside the current version, for promote.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Train on DATA, whose rows stand in the order of time; publish what ONNX reproduces exactly enough."""
    from models.publish import train_and_publish

    card = train_and_publish(
        data,
        out,
        name=name,
        label=label,
        positive=positive,
        sep=separator,
        exclude=tuple(exclude or ()),
        seed=seed,
        source=source,
        notes=tuple(note or ()),
        keep_current=keep_current,
    )
    _tell(card, json=json)
    if not json:
        output.line(f"published: {out / card.name / card.version}")


@app.command("show")
def show(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="NAME|DIR", help="A model of segments.yaml; or a folder of models.")
    ],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Show the card of a published model, the file checked against it; of a model in use also how its
    probabilities come true, what has drifted, and what the learner makes of it."""
    from models.publish import show as card_of

    if path.is_dir() or len(path.parts) > 1:
        _tell(card_of(path), json=json)
        return
    loaded = options.project(context, config)
    card = card_of(model_live.folder_of(loaded, path.name))
    status = model_live.status_of(loaded, path.name)
    if json:
        output.document(model_live.document(card, status))
        return
    _tell(card, json=False)
    model_live.tell(status)


def _tell(card: Card, *, json: bool) -> None:
    if json:
        output.document(json_.loads(card.as_json()))
        return
    parity = card.parity
    output.show(
        output.pairs(
            f"{card.name} {card.version}",
            {
                "predicts": f"{card.label} = {card.positive}",
                "learned from": f"{card.rows} rows, {card.window}",
                "parity": f"{parity.rows} rows, off by {parity.largest:.1e}, {parity.allowed:.0e} allowed",
                **({"source": card.source} if card.source else {}),
            },
        ),
        output.table("Factors", ("name", "kind", "from"), [(f.name, f.kind, f.source) for f in card.factors]),
        output.table(
            "Quality",
            ("protocol", "figure", "value"),
            [
                (protocol, figure, round(value, 4))
                for protocol, figures in card.metrics.items()
                for figure, value in figures.items()
            ],
        ),
    )
    for note in card.notes:
        output.line(note)
