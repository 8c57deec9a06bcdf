"""The built wheel in a fresh virtual environment: the command works, with page, dialplan and model inside."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from secondpass_command import ROOT

INSIDE = (
    "console/web/page/index.html",
    "console/web/page/vendor/preact-htm.js",
    "console/web/page/vendor/LICENSES.txt",
    "dialplan/secondpass.conf",
    "dialplan/secondpass_globals.conf",
    "dialplan/manager_secondpass.conf",
    "dialplan/cdr_secondpass.conf",
    "models/shipped/accepts_offer/current",
    "strategies/store/functions/claims.lua",
    "config/presets/us.yaml",
    "config/examples/settings.yaml",
    "agi/secondpass.agi",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def secondpass(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment. What secondpass needs comes from ours, so that nothing is fetched:
    by its path alone, which does not follow our own editable installation."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel]
    subprocess.run(install, check=True, timeout=300)
    return folder / "bin" / "secondpass"


def said(command: Path, *words: str | Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    run = subprocess.run(
        [command, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_everything_is_inside_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert set(INSIDE) <= names
    assert not [name for name in names if name.startswith(("tests/", "docker/"))]


def test_a_fresh_environment_has_a_working_command(secondpass: Path, tmp_path: Path) -> None:
    where = said(
        secondpass.with_name("python"), "-c", "import console.web.page as p; print(p.HERE)", cwd=tmp_path
    )
    assert str(secondpass.parents[1]) in where
    said(secondpass, "init", "first", cwd=tmp_path)
    assert len(list((tmp_path / "first" / "asterisk").glob("*.conf"))) == 4
    assert "loan_reminder" in said(secondpass, "check", "--config", "first", cwd=tmp_path)
    assert "accepts_offer" in said(
        secondpass, "model", "show", "accepts_offer", "--config", "first", cwd=tmp_path
    )
