"""Who of the queued callers hangs up, foretold on later calls of a real call centre: with and without the
callers' past and the state of the queues, beside the rate of the earlier calls, in the same run.

SECONDPASS_DATA names the folder of the logs; without them nothing is measured, and said so. To stay below a
minute it learns from two months and scores one; SECONDPASS_BENCH_MONTHS=6 learns from all that is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from models.evaluation import log_loss
from models.inbound_backtest import InboundPlay, backtest_inbound

ROOT = Path(__file__).parents[2]
LOGS = Path(os.environ.get("SECONDPASS_DATA", ROOT.parent / "shared" / "data"))
MONTHS = ("january", "february", "march", "april", "may", "june", "july")
LEARNED = int(os.environ.get("SECONDPASS_BENCH_MONTHS", "2"))
FIGURES = {"auc": "AUC", "log_loss": "log loss", "ece": "ECE"}
POORER = {
    "frozen": "the same, never renewed",
    "without_history": "without the callers' past",
    "without_history_and_queue": "without past and queues",
}


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; for AUC a ratio above 1 is better, for the losses one below 1."""
    months = MONTHS[-1 - LEARNED :]
    logs = [LOGS / f"inbound_1999_{month}.tsv.gz" for month in months]
    if not all(log.exists() for log in logs):
        return [{"name": "who hangs up, on real calls", "value": "not run: no data", "unit": ""}]
    report = backtest_inbound(logs, InboundPlay(date(1999, len(MONTHS), 1), every=1_000))
    return list(rows(report))


def rows(report: dict[str, object]) -> Iterator[dict[str, object]]:
    """A row for each figure and peer."""
    count = f"{report['rows']:,} queued calls"
    for key, peer in POORER.items():
        theirs = report[key]
        assert isinstance(theirs, dict)
        for figure, name in FIGURES.items():
            value = report[figure]
            assert isinstance(value, float)
            yield _row(f"who hangs up of {count}, {name}", value, theirs[figure], peer)
    loss = report["log_loss"]
    assert isinstance(loss, float)
    base = np.full(1_000, float(str(report["base"])))
    labels = np.arange(1_000) < base[0] * 1_000
    constant = round(log_loss(labels, base), 4)
    yield _row(f"who hangs up of {count}, log loss", loss, constant, "always saying the base rate")


def _row(name: str, value: float, peer: float, peer_name: str) -> dict[str, object]:
    ratio = round(value / peer, 3)
    return {"name": name, "value": value, "unit": "", "peer": peer, "peer_name": peer_name, "ratio": ratio}
