"""The ledger lines of a centre over some weeks, decided by the rule itself, with a truth that is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from config.segments_file import segments
from config.yaml_reader import parse
from strategies.control import Arm, control_arm, draw
from strategies.decisions import Facts
from strategies.segmentation import decide
from strategies.segments import Catalogue, Prediction

TENANT = "proven"
TEXT = """\
outcomes: {buys: {value: contact.worth, model: buys}}
objectives:
  serve: {queue: service}
  sell: {queue: sales, importance: 3}
segments:
  standard: {rank: 9, objective: serve, default: true}
  buyer: {rank: 3, objective: sell, enter: "p.buys >= 0.2"}
control: {slices: 1h, share: 30%, constant: {segment: buyer, share: 10%}, explore: 5%}
"""
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def catalogue(text: str = TEXT) -> Catalogue:
    found, problems = segments(parse(text.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return found


def lines(
    weeks: int, adds: float, found: Catalogue, seed: int = 0, per_hour: int = 6
) -> Iterator[dict[str, Any]]:
    """Calls of five days a week, eight hours a day. Who is handled as a buyer buys likelier by `adds`."""
    dice = np.random.default_rng(seed)
    hours = (MONDAY + timedelta(days=day, hours=hour) for day in range(7 * weeks) for hour in range(8))
    for hour in hours:
        for n in range(per_hour):
            at = hour + timedelta(seconds=3600 * (n + 0.5) / per_hour)
            yield from _call(
                f"178.{at.timestamp():.0f}",
                at,
                likely=float(dice.random()) * 0.4,
                adds=adds,
                luck=dice.random(2),
                found=found,
            )


def _call(
    interaction: str, at: datetime, *, likely: float, adds: float, luck: Any, found: Catalogue
) -> Iterator[dict[str, Any]]:
    facts = Facts(
        {"worth": "50"},
        arm=control_arm(found.control, TENANT, at.astimezone()) if found.control else Arm.TREATED,
        draw=draw(TENANT, interaction),
    )
    decision = decide(None, facts, found, {"buys": Prediction(likely, "buys", "1")})
    moment = at.timestamp()
    yield {
        "kind": "re_associated" if decision.re_associated else "decision",
        "at": moment,
        "interaction": interaction,
        "decision": decision.as_record(),
    }
    abandoned = bool(luck[1] < 0.1)
    result = "abandoned" if abandoned else "connected"
    talked = {} if abandoned else {"talked": 120.0}
    yield {
        "kind": "call_over",
        "at": moment + 200,
        "interaction": interaction,
        "result": result,
        "waited": 9.0,
        **talked,
    }
    if not abandoned:
        bought = bool(luck[0] < likely + (adds if decision.handled_by == "buyer" else 0.0))
        noted = {"kind": "noted", "pursued": True, "achieved": bought}
        yield {"at": moment + 300, "interaction": interaction, **noted}
