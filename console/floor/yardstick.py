"""The whole comparison of ways of pacing: what is run, and what is asked of each; running it is left to
`measuring`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from console.floor.measuring import Setting

AGENTS = (5, 10, 20, 50, 100)
SHIFTS, FEW, PEERS = 200, 40, 20  # for most, for a hundred agents, for what is compared with
DECISION_AT, DECISION_HOURS = 200, 0.5

# Utilisation, by AGENTS. The best known is that of a controller that knows all parameters and whose mean of
# abandoned calls is the cap, so that about half of its shifts are above it.
BEST = (0.786, 0.835, 0.888, 0.940, 0.967)
GOAL = (0.776, 0.826, 0.881, 0.935, 0.962)
GOAL_HARD = (0.758, 0.790, 0.832, 0.891, 0.928)
# The adaptive rules' highest level, intensity, and agents aimed at beyond those there are (a share of them),
# by AGENTS: of twenty tried those that kept agents busiest with at most 3% abandoned. A site must find them.
TUNED = (
    (1.05, 0.0, 0.0),
    (1.1, -80.0, 0.0),
    (1.2, -80.0, 0.0),
    (1.3, 0.0, 0.0),
    (1.35, 0.0, 0.0),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. `over`: how many shifts may be above the cap, None where any may (another's
    rules); `goal`: the utilisation asked for, where one is."""

    name: str
    setting: Setting
    shifts: int
    over: int | None = 0
    goal: float | None = None


def cases(shifts: int = SHIFTS) -> Iterator[Case]:
    """All of it, one team size after the other; a hundred agents get a fifth of the shifts."""
    for place, agents in enumerate(AGENTS):
        one, many = Setting(agents), max(1, shifts * FEW // SHIFTS) if agents == 100 else shifts
        yield Case("predictive", one, many, goal=GOAL[place])
        yield Case("predictive, hard", replace(one, hard=True), many, goal=GOAL_HARD[place])
        yield Case("predictive, heavy tail", replace(one, scenario="heavy_tail"), many)
        yield Case("predictive, shocks", replace(one, scenario="shock"), many, over=1)
        few = min(many, PEERS)
        if agents <= 10:
            yield Case("predictive, contacts differ", replace(one, chances=True), many)
            yield Case("predictive, told how", replace(one, told=True), many)
        yield Case("progressive", replace(one, method="progressive"), few)
        yield Case("adaptive, as shipped", replace(one, method="adaptive"), few, over=None)
        tuned = replace(one, method="adaptive", tuning=TUNED[place])
        yield Case("adaptive, tuned", tuned, few, over=None)
    decisions = Setting(DECISION_AT, hours=DECISION_HOURS)
    yield Case("predictive", decisions, 1)
    yield Case("predictive, told how", replace(decisions, told=True), 1)


def misses(case: Case, utilisation: float, over: int) -> str:
    """What was asked and does not hold, empty if all does."""
    if case.over is not None and over > case.over:
        return f"{over} shifts above the cap"
    if case.goal is not None and utilisation < case.goal:
        return f"less than {case.goal:.3f}"
    return ""
