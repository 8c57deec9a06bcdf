"""The demo's checks fail when what they look at is wrong."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "docker" / "demo"))
from report import Seen, summarise, twice_at_once


@dataclass(frozen=True)
class Call:
    number: str
    start: float
    end: float


@dataclass(frozen=True)
class Line:
    call: str
    queue: str
    event: str


GOOD = Seen(
    ledger=[
        {"kind": "attempt_started", "contact": "1", "attempt": "sp-1"},
        {"kind": "attempt_ended", "contact": "1", "attempt": "sp-1", "result": "hangup_in_script"},
        {"kind": "recovery_triggered", "contact": "1", "trigger": "hangup_in_script"},
        {"kind": "attempt_started", "contact": "1", "attempt": "sp-2", "recovers": "sp-1"},
        {
            "kind": "attempt_ended",
            "contact": "1",
            "attempt": "sp-2",
            "recovers": "sp-1",
            "result": "connected_agent",
        },
        {"kind": "contact_ended", "contact": "1", "reason": "connected"},
        {"kind": "call_entered", "ms": 2.0},
        {"kind": "call_entered", "ms": 4.0},
        {"kind": "re_associated"},
    ],
    carrier=[Call("+12025550101", 10, 20), Call("+12025550101", 20, 30)],
    queue_log=[
        Line("sp-2", "collections", "ENTERQUEUE"),
        Line("1.1", "sales", "ENTERQUEUE"),
        Line("1.1", "sales", "CONNECT"),
    ],
    contacts=1,
    inbound_calls=1,
    channels_left=0,
    ledger_equals_counters=True,
)


def test_figures_are_counted_from_what_happened() -> None:
    summary = summarise(GOOD)
    assert summary.failed == ()
    assert summary.figures["outbound"] == {
        "contacts": 1,
        "attempts": 2,
        "by_result": {"connected_agent": 1, "hangup_in_script": 1},
        "connected_to_agent": 1,
        "left_to_do": 0,
    }
    assert summary.figures["recovery"] == {
        "triggered": 1,
        "reached": 1,
        "by_trigger": {"hangup_in_script": 1},
    }
    assert summary.figures["inbound"]["by_queue"] == {"sales": 1}
    assert summary.figures["inbound"]["decision_ms"] == {"p50": 3.0, "p99": 3.98}


def test_each_check_can_fail() -> None:
    worse = {
        "every originate is one INVITE at the carrier": replace(GOOD, carrier=GOOD.carrier[:1]),
        "no number dialled twice at once": replace(
            GOOD, carrier=[GOOD.carrier[0], Call("+12025550101", 15, 30)]
        ),
        "no channel left": replace(GOOD, channels_left=1),
        "ledger and counters agree": replace(GOOD, ledger_equals_counters=False),
        "every contact has ended": replace(GOOD, contacts=2),
        "somebody was recovered": replace(
            GOOD,
            ledger=[
                line
                for line in GOOD.ledger
                if line.get("attempt") != "sp-2" or line["kind"] == "attempt_started"
            ],
        ),
        "somebody was re-associated": replace(
            GOOD, ledger=[line for line in GOOD.ledger if line["kind"] != "re_associated"]
        ),
        "every inbound call was answered": replace(GOOD, inbound_calls=2),
    }
    assert {name: summarise(seen).failed for name, seen in worse.items()} == {name: (name,) for name in worse}


def test_calls_to_one_number_that_overlap_are_counted() -> None:
    assert twice_at_once([Call("1", 0, 10), Call("2", 0, 10), Call("1", 5, 6), Call("1", 30, 40)]) == 1
