"""Makes small records of calls, in time order, for the tests of the outcome model."""

from pathlib import Path

import numpy as np

JOBS = ("admin.", "retired", "student", "unknown", "services")


def write_calls(path: Path, rows: int = 4_400, *, drift: bool = False, seed: int = 1) -> Path:
    """A CSV in which retired people with a high balance say yes; with `drift`, ever more of them."""
    rng = np.random.default_rng(seed)
    job = rng.choice(JOBS, rows)
    balance = rng.integers(0, 2_000, rows)
    pdays = np.where(rng.random(rows) < 0.7, 999, rng.integers(1, 30, rows))
    chance = 0.05 + 0.5 * (job == "retired") * (balance > 1_000) + 0.2 * (pdays < 10)
    if drift:
        chance = chance * np.linspace(0.3, 1.3, rows)
    said = rng.random(rows) < chance
    duration = rng.integers(5, 100, rows) + 300 * said
    lines = ["job;balance;pdays;duration;y"]
    lines += [
        f'"{job[i]}";{balance[i]};{pdays[i]};{duration[i]};{"yes" if said[i] else "no"}' for i in range(rows)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
