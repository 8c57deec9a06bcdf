"""How answers are shown: tables for a person, one JSON document for a script, refusals on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.table import Table

    from console.refusal import RefusedError

T = TypeVar("T")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


def clean(text: object) -> str:
    """Text that came from a file or a peer, without terminal escapes."""
    return _CONTROL.sub("?", str(text))


def document(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def line(text: str) -> None:
    """One line of plain text on standard output."""
    sys.stdout.write(clean(text) + "\n")


def refusal(refused: RefusedError) -> None:
    """The message and every reason on standard error."""
    sys.stderr.write(f"secondpass: {clean(refused.message)}\n")
    for reason in refused.reasons:
        sys.stderr.write(f"  - {clean(reason)}\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table: figures right-aligned, text never read as markup, no header where no column has a name."""
    from rich.table import Table
    from rich.text import Text

    cells = [list(row) for row in rows]
    drawn = Table(title=title, title_justify="left", show_header=any(columns))
    for number, column in enumerate(columns):
        figures = all(isinstance(row[number], int | float) for row in cells)
        drawn.add_column(column, justify="right" if figures else "left")
    for row in cells:
        drawn.add_row(*(Text(clean(cell)) for cell in row))
    return drawn


def show(*drawn: object) -> None:
    """Draws tables and text on standard output, in colour on a terminal only."""
    from rich.console import Console

    Console().print(*drawn, sep="\n")


def pairs(title: str, values: Mapping[str, object]) -> Table:
    """A table of names and values."""
    return table(title, ("", ""), values.items())


def progress(label: str, items: Iterable[T], total: float | None = None) -> Iterable[T]:
    """The items, with a bar on standard error as they are taken, where that is a terminal."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, label, total=total, console=Console(stderr=True), transient=True)


def live() -> Live:
    """A place on standard output whose contents are replaced by `update`."""
    from rich.live import Live

    return Live(auto_refresh=False)


def stacked(drawn: Sequence[Table]) -> Group:
    """Tables under one another, as one thing to draw."""
    from rich.console import Group

    return Group(*drawn)
