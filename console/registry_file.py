"""A do-not-call registry as authorities hand it out: a number a line, in the country's own way, or a column
of a CSV file; loading it is left to the store."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from console.refusal import Reason, RefusedError
from strategies.numbers import normalise

SHOWN = 5  # lines that are no numbers, as the report tells them
LONGEST = 200  # characters of a line that is worth reading


@dataclass(slots=True)
class Rejected:
    """Lines that are no numbers: how many, and the first of them by their place in the file."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def note(self, line: int) -> None:
        """One more."""
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(line)


def numbers(path: Path, country: str, column: str | None, rejected: Rejected) -> Iterator[str]:
    """The numbers of a file as E.164, read as they are asked for.

    Without `column` a line is one number, however it is cut: `2025550101`, `202,5550101`, `(202) 555-0101`.
    Raises RefusedError for a file that cannot be read or lacks the column.
    """
    for line, text in _cells(path, column):
        number = normalise(text, country) if len(text) < LONGEST else None
        if number is not None:
            yield number
        elif text:
            rejected.note(line)


def _cells(path: Path, column: str | None) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            if column is None:
                for line, text in enumerate(file, 1):
                    yield line, text.strip().replace(",", " ").replace(";", " ").replace('"', "")
                return
            rows = csv.reader(file)
            place = _place(path, next(rows, []), column)
            for row in rows:
                yield rows.line_num, row[place].strip() if place < len(row) else ""
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}; nothing was changed") from error
    except csv.Error as error:
        raise RefusedError(f"{path} is no CSV file: {error}; nothing was changed") from error


def _place(path: Path, header: list[str], column: str) -> int:
    if column not in header:
        raise RefusedError(
            f'{path} has no column "{column}"; nothing was changed',
            [Reason(f"its first line names {', '.join(header) or 'nothing'}", "name one of these")],
        )
    return header.index(column)
