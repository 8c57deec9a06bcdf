"""`secondpass model decision`: one call's decision, told from the ledger: what was known, what was foretold,
who was a candidate, why it came out so, what came of it, and whether the same comes out again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.ledger_archive import at_home, whole_ledger
from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.outcomes import interaction_of, told_by
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from config.project import Project
    from strategies.segments import Catalogue
    from strategies.store import Store

DECIDED = frozenset({Kind.DECISION, Kind.RE_ASSOCIATED})


def decision(
    context: typer.Context,
    call: Annotated[str, typer.Argument(metavar="CALL", help="SP_DECISION of the call; an attempt's id.")],
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Explain a decision, and make it again by the segments of its time."""
    loaded = options.project(context, config)
    told = options.with_store(loaded, lambda store: _told(loaded, store, call))
    if json:
        output.document(told)
        return
    _show(told)


async def _told(loaded: Project, store: Store, call: str) -> dict[str, Any]:
    files = archive_of(loaded)
    await at_home(store, files)
    lines = [line async for _, line in whole_ledger(store, files) if interaction_of(line) == call]
    made = [line for line in lines if line["kind"] in DECIDED]
    if not made:
        mend = "give the id that SP_DECISION had, or an attempt's that a person answered"
        raise RefusedError(f"no decision about {call} is in the ledger", [Reason("nobody decided it", mend)])
    record = made[0]["decision"]
    entered = next((line for line in lines if line["kind"] == Kind.CALL_ENTERED), {})
    outcome = {name: value for line in lines for name, value in told_by(line).items()}
    return {
        "call": call,
        "at": made[0]["at"],
        "customer": made[0].get("customer"),
        "moved": made[0]["kind"] == Kind.RE_ASSOCIATED,
        "decision": record,
        "factors": entered.get("factors", {}),
        "shadows": entered.get("shadows", {}),
        "ms": entered.get("ms"),
        "outcome": outcome,
        "replays": await _replays(store, record),
    }


async def _replays(store: Store, record: Mapping[str, Any]) -> bool | None:
    """Whether the same comes out again; None where the segments of that time are not kept."""
    from strategies.replay import replays

    kept = await store.catalogue(str(record.get("catalogue", "")))
    catalogue = _catalogue(kept) if kept is not None else None
    return None if catalogue is None else replays(record, catalogue)


def _catalogue(document: str) -> Catalogue | None:
    from config.segments_file import segments
    from config.yaml_reader import parse

    return segments(parse(document.encode(), Path("segments.yaml")))[0]


def _show(told: Mapping[str, Any]) -> None:
    record = told["decision"]
    second = record["second"] or "none"
    about = {
        "customer": told["customer"],
        "first segment": f"{record['first']}{'' if record['first_known'] else ' (nobody knew them)'}",
        "second segment": second,
        "handled by": f"{record['handled_by']}, objective {record['objective']}",
        "because": str(record["reason"]).replace("_", " "),
        "expected value gained": "" if record["gain"] is None else round(record["gain"], 2),
        "experiment's arm": record["arm"],
        "came to": ", ".join(f"{name} {value}" for name, value in told["outcome"].items()) or "not known yet",
        "made again": {True: "the same", False: "something else", None: "the segments are not kept"}[
            told["replays"]
        ],
    }
    foretold = [
        (
            name,
            one["model"],
            one["version"],
            "" if one["probability"] is None else round(one["probability"], 4),
        )
        for name, one in record["predictions"].items()
    ]
    candidates = [
        (one["segment"], one["objective"], one["rank"], _rounded(one["expected_value"]))
        for one in record["candidates"]
    ]
    output.show(
        output.pairs(f"Call {told['call']}", about),
        output.table("Foretold", ("outcome", "model", "version", "probability"), foretold),
        output.table("Candidates", ("segment", "objective", "rank", "expected value"), candidates),
        output.table("Known at that moment", ("factor", "value"), sorted(told["factors"].items())),
    )


def _rounded(value: float | None) -> object:
    return "" if value is None else round(value, 2)
