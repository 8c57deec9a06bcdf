"""Reads a CSV of past calls into rows and labels; what becomes of them is left to `models.training`."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import TrainingError
from models.features import DECLARED, KNOWN_AFTERWARDS, Factor, Kind


@dataclass(frozen=True, slots=True)
class Records:
    """Past calls, oldest first: the texts of the columns without the label, and whether the outcome came
    true."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    labels: tuple[bool, ...]

    def __getitem__(self, part: slice) -> "Records":
        return Records(self.columns, self.rows[part], self.labels[part])

    def __len__(self) -> int:
        return len(self.rows)


def read_records(path: Path, *, label: str, positive: str, sep: str) -> Records:
    """Read a CSV with a header whose rows are in time order, oldest first. Raises TrainingError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=sep)
            header = next(reader, [])
            _check_header(path, header, label, sep)
            body = [_checked(path, reader.line_num, header, cells) for cells in reader if cells]
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}; give the CSV of past calls") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    at = header.index(label)
    labels = tuple(cells[at] == positive for cells in body)
    if len(set(labels)) < 2:
        values = ", ".join(sorted({cells[at] for cells in body})[:5])
        raise TrainingError(
            f"{path}: column {label!r} is {positive!r} in {sum(labels)} of {len(labels)} rows, so there is "
            f"nothing to learn; it holds: {values}; name the one that means success with --positive"
        )
    columns = tuple(name for name in header if name != label)
    rows = tuple(dict(zip(header, cells, strict=True)) for cells in body)
    return Records(columns, rows, labels)


def _check_header(path: Path, header: Sequence[str], label: str, sep: str) -> None:
    if label not in header:
        raise TrainingError(
            f"{path}: no column {label!r} when split at {sep!r}; the header has "
            f"{', '.join(header[:8]) or 'nothing'}; name the outcome's column with --label, "
            "or the separator with --separator"
        )
    double = {name for name in header if header.count(name) > 1}
    if double:
        raise TrainingError(f"{path}: column {min(double)!r} is there twice; rename one")


def _checked(path: Path, line: int, header: Sequence[str], cells: list[str]) -> list[str]:
    if len(cells) != len(header):
        raise TrainingError(
            f"{path}:{line}: {len(cells)} fields, the header has {len(header)}; mend the line"
        )
    return cells


def factors_of(
    records: Records, exclude: Sequence[str], *, silent: bool = False
) -> tuple[tuple[Factor, ...], dict[str, str]]:
    """The factors for a file's columns, and why each other column was left out. With `silent`, a column that
    holds one value so far stays: a learner that goes on may yet hear from it.

    Raises TrainingError when an excluded name is not a column, or no column is left.
    """
    strange = [name for name in exclude if name not in records.columns]
    if strange:
        raise TrainingError(f"cannot exclude {', '.join(strange)}: no such column; correct the name")
    left_out = dict.fromkeys(exclude, "excluded by the user")
    factors: list[Factor] = []
    for name in records.columns:
        if name in left_out:
            continue
        if name in KNOWN_AFTERWARDS:
            left_out[name] = "known only after the call"
            continue
        factor = DECLARED.get(name) or _inferred(name, records.rows)
        if not silent and _says_nothing(factor, records.rows):
            left_out[name] = "holds fewer than two different values"
        else:
            factors.append(factor)
    inputs = [factor.input for factor in factors]
    alike = [factor.name for factor in factors if inputs.count(factor.input) > 1]
    if alike:
        raise TrainingError(f"columns {' and '.join(alike)} differ in signs only; rename one")
    if not factors:
        raise TrainingError("no column is left to learn from; exclude fewer")
    return tuple(factors), left_out


def _inferred(name: str, rows: Sequence[Mapping[str, str]]) -> Factor:
    numbers = all(_is_number(row[name]) for row in rows if row[name].strip() not in ("", "unknown"))
    return Factor(name, Kind.NUMBER if numbers else Kind.CATEGORY)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _says_nothing(factor: Factor, rows: Sequence[Mapping[str, str]]) -> bool:
    """A number needs two values to be split at; the missing ones count as one for a category only."""
    values = {row[factor.name].strip() for row in rows}
    if factor.kind is Kind.NUMBER:
        values -= {"", *factor.missing}
    return len(values) < 2
