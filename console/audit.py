"""`secondpass audit`: who changed what and when, old and new, from the ledger; writing it down is left to
whoever changes something."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.ledger_archive import whole_ledger
from console.ledger_files import archive_of
from console.moments import local_moment, moment_option
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

AUDITED = frozenset(
    {
        Kind.RUN_STATE,
        Kind.CHANGED,
        Kind.DO_NOT_CALL,
        Kind.OVERRIDE_BEGAN,
        Kind.OVERRIDE_ENDED,
        Kind.ENROLLED,
    }
)
ZONE = "UTC"


def me() -> str:
    """Who the audit names for what is done by this command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "nobody"


def audit(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="From then on, such as 2030-01-31 (UTC).")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="Before that.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this user changed.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Who changed what, when: run states, lists, overrides, do-not-call, imports, launches, erasures."""
    span = _moment(since, "--since", 0.0), _moment(until, "--until", float("inf"))
    loaded = options.project(context, config)
    rows = options.with_store(loaded, lambda store: changes(store, loaded, span, who))
    if json:
        output.document(rows)
        return
    cells = [(row["at"], row["by"], row["what"], _of(row), row["old"], row["new"]) for row in rows]
    output.show(output.table("Audit", ("at", "who", "what", "of", "old", "new"), cells))


async def changes(
    store: Store, loaded: Project, span: tuple[float, float], who: str | None
) -> list[dict[str, Any]]:
    """What was changed from the one moment (epoch seconds) until before the other, by one user or by all."""
    rows = []
    async for _, line in whole_ledger(store, archive_of(loaded)):
        at, by = float(line.get("at", 0)), str(line.get("by") or "")
        if line.get("kind") in AUDITED and span[0] <= at < span[1] and who in {None, by}:
            rows.append({**row(line), "at": local_moment(at, ZONE), "by": by})
    return rows


def row(line: Mapping[str, Any]) -> dict[str, Any]:
    """What a line of the audit says was changed: `what`, `of` which thing, on which `list` of it, `old` and
    `new`."""
    kind = line["kind"]
    what = line.get("what", kind) if kind == Kind.CHANGED else kind
    of = line.get("campaign") or line.get("list") or ", ".join(line.get("addresses", ()))
    new = line.get("new", line.get("result", line.get("contacts", line.get("override", ""))))
    return {
        "what": what,
        "of": of,
        "list": _shown(line.get("list")),
        "old": _shown(line.get("old")),
        "new": _shown(new or line.get("reason")),
    }


def _of(row: Mapping[str, Any]) -> str:
    """The thing that was changed, with the list where it is one of a campaign's."""
    return row["of"] if row["list"] in {"", row["of"]} else f"{row['of']} {row['list']}"


def _shown(value: object) -> object:
    return "" if value is None else value


def _moment(text: str | None, option: str, absent: float) -> float:
    return absent if text is None else moment_option(text, ZONE, option)
