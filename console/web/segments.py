"""Operations on segments: what decisions came to, what they changed, each with its reasons, and how the
models stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from aiohttp import web
from pydantic import Field

from console.follow.control_effect import ControlEffect
from console.follow.decision_sums import DAYS, local_day
from console.follow.follower import Follower
from console.follow.ledger_views import NEWEST, LedgerViews
from console.moments import local_moment
from console.web.once import Once
from console.web.operations import Call, Operation, Query
from console.web.segment_figures import (
    Control,
    DecisionTold,
    ModelTold,
    Segments,
    decision_told,
    segments_told,
)


class Newest(Query):
    """How many of the newest decisions."""

    limit: int = Field(50, ge=1, le=NEWEST)


class Window(Query):
    """How many days, with today."""

    days: int = Field(7, ge=1, le=DAYS)


async def models(call: Call) -> list[dict[str, Any]]:
    found = await call.store.model_statuses()
    return [{"name": name, "status": asdict(status)} for name, status in sorted(found.items())]


def operations(follower: Follower[LedgerViews], effect: ControlEffect) -> Sequence[Operation]:
    """What is asked of segments, answered for everybody from one reading of the ledger."""
    of_decisions, of_segments = Once(list[DecisionTold]), Once(Segments)

    async def decisions(call: Call) -> web.Response:
        views, limit = await follower.caught_up(), call.asked(Newest).limit
        return of_decisions.response(
            limit,
            views.mark,
            lambda: [decision_told(*one) for one in islice(reversed(views.newest), limit)],
        )

    async def segments(call: Call) -> web.Response:
        views, count = await follower.caught_up(), call.asked(Window).days
        catalogue = call.project.segments
        return of_segments.response(
            count,
            (views.mark, local_day(call.now), catalogue and catalogue.version),
            lambda: segments_told(views.days, call.now, count, catalogue),
        )

    async def control(call: Call) -> dict[str, Any]:
        views, catalogue = await follower.caught_up(), call.project.segments
        if catalogue is None:
            return NO_CATALOGUE
        told = await effect.told(views.calls, catalogue, call.project.settings.tenant)
        return {**told, "since": local_moment(told["since"], "UTC")}

    return (
        Operation(
            "GET",
            "/api/decisions",
            "The newest decisions, explained",
            decisions,
            list[DecisionTold],
            query=Newest,
        ),
        Operation(
            "GET", "/api/segments", "Who was moved, and what came of it", segments, Segments, query=Window
        ),
        Operation("GET", "/api/segments/effect", "What the decisions changed", control, Control),
        Operation("GET", "/api/models", "How the models stand", models, list[ModelTold]),
    )


NO_CATALOGUE: dict[str, Any] = {
    **dict.fromkeys(("calls", "over", "control_share", "burn_in_seconds", "misdrawn"), 0),
    **dict.fromkeys(("since", "slice_seconds")),
    "note": "there is no segments.yaml",
    "effects": [],
}
