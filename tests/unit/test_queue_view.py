"""What conditions see of a queue and of the agents: the wait to expect, the service level, who could take a
call."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from agi.agents_at_hand import OLD, AgentsAtHand
from ami_bridge.events import AgentConnect, QueueCallerAbandon
from ami_bridge.service_level import IN_TIME, ServiceLevels
from config.segments_file import segments
from config.yaml_reader import parse
from strategies.agent_fit import AgentRecord, Tally
from strategies.queue_view import expected_wait
from strategies.segments import Catalogue
from strategies.store import QueueFigures, Store
from strategies.store.seats import Seat, Seats
from strategies.vocabulary import AgentState

SERVE = """\
objectives: {serve: {queue: service}}
segments: {standard: {rank: 1, objective: serve, default: true}}
"""
TALKS = {"lately_talked": 120.0, "lately_waited_for_agent": 33.0}


@pytest.mark.parametrize(
    ("ahead", "agents_free", "staffed", "lately", "seconds"),
    [
        (5, 1, 4, TALKS, 0.0),
        (0, 0, 4, TALKS, 30.0),
        (3, 0, 4, TALKS, 120.0),
        (3, 0, None, TALKS, 33.0),
        (3, 0, 4, {"lately_talked": float("nan"), "lately_waited_for_agent": 33.0}, 33.0),
        (3, 0, 4, {}, None),
    ],
)
def test_the_wait_to_expect(
    ahead: int, agents_free: int, staffed: int | None, lately: dict[str, float], seconds: float | None
) -> None:
    assert expected_wait(ahead, agents_free, staffed, lately) == seconds


def test_a_condition_sees_what_is_known_of_a_queue_and_nothing_else() -> None:
    figures = QueueFigures(3, 0, 20.0, 1.0, TALKS, staffed=4, in_time=0.8)
    assert figures.seen(waited=12.5, ahead=1) == {
        "waiting": 3,
        "agents_free": 0,
        "longest_wait": 20.0,
        "staffed": 4,
        "expected_wait": 60.0,
        "service_level": 0.8,
        "waited": 12.5,
    }
    assert QueueFigures(waiting=1, longest_wait=2.0).seen() == {
        "waiting": 1,
        "agents_free": 0,
        "longest_wait": 2.0,
    }


def connect(held: int) -> AgentConnect:
    return AgentConnect("sales", "1.1", "1.1", "ann", "PJSIP/ann", "PJSIP/ann-1", "1.2", held, 1000, "")


def test_the_service_level_is_the_share_of_the_newest_callers_who_had_an_agent_in_time() -> None:
    levels = ServiceLevels()
    assert levels.of("sales") is None
    levels.hear(connect(IN_TIME))
    assert levels.of("sales") == 1.0
    levels.hear(connect(IN_TIME + 1))
    levels.hear(QueueCallerAbandon("sales", "SIP/1", "1.3", "1.3", 1, 1, 40, ""))
    share = levels.of("sales")
    assert share is not None
    assert 0.85 < share < 0.95
    for _ in range(200):
        levels.hear(connect(IN_TIME + 1))
    assert levels.of("sales") == pytest.approx(0.0, abs=0.01)
    assert levels.of("service") is None


class Desk:
    """The store, as far as agents go."""

    asked = 0

    async def seats(self) -> Seats:
        self.asked += 1
        ann = Seat("PJSIP/ann", "Ann", ("sales",), AgentState.READY)
        bob = Seat("PJSIP/bob", "Bob", ("sales", "service"), AgentState.BUSY, call="178.1")
        return Seats(1000.0, (ann, bob))

    async def tallies(self) -> dict[str, dict[str, tuple[int, int]]]:
        return {"PJSIP/ann": {"sell": (10, 4)}}


def catalogue(guards: str) -> Catalogue:
    found, problems = segments(parse((SERVE + guards).encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return found


async def test_agents_are_who_works_with_what_they_achieved_and_none_once_that_is_old() -> None:
    at_hand = AgentsAtHand()
    at_hand.hold_to(catalogue("guards: {agent_fit: {}}"))
    assert at_hand.records(1000.0) == ()
    await at_hand.look(cast(Store, Desk()))
    assert at_hand.records(1000.0 + OLD) == (
        AgentRecord("PJSIP/ann", ("sales",), 0.0, {"sell": Tally(10, 4)}),
        AgentRecord("PJSIP/bob", ("sales", "service"), None, {}),
    )
    assert at_hand.records(1001.0 + OLD) == ()


async def test_agents_are_not_read_where_the_catalogue_does_not_look_at_them() -> None:
    at_hand, desk = AgentsAtHand(), Desk()
    at_hand.hold_to(catalogue(""))
    await at_hand.look(cast(Store, desk))
    assert (at_hand.records(1000.0), desk.asked) == ((), 0)
