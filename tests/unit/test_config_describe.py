"""`check` tells in plain words what would be done, and what its author may want to look at again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from config_files import CAMPAIGN, EXAMPLES, campaign_of, changed

from config.campaign_words import describe_campaign
from config.describe import describe, lines
from config.project import load_project
from config.scalars import duration_text


def test_each_pass_is_told_with_its_turn_retries_hours_and_pace() -> None:
    reminder, rescue, live, letter = describe_campaign(campaign_of(CAMPAIGN))["passes"]
    assert reminder["does"] == [
        "calls and plays a script (hello); hangs up on machines",
        "first",
        "open 09:00 to 20:00 mon to fri",
        "devices mobile, home, in this order",
        "busy: again after 5m, 30m, then the next device",
        "60 a minute",
    ]
    assert rescue["does"][1].startswith("recovers people lost in reminder by not_connected: after 30s")
    assert "open 10:00 to 18:00 mon to fri" in live["does"]
    assert "takes those with contact.balance > 200" in live["does"]
    assert letter["does"][0] == "sends an email"


def test_the_whole_example_is_told_as_json_and_as_lines() -> None:
    told = describe(load_project(EXAMPLES))
    assert json.loads(json.dumps(told)) == told
    text = "\n".join(lines(told))
    assert "campaign loan_reminder (debt_collection, US)" in text
    assert "segment saver: entered when p.accepts_offer >= 0.25" in text


def test_whether_asterisks_records_can_be_read_is_told(tmp_path: Path) -> None:
    here = load_project(EXAMPLES)
    assert describe(here)["records"].startswith("not named (asterisk.queue_log, asterisk.cdr)")
    files = {"queue_log": tmp_path / "queue_log", "cdr": tmp_path / "secondpass.csv"}
    files["queue_log"].touch()
    asterisk = here.settings.asterisk.model_copy(update=files)
    settings = here.settings.model_copy(update={"asterisk": asterisk})
    told = describe(replace(here, settings=settings))["records"]
    assert told == f"{files['queue_log']}, {files['cdr']}; not there (yet): {files['cdr']}"


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ('from: "09:00", to: "20:00"', 'from: "07:00", to: "24:00"', "the window is cut to 08:00 to 21:00"),
        ("limits:", "consent: {basis: none}\nlimits:", "avm asks for express consent, the lists gave none"),
        ("debt_collection", "nonprofit", "avm asks for express consent"),
        ("country: US", "country: MX", "there is no preset for MX; the general one is used"),
        ("limits: {attempts_per_contact: 8}\n", "", "no debt: attribute is named"),
    ],
)  # fmt: skip
def test_what_is_no_mistake_but_worth_a_look_is_noted(old: str, new: str, note: str) -> None:
    notes = describe_campaign(campaign_of(changed(CAMPAIGN, old, new)))["notes"]
    assert any(told.startswith(note) for told in notes)


def test_same_device_without_a_cap_is_noted() -> None:
    text = changed(CAMPAIGN, "then: next_device", "then: same_device")
    assert not any("without end" in note for note in describe_campaign(campaign_of(text))["notes"])
    text = changed(text, "limits: {attempts_per_contact: 8}\n", "")
    assert any("without end" in note for note in describe_campaign(campaign_of(text))["notes"])


@pytest.mark.parametrize(
    ("accept", "noted"),
    [
        ("from: previous_pass, results: [delivered]", True),
        ("from: previous_pass, results: [delivered, no_answer]", False),
        ("from: all_passes, results: [delivered]", False),
    ],
)
def test_a_pass_that_accepts_what_no_pass_before_comes_to_is_noted(accept: str, noted: bool) -> None:
    text = changed(CAMPAIGN, "from: previous_pass, results: [no_answer]", accept)
    found = describe_campaign(campaign_of(text))["notes"]
    assert any("comes to none of the results it accepts" in note for note in found) is noted


def test_times_are_told_as_the_files_write_them() -> None:
    assert [duration_text(s) for s in (0.15, 30, 90, 300, 7200, 604_800)] == [
        "150ms",
        "30s",
        "90s",
        "5m",
        "2h",
        "7d",
    ]


def test_hard_pacing_and_its_model_are_told() -> None:
    more = "method: predictive, abandon_rate: 2%, hard: true, answer_model: answers"
    live = describe_campaign(campaign_of(changed(CAMPAIGN, "method: predictive, abandon_rate: 3%", more)))
    assert live["passes"][2]["does"][-1] == (
        "predictive, at most 2.0% of those who answer finding no agent, never more at any instant, "
        "each call's chance by the model answers"
    )
