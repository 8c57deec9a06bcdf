"""A wrong edit of a campaign's file keeps nobody from stopping what runs, nor from seeing how it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported, started

from strategies.store import Store
from strategies.store.configuration import ConfigurationStatus

MARCH = "contact_id,mobile,balance\n1,+12025550101,20\n2,+12025550102,300\n"


@pytest.fixture
async def secondpass(tmp_path: Path) -> Secondpass:
    """A campaign that runs, whose file has become wrong since."""
    command = imported(tmp_path, MARCH)
    store = await Store.open(None, command.data_dir, "main")
    try:
        await started(command, store)
        wrong = ("campaigns/calls.yaml:10:13 medium: wrong; write avm",)
        status = ConfigurationStatus(0.0, waiting=("console",), refused_at=1.0, errors=wrong)
        await store.put_configuration("bridge", status)
    finally:
        await store.close()
    file = command.config / "campaigns" / "calls.yaml"
    file.write_text(file.read_text("utf-8").replace("medium: dialer", "medium: diallers"), "utf-8")
    return command


def test_what_runs_can_be_paused_stopped_and_halted(secondpass: Secondpass) -> None:
    assert secondpass("check").code == 1
    assert secondpass("campaign", "halt").code == 0
    assert secondpass("campaign", "unhalt").code == 0
    assert secondpass("campaign", "pause", "calls/1").code == 0
    assert secondpass("campaign", "stop", "calls/1").code == 0
    assert secondpass("campaign", "start", "calls").code == 1


def test_the_status_says_which_edit_was_refused_and_what_waits_for_a_start(secondpass: Secondpass) -> None:
    said = secondpass("campaign", "status")
    assert said.code == 0, said.err
    assert "calls/1" in said.out
    assert (
        "bridge goes by the files before the last edit, which is wrong: campaigns/calls.yaml:10:13"
        in said.out
    )
    assert "bridge takes new settings at its next start: console" in said.out


def test_settings_that_are_wrong_are_told_before_anything_is_done(secondpass: Secondpass) -> None:
    settings = secondpass.config / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "redis: {url: 5}\n", "utf-8")
    said = secondpass("campaign", "halt")
    assert said.code == 1
    assert "settings.yaml" in said.err


def test_a_directory_without_files_is_told_and_nothing_is_halted_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = Secondpass(tmp_path / "empty")("campaign", "halt")
    assert said.code == 1
    assert "has neither campaigns nor settings" in said.err
