"""Patches of overrides over a campaign's file: what they change, what falls away, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from config_files import CAMPAIGN, FILE, campaign_of, changed, hello

from config.errors import ConfigErrors
from config.overrides_file import read_overrides
from config.pass_rules import Scripts
from config.patching import patched, phases
from config.yaml_reader import Document, parse
from strategies.campaign import Campaign
from strategies.overrides import Override
from strategies.state import SubCampaign
from strategies.vocabulary import Medium, RunState

SCRIPTS = Scripts({"hello": hello()})
PATCH = Path("patch.yaml")
TEXT = '{reminder: {medium: text, message: "Please call us."}}'


def laid(*patches: str, campaign: str = CAMPAIGN) -> Campaign:
    """The campaign with these patches laid over it, the later ones over the earlier."""
    base = parse(campaign.encode(), FILE)
    return patched(base, [parse(patch.encode(), PATCH) for patch in patches], SCRIPTS)


def refused(*patches: str, campaign: str = CAMPAIGN) -> list[str]:
    """What is wrong with the patches."""
    with pytest.raises(ConfigErrors) as raised:
        laid(*patches, campaign=campaign)
    return [str(error) for error in raised.value.errors]


def test_a_patch_replaces_each_key_whole_and_leaves_the_rest() -> None:
    before, after = campaign_of(CAMPAIGN), laid("{reminder: {devices: [work], ring: 20s}}")
    assert after.find("reminder") == replace(before.find("reminder"), devices=("work",), ring=20.0)
    assert after.find("live") == before.find("live")


def test_null_takes_a_key_back_to_its_default() -> None:
    assert laid("{live: {window: null, where: null}}").find("live").window is None


def test_a_voice_pass_becomes_a_text_and_what_only_calls_have_falls_away() -> None:
    reminder = laid(TEXT).find("reminder")
    assert (reminder.medium, reminder.devices, reminder.message) == (
        Medium.TEXT,
        ("text",),
        "Please call us.",
    )
    assert (reminder.script, reminder.retry, reminder.pacing.method) == (None, {}, "unlimited")


def test_who_was_lost_before_a_pass_became_a_text_is_still_called_back_on_a_telephone() -> None:
    rescue = laid(TEXT).find("rescue")
    assert (rescue.medium, rescue.devices) == (Medium.DIALER, ("mobile", "home"))


def test_keys_the_new_medium_has_too_stay() -> None:
    live = laid('{live: {medium: text, message: "Call us."}}').find("live")
    assert live.window is not None
    assert live.window.opens == time(10)
    assert live.where == "contact.balance > 200"


def test_a_text_may_say_its_devices_itself() -> None:
    patch = '{reminder: {medium: text, message: "Call.", devices: [mobile]}}'
    assert laid(patch).find("reminder").devices == ("mobile",)


def test_null_takes_a_pass_out_and_keeps_its_place() -> None:
    after = laid("{live: null}")
    assert [one.name for one in after.passes] == ["reminder", "rescue", "live", "letter"]
    assert [one.name for one in after.passes if one.out] == ["live"]


def test_the_campaigns_own_filter_window_and_order_can_be_patched() -> None:
    after = laid(
        '{campaign: {filter: "contact.balance > 5", order: ["contact.balance"],'
        ' window: {from: "10:00", to: "12:00"}}}'
    )
    assert (after.filter, after.order) == ("contact.balance > 5", ("contact.balance",))
    assert (after.window.opens, after.window.closes) == (time(10), time(12))


def test_of_two_patches_the_later_wins_key_by_key() -> None:
    first = '{reminder: {devices: [work], where: "contact.balance > 1"}, live: null}'
    after = laid(first, "{reminder: {devices: [home]}}")
    assert after.find("reminder").devices == ("home",)
    assert after.find("reminder").where == "contact.balance > 1"
    assert after.find("live").out


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("{remindr: {devices: [work]}}", "patch.yaml:1:2 remindr: there is no pass"),
        ("{reminder: {devices: [wrok]}}", 'patch.yaml:1:23 reminder.devices[0]: "wrok" is not a device'),
        ("{reminder: {devices: [email]}}", 'reminder.devices[0]: an avm pass cannot reach "email"'),
        ("{reminder: {device: [work]}}", "reminder.device: is not a key here; did you mean devices?"),
        ("{reminder: {name: other}}", "reminder.name: is what the pass is"),
        ("{rescue: {recovers: live}}", "rescue.recovers: is what the pass is"),
        ("{campaign: {purpose: service}}", "campaign.purpose: is not for an override to change"),
        ("{campaign: null}", "campaign: the campaign cannot be taken out; pause it"),
        ("{reminder: [home]}", "reminder: a list is not a mapping"),
        ("{reminder: {medium: text}}", "reminder.message: is missing: a text pass needs it"),
        ("{reminder: {medium: pigeon}}", "reminder.medium"),
        ("{rescue: {medium: text, message: hello}}", "rescue.recovers: a text pass has no recovers"),
        ("{reminder: {script: goodbye}}", 'reminder.script: there is no script "goodbye"'),
        ("{reminder: null, live: null, letter: null}", "no pass is left"),
        ("{reminder: null, rescue: null, live: null, letter: null}", "no pass is left"),
        ('{campaign: {window: {from: "09:00", to: "23:00"}}}', "campaign.window: leaves the hours the law"),
        ('{live: {window: {from: "06:00", to: "12:00"}}}', "live.window: leaves the hours the law gives"),
        ('{live: {window: {from: "20:30", to: "20:45"}}}', "live.window: is never open"),
        ('{live: {where: "contact.balance >"}}', "live.where: "),
        ('{campaign: {filter: "p.x > 1"}}', "campaign.filter: "),
        ("{reminder: {ring: 5s}}", "reminder.ring: "),
        ("{live: {pacing: {method: predictive, abandon_rate: 50%}}}", "live.pacing.abandon_rate: "),
        ("{}", "changes nothing; write a pass and what changes"),
        ("text", "is no patch"),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused_with_its_place(patch: str, told: str) -> None:
    assert any(told in error for error in refused(patch)), refused(patch)


def test_every_mistake_of_a_patch_is_told_at_once() -> None:
    assert len(refused("{remindr: {devices: [work]}, reminder: {name: x}}")) == 2
    assert len(refused("{reminder: {devices: [wrok], ring: 5s}}")) == 2


def test_patches_that_only_together_make_no_sense_are_told_in_the_later_one() -> None:
    base = parse(CAMPAIGN.encode(), FILE)
    first = parse(b"{reminder: null}", Path("first.yaml"))
    second = parse(b"{live: null, letter: null}", Path("second.yaml"))
    with pytest.raises(ConfigErrors, match=r"second\.yaml:1:14 letter: no pass is left"):
        patched(base, [first, second], SCRIPTS)


def a_sub(campaign: str = CAMPAIGN) -> SubCampaign:
    source = parse(campaign.encode(), FILE).data
    assert isinstance(source, dict)
    return SubCampaign("spring/1", campaign_of(campaign), (), RunState.RUNNING, 0.0, source=source)


def test_every_stretch_between_two_moments_has_a_phase_of_its_own() -> None:
    overrides = [
        Override("spring/1.1", 100.0, 400.0, {"reminder": {"devices": ["work"]}}),
        Override("spring/1.2", 200.0, 300.0, {"reminder": {"devices": ["home"]}}),
    ]
    found = phases(a_sub(), overrides, SCRIPTS, now=0.0)
    assert [(one.begins, one.ends, one.overrides) for one in found] == [
        (100.0, 200.0, ("spring/1.1",)),
        (200.0, 300.0, ("spring/1.1", "spring/1.2")),
        (300.0, 400.0, ("spring/1.1",)),
    ]
    devices = [one.campaign.find("reminder").devices for one in found]
    assert devices == [("work",), ("home",), ("work",)]


def test_an_override_is_never_written_into_the_strategy() -> None:
    sub = a_sub()
    override = Override("spring/1.1", 100.0, 400.0, {"reminder": {"devices": ["work"]}})
    (phase,) = phases(sub, [override], SCRIPTS, now=0.0)
    assert phase.campaign.version == sub.campaign.version
    assert sub == a_sub()


def test_a_patch_may_name_a_script_of_the_launch_though_the_project_has_it_no_more() -> None:
    patch = {"letter": {"medium": "avm", "script": "hello"}}
    override = Override("spring/1.1", 100.0, 400.0, patch)
    (phase,) = phases(a_sub(), [override], Scripts({}), now=0.0)
    assert phase.campaign.find("letter").script == hello()


def test_what_an_older_override_breaks_is_told_by_its_id() -> None:
    override = Override("spring/1.1", 100.0, 400.0, {"nobody": None})
    with pytest.raises(ConfigErrors, match=r"override spring/1\.1 nobody: there is no pass"):
        phases(a_sub(), [override], SCRIPTS, now=0.0)


FILE_OF_TWO = """\
- at: 2026-03-02T14:00
  until: "17:00"
  by: ada
  reason: too many complaints
  patch: {reminder: {medium: text, message: "Please call us."}}
- at: 2026-03-03T10:00:00-05:00
  patch:
    live: {devices: [work]}
"""
NEW_YORK = "America/New_York"


def test_a_file_of_overrides_has_moments_of_the_campaigns_zone(tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text(FILE_OF_TWO)
    (first, second), _ = read_overrides(file, "spring/1", NEW_YORK)
    assert (first.id, first.by, first.reason) == ("spring/1.1", "ada", "too many complaints")
    assert (first.at, first.until) == (1772478000.0, 1772478000.0 + 3 * 3600)
    assert second.until == second.at + 14 * 3600


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"17:00"', '"13:00"', "overrides.yaml:2:3 [0].until: is not after"),
        ('"17:00"', "2026-03-03T00:01", "[0].until: is later than midnight in America/New_York"),
        ("2026-03-02T14:00", "14:00", '[0].at: "14:00" is no moment; write a day, too: 2030-01-31T14:00'),
        ("by: ada", "bye: ada", "[0].bye: is not a key here"),
        ("  patch:\n", "  patches:\n", "[1].patch: is missing"),
    ],
)
def test_a_mistake_in_a_file_of_overrides_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text(changed(FILE_OF_TWO, old, new))
    with pytest.raises(ConfigErrors) as raised:
        read_overrides(file, "spring/1", NEW_YORK)
    assert told in str(raised.value)


def test_a_mistake_in_a_patch_is_told_at_its_line_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text(changed(FILE_OF_TWO, "devices: [work]", "devices: [wrok]"))
    overrides, written = read_overrides(file, "spring/1", NEW_YORK)
    with pytest.raises(ConfigErrors, match=r'overrides\.yaml:8:\d+ \[1\]\.patch\.live\.devices\[0\]: "wrok"'):
        phases(a_sub(), overrides, SCRIPTS, now=0.0, written=written)


def test_midnight_is_that_of_the_day_the_clock_is_put_forward(tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text("- {at: 2026-03-08T00:00, patch: {live: {devices: [work]}}}\n")
    (override,), _ = read_overrides(file, "spring/1", NEW_YORK)
    assert override.until - override.at == 23 * 3600


def test_a_campaign_whose_file_is_not_known_cannot_be_patched() -> None:
    with pytest.raises(ConfigErrors, match="start it anew"):
        patched(Document(FILE, {}, {}), [parse(TEXT.encode(), PATCH)], SCRIPTS)
