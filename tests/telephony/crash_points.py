"""Runs the bridge, with the FastAGI server beside it, until the whole process group is killed at one point of
an attempt's life: `crash_points.py POINT DIR`. Nothing in secondpass knows of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from ami_bridge.link import AmiLink
from console.cli import main
from strategies.attempts import FactName
from strategies.store import Store

Arguments = tuple[Any, ...]


def any_call(_: Arguments) -> bool:
    return True


def of_an_originate(arguments: Arguments) -> bool:
    return bool(arguments[0] == "Originate")


def of_fact(name: FactName) -> Callable[[Arguments], bool]:
    return lambda arguments: any(fact.name is name for _, fact in arguments[0])


STEPS: dict[str, tuple[type, str, Callable[[Arguments], bool]]] = {
    "intent": (Store, "claim", any_call),
    "originate": (AmiLink, "call", of_an_originate),
    "answer": (Store, "add_facts", of_fact(FactName.ANSWERED)),
    "verdict": (Store, "add_facts", of_fact(FactName.CLASSIFIED)),
    "record": (Store, "record_many", any_call),
}
POINTS = tuple(f"{moment}_{step}" for step in STEPS for moment in ("before", "after"))


def die() -> NoReturn:
    os.killpg(0, signal.SIGKILL)
    raise SystemExit("a killed process went on")


def lay(point: str) -> None:
    """Make the step's method kill us before it does its work, or once it has done it."""
    moment, _, step = point.partition("_")
    owner, method, concerned = STEPS[step]
    whole = getattr(owner, method)

    async def dying(self: Any, *arguments: Any, **named: Any) -> Any:
        if moment == "before" and concerned(arguments):
            die()
        answer = await whole(self, *arguments, **named)
        if moment == "after" and concerned(arguments):
            die()
        return answer

    setattr(owner, method, dying)


if __name__ == "__main__":
    crash_point, config, *role = sys.argv[1:]
    lay(crash_point)
    if not role:
        subprocess.Popen([sys.executable, __file__, crash_point, config, "agi"])
    main(["--config", config, *(role or ["bridge"])])
