"""The audit by the API: who changed what, from one reading of the ledger for everybody who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from pydantic import Field

from console import audit
from console.follow.follower import Follower
from console.follow.ledger_views import LedgerViews
from console.moments import moment_of
from console.web.access import Role
from console.web.once import Once
from console.web.operations import Call, Operation, Query, Told
from console.web.problems import Problem


class Span(Query):
    """Dates or ISO moments (UTC); `who`: what this user changed; `limit`: the newest so many."""

    since: str | None = None
    until: str | None = None
    who: str | None = None
    limit: int = Field(1000, ge=1, le=100_000)


class Audited(Told):
    """One change."""

    at: str
    by: str
    what: str
    of: str
    list: str
    old: Any
    new: Any


def operations(follower: Follower[LedgerViews]) -> Sequence[Operation]:
    """The way to ask."""
    once = Once(list[Audited])

    async def audited(call: Call) -> web.Response | list[dict[str, Any]]:
        asked = call.asked(Span)
        span = (_moment(asked.since, 0.0), _moment(asked.until, float("inf")))
        views = await follower.caught_up()
        found = views.trail.newest(span, asked.who, asked.limit)
        if found is None:  # older than what is kept at hand
            return (await audit.changes(call.store, call.project, span, asked.who))[-asked.limit :]
        return once.response((*span, asked.who, asked.limit), views.mark, lambda: found)

    return (
        Operation(
            "GET",
            "/api/audit",
            "Who changed what, the oldest first",
            audited,
            list[Audited],
            Role.SUPERVISOR,
            query=Span,
        ),
    )


def _moment(text: str | None, absent: float) -> float:
    try:
        return absent if text is None else moment_of(text, audit.ZONE)
    except (ValueError, OverflowError):
        raise Problem(422, "since and until are moments", "write 2030-01-31 or 2030-01-31T09:00") from None
