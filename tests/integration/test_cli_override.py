"""`secondpass override` over a real store: from a running campaign to its next version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported, started, where_it_is_noon

from strategies.store import Store

MARCH = "contact_id,mobile,home,balance\n1,+12025550101,+12025550111,20\n2,+12025550102,,300\n"
CALLS = """\
campaign: calls
purpose: service
country: US
zone: ZONE
caller_id: "+12125550100"
agents: collections
lists: [march]
strategy:
  passes:
    - {name: live, medium: dialer, devices: [mobile]}   # agents call
    - {name: again, medium: dialer, devices: [home]}
"""


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    command = imported(tmp_path, MARCH)
    text = CALLS.replace("ZONE", where_it_is_noon())
    (tmp_path / "config" / "campaigns" / "calls.yaml").write_text(text)
    return command


@pytest.fixture
async def running(secondpass: Secondpass, store: Store) -> Secondpass:
    return await started(secondpass, store)


def patch(secondpass: Secondpass, text: str) -> Path:
    file = secondpass.config.parent / "patch.yaml"
    file.write_text(text)
    return file


async def devices(store: Store) -> tuple[str, ...]:
    sub = await store.sub("calls/1")
    assert sub is not None
    return sub.campaign.find("live").devices


async def test_an_override_holds_now_until_midnight_of_the_campaigns_zone(
    running: Secondpass, store: Store
) -> None:
    said = running(
        "override", "set", "calls", "--patch", patch(running, "{live: {devices: [work]}}"), "--json"
    )
    assert said.code == 0, said.err
    assert (said.document["id"], said.document["state"]) == ("calls/1.1", "in_force")
    until = datetime.fromisoformat(said.document["until"])
    assert (until.hour, until.minute) == (0, 0)
    assert until - datetime.fromisoformat(said.document["at"]) < timedelta(days=1)
    assert await devices(store) == ("work",)


async def test_it_tells_pass_by_pass_what_changes_and_whom_it_concerns(
    running: Secondpass, store: Store
) -> None:
    file = patch(running, "{live: {devices: [work]}, again: null}")
    said = running("override", "set", "calls/1", "--patch", file, "--dry-run", "--json")
    assert said.code == 0, said.err
    live, again = said.document["changes"]
    assert (live["pass"], live["contacts"], again["pass"]) == ("live", 2, "again")
    assert any("mobile" in sentence for sentence in live["no_more"])
    assert any("work" in sentence for sentence in live["instead"])
    assert again["instead"] == ["is taken out"]
    assert await devices(store) == ("mobile",)
    assert await store.overrides("calls/1") == []
    assert "would hold from" in running("override", "set", "calls", "--patch", file, "--dry-run").out


async def test_it_can_be_cancelled_and_is_listed_with_what_became_of_it(
    running: Secondpass, store: Store
) -> None:
    file = patch(running, "{live: {devices: [work]}}")
    assert running("override", "set", "calls", "--patch", file, "--reason", "fewer calls").code == 0
    assert running("override", "cancel", "calls/1.1").code == 0
    assert await devices(store) == ("mobile",)
    (row,) = running("override", "list", "--json").document
    assert (row["state"], row["reason"], row["patch"]) == (
        "cancelled",
        "fewer calls",
        {"live": {"devices": ["work"]}},
    )
    assert row["by"]
    assert "fewer calls" in running("override", "show", "calls/1.1").out
    again = running("override", "cancel", "calls/1.1")
    assert again.code == 1
    assert "holds no more" in again.err


async def test_who_overrode_what_is_in_the_audit(running: Secondpass) -> None:
    file = patch(running, "{live: {devices: [work]}}")
    assert running("override", "set", "calls", "--patch", file).code == 0
    assert running("override", "cancel", "calls/1.1").code == 0
    whats = [row["what"] for row in running("audit", "--json").document]
    assert [what for what in whats if what.startswith("override")] == ["override_set", "override_cancelled"]


async def test_a_promoted_override_is_a_new_version_for_the_next_start(
    running: Secondpass, store: Store
) -> None:
    file = patch(running, "{live: {devices: [work]}}")
    assert running("override", "set", "calls", "--patch", file).code == 0
    before = running("check", "--json").document["campaigns"][0]["version"]
    said = running("override", "promote", "calls/1.1", "--json")
    assert said.code == 0, said.err
    after = running("check", "--json").document["campaigns"][0]["version"]
    assert before != after == said.document["version"]
    assert "# agents call" in (running.config / "campaigns" / "calls.yaml").read_text()
    assert running("override", "cancel", "calls/1.1").code == 0
    assert await devices(store) == ("mobile",)  # what runs keeps what it was launched with


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("{liev: null}", (), 'patch.yaml:1:2 liev: there is no pass "liev"; did you mean live?'),
        ("{live: {devices: [wrok]}}", (), "patch.yaml:1:19 live.devices[0]"),
        ("{live: null, again: null}", (), "no pass is left"),
        ("{live: {devices: [work]}}", ("--until", "2001-01-01T10:00"), "--until is not after"),
        ("{live: {devices: [work]}}", ("--at", "2001-01-01T10:00"), "--at is past"),
        ("{live: {devices: [work]}}", ("--at", "2099-01-01T10:00"), "--at is not today"),
        ("{live: {devices: [work]}}", ("--until", "2099-01-01T10:00"), "--until is later than midnight"),
        ("{live: {devices: [work]}}", ("--until", "noon"), '"noon" is no moment'),
        ("{live: {medium: text, message: hello}}", (), "pass live sends by text"),
        ('{live: {where: "contact.balanse > 1"}}', (), "pass live, where uses contact.balanse"),
        ("live: {", (), "is not YAML"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason_and_changes_nothing(
    running: Secondpass, store: Store, text: str, more: tuple[str, ...], told: str
) -> None:
    said = running("override", "set", "calls", "--patch", patch(running, text), *more)
    assert said.code == 1
    assert told in said.err, said.err
    assert await store.overrides("calls/1") == []


async def test_only_what_runs_can_be_overridden(running: Secondpass) -> None:
    assert running("campaign", "stop", "calls/1").code == 0
    said = running("override", "set", "calls", "--patch", patch(running, "{live: {devices: [work]}}"))
    assert said.code == 1
    assert "only what runs can be overridden" in said.err
    assert running("override", "cancel", "calls/1.7").code == 1
