"""The learner that keeps up on real calls, beside models frozen at the start and boosted trees that weigh
recent calls more, on the same rows in the same run.

SECONDPASS_DATA names the folder of the calls; without them nothing is measured, and said so. All 12,950 calls
take about two minutes; SECONDPASS_BENCH_CALLS asks for fewer (2000 take half a minute).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.backtest import Play, Played, replay
from models.features import Factor, row
from models.logistic import forgetting
from models.online import begin, renewed
from models.pipeline import build, probabilities
from models.records import Records, factors_of, read_records
from models.renewal import Origin
from models.table import frame

ROOT = Path(__file__).parents[2]
CALLS = Path(os.environ.get("SECONDPASS_DATA", ROOT.parent / "shared" / "data")) / "bank_calls_train.csv"
MOST = int(os.environ.get("SECONDPASS_BENCH_CALLS", "12950"))
START, EVERY = 20_000, 200
RETRAINED = 1_000  # calls after which the trees are fitted anew: a second each
HALF_LIFE = 5_000  # calls after which a call counts half for the trees
FIGURES = {"auc": "AUC", "auc_within_1000": "AUC inside 1,000 calls", "log_loss": "log loss", "ece": "ECE"}


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; for AUC a ratio above 1 is better, for the losses one below 1."""
    if not CALLS.exists():
        return [{"name": "the learner on real calls", "value": "not run: no data", "unit": ""}]
    records = read_records(CALLS, label="y", positive="yes", sep=";")
    until = min(START + MOST, len(records))
    ours = replay(records, Play(START, EVERY, until), ("duration",), Origin("measured", "y", "yes"))
    return list(rows(ours, baselines(records, until)))


def rows(ours: Played, peers: dict[str, NDArray[np.float64]]) -> Iterator[dict[str, object]]:
    """A row for each figure and peer, and what was published meanwhile."""
    report = ours.report()
    for peer, predicted in peers.items():
        theirs = Played(ours.labels, predicted, 0, 0).report()
        for key, figure in FIGURES.items():
            yield {
                "name": f"learner over {len(ours.labels):,} calls, {figure}",
                "value": report[key],
                "unit": "",
                "peer": theirs[key],
                "peer_name": peer,
                "ratio": round(report[key] / theirs[key], 3),
            }
    yield {"name": "learner, versions published", "value": report["updates"], "unit": "files"}
    yield {"name": "learner, refused by the gate", "value": report["onnx_parity_failures"], "unit": "files"}


def baselines(records: Records, until: int) -> dict[str, NDArray[np.float64]]:
    """Probabilities of the rows from START on, by each baseline."""
    factors, _ = factors_of(records[:START], ("duration",))
    table = frame(factors, [row(factors, texts, texts, {}) for texts in records.rows[:until]])
    labels = np.array(records.labels[:until])
    once = renewed(begin(factors), table[:START], labels[:START]).fitted
    assert once is not None
    trees = _trees(factors, table[:START], labels[:START], np.ones(START))
    return {
        "logistic frozen at the start": once.probabilities(table[START:]),
        "trees frozen at the start": probabilities(trees, table[START:]),
        f"trees recency-weighted, every {RETRAINED:,}": _retrained(factors, table, labels),
    }


def _retrained(
    factors: tuple[Factor, ...], table: pd.DataFrame, labels: NDArray[np.bool_]
) -> NDArray[np.float64]:
    parts = []
    for at in range(START, len(table), RETRAINED):
        trees = _trees(factors, table[:at], labels[:at], forgetting(at, HALF_LIFE))
        parts.append(probabilities(trees, table[at : at + RETRAINED]))
    return np.concatenate(parts)


def _trees(
    factors: tuple[Factor, ...],
    table: pd.DataFrame,
    labels: NDArray[np.bool_],
    counts: NDArray[np.floating],
) -> object:
    unfitted = build(table, factors, seed=0)
    return unfitted.fit(table, labels.astype(np.int64), trees__sample_weight=counts)
