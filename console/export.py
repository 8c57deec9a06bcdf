"""`secondpass export`: attempts and decisions of a span of days as a file for others; counting is left to
`results`, the whole ledger to `ledger`."""

from __future__ import annotations

import csv
import json as json_
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.moments import local_moment, moment_option
from console.refusal import Reason, RefusedError
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

ZONE = "UTC"
PART = 10_000  # rows of a Parquet file written at once
ATTEMPT = (
    *("started_at", "ended_at", "campaign", "pass", "contact", "device", "address", "medium", "attempt"),
    *("result", "responses", "reason", "live_at", "waited", "list", "nth", "recovers", "trigger"),
    *("strategy", "overrides"),
)
DECISION = (
    *("at", "interaction", "customer", "first", "second", "re_associated", "reason", "objective", "model"),
    "decision",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]


class What(StrEnum):
    """What is exported."""

    ATTEMPTS = "attempts"
    DECISIONS = "decisions"


class Format(StrEnum):
    """As what."""

    CSV = "csv"
    PARQUET = "parquet"


class Written(Protocol):
    """What rows go into."""

    def rows(self, rows: Iterable[Row]) -> None:
        """Write these."""


def export(
    context: typer.Context,
    what: Annotated[What, typer.Argument(help="attempts or decisions.")],
    format_: Annotated[Format, typer.Option("--format", help="csv or parquet.")] = Format.CSV,
    since: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help="From then on, such as 2030-01-31 (UTC).")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="MOMENT", help="Before that.")] = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; standard output if not said (csv only).")
    ] = None,
    campaign: Annotated[str | None, typer.Option(help="Of this campaign or sub-campaign only.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Write a row for each attempt, or for each decision about a caller, from the whole ledger.

    An attempt's row stands at the moment it ended; one that is still in progress has no result. In CSV a text
    that a spreadsheet would take for a formula has an apostrophe before it.
    """
    if file is None and (format_ is Format.PARQUET or json):
        raise typer.BadParameter("say where to: --output FILE", param_hint="--output")
    if file is not None and file.exists():
        reason = Reason(f"{file} is there already", "name another file, or move it away")
        raise RefusedError("nothing was exported", [reason])
    span = (
        0.0 if since is None else moment_option(since, ZONE, "--from"),
        float("inf") if until is None else moment_option(until, ZONE, "--until"),
    )
    loaded = options.project(context, config)

    async def work(store: Store) -> int:
        files = archive_of(loaded)
        await at_home(store, files)
        rows = _attempts(store, loaded, span) if what is What.ATTEMPTS else _decisions(store, loaded, span)
        columns = ATTEMPT if what is What.ATTEMPTS else DECISION
        return await _write(rows, columns, file, format_, campaign)

    count = options.with_store(loaded, work)
    if json:
        output.document({"rows": count, "file": str(file)})
    elif file is not None:
        output.line(f"{file}: {count} {what.value}")


async def _attempts(
    store: Store, loaded: Project, span: tuple[float, float]
) -> AsyncIterator[dict[str, Any]]:
    """A row for each attempt that ended in the span, then those that began in it and have not ended."""
    open_ones: dict[str, dict[str, Any]] = {}
    async for _, line in whole_ledger(store, archive_of(loaded)):
        kind, attempt, at = line.get("kind"), str(line.get("attempt", "")), float(line.get("at", 0))
        if kind == Kind.ATTEMPT_STARTED:
            open_ones[attempt] = {**line, "started_at": at}
        elif kind == Kind.ATTEMPT_RELEASED:
            open_ones.pop(attempt, None)
        elif kind == Kind.ATTEMPT_ENDED:
            begun = open_ones.pop(attempt, {})
            if span[0] <= at < span[1]:
                yield _moments({**begun, **line, "ended_at": at})
    for begun in open_ones.values():
        if span[0] <= begun["started_at"] < span[1]:
            yield _moments(begun)


def _moments(row: dict[str, Any]) -> dict[str, Any]:
    named = {name: local_moment(row.get(name), ZONE) for name in ("started_at", "ended_at", "live_at")}
    return {**row, **named}


async def _decisions(
    store: Store, loaded: Project, span: tuple[float, float]
) -> AsyncIterator[dict[str, Any]]:
    async for _, line in whole_ledger(store, archive_of(loaded)):
        at = float(line.get("at", 0))
        if line.get("kind") in {Kind.DECISION, Kind.RE_ASSOCIATED} and span[0] <= at < span[1]:
            told = line.get("decision") or {}
            row = {name: line.get(name, told.get(name)) for name in DECISION}
            yield {**row, "at": local_moment(at, ZONE), "decision": told}


async def _write(
    rows: AsyncIterator[dict[str, Any]],
    columns: tuple[str, ...],
    file: Path | None,
    format_: Format,
    campaign: str | None,
) -> int:
    """The rows in parts, each of `columns` alone; how many there were. A file that is not whole is
    not kept."""
    count, part = 0, list[Row]()
    with _Opened(file, format_, columns) as to:
        async for row in rows:
            if campaign is not None and campaign not in _names(row):
                continue
            part.append({name: row.get(name) for name in columns})
            count += 1
            if len(part) == PART:
                to.rows(part)
                part = []
        to.rows(part)
    return count


def _names(row: Row) -> tuple[str, str]:
    name = str(row.get("campaign", ""))
    return name, name.rpartition("/")[0]


class _Opened:
    """A file under another name until it is whole."""

    def __init__(self, file: Path | None, format_: Format, columns: tuple[str, ...]) -> None:
        self._file, self._format, self._columns = file, format_, columns
        self._beside = file.with_name(f".{file.name}.part") if file is not None else None

    def __enter__(self) -> Written:
        if self._beside is None:
            self._to: _Csv | _Parquet = _Csv(sys.stdout, self._columns)
        elif self._format is Format.CSV:
            self._stream = self._beside.open("w", encoding="utf-8", newline="")
            self._to = _Csv(self._stream, self._columns)
        else:
            self._to = _Parquet(self._beside, self._columns)
        return self._to

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._to.close()
        if self._file is not None and self._beside is not None:
            if kind is None:
                self._beside.rename(self._file)
            else:
                self._beside.unlink()


class _Csv:
    def __init__(self, stream: Any, columns: tuple[str, ...]) -> None:
        self._stream = stream
        self._writer = csv.DictWriter(stream, columns, lineterminator="\n")
        self._writer.writeheader()

    def rows(self, rows: Iterable[Row]) -> None:
        self._writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)

    def close(self) -> None:
        if self._stream is not sys.stdout:
            self._stream.close()


def _cell(value: object) -> object:
    """A value as a spreadsheet may read it: what looks like a formula is text. A number in E.164 begins
    with a plus and is none."""
    if isinstance(value, list | tuple | dict):
        value = json_.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or not value.startswith(FORMULA) or value[1:].isdigit():
        return value
    return f"'{value}"


class _Parquet:
    """Every column as text but the numbers, nested values as JSON."""

    def __init__(self, file: Path, columns: tuple[str, ...]) -> None:
        try:
            import pyarrow as arrow
            from pyarrow import parquet
        except ImportError:
            mend = "pip install 'secondpass[archive]', or take --format csv"
            raise RefusedError("nothing was exported", [Reason("Parquet needs pyarrow", mend)]) from None
        kinds = {"waited": arrow.float64(), "nth": arrow.int64(), "re_associated": arrow.bool_()}
        self._arrow = arrow
        self._schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in columns])
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def rows(self, rows: Iterable[Row]) -> None:
        for part in _parts(rows):
            self._writer.write_table(self._arrow.Table.from_pylist(part, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _parts(rows: Iterable[Row]) -> Iterator[list[dict[str, Any]]]:
    left = iter(rows)
    while part := [{name: _plain(value) for name, value in row.items()} for row in islice(left, PART)]:
        yield part


def _plain(value: object) -> object:
    return json_.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value
