"""How busy agents are under predictive pacing, by whole simulated shifts, beside VICIdial's published rules
and one call for each free agent; no shift may be above the cap. SECONDPASS_BENCH_SHIFTS sets how many."""

from __future__ import annotations

import os
from typing import Any

from console.bench import PacingTold, measure

SHIFTS = int(os.environ.get("SECONDPASS_BENCH_SHIFTS", "2"))
AGENTS = (5, 20)
SCENARIOS = ("exponential", "heavy_tail", "shock")


def run() -> list[dict[str, Any]]:
    """Utilisation by team size and scenario, and the time of a decision. Raises ValueError where a shift was
    above the cap: then a higher utilisation is worth nothing."""
    rows = []
    for agents in AGENTS:
        for scenario in SCENARIOS:
            ours = _shifts("predictive", scenario, agents)
            if ours["shifts_over_cap"]:
                raise ValueError(
                    f"{agents} agents, {scenario}: {ours['shifts_over_cap']} shifts above the cap"
                )
            rows += [
                _row(f"{agents} agents, {scenario}: {key}", ours, _shifts(peer, scenario, agents), name)
                for peer, name, key in (
                    ("adaptive", "VICIdial's published rules", "utilisation"),
                    ("progressive", "progressive", "utilisation"),
                )
            ]
    rows.append(
        {
            "name": "a decision at 200 agents",
            "value": measure("predictive", "exponential", agents=200, shifts=1, hours=0.1)["decision_us_p50"],
            "unit": "us",
        }
    )
    return rows


def _shifts(method: str, scenario: str, agents: int) -> PacingTold:
    return measure(method, scenario, agents=agents, shifts=SHIFTS, seed=1)


def _row(name: str, ours: PacingTold, peer: PacingTold, peer_name: str) -> dict[str, Any]:
    return {
        "name": f"{name} (abandoned {ours['abandon_rate']:.2%}, theirs {peer['abandon_rate']:.2%})",
        "value": ours["utilisation"],
        "unit": "of staffed time",
        "peer": peer["utilisation"],
        "peer_name": peer_name,
        "ratio": ours["utilisation"] / peer["utilisation"],
    }
