"""Learns from queued calls whether a caller hangs up, and publishes what was learned, with a light layer over
it once later outcomes are known; which calls, and how good it is, is left to `models.inbound_backtest`.

Needs the `train` extra.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.card import Card
from models.evaluation import evaluate
from models.features import Factor, Kind, Source
from models.inbound import FACTORS, entries
from models.inbound_log import InboundLog
from models.layer import Layer, layered
from models.parity import LEAST_ROWS, check_parity, compare, run
from models.pipeline import Trees, build, convert, probabilities
from models.registry import publish
from models.table import frame

TREES = Trees(rounds=200, leaves=15, step=0.05)
LABEL, POSITIVE = "outcome", "HANG"

DEAF = 0.1
"""Share of the calls that are learned from once more without what only a live centre knows, the state of its
queues and the time in the IVR: trees that never saw a value missing send it anywhere."""

MEND = "the layer's nodes and numpy no longer mean the same; go back to the libraries of the last version"


@dataclass(frozen=True, slots=True)
class Queued:
    """The queued calls of a log, oldest first: one row of factors each, when it was queued and when its
    outcome was known (seconds), and whether the caller hung up."""

    table: pd.DataFrame
    rows: Sequence[Mapping[str, float | str]]
    at: NDArray[np.float64]
    over_at: NDArray[np.float64]
    labels: NDArray[np.bool_]


def queued(log: InboundLog) -> Queued:
    """What there is to learn from, and to score."""
    seen = list(entries(log.calls))
    rows = [entry.row for entry in seen]
    return Queued(
        frame(FACTORS, rows),
        rows,
        np.array([entry.at for entry in seen]),
        np.array([entry.over_at for entry in seen]),
        np.array([entry.abandoned for entry in seen], np.bool_),
    )


@dataclass(frozen=True, slots=True)
class InboundOrigin:
    """What the card says of the model: its name, of which calls it learned, from which files."""

    name: str
    before: date
    source: str
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that passed the gate: its file, its card."""

    onnx: bytes
    card: Card


def learned(
    calls: Queued, learn: NDArray[np.bool_], factors: Sequence[Factor], origin: InboundOrigin
) -> Trained:
    """The model of the calls that `learn` says, proved on some of them that it did not learn from. Raises
    ConversionError, ParityError."""
    places = np.flatnonzero(learn)
    kept = places[:: len(places) // LEAST_ROWS]
    own = np.setdiff1d(places, kept)
    estimator = fitted(calls.table.iloc[own], calls.labels[own], factors, origin.seed)
    onnx = convert(estimator, factors, origin.name)
    parity = check_parity(onnx, estimator, factors, calls.table.iloc[kept].reset_index(drop=True))
    digest = sha256(onnx).hexdigest()
    base = calls.labels[own].mean()
    card = Card(
        name=origin.name,
        version=digest[:12],
        sha256=digest,
        label=LABEL,
        positive=POSITIVE,
        factors=tuple(factors),
        left_out={
            "customer_id, priority": "recorded almost only for callers who waited: they tell the outcome",
            "server": "known only after the wait",
        },
        rows=len(own),
        window=f"queued calls before {origin.before}, {len(kept)} of them kept out",
        metrics={
            "same_time": evaluate(
                calls.labels[kept], probabilities(estimator, calls.table.iloc[kept]), float(base)
            )
        },
        parity=parity,
        libraries={each: version(each) for each in ("scikit-learn", "skl2onnx", "onnx", "onnxruntime")},
        seed=origin.seed,
        source=origin.source,
    )
    return Trained(onnx, card)


def fitted(table: pd.DataFrame, labels: NDArray[np.bool_], factors: Sequence[Factor], seed: int) -> Any:
    """The pipeline, fitted on the calls as they are, and on some once more by somebody deaf to the queues."""
    deaf = table[np.random.default_rng(seed).random(len(table)) < DEAF].copy()
    live = [f.input for f in factors if f.source in (Source.QUEUE, Source.INTENT) and f.kind is Kind.NUMBER]
    deaf[live] = np.float32(np.nan)
    both = pd.concat([table, deaf])
    again = pd.Series(labels, index=table.index).loc[both.index].to_numpy(np.int64)
    return build(table, factors, seed, TREES).fit(both, again)


def publish_layer(root: Path, trained: Trained, layer: Layer, proof: pd.DataFrame) -> Path:
    """Publish the model with this layer over it, through the gate; the version's folder. Raises ParityError,
    RegistryError."""
    onnx = layered(trained.onnx, layer)

    def reference(rows: pd.DataFrame) -> NDArray[np.float64]:
        return layer.over(run(trained.onnx, trained.card.factors, rows))

    factors = trained.card.factors
    parity = compare(onnx, reference, factors, proof, peer="numpy", mend=MEND)
    digest = sha256(onnx).hexdigest()
    note = f"a layer over {trained.card.version}: shift {layer.shift:.4f}, slope {layer.slope:.4f}"
    card = replace(trained.card, version=digest[:12], sha256=digest, parity=parity, notes=(note,))
    return publish(root, onnx, card)
