"""An edit of the files is seen, taken if it is right, and told if it is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from config_files import EXAMPLES, changed

from config.project import load_project, load_what_is_right
from config.watch import Changes, Edit, Watch

CAMPAIGN, SEGMENTS, SETTINGS = "campaigns/loan_reminder.yaml", "segments.yaml", "settings.yaml"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "config"))


@pytest.fixture
def watch(directory: Path) -> Watch:
    return Watch(load_project(directory), lambda: load_project(directory))


def edit(directory: Path, name: str, old: str, new: str) -> None:
    file = directory / name
    file.write_text(changed(file.read_text("utf-8"), old, new), "utf-8")


def settled(watch: Watch) -> Edit | None:
    """What a look finds once the files have stayed as they are."""
    assert watch.look() is None
    return watch.look()


def test_files_that_stay_the_same_are_not_read_again(watch: Watch) -> None:
    assert watch.look() is None
    assert watch.look() is None


def test_a_campaigns_new_version_is_known_and_nothing_else_is_said_to_change(
    directory: Path, watch: Watch
) -> None:
    before = watch.project.campaigns["loan_reminder"].version
    edit(directory, CAMPAIGN, "campaign: loan_reminder\n", "campaign: loan_reminder\npriority: 9\n")
    found = settled(watch)
    assert found is not None
    now = found.project.campaigns["loan_reminder"]
    assert now.priority == 9
    assert found.changes == Changes(campaigns={"loan_reminder": (before, now.version)})
    assert watch.look() is None


def test_a_campaign_that_came_and_one_that_went_are_told(directory: Path, watch: Watch) -> None:
    file = directory / CAMPAIGN
    text = file.read_text("utf-8")
    file.unlink()
    (directory / "campaigns" / "other.yaml").write_text(
        changed(text, "campaign: loan_reminder\n", "campaign: other\n"), "utf-8"
    )
    found = settled(watch)
    assert found is not None
    assert {name: pair[1] is None for name, pair in found.changes.campaigns.items()} == {
        "loan_reminder": True,
        "other": False,
    }


def test_segments_and_sections_of_the_settings_are_told_apart(directory: Path, watch: Watch) -> None:
    edit(directory, SEGMENTS, "margin: 5", "margin: 7")
    found = settled(watch)
    assert found is not None
    assert found.changes == Changes(segments=True)
    edit(directory, SETTINGS, "port: 8080", "port: 18080")
    found = settled(watch)
    assert found is not None
    assert found.changes == Changes(settings=("console",))


def test_a_wrong_edit_leaves_what_was_read_and_tells_file_line_and_mend(
    directory: Path, watch: Watch
) -> None:
    before = watch.project
    edit(directory, CAMPAIGN, "medium: avm", "medium: amv")
    found = settled(watch)
    assert found is not None
    assert found.project is before
    assert watch.project is before
    assert [(e.file, e.message, e.mend) for e in found.errors] == [
        (directory / CAMPAIGN, '"amv" is not a medium', "did you mean avm?")
    ]
    assert found.errors[0].line
    assert watch.look() is None


def test_a_wrong_edit_that_is_corrected_is_taken(directory: Path, watch: Watch) -> None:
    edit(directory, CAMPAIGN, "medium: avm", "medium: amv")
    settled(watch)
    edit(directory, CAMPAIGN, "medium: amv", "medium: avm")
    found = settled(watch)
    assert found is not None
    assert not found.errors
    assert not found.changes


def test_files_that_are_still_being_written_are_not_read(directory: Path, watch: Watch) -> None:
    file = directory / CAMPAIGN
    text = file.read_text("utf-8")
    file.write_text(text[:100], "utf-8")
    assert watch.look() is None
    file.write_text(text + "# done\n", "utf-8")
    found = settled(watch)
    assert found is not None
    assert not found.errors


def test_a_directory_that_is_gone_is_told_and_what_was_read_holds(directory: Path, watch: Watch) -> None:
    shutil.rmtree(directory)
    found = settled(watch)
    assert found is not None
    assert "is no directory" in str(found.errors[0])
    assert "loan_reminder" in watch.project.campaigns


def test_files_that_were_not_read_whole_are_read_at_the_first_look_and_told(directory: Path) -> None:
    edit(directory, CAMPAIGN, "medium: avm", "medium: amv")
    found, _ = load_what_is_right(directory)
    watch = Watch(found, lambda: load_project(directory), whole=False)
    told = watch.look()
    assert told is not None
    assert "did you mean avm?" in str(told.errors[0])
    assert watch.look() is None
