"""Operations on segments: whom decisions moved, by which objective calls were handled and what agents said of
them, each decision with its reasons, and how the models stand. All of it from the newest lines of the
ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import Field

from console.moments import local_moment
from console.web.operations import Call, Operation, Query, Told
from strategies.vocabulary import Kind

if TYPE_CHECKING:
    from strategies.store import Store

DECIDED = frozenset({Kind.DECISION, Kind.RE_ASSOCIATED})
LINES = 50_000  # of the ledger that are looked through at most
PAGE = 2000


class Newest(Query):
    """How many of the newest decisions."""

    limit: int = Field(50, ge=1, le=1000)


class DecisionTold(Told):
    """One decision: what was known, foretold, weighed and chosen, as the ledger has it."""

    id: str
    at: str | None
    interaction: str
    customer: str
    first: str
    second: str | None
    objective: str
    applied: bool
    reason: str
    decision: dict[str, Any]


class Move(Told):
    """How many decisions led from one segment to another, or left the customer in it."""

    first: str
    second: str
    decisions: int


class Handled(Told):
    """Calls handled by an objective, and what agents said of them; `hit_rate` of those they pursued."""

    objective: str
    calls: int
    pursued: int
    achieved: int
    hit_rate: float | None


class Segments(Told):
    """Of the newest `decisions`, since `since`."""

    decisions: int
    since: str | None
    moves: list[Move]
    objectives: list[Handled]
    reasons: dict[str, int]
    arms: dict[str, int]


class ModelTold(Told):
    """How a model of this centre stands, as its learner tells it."""

    name: str
    status: dict[str, Any]


async def _newest(store: Store) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The lines of the stream, the newest first, at most LINES of them."""
    before = "+"
    for _ in range(LINES // PAGE):
        page = await store.newest(before, PAGE)
        for identity, line in page:
            yield identity, line
        if len(page) < PAGE:
            return
        before = page[-1][0]


async def decisions(call: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    limit = call.asked(Newest).limit
    async for identity, line in _newest(call.store):
        if line.get("kind") in DECIDED:
            found.append(_told(identity, line))
            if len(found) == limit:
                break
    return found


def _told(identity: str, line: dict[str, Any]) -> dict[str, Any]:
    made = line.get("decision") or {}
    return {
        "id": identity,
        "at": local_moment(line.get("at"), "UTC"),
        "interaction": str(line.get("interaction", "")),
        "customer": str(line.get("customer", "")),
        "first": str(made.get("first", "")),
        "second": made.get("second"),
        "objective": str(made.get("objective", "")),
        "applied": bool(made.get("applied")),
        "reason": str(line.get("reason") or made.get("reason", "")),
        "decision": made,
    }


async def segments(call: Call) -> dict[str, Any]:
    """Counted anew at each question: these are some thousand lines."""
    moves, calls, reasons = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
    arms, pursued, achieved = Counter[str](), Counter[str](), Counter[str]()
    count, since, limit = 0, None, 1000
    async for _, line in _newest(call.store):
        kind, made = line.get("kind"), line.get("decision") or {}
        if kind == Kind.NOTED and line.get("objective"):
            pursued[line["objective"]] += bool(line.get("pursued"))
            achieved[line["objective"]] += bool(line.get("achieved"))
        elif kind in DECIDED:
            moves[made.get("first", ""), made.get("second") or made.get("first", "")] += 1
            calls[made.get("objective", "")] += 1
            reasons[line.get("reason") or made.get("reason", "")] += 1
            arms[made.get("arm", "")] += 1
            count, since = count + 1, line.get("at")
            if count == limit:
                break
    return {
        "decisions": count,
        "since": local_moment(since, "UTC"),
        "moves": [
            {"first": first, "second": second, "decisions": times}
            for (first, second), times in sorted(moves.items())
        ],
        "objectives": [
            {
                "objective": name,
                "calls": calls[name],
                "pursued": pursued[name],
                "achieved": achieved[name],
                "hit_rate": round(achieved[name] / pursued[name], 4) if pursued[name] else None,
            }
            for name in sorted({*calls, *pursued})
        ],
        "reasons": dict(reasons),
        "arms": dict(arms),
    }


async def models(call: Call) -> list[dict[str, Any]]:
    found = await call.store.model_statuses()
    return [{"name": name, "status": asdict(status)} for name, status in sorted(found.items())]


OPERATIONS = (
    Operation(
        "GET",
        "/api/decisions",
        "The newest decisions, explained",
        decisions,
        list[DecisionTold],
        query=Newest,
    ),
    Operation("GET", "/api/segments", "Who was moved, and what came of it", segments, Segments),
    Operation("GET", "/api/models", "How the models stand", models, list[ModelTold]),
)
