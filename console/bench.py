"""`secondpass bench`: how well a way of pacing does, over simulated shifts of the very code that dials."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, median
from typing import Annotated, TypedDict

import typer

from console import options, output

app = typer.Typer(no_args_is_help=True, help="Benchmarks of the parts that decide.")


class PacingTold(TypedDict):
    """Shares over all shifts; `worst_shift`: the highest share abandoned in one of them."""

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


@app.callback()
def _group() -> None:
    """A group with one command keeps its name."""


@app.command("pacing")
def pacing(
    agents: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    shifts: Annotated[int, typer.Option(min=1)] = 10,
    seed: Annotated[int, typer.Option(help="Of the first shift; each next one has the next.")] = 1,
    scenario: Annotated[str, typer.Option(metavar="exponential|heavy_tail|shock")] = "exponential",
    method: Annotated[str, typer.Option(metavar="predictive|progressive|adaptive")] = "predictive",
    hours: Annotated[float, typer.Option(min=0.1, help="Length of a shift.")] = 8.0,
    cap: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Live answers that may be abandoned.")
    ] = 0.03,
    hard: Annotated[bool, typer.Option("--hard", help="Never above the cap at any instant.")] = False,
    chances: Annotated[
        bool, typer.Option("--chances", help="Each contact's probability of an answer differs, and is known.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Shifts of a floor from an empty system, each a period of the cap of its own.

    Utilisation is handling time over staffed time; abandoned is who answered and had no agent within two
    seconds, over all who answered.
    """
    told = measure(
        method,
        scenario,
        agents=agents,
        shifts=shifts,
        seed=seed,
        hours=hours,
        cap=cap,
        hard=hard,
        chances=chances,
    )
    if json:
        output.document(told)
    else:
        output.show(output.table("Pacing", ("figure", "value"), [(k, v) for k, v in told.items()]))


def measure(
    method: str,
    scenario: str,
    *,
    agents: int,
    shifts: int,
    seed: int = 1,
    hours: float = 8.0,
    cap: float = 0.03,
    hard: bool = False,
    chances: bool = False,
) -> PacingTold:
    """The figures of so many shifts. Raises typer.BadParameter for a word that names nothing."""
    from console.floor.pacings import Adaptive, Predictive, Progressive
    from console.floor.scenarios import SCENARIOS, beta_chance
    from console.floor.shift import Pacing, run_shift
    from strategies.abandon_gate import Rule

    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"write one of {', '.join(SCENARIOS)}", param_hint="--scenario")
    rule = Rule(cap=cap, hard=hard)
    methods: dict[str, Callable[[], Pacing]] = {
        "predictive": lambda: Predictive(rule, by_chance=chances),
        "progressive": Progressive,
        "adaptive": lambda: Adaptive(cap),
    }
    if method not in methods:
        raise typer.BadParameter(f"write one of {', '.join(methods)}", param_hint="--method")
    results = [
        run_shift(
            methods[method](),
            SCENARIOS[scenario],
            agents=agents,
            seed=seed + number,
            hours=hours,
            cap=cap,
            chances=beta_chance if chances else None,
        )
        for number in range(shifts)
    ]
    answered = sum(one.answered for one in results)
    return {
        "pacing": method,
        "scenario": scenario,
        "agents": agents,
        "shifts": shifts,
        "utilisation": round(fmean(one.utilisation for one in results), 4),
        "abandon_rate": round(sum(one.abandoned for one in results) / answered, 5) if answered else 0.0,
        "shifts_over_cap": sum(one.abandoned > cap * one.answered for one in results),
        "worst_shift": round(max(one.abandon_rate for one in results), 5),
        "worst_deficit": round(max(one.deficit for one in results), 3),
        "dials_per_connect": round(sum(one.dialled for one in results) / max(1, answered), 3),
        "decision_us_p50": round(median(us for one in results for us in one.decision_us), 2),
    }
