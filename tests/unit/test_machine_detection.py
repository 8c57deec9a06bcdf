"""How a campaign tells machines from people: its settings on their way to AMD(), and what is not sure."""

from __future__ import annotations

import pytest
from config_files import CAMPAIGN, campaign_errors, campaign_of

from agi.answered import next_after_answer, taken_for
from ami_bridge.originate import originate_variables
from config.campaign_words import describe_campaign
from config.variables import Next
from strategies.attempts import Fact, FactName, Intent, is_machine, live_since
from strategies.contacts import Device
from strategies.frozen import replace
from strategies.vocabulary import Medium

INTENT = Intent(
    "sp-1", "spring/1", "7", "live", Medium.DIALER, Device("mobile", "+12125550101"), "q", "", 0.0
)


def amd(written: str) -> str:
    return campaign_of(f"{CAMPAIGN}amd: {written}\n").amd


def test_settings_become_the_arguments_of_amd_in_its_order() -> None:
    whole = (
        "{initial_silence: 2500ms, greeting: 1.5s, after_greeting_silence: 800ms, total_analysis_time: 5s, "
        "min_word_length: 100ms, between_words_silence: 50ms, maximum_number_of_words: 3, "
        "silence_threshold: 256, maximum_word_length: 4s}"
    )
    assert amd(whole) == "2500-1500-800-5000-100-50-3-256-4000"


def test_what_is_not_written_is_left_to_the_asterisk() -> None:
    assert amd("{after_greeting_silence: 600ms, silence_threshold: 300}") == "--600-----300-"
    assert amd("{not_sure: machine}") == amd("{use: true}") == ""


def test_without_detection_whoever_answers_is_a_person_from_the_answer_on() -> None:
    assert amd("{use: false, greeting: 2s}") == "off"
    assert next_after_answer(INTENT, "OFF", "") is Next.AGENT
    assert live_since(INTENT, [Fact(FactName.CLASSIFIED, 12.5, "OFF")]) == 12.5


def test_a_call_is_handed_the_settings_of_its_campaign() -> None:
    assert originate_variables(replace(INTENT, amd="--600-----300-"))["SP_AMD"] == "--600-----300-"


@pytest.mark.parametrize(
    ("status", "cause"), [("NOTSURE", "TOOLONG-5000"), ("MACHINE", "INITIALSILENCE-2500-2500")]
)
def test_whoever_is_not_known_is_a_person_unless_the_campaign_says_machine(status: str, cause: str) -> None:
    assert taken_for(INTENT, status, cause) == (status, cause)
    assert not is_machine(status, cause)
    strict = replace(INTENT, not_sure="machine")
    taken = taken_for(strict, status, cause)
    assert is_machine(*taken)
    assert taken[1] == f"UNSURE-{cause}"
    assert next_after_answer(strict, *taken) is Next.HANGUP


@pytest.mark.parametrize(
    ("status", "cause"), [("HUMAN", "HUMAN-800-800"), ("MACHINE", "LONGGREETING-1500-1500")]
)
def test_a_verdict_that_is_sure_is_taken_as_it_is(status: str, cause: str) -> None:
    assert taken_for(INTENT, status, cause) == (status, cause)


@pytest.mark.parametrize(
    ("written", "place", "told"),
    [
        ("off", "amd", "is not a mapping"),
        ("{use: 1}", "amd.use", "is neither true nor false"),
        ("{greeting: 90s}", "amd.greeting", "write 10ms to 10s"),
        ("{silence_threshold: 40000}", "amd.silence_threshold", "from 1 to 32767"),
        ("{not_sure: nobody}", "amd.not_sure", "is not person or machine"),
        (
            "{initial_silence: 5s, total_analysis_time: 4s}",
            "amd.initial_silence",
            "5s is not over before total_analysis_time, 4s; write less",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_mend(written: str, place: str, told: str) -> None:
    (error,) = campaign_errors(f"{CAMPAIGN}amd: {written}\n")
    assert error.path == place
    assert told in f"{error.message}; {error.mend}"


def test_check_tells_how_machines_are_told() -> None:
    does = describe_campaign(campaign_of(CAMPAIGN + "amd: {greeting: 2s, not_sure: machine}\n"))["does"]
    assert "tells machines from people by greeting 2000 (times in ms)" in does
    assert "takes for a machine whoever it is not sure of, and who says nothing" in does
