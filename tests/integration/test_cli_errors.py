"""Whatever is wrong below the command line ends in one message that names the mend and in exit code 1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from secondpass_command import ROOT, Secondpass, configured

from strategies.store import Store


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return configured(tmp_path)


def damage(secondpass: Secondpass, file: str, old: str, new: str) -> None:
    path = secondpass.config / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_check_tells_what_would_be_done(secondpass: Secondpass) -> None:
    said = secondpass("check")
    assert said.code == 0
    assert "campaign calls (service, US)" in said.out
    (campaign,) = secondpass("check", "--json").document["campaigns"]
    assert campaign["name"] == "calls"


def test_check_tells_what_loads_but_could_not_be_started(secondpass: Secondpass) -> None:
    damage(secondpass, "campaigns/calls.yaml", "medium: dialer", 'medium: text, message: "Call us."')
    said = secondpass("check")
    assert said.code == 0
    assert "campaign calls cannot be started:" in said.out
    assert "gateway" in said.out
    (reason,) = secondpass("check", "--json").document["cannot_start"]["calls"]
    assert "add one under gateways: text:" in reason["mend"]


def test_check_points_at_every_mistake_at_once(secondpass: Secondpass) -> None:
    damage(secondpass, "campaigns/calls.yaml", "medium: dialer", "medium: dialler")
    damage(secondpass, "campaigns/calls.yaml", "zone: America/New_York", "zone: America/New_Yorck")
    said = secondpass("check")
    assert said.code == 1
    assert "2 errors in the configuration; nothing was changed" in said.err
    assert "calls.yaml:13:20" in said.err
    assert "dialler" in said.err


def test_broken_yaml_changes_nothing(secondpass: Secondpass, tmp_path: Path) -> None:
    damage(secondpass, "campaigns/calls.yaml", "passes:", "passes: [")
    (tmp_path / "march.csv").write_text("contact_id,mobile\n1,+12125550101\n")
    for command in (("list", "import", "march", tmp_path / "march.csv"), ("campaign", "start", "calls")):
        said = secondpass(*command)
        assert said.code == 1
        assert "is not YAML" in said.err
    assert not secondpass.data_dir.exists()


def test_a_directory_without_configuration_is_told(secondpass: Secondpass, tmp_path: Path) -> None:
    said = secondpass("check", "--config", tmp_path / "nowhere")
    assert said.code == 1
    assert "is no directory" in said.err


def test_a_store_that_is_not_there_is_told(secondpass: Secondpass) -> None:
    damage(secondpass, "settings.yaml", "data_dir: ../var", "redis: {url: 'redis://127.0.38.9:6379'}")
    said = secondpass("list", "show")
    assert said.code == 1
    assert "redis.url in settings.yaml" in said.err


@pytest.fixture
async def locked_server(short_directory: Path) -> AsyncIterator[str]:
    """The URL of a server that asks for the password `a/b`."""
    store = await Store.open(None, short_directory, "main")
    await store._redis.config_set("requirepass", "a/b")
    yield f"unix://{short_directory}/store/server.sock"
    await store._redis.config_set("requirepass", "")
    await store.close()


def test_the_password_of_the_store_comes_from_the_environment(
    secondpass: Secondpass, locked_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = f"redis: {{url: '{locked_server}', secret_env: STORE_PASSWORD}}"
    damage(secondpass, "settings.yaml", "data_dir: ../var", redis)
    monkeypatch.setenv("STORE_PASSWORD", "a/b")
    assert secondpass("list", "show", "--json").document == {}
    monkeypatch.setenv("STORE_PASSWORD", "wrong")
    assert "the variable named by redis.secret_env holds its password" in secondpass("list", "show").err
    monkeypatch.delenv("STORE_PASSWORD")
    assert "the environment lacks STORE_PASSWORD" in secondpass("list", "show").err


def test_a_refusal_is_a_document_where_json_was_asked_for(secondpass: Secondpass, tmp_path: Path) -> None:
    said = secondpass("check", "--config", tmp_path / "nowhere", "--json")
    assert said.code == 1
    assert said.document["reasons"][0]["mend"] == "name the one with campaigns/"


def test_the_process_itself_ends_with_the_code_and_no_traceback(secondpass: Secondpass) -> None:
    damage(secondpass, "campaigns/calls.yaml", "passes:", "passes: [")
    command = [sys.executable, "-m", "console", "check", "--config", str(secondpass.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "is not YAML" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_is_a_usage_error(secondpass: Secondpass) -> None:
    assert secondpass("explode").code == 2


def test_the_configuration_can_be_named_before_or_after_the_command(secondpass: Secondpass) -> None:
    assert secondpass("check", "--json").code == 0
    assert secondpass("check", "--config", secondpass.config, "--json").code == 0


def test_the_shipped_model_shows_its_card(secondpass: Secondpass) -> None:
    said = secondpass("model", "show", ROOT / "models" / "shipped" / "accepts_offer", "--json")
    assert said.document["name"] == "accepts_offer"
    assert "duration" not in [factor["name"] for factor in said.document["factors"]]
    refused = secondpass("model", "show", "nowhere")
    assert (refused.code, "no model 'nowhere'" in refused.err) == (1, True)
