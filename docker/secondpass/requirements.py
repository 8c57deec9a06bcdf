"""Prints what pyproject.toml requires for the build, the package or an extra, by its arguments."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def requirements(wanted: list[str]) -> list[str]:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    lists = {
        "build": project["build-system"]["requires"],
        "dependencies": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
    }
    return [requirement for name in wanted for requirement in lists[name]]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
