"""What Asterisk's events say of an attempt, and that everybody else's events say nothing."""

from __future__ import annotations

import pytest

from ami_bridge import events
from ami_bridge.call_facts import call_fact, has_channel
from strategies.attempts import Fact, FactName

NOW = 1_784_131_200.0
OURS = ("PJSIP/carrier-00000001", "sp-1", "sp-1")


def dial_end(status: str, uniqueid: str = "sp-1") -> events.DialEnd:
    return events.DialEnd("PJSIP/carrier-00000001", uniqueid, uniqueid, "", status)


@pytest.mark.parametrize(
    ("event", "name", "value"),
    [
        (dial_end("ANSWER"), FactName.ANSWERED, ""),
        (dial_end("BUSY"), FactName.DIAL_ENDED, "BUSY"),
        (events.OriginateResponse("sp-1", False, 3, "", ""), FactName.ORIGINATE_FAILED, "3"),
        (events.QueueCallerJoin("sales", *OURS, 1, 1), FactName.QUEUE_JOINED, "sales"),
        (events.QueueCallerAbandon("sales", *OURS, 1, 1, 4), FactName.QUEUE_ABANDONED, "sales"),
        (
            events.AgentConnect("sales", "sp-1", "sp-1", "Ann", "PJSIP/a", "PJSIP/a-1", "x", 1, 1, ""),
            FactName.AGENT_CONNECTED,
            "PJSIP/a",
        ),
        (events.Hangup(*OURS, 17, "User busy"), FactName.HUNG_UP, "17"),
    ],
)
def test_an_event_of_an_attempt_is_a_fact_of_it(event: events.AmiEvent, name: FactName, value: str) -> None:
    assert call_fact(event, NOW) == ("sp-1", Fact(name, NOW, value))


@pytest.mark.parametrize(
    "event",
    [
        events.OriginateResponse("sp-1", True, 4, "PJSIP/x", "sp-1"),
        events.DialBegin("PJSIP/x", "sp-1", "sp-1", "", "carrier"),
        events.QueueCallerLeave("sales", *OURS, 1, 0),
        events.FullyBooted(3),
    ],
)
def test_what_leads_to_nothing_is_no_fact(event: events.AmiEvent) -> None:
    assert call_fact(event, NOW) is None


@pytest.mark.parametrize(
    "event",
    [
        events.Hangup("PJSIP/a", "1784131200.7", "1784131200.7", 16, ""),
        events.QueueCallerJoin("sales", "PJSIP/a", "1784131200.7", "1784131200.7", 1, 1),
        dial_end("ANSWER", "1784131200.8"),
        events.OriginateResponse("another-program", False, 0, "", ""),
    ],
)
def test_calls_that_are_none_of_ours_are_none(event: events.AmiEvent) -> None:
    assert call_fact(event, NOW) is None


@pytest.mark.parametrize(
    ("cause", "taken"),
    [("HUMAN-800-800", "HUMAN-800-800"), ("", ""), ("${SHELL(x)}", ""), ("HUMAN-\r\n", "")],
)
def test_a_verdict_that_nobody_took_is_told_by_the_dialplan(cause: str, taken: str) -> None:
    told = {"Attempt": "sp-1", "Status": "HUMAN", "Cause": cause}
    heard = events.UserEvent("SecondpassHeard", "sp-1", "sp-1", told)
    assert call_fact(heard, NOW) == ("sp-1", Fact(FactName.CLASSIFIED, NOW, "HUMAN", taken))


@pytest.mark.parametrize("wrong", [{"Attempt": "1784131200.7"}, {"Status": "human"}, {"Status": ""}])
def test_a_verdict_that_does_not_look_like_one_is_none(wrong: dict[str, str]) -> None:
    told = {"Attempt": "sp-1", "Status": "HUMAN", "Cause": "", **wrong}
    assert call_fact(events.UserEvent("SecondpassHeard", "sp-1", "sp-1", told), NOW) is None


def test_the_agents_leg_of_a_call_of_ours_says_nothing_of_the_attempt() -> None:
    agents = events.DialEnd("PJSIP/agent01-2", "1784131200.9", "sp-1", "sp-1", "ANSWER")
    assert call_fact(agents, NOW) is None


def test_ringing_shows_that_there_is_a_channel() -> None:
    assert has_channel(events.DialBegin("PJSIP/x", "sp-1", "sp-1", "", "carrier")) == "sp-1"
    assert has_channel(events.DialBegin("PJSIP/a", "1784131200.9", "sp-1", "sp-1", "agent01")) is None
    assert has_channel(dial_end("BUSY")) is None
