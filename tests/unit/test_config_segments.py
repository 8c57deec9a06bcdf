"""segments.yaml becomes the frozen catalogue; a name that leads nowhere is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_files import EXAMPLES, changed, segment_errors

from config.segments_file import segments
from config.yaml_reader import parse, read
from strategies.segments import Control, Scope, ScopeKind, ShareLimit

SEGMENTS = """\
outcomes:
  buys: {value: 40, model: accepts_offer}
objectives:
  serve: {queue: service}
  sell: {queue: sales, wait_limit: 30s, prompt: "Likely to buy. Ask."}
segments:
  standard: {rank: 9, objective: serve, default: true}
  buyer: {rank: 1, objective: sell, enter: "p.buys >= 0.25", scope: {ttl: 7d}}
"""


def test_a_catalogue_loads_with_its_defaults() -> None:
    catalogue, problems = segments(parse(SEGMENTS.encode(), Path("s.yaml")))
    assert problems.errors == []
    assert catalogue is not None
    assert (catalogue.default.name, catalogue.deadline, catalogue.control) == ("standard", 0.15, None)
    buyer = catalogue.segments["buyer"]
    assert buyer.scope == Scope(ScopeKind.TTL, 7 * 86_400.0)
    assert buyer.enter is not None
    assert buyer.enter.value({"contact": {}, "p": {"buys": 0.3}, "ev": {}, "queue": {}})
    assert catalogue.objective_of(buyer).wait_limit == 30.0
    assert catalogue.outcomes["buys"].value.value({}) == 40


def test_guards_and_control_are_fractions_and_seconds() -> None:
    catalogue, _ = segments(read(EXAMPLES / "segments.yaml"))
    assert catalogue is not None
    assert catalogue.guards.promoted_share == ShareLimit(0.3, 300.0)
    assert catalogue.control == Control(1800.0, 0.2)


@pytest.mark.parametrize(
    ("old", "new", "place", "told"),
    [
        ("objective: sell", "objective: sel", "8:20 segments.buyer.objective", "did you mean sell?"),
        ("p.buys", "p.pays", "segments.buyer.enter", "character 1"),
        (", default: true", "", "6:1 segments", "mark the segment of customers nobody knows"),
        ("objective: sell,", "objective: sell, default: true,", "segments.buyer.default", "standard is the"),
        ("{ttl: 7d}", "weekly", "segments.buyer.scope", "write interaction, permanent or {ttl: 7d}"),
        ("{ttl: 7d}", "{ttl: 7}", "segments.buyer.scope.ttl", "7 is not a duration"),
        ("Likely to buy. Ask.", "Ask ${CHANNEL}", "objectives.sell.prompt", "leave these characters out"),
        ("{queue: service}", "{}", "objectives.serve.queue", "is missing; add it"),
        ("queue: sales", "queue: sales, priority: high", "objectives.sell.priority", "is not a whole number"),
        ("value: 40", "value: contact.", "outcomes.buys.value", "character"),
        ("rank: 9", "rank: 9, ranking: 1", "segments.standard.ranking", "did you mean rank?"),
        ("segments:\n", "control: {slices: 30m, share: 60%}\nsegments:\n", "6:24 control.share", "0 to 0.5"),
        ("segments:\n", "deadline: 5s\nsegments:\n", "6:1 deadline", "5s is out of bounds; write 5ms to 1s"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_segments_is_told(old: str, new: str, place: str, told: str) -> None:
    shown = "\n".join(map(str, segment_errors(changed(SEGMENTS, old, new))))
    assert place in shown
    assert told in shown
