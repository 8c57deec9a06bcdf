"""`secondpass model export`: the calls that were decided, with what was known of each then and what came of
it, as a file that models are trained on."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from config.project import Project
    from strategies.segments import Outcome
    from strategies.store import Store
    from strategies.store.learning import Example

OF_THE_DECISION = ("interaction", "at", "predicted", "version")


def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="OUTCOME", help="An outcome of segments.yaml.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="Where the file goes.")],
    decisions: Annotated[
        bool,
        typer.Option(
            "--decisions",
            help="Write the call, its moment, and what was foretold by which version, too: no factors.",
        ),
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Write one line for each call whose outcome is known, the oldest first: the factors as they were at the
    decision, and y, yes or no. `secondpass model train FILE.csv` takes it as it is."""
    loaded = options.project(context, config)
    outcome = _outcome(loaded, name)
    examples = options.with_store(loaded, lambda store: _examples(loaded, store, outcome))
    columns = _columns(examples)
    _write(out, examples, columns, OF_THE_DECISION if decisions else ())
    told = {
        "rows": len(examples),
        "came_true": sum(one.label for one in examples),
        "factors": list(columns),
        "file": str(out),
    }
    if json:
        output.document(told)
        return
    output.line(f"{told['rows']} calls, {told['came_true']} of them {name}, {len(columns)} factors: {out}")


def _outcome(loaded: Project, name: str) -> Outcome:
    outcomes = loaded.segments.outcomes if loaded.segments else {}
    if name not in outcomes:
        mend = f"name one of segments.yaml: {', '.join(outcomes)}" if outcomes else "add it to segments.yaml"
        raise RefusedError(f'there is no outcome "{name}"', [Reason("nothing says when it came true", mend)])
    return outcomes[name]


async def _examples(loaded: Project, store: Store, outcome: Outcome) -> list[Example]:
    """In the order of their decisions."""
    from models.joining import Joining

    files = archive_of(loaded)
    await at_home(store, files)
    joining = Joining({outcome.name: outcome})
    found = [example async for _, line in whole_ledger(store, files) for _, example in joining.fold(line)]
    return sorted(found, key=lambda one: (one.at, one.interaction))


def _columns(examples: Sequence[Example]) -> tuple[str, ...]:
    """What is declared first, in its order, then the centre's own by name."""
    from models.features import DECLARED

    seen = {name for one in examples for name in one.factors}
    return (*(name for name in DECLARED if name in seen), *sorted(seen - DECLARED.keys()))


def _write(out: Path, examples: Sequence[Example], columns: Sequence[str], beside: Sequence[str]) -> None:
    try:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*beside, *columns, "y"])
            for one in examples:
                cells = [_cell(getattr(one, name)) for name in beside] + _cells(one.factors, columns)
                writer.writerow([*cells, "yes" if one.label else "no"])
    except OSError as error:
        mend = "name a file in a folder that can be written to"
        raise RefusedError(f"{out} cannot be written", [Reason(str(error.strerror), mend)]) from error


def _cells(factors: Mapping[str, float | str], columns: Sequence[str]) -> list[str]:
    return [_cell(factors.get(name)) for name in columns]


def _cell(value: object) -> str:
    """Numbers as they are read back to the last digit; nothing for what was not known."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
