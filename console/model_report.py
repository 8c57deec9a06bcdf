"""`secondpass model report`: what the decisions changed, as a page that a sceptic can check; the figures are
`models.proof_report`'s."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from models.proof_report import Report
    from models.proven_calls import ProvenCall
    from strategies.segments import Catalogue
    from strategies.store import Store


def report(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="Where the page goes.")],
    metric: Annotated[
        str | None,
        typer.Option(
            help="An outcome (if not said the first), or abandoned, waited, handle_time.",
            show_default=False,
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--pairs", metavar="FILE.csv", help="Write the matched pairs there.", show_default=False
        ),
    ] = None,
    burn_in: Annotated[
        float | None,
        typer.Option(
            help="Seconds of each slice to leave out; by the waits and talks there were if not said.",
            show_default=False,
            min=0,
        ),
    ] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Write what the decisions changed: the effect by matched slices of time, other policies, calibration,
    and whether each decision replays. Over the whole ledger, the parts that were moved to files included."""
    from models.proof_page import page
    from models.proof_report import report as reported

    loaded = options.project(context, config)
    catalogue = _catalogue(loaded)
    wanted = _metric(catalogue, metric)
    calls = options.with_store(loaded, lambda store: _calls(loaded, store, catalogue))
    found = reported(calls, catalogue, loaded.settings.tenant, wanted, burn_in)
    _write(out, page(found))
    if pairs is not None:
        _write_pairs(pairs, found)
    told = _told(found, out)
    if json:
        output.document(told)
    else:
        output.show(output.pairs(f"{wanted}: {told['verdict']}", told))


def _catalogue(loaded: Project) -> Catalogue:
    if loaded.segments is None:
        mend = "add a segments.yaml with its objectives and segments"
        raise RefusedError("there is nothing to report on", [Reason("there is no segments.yaml", mend)])
    return loaded.segments


def _metric(catalogue: Catalogue, metric: str | None) -> str:
    from models.proven_calls import metrics

    known = metrics(catalogue)
    if metric is not None and metric not in known:
        raise RefusedError(
            f'there is no metric "{metric}"',
            [Reason("nothing measures it", f"name one of {', '.join(known)}")],
        )
    return metric or known[0]


async def _calls(loaded: Project, store: Store, catalogue: Catalogue) -> list[ProvenCall]:
    from models.proven_calls import TELLING, proven_calls

    files = archive_of(loaded)
    await at_home(store, files)
    lines = [line async for _, line in whole_ledger(store, files) if line.get("kind") in TELLING]
    return proven_calls(lines, catalogue)


def _told(found: Report, out: Path) -> dict[str, object]:
    """The figures in short; None where there is no experiment."""
    compared = found.of(found.metric)
    effect = None if compared is None else compared.effect
    return {
        "metric": found.metric,
        "calls": found.calls,
        "over": found.over,
        "verdict": "no experiment" if effect is None else effect.verdict,
        "effect": None if effect is None else effect.effect,
        "low": None if effect is None else effect.low,
        "high": None if effect is None else effect.high,
        "pairs": 0 if effect is None else effect.pairs,
        "misdrawn": found.misdrawn,
        "policies": {name: asdict(one) for name, one in found.policies.items()} or found.policy_note,
        "replays": dict(found.replays),
        "file": str(out),
    }


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        mend = "name a file in a folder that can be written to"
        raise RefusedError(f"{out} cannot be written", [Reason(str(error.strerror), mend)]) from error


def _write_pairs(out: Path, found: Report) -> None:
    from models.proof_page import PAIR_COLUMNS, pair_rows

    compared = found.of(found.metric)
    try:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(PAIR_COLUMNS)
            writer.writerows(pair_rows(compared.pairs) if compared else ())
    except OSError as error:
        mend = "name a file in a folder that can be written to"
        raise RefusedError(f"{out} cannot be written", [Reason(str(error.strerror), mend)]) from error
