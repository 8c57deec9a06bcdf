"""`secondpass bench`: how well a way of pacing does, over simulated shifts of the very code that dials."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from console import options, output

app = typer.Typer(no_args_is_help=True, help="Benchmarks of the parts that decide.")


@app.callback()
def _group() -> None:
    """A group with one command keeps its name."""


@app.command("pacing")
def pacing(
    agents: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    shifts: Annotated[
        int | None, typer.Option(min=1, help="10 if not said; with --all 200.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first shift; each next one has the next.")] = 1,
    scenario: Annotated[str, typer.Option(metavar="exponential|heavy_tail|shock")] = "exponential",
    method: Annotated[str, typer.Option(metavar="predictive|progressive|adaptive")] = "predictive",
    hours: Annotated[float, typer.Option(min=0.1, help="Length of a shift.")] = 8.0,
    cap: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Live answers that may be abandoned.")
    ] = 0.03,
    hard: Annotated[bool, typer.Option("--hard", help="Never above the cap at any instant.")] = False,
    ages: Annotated[
        bool, typer.Option("--ages/--no-ages", help="Reckon calls that ring by how long they have.")
    ] = True,
    chances: Annotated[
        bool, typer.Option("--chances", help="Each contact's probability of an answer differs.")
    ] = False,
    told: Annotated[bool, typer.Option("--told", help="It differs, and predictive pacing knows it.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole comparison, which takes hours; of the rest --seed only.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Shifts of a floor from an empty system, each a period of the cap of its own.

    Utilisation is handling time over staffed time; abandoned is who answered and had no agent within two
    seconds, over all who answered.
    """
    from console.floor.measuring import Method, Setting, measure
    from console.floor.scenarios import SCENARIOS

    if everything:
        _compare(shifts, seed, json=json)
        return
    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"write one of {', '.join(SCENARIOS)}", param_hint="--scenario")
    if method not in get_args(Method):
        raise typer.BadParameter(f"write one of {', '.join(get_args(Method))}", param_hint="--method")
    setting = Setting(agents, cast(Method, method), scenario, hours, cap, hard, ages, chances, told)
    figures = measure(setting, shifts or 10, seed)
    if json:
        output.document(figures)
    else:
        output.show(output.table("Pacing", ("figure", "value"), list(figures.items())))


def _compare(shifts: int | None, seed: int, *, json: bool) -> None:
    """Every case of the comparison, a line as soon as it is measured; exits with 1 if one misses what is
    asked of it."""
    from console.floor.measuring import measure
    from console.floor.yardstick import SHIFTS, cases, misses

    found, missed = [], False
    for case in cases(shifts or SHIFTS):
        figures = measure(case.setting, case.shifts, seed)
        why = misses(case, figures["utilisation"], figures["shifts_over_cap"])
        missed = missed or bool(why)
        found.append({"case": case.name, **figures, "goal": case.goal, "misses": why})
        if not json:
            output.line(
                f"{case.name:<28} {case.setting.agents:>3} agents {case.shifts:>3} shifts "
                f"{figures['utilisation']:.4f} busy {figures['abandon_rate']:.2%} abandoned "
                f"{figures['shifts_over_cap']:>3} over, worst {figures['worst_shift']:.2%} "
                f"{figures['decision_us_p50']:.0f}/{figures['decision_us_p99']:.0f} us "
                f"{figures['shift_seconds']:.2f} s {why}"
            )
    if json:
        output.document(found)
    if missed:
        raise typer.Exit(1)
