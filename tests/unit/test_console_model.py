"""`secondpass model`: playing a record, proving a version, promoting it and going back, as a person does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_calls import write_calls

from console.cli import main

READ = ("--sep", ";", "--label", "y", "--positive", "yes")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_calls(tmp_path_factory.mktemp("calls") / "calls.csv")


@pytest.fixture
def model(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str | Path) -> tuple[int, Any]:
        """The exit code, and the JSON document or what was said on standard error."""
        code = 0
        try:
            main(["model", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.err if code else json.loads(said.out) if "--json" in arguments else said.out

    return run


def test_a_record_is_played_and_the_figures_are_one_json_document(model, calls):
    code, report = model(
        "backtest", "--data", calls, *READ, "--exclude", "duration", "--start", "3800", "--every", "200",
        "--until", "4200", "--label-delay", "100", "--json",
    )  # fmt: skip
    assert code == 0
    assert list(report) == [
        "rows", "base", "auc", "auc_within_1000", "log_loss", "brier", "ece", "lift_10", "updates",
        "onnx_parity_failures",
    ]  # fmt: skip
    assert (report["rows"], report["updates"], report["onnx_parity_failures"]) == (400, 2, 0)
    assert report["auc"] > 0.6


def test_what_cannot_be_played_is_refused_with_the_mend(model, calls):
    code, said = model("backtest", "--data", calls, *READ, "--start", "100")
    assert (code, "start later with --start" in said) == (1, True)


def test_a_version_is_kept_aside_proved_promoted_and_rolled_back(model, calls, tmp_path):
    out = tmp_path / "registry"
    poor = ("--exclude", "job", "--exclude", "pdays", "--name", "says_yes", "--out", out, "--json")
    train = ("train", calls, *READ, "--exclude", "duration")
    first = model(*train, *poor)[1]["version"]
    aside = model(*train, "--name", "says_yes", "--out", out, "--keep-current", "--json")[1]["version"]
    folder = out / "says_yes"
    assert model("show", folder, "--json")[1]["version"] == first

    scored = model("evaluate", folder / aside, "--data", calls, *READ, "--json")[1]
    assert scored["log_loss"] < model("evaluate", folder, "--data", calls, *READ, "--json")[1]["log_loss"]
    promoted = model("promote", folder, aside, "--data", calls, *READ, "--json")[1]
    assert promoted["after"] == scored
    assert model("show", folder, "--json")[1]["version"] == aside

    code, said = model("promote", folder, first, "--data", calls, *READ)
    assert (code, "not promoted; train a better one" in said) == (1, True)
    assert model("rollback", folder, "--json") == (0, {"version": first})
    code, said = model("rollback", folder)
    assert (code, "no version was current before" in said) == (1, True)


def test_without_the_training_libraries_playing_names_the_mend(calls):
    script = (
        "import sys; sys.modules['onnx'] = None; from console.cli import main; "
        f"main(['model', 'backtest', '--data', {str(calls)!r}, '--sep', ';', '--start', '3800'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'secondpass[train]'" in done.stderr
    assert "Traceback" not in done.stderr
