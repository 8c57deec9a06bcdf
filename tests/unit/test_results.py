"""What `secondpass results` shows: every figure of A26 and A32, from counters alone."""

from __future__ import annotations

from dataclasses import replace

from engine_stage import a_campaign, a_sub, rescue

from console.figures import abandon_rate, figures
from strategies.campaign import Pass
from strategies.ledger import recount
from strategies.rules import Floor, figures_of
from strategies.state import Attachment
from strategies.vocabulary import Medium, Trigger

MARCH, APRIL = {"list": "march", "pass": "call"}, {"list": "april", "pass": "call"}
LOST = {"day": "2026-03-02", "pass": "rescue", "trigger": "hangup_in_script"}
LINES = [
    {"kind": "enrolled", "list": "march", "contacts": 3},
    {"kind": "enrolled", "list": "april", "contacts": 1},
    {**MARCH, "kind": "attempt_started", "medium": "avm", "nth": 1},
    {**MARCH, "kind": "attempt_ended", "result": "hangup_in_script", "responses": ["pressed_1"]},
    {**MARCH, "kind": "attempt_started", "medium": "avm", "nth": 2},
    {**APRIL, "kind": "attempt_started", "medium": "avm", "nth": 1},
    {**APRIL, "kind": "attempt_ended", "result": "busy"},
    {**APRIL, "kind": "contact_ended", "reason": "no_pass_left"},
    {**MARCH, "kind": "skipped", "reason": "no_device"},
    {**LOST, "kind": "recovery_triggered"},
    {**LOST, "kind": "recovery_ended", "result": "expired"},
]


def shown() -> dict[str, object]:
    passes = (Pass("call", Medium.AVM), rescue(Trigger.HANGUP_IN_SCRIPT))
    lists = {"march": Attachment(0), "april": Attachment(1)}
    sub = replace(a_sub(a_campaign(*passes), attached=lists), overrides=("o1",))
    return figures(sub, recount(LINES), {"call": 3, "rescue": 3})


def test_results_by_sub_campaign() -> None:
    told = shown()
    assert (told["contacts"], told["attempted"], told["remaining"]) == (4, 2, 3)
    assert (told["attempts"], told["in_progress"]) == (3, 1)
    assert told["overrides"] == ["o1"]
    assert told["by_group"] == {"success": 1, "opt_out": 0, "wrong_party": 0, "promised": 1}


def test_results_by_pass() -> None:
    assert shown()["passes"]["call"] == {  # type: ignore[index]
        "medium": "avm",
        "out": False,
        "attempts": 3,
        "in_progress": 1,
        "remaining": 3,
        "by_result": {"hangup_in_script": 1, "busy": 1},
        "passed_over": {"no_device": 1},
    }


def test_results_by_list() -> None:
    assert shown()["list_figures"] == {
        "march": {"contacts": 3, "remaining": 3, "attempts": 2, "by_result": {"hangup_in_script": 1}},
        "april": {"contacts": 1, "remaining": 0, "attempts": 1, "by_result": {"busy": 1}},
    }


def test_recoveries_by_trigger_pass_and_day() -> None:
    recovery = shown()["recovery"]
    assert recovery["by_day"] == [{**LOST, "lost": 1, "expired": 1}]  # type: ignore[index]


def test_the_abandon_rate_is_that_of_the_law_and_of_the_rules() -> None:
    waits = [0.4] * 37 + [2.4, None, None]  # late is abandoned too, and so is who hung up
    lines = [
        {"kind": "attempt_ended", "result": result, "live_at": 5.0, "day": "2026-03-02", "waited": waited}
        for waited in waits
        for result in ["abandoned_in_queue" if waited is None else "connected_agent"]
    ]
    counters = recount([*lines, {"kind": "attempt_ended", "result": "machine_hangup"}])
    assert abandon_rate(counters) == 0.075
    assert figures_of(counters, Floor(), "2026-03-02")["abandon_rate"] == 0.075
    assert abandon_rate(recount([{"kind": "attempt_ended", "result": "connected_agent"}])) is None
