"""What the machine detection said, and how often agents found it wrong, counted from ledger lines."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.detection import AFTERWARDS, Heard, Measured, heard, interval, measured


@pytest.mark.parametrize(
    ("status", "cause", "said"),
    [
        ("HUMAN", "HUMAN-800-800", Heard.PERSON),
        ("MACHINE", "LONGGREETING-1500-1500", Heard.MACHINE),
        ("MACHINE", "INITIALSILENCE-2500-2500", Heard.SILENCE),
        ("MACHINE", "UNSURE-INITIALSILENCE-2500-2500", Heard.SILENCE),
        ("NOTSURE", "TOOLONG-5000", Heard.NOT_SURE),
        ("MACHINE", "UNSURE-TOOLONG-5000", Heard.NOT_SURE),
        ("FAX", "TONE-2100", Heard.FAX),
        ("OFF", "", Heard.NOT_ASKED),
        ("HANGUP", "", None),
        ("", "", None),
    ],
)
def test_a_verdict_is_told_by_what_was_heard(status: str, cause: str, said: Heard | None) -> None:
    assert heard(status, cause) is said


def ended(attempt: str, **more: Any) -> dict[str, Any]:
    line = {"kind": "attempt_ended", "attempt": attempt, "campaign": "spring/1", "result": "connected_agent"}
    return {**line, "heard": "person", **more}


LINES = [
    ended("a", responses=["agent_paid"]),
    ended("b", responses=["agent_machine", "agent_call_again"]),
    ended("c"),
    {"kind": "responded", "attempt": "c", "campaign": "spring/1", "responses": ["agent_machine"]},
    ended("d", campaign="spring/2", responses=["pressed_0"]),
    ended("e", heard="machine", result="machine_hangup"),
    ended("f", amd="--600-----300-", heard="not_sure"),
    ended("g", heard=None, result="busy"),
    {"kind": "attempt_started", "attempt": "h", "campaign": "spring/1"},
]


def test_calls_are_counted_by_campaign_and_settings_whenever_the_agent_noted_it() -> None:
    boxs, own = measured(LINES)
    assert boxs == Measured("spring", "", {"person": 4, "machine": 1}, connected=4, noted=3, machines=2)
    assert boxs.rate == 0.5
    assert own == Measured("spring", "--600-----300-", {"not_sure": 1}, connected=1, noted=0, machines=0)


def test_a_note_told_twice_counts_once() -> None:
    assert measured([*LINES, LINES[3]]) == measured(LINES)


def test_what_is_noted_a_week_later_or_of_a_message_counts_for_nothing() -> None:
    told = [ended("a", at=0.0), ended("b", at=AFTERWARDS + 1.0)]
    late = [
        {"kind": "responded", "attempt": attempt, "responses": ["agent_machine"], "at": AFTERWARDS + 2.0}
        for attempt in ("a", "text")
    ]
    (row,) = measured([*told, *late])
    assert (row.connected, row.noted, row.machines) == (2, 0, 0)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 100, 0.0215, 0.1118), (10, 10, 0.7225, 1.0)],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert interval(hits, of) == pytest.approx((low, high), abs=5e-5)
