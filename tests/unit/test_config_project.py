"""A directory of files is one project: examples load as they stand, all mistakes are told at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from config_files import CAMPAIGN, EXAMPLES, SCRIPT, SHARED_EXAMPLES, changed

from config.errors import ConfigErrors
from config.project import load_project
from strategies.vocabulary import Medium


def project_at(directory: Path, **files: str) -> Path:
    """Writes files: `campaigns__spring` becomes campaigns/spring.yaml."""
    for name, text in files.items():
        file = directory / (name.replace("__", "/") + ".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


def mistakes(directory: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load_project(directory)
    return [str(error) for error in caught.value.errors]


def test_our_examples_load_as_they_stand() -> None:
    project = load_project(EXAMPLES)
    reminder = project.campaigns["loan_reminder"].passes[0]
    assert reminder.script is project.scripts["loan_reminder"]
    assert project.segments is not None
    assert project.settings.trunk().dial == "PJSIP/{number}@carrier"


def test_the_shared_examples_load_as_they_stand() -> None:
    if not SHARED_EXAMPLES.is_dir():
        pytest.skip("not run: no data")
    project = load_project(SHARED_EXAMPLES)
    campaign = project.campaigns["payment_reminder"]
    assert [one.medium for one in campaign.passes] == [
        Medium.AVM,
        Medium.DIALER,
        Medium.DIALER,
        Medium.TEXT,
        Medium.EMAIL,
    ]
    assert project.segments is not None
    assert project.settings.gateways.text is not None


def test_a_directory_with_nothing_but_campaigns_can_be_checked(tmp_path: Path) -> None:
    project = load_project(project_at(tmp_path, campaigns__spring=CAMPAIGN))
    assert project.campaigns["spring"].passes[0].script is None
    assert project.segments is None


def test_a_directory_with_nothing_but_settings_serves_inbound_calls(tmp_path: Path) -> None:
    assert load_project(project_at(tmp_path, settings="tenant: north\n")).settings.tenant == "north"


def test_a_campaign_calls_its_own_country_unless_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "spring.yaml").write_text(CAMPAIGN)
    numbers = load_project(tmp_path).settings.numbers
    assert (numbers.of("US"), numbers.of("DE")) == (("US",), ("DE",))
    (tmp_path / "settings.yaml").write_text("numbers: {countries: []}")
    assert load_project(tmp_path).settings.numbers.of("US") == ()


def test_numbers_may_be_of_the_campaigns_countries_unless_the_settings_say(tmp_path: Path) -> None:
    project_at(tmp_path, campaigns__spring=CAMPAIGN)
    assert load_project(tmp_path).settings.numbers.countries == ("US",)
    project_at(tmp_path, settings="numbers: {countries: []}\n")
    assert load_project(tmp_path).settings.numbers.countries == ()


def test_where_there_are_scripts_an_unknown_one_is_refused(tmp_path: Path) -> None:
    other = changed(SCRIPT, "script: hello", "script: hullo")
    told = mistakes(project_at(tmp_path, campaigns__spring=CAMPAIGN, scripts__hullo=other))
    place = f"{tmp_path}/campaigns/spring.yaml:17:7 strategy.passes[0].script"
    assert told == [
        f'{place}: there is no script "hello"; did you mean hullo? '
        "Otherwise add scripts/hello.yaml with script: hello"
    ]


def test_a_broken_script_is_blamed_and_not_the_campaign_that_names_it(tmp_path: Path) -> None:
    broken = changed(SCRIPT, "1: thanks", "1: thank")
    told = mistakes(project_at(tmp_path, campaigns__spring=CAMPAIGN, scripts__hello=broken))
    assert len(told) == 1
    assert "scripts/hello.yaml:6:12 steps.menu.keys.1" in told[0]


def test_mistakes_of_all_files_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    project_at(
        tmp_path,
        campaigns__autumn=changed(CAMPAIGN, "country: US", "country: 5"),
        campaigns__spring=changed(CAMPAIGN, "3%", "30"),
        settings="tenant: a b\n",
        segments="objectives: {}\nsegments: [\n",
    )
    files = [told.removeprefix(f"{tmp_path}/").split(":")[0] for told in mistakes(tmp_path)]
    assert files == ["campaigns/autumn.yaml", "campaigns/spring.yaml", "segments.yaml", "settings.yaml"]


def test_two_campaigns_of_one_name_are_refused(tmp_path: Path) -> None:
    told = mistakes(project_at(tmp_path, campaigns__a=CAMPAIGN, campaigns__b=CAMPAIGN))
    assert told == [f"{tmp_path}/campaigns/b.yaml: spring stands in a.yaml already; give each its own name"]


def test_a_file_with_the_other_ending_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    project_at(tmp_path, campaigns__a=CAMPAIGN)
    shutil.move(tmp_path / "campaigns/a.yaml", tmp_path / "campaigns/a.yml")
    assert mistakes(tmp_path) == [f"{tmp_path}/campaigns/a.yml: is not read; rename it to a.yaml"]


@pytest.mark.parametrize(
    ("name", "told"), [("", "has neither campaigns nor settings"), ("x", "is no directory")]
)
def test_an_empty_or_missing_directory_is_told(tmp_path: Path, name: str, told: str) -> None:
    assert told in mistakes(tmp_path / name)[0]
