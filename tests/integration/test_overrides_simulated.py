"""Overrides over whole days of a campaign: the engine and the store's own functions over a virtual clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from secondpass_command import Secondpass

CAMPAIGN = """\
campaign: spring
purpose: service
country: US
zone: America/New_York
caller_id: "+12125550100"
agents: collections
consent: {basis: express}
strategy:
  passes:
    - name: reminder
      medium: dialer
      devices: [mobile]
      retry:
        no_answer: {after: [2h, 2h, 2h], then: end_pass}
    - name: last
      medium: dialer
      devices: [home]
"""
PEOPLE = """\
contact_id,mobile,home,work,text,balance
1,+12125550101,+12125550111,+12125550121,+12125550101,10
2,+12125550102,+12125550112,+12125550122,+12125550102,20
"""
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
SUNDAY = "2026-03-08"  # the clock is put forward in New York
Line = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config" / "campaigns").mkdir(parents=True)
    (tmp_path / "config" / "campaigns" / "spring.yaml").write_text(CAMPAIGN)
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "carrier.yaml").write_text("default: no_answer\n")
    return tmp_path


def run(folder: Path, overrides: str, *, begins: str = MONDAY, ends: str = TUESDAY) -> list[Line]:
    """The ledger of these days, 08:00 to 21:00."""
    (folder / "overrides.yaml").write_text(overrides)
    said = Secondpass(folder / "config")(
        *("simulate", "--campaign", "spring", "--list", folder / "people.csv"),
        *("--carrier", folder / "carrier.yaml", "--overrides", folder / "overrides.yaml"),
        *("--from", f"{begins}T08:00", "--until", f"{ends}T21:00", "--ledger", folder / "out.jsonl"),
    )
    assert said.code == 0, said.err
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def started(lines: list[Line], contact: str = "1") -> list[tuple[str, str, str, str]]:
    """The attempts of one person: weekday's hour, pass, medium and device."""
    found = [line for line in lines if line["kind"] == "attempt_started" and line["contact"] == contact]
    return [(line["at"][8:16], line["pass"], line["medium"], line["device"]) for line in found]


def test_from_14_to_17_a_pass_is_a_text_and_afterwards_calls_again(folder: Path) -> None:
    lines = run(
        folder,
        f"- {{at: {MONDAY}T14:00, until: '17:00', by: ada,"
        " patch: {reminder: {medium: text, message: Call us.,"
        " retry: {delivered: {after: [3h], then: same_device}}}}}",
    )
    tries = started(lines)
    assert [(medium, device) for _, _, medium, device in tries[:6]] == [
        ("dialer", "mobile"),  # 08:00
        ("dialer", "mobile"),  # 10:00
        ("dialer", "mobile"),  # 12:00
        ("text", "text"),  # 14:00, the third retry
        ("dialer", "mobile"),  # 17:00
        ("dialer", "home"),
    ]
    assert tries[3][0] == "02T14:01"
    assert tries[4][0] >= "02T17:00"


def test_every_attempt_tells_the_overrides_in_force_and_the_strategy_it_ran_by(folder: Path) -> None:
    lines = run(folder, f"- {{at: {MONDAY}T10:00, until: '12:00', patch: {{reminder: {{devices: [work]}}}}}}")
    tries = [line for line in lines if line["kind"] == "attempt_started"]
    during = [
        line for line in tries if "T10:00" <= line["at"][10:16] < "T12:00" and line["pass"] == "reminder"
    ]
    assert {(line["device"], tuple(line["overrides"])) for line in during} == {("work", ("spring/1.1",))}
    assert {tuple(line["overrides"]) for line in tries if line not in during} == {()}
    assert len({line["strategy"] for line in tries}) == 1


def test_an_override_without_an_end_ends_at_midnight_of_the_campaigns_zone(folder: Path) -> None:
    lines = run(
        folder,
        f"- {{at: {SUNDAY}T09:00, patch: {{reminder: {{devices: [work]}}}}}}",
        begins="2026-03-07",
        ends=SUNDAY,
    )
    (ended,) = [line for line in lines if line["kind"] == "override_began"]
    assert (ended["at"], ended["until"]) == ("2026-03-08T09:00:00-04:00", "2026-03-09T00:00:00-04:00")


def test_a_pass_that_is_taken_out_for_today_calls_nobody_today_and_is_back_tomorrow(folder: Path) -> None:
    lines = run(folder, f"- {{at: {MONDAY}T08:00, patch: {{last: null}}}}")
    days = {(line["at"][:10], line["pass"]) for line in lines if line["kind"] == "attempt_started"}
    assert days == {(MONDAY, "reminder"), (TUESDAY, "last")}


def test_a_mistake_in_the_file_is_told_with_its_line_and_nothing_is_simulated(folder: Path) -> None:
    (folder / "overrides.yaml").write_text(
        f"- at: {MONDAY}T08:00\n  patch:\n    reminder: {{devices: [wrok]}}\n"
    )
    said = Secondpass(folder / "config")(
        *("simulate", "--campaign", "spring", "--list", folder / "people.csv"),
        *("--carrier", folder / "carrier.yaml", "--overrides", folder / "overrides.yaml"),
        *("--from", f"{MONDAY}T08:00", "--until", f"{MONDAY}T21:00", "--ledger", folder / "out.jsonl"),
    )
    assert said.code == 1
    assert "overrides.yaml:3:26 [0].patch.reminder.devices[0]" in said.err
    assert not (folder / "out.jsonl").exists()
