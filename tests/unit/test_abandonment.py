"""What counts as abandoned, from when, and in which period."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from script_stage import INTENT as SCRIPTED

from config.campaign_file import PURPOSES
from config.campaign_notes import notes
from config.presets import preset_for
from strategies.abandonment import (
    Kept,
    Period,
    Share,
    greeting_over,
    is_abandoned,
    kept,
    period_of,
    share_of,
)
from strategies.attempts import Fact, FactName, live_since, outcome
from strategies.campaign import Campaign, Pass
from strategies.ledger import recount
from strategies.vocabulary import CALL_STOP, Medium, Result

CALL = replace(SCRIPTED, medium=Medium.DIALER, script=None, pass_name="live")
CAMPAIGN = Campaign("spring", "service", "US", "", "", (Pass("live", Medium.DIALER),), "UTC")
AT = 1000.0


def told(*facts: tuple[float, FactName, str, str]) -> list[Fact]:
    return [Fact(name, AT + after, value, cause) for after, name, value, cause in facts]


HUMAN = (0.8, FactName.CLASSIFIED, "HUMAN", "HUMAN-800-600")
JOINED = (0.9, FactName.QUEUE_JOINED, "sales", "")
LEFT = (1.9, FactName.QUEUE_ABANDONED, "sales", "")
OVER = (20.0, FactName.HUNG_UP, "16", "")


@pytest.mark.parametrize(
    ("cause", "since"),
    [("HUMAN-800-600", -0.8), ("TOOLONG-5000", 0.0), ("INITIALSILENCE-2500-2500", 0.0), ("", 0.0),
     ("HUMAN-", 0.0), ("HUMAN-٣-600", 0.0), ("HUMAN-99999999-1", -10.0)],
)  # fmt: skip
def test_the_clock_starts_with_the_end_of_the_greeting(cause: str, since: float) -> None:
    assert greeting_over(AT, cause) == AT + since


@pytest.mark.parametrize(
    ("facts", "result", "waited", "became", "abandoned"),
    [
        ([HUMAN, JOINED, (1.5, FactName.AGENT_CONNECTED, "a", ""), OVER],
         Result.CONNECTED_AGENT, 1.5, Kept.CONNECTED, False),
        ([HUMAN, JOINED, (2.4, FactName.AGENT_CONNECTED, "a", ""), OVER],
         Result.CONNECTED_AGENT, 2.4, Kept.LATE, True),
        ([HUMAN, JOINED, (1.8, FactName.NO_AGENT, "", ""), LEFT, OVER],
         Result.ABANDONED_NO_AGENT, 1.8, Kept.MESSAGE, True),
        ([HUMAN, JOINED, (2.2, FactName.NO_AGENT, "", ""), OVER],
         Result.ABANDONED_NO_AGENT, 2.2, Kept.MESSAGE_LATE, True),
        ([HUMAN, JOINED, (1.2, FactName.QUEUE_ABANDONED, "sales", ""), OVER],
         Result.ABANDONED_IN_QUEUE, None, Kept.HUNG_UP, True),
        ([HUMAN, (1.79, FactName.AGENT_CONNECTED, "a", ""), (1.8, FactName.NO_AGENT, "", ""), OVER],
         Result.ABANDONED_NO_AGENT, 1.8, Kept.MESSAGE, True),
        ([HUMAN, JOINED, (30.0, FactName.GONE, "", "")], Result.UNKNOWN, None, Kept.UNKNOWN, True),
    ],
)  # fmt: skip
def test_who_answers_is_abandoned_unless_an_agent_is_there_in_two_seconds(
    facts: list[tuple[float, FactName, str, str]],
    result: Result,
    waited: float | None,
    became: Kept,
    abandoned: bool,
) -> None:
    came_to = outcome(CALL, told(*facts), CAMPAIGN)
    assert came_to is not None
    assert (came_to.result, came_to.live_at, came_to.waited) == (result, AT, waited)
    line = {"kind": "attempt_ended", "result": result, "live_at": AT, "waited": waited, "day": "1970-01-01"}
    assert (kept(line), is_abandoned(line)) == (became, abandoned)
    counters = recount([line])
    assert counters.live == {"1970-01-01": 1}
    assert counters.abandoned == ({"1970-01-01": 1} if abandoned else {})


@pytest.mark.parametrize(("clock", "waits_from"), [("greeting", 0.0), ("answer", -2.6)])
def test_the_clock_starts_with_the_answer_where_the_preset_says_so(clock: str, waits_from: float) -> None:
    call = replace(CALL, clock=clock)
    facts = told(
        (-2.6, FactName.ANSWERED, "", ""), HUMAN, JOINED, (1.5, FactName.AGENT_CONNECTED, "a", ""), OVER
    )
    came_to = outcome(call, facts, CAMPAIGN)
    assert came_to is not None
    assert (came_to.live_at, came_to.waited) == (AT + waits_from, 1.5 - waits_from)


def test_the_british_clock_starts_with_the_answer_and_its_campaigns_are_told_what_that_asks() -> None:
    assert {preset_for(purpose, "GB").abandon_clock for purpose in PURPOSES} == {"answer"}
    assert {preset_for(purpose, "US").abandon_clock for purpose in PURPOSES} == {"greeting"}
    british = replace(CAMPAIGN, country="GB")
    assert any("amd: {use: false}" in note for note in notes(british, preset_for("service", "GB")))
    assert not any("amd:" in note for note in notes(CAMPAIGN, preset_for("service", "US")))


def test_machines_scripts_and_calls_nobody_answered_are_no_live_answers() -> None:
    machine = told((3.0, FactName.CLASSIFIED, "MACHINE", "LONGGREETING-1600-1500"), OVER)
    assert live_since(CALL, machine) is None
    assert live_since(SCRIPTED, told(HUMAN, JOINED, OVER)) is None
    assert not is_abandoned({"kind": "attempt_ended", "result": "no_answer"})


def test_the_key_in_the_abandon_message_is_an_opt_out() -> None:
    facts = told(HUMAN, JOINED, (1.8, FactName.NO_AGENT, "", ""), (9.0, FactName.OPTED_OUT, "", ""), OVER)
    came_to = outcome(CALL, facts, CAMPAIGN)
    assert came_to is not None
    assert came_to.responses == (CALL_STOP,)
    assert CALL_STOP in CAMPAIGN.group("opt_out")


def test_periods_follow_one_another_from_the_first_live_answer() -> None:
    begun = date(2030, 1, 31)
    assert period_of(begun, begun, 30) == Period(begun, date(2030, 3, 1))
    assert period_of(date(2030, 3, 1), begun, 30) == Period(begun, date(2030, 3, 1))
    assert period_of(date(2030, 3, 2), begun, 30) == Period(date(2030, 3, 2), date(2030, 3, 31))
    assert period_of(date(2030, 3, 2), begun, 1) == Period(date(2030, 3, 2), date(2030, 3, 2))


def test_a_period_sums_all_sub_campaigns_of_its_days() -> None:
    period = Period(date(2030, 1, 1), date(2030, 1, 30))
    live = [{"2029-12-31": 5, "2030-01-01": 60}, {"2030-01-30": 40, "2030-01-31": 7}]
    share = share_of(period, live, [{"2030-01-01": 2}, {"2030-01-30": 1, "2030-01-31": 7}])
    assert share == Share(100, 3)
    assert share.rate == pytest.approx(0.03)
    assert Share().rate == 0.0
