"""What a way of pacing comes to over many shifts: runs them and takes the figures; which are asked for is
left to the command line and to `yardstick`."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter
from typing import Literal, TypedDict

import numpy as np

from console.floor.pacings import Adaptive, Predictive, Progressive
from console.floor.scenarios import SCENARIOS, beta_chance
from console.floor.shift import Pacing, run_shift
from strategies.abandon_gate import Rule

Method = Literal["predictive", "progressive", "adaptive"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured. `hard`, `ages` and `told` are predictive's: never above the cap at any instant, calls
    that ring reckoned by their age, each contact's probability of an answer known; `chances`: contacts differ
    in it. `tuning`: of adaptive, in place of its defaults."""

    agents: int
    method: Method = "predictive"
    scenario: str = "exponential"
    hours: float = 8.0
    cap: float = 0.03
    hard: bool = False
    ages: bool = True
    chances: bool = False
    told: bool = False
    tuning: tuple[float, float, float] | None = None

    def pacing(self) -> Pacing:
        """A new one: it knows nothing yet."""
        match self.method:
            case "predictive":
                rule = Rule(cap=self.cap, hard=self.hard)
                return Predictive(rule, by_age=self.ages, by_chance=self.told)
            case "progressive":
                return Progressive()
            case "adaptive":
                return Adaptive(self.cap, *(self.tuning or ()))


class PacingTold(TypedDict):
    """Shares over all shifts; `worst_shift`: the highest share abandoned in one of them; `worst_deficit`: the
    most calls by which abandonments were above the cap's share of the answers at any instant."""

    pacing: str
    scenario: str
    agents: int
    shifts: int
    utilisation: float
    abandon_rate: float
    shifts_over_cap: int
    worst_shift: float
    worst_deficit: float
    dials_per_connect: float
    decision_us_p50: float
    decision_us_p99: float
    shift_seconds: float


def measure(
    setting: Setting, shifts: int, seed: int, on_shift: Callable[[], None] = lambda: None
) -> PacingTold:
    """The figures of so many shifts, each with a seed of its own from `seed` on."""
    results, spent, began = [], array("f"), perf_counter()
    for number in range(shifts):
        one = run_shift(
            setting.pacing(),
            SCENARIOS[setting.scenario],
            agents=setting.agents,
            seed=seed + number,
            hours=setting.hours,
            cap=setting.cap,
            chances=beta_chance if setting.chances or setting.told else None,
        )
        results.append(one)
        spent.extend(one.decision_us)
        on_shift()
    seconds = perf_counter() - began
    answered = sum(one.answered for one in results)
    median, tail = np.percentile(np.asarray(spent), (50, 99))
    return {
        "pacing": setting.method,
        "scenario": setting.scenario,
        "agents": setting.agents,
        "shifts": shifts,
        "utilisation": round(fmean(one.utilisation for one in results), 4),
        "abandon_rate": round(sum(one.abandoned for one in results) / answered, 5) if answered else 0.0,
        "shifts_over_cap": sum(one.abandoned > setting.cap * one.answered for one in results),
        "worst_shift": round(max(one.abandon_rate for one in results), 5),
        "worst_deficit": round(max(one.deficit for one in results), 3),
        "dials_per_connect": round(sum(one.dialled for one in results) / max(1, answered), 3),
        "decision_us_p50": round(float(median), 2),
        "decision_us_p99": round(float(tail), 2),
        "shift_seconds": round(seconds / shifts, 3),
    }
