"""How busy agents are under predictive pacing, by whole simulated shifts, beside VICIdial's published rules
and one call for each free agent; no shift may be above the cap. SECONDPASS_BENCH_SHIFTS sets how many."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from console.floor.measuring import PacingTold, Setting, measure

SHIFTS = int(os.environ.get("SECONDPASS_BENCH_SHIFTS", "2"))
AGENTS = (5, 20)
SCENARIOS = ("exponential", "heavy_tail", "shock")


def run() -> list[dict[str, Any]]:
    """Utilisation by team size and scenario, and the time of a decision. Raises ValueError where a shift was
    above the cap: then a higher utilisation is worth nothing."""
    rows = []
    for agents in AGENTS:
        for scenario in SCENARIOS:
            setting = Setting(agents, scenario=scenario)
            ours = measure(setting, SHIFTS, seed=1)
            if ours["shifts_over_cap"]:
                raise ValueError(
                    f"{agents} agents, {scenario}: {ours['shifts_over_cap']} shifts above the cap"
                )
            adaptive = measure(replace(setting, method="adaptive"), SHIFTS, seed=1)
            plain = measure(replace(setting, method="progressive"), SHIFTS, seed=1)
            name = f"{agents} agents, {scenario}: utilisation"
            rows += [
                _row(name, ours, adaptive, "VICIdial's published rules"),
                _row(name, ours, plain, "progressive"),
            ]
    differ = Setting(AGENTS[0], chances=True)
    told = measure(replace(differ, told=True), SHIFTS, seed=1)
    name = f"{AGENTS[0]} agents, each contact's chance known: utilisation"
    rows.append(_row(name, told, measure(differ, SHIFTS, seed=1), "not known"))
    return rows + _decisions()


def _decisions() -> list[dict[str, Any]]:
    """How long a decision takes with 200 agents."""
    found = measure(Setting(200, hours=0.1), 1, seed=1)
    return [
        {"name": f"a decision at 200 agents, {part}", "value": value, "unit": "us"}
        for part, value in (("median", found["decision_us_p50"]), ("p99", found["decision_us_p99"]))
    ]


def _row(name: str, ours: PacingTold, peer: PacingTold, peer_name: str) -> dict[str, Any]:
    return {
        "name": f"{name} (abandoned {ours['abandon_rate']:.2%}, theirs {peer['abandon_rate']:.2%})",
        "value": ours["utilisation"],
        "unit": "of staffed time",
        "peer": peer["utilisation"],
        "peer_name": peer_name,
        "ratio": ours["utilisation"] / peer["utilisation"],
    }
