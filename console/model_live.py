"""How a model of this centre stands: its card, what the learner tells of it, and what has drifted; keeping it
up is left to `models.learning`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from console import options, output

if TYPE_CHECKING:
    from pathlib import Path

    from config.project import Project
    from models.card import Card
    from strategies.store.learning import ModelStatus


def registries(loaded: Project) -> list[Path]:
    """Where this centre's models are, its own before the shipped ones."""
    from models.registry import SHIPPED

    return [loaded.settings.data_dir / "models", SHIPPED]


def folder_of(loaded: Project, name: str) -> Path:
    """The folder of a model by its name. Raises RegistryError."""
    from models.registry import find

    return find(name, registries(loaded)).parent


def status_of(loaded: Project, name: str) -> ModelStatus | None:
    """What the learner told of a model; None where none ever ran. Raises StoreUnavailable."""
    return options.with_store(loaded, lambda store: store.model_statuses()).get(name)


def document(card: Card, status: ModelStatus | None) -> dict[str, Any]:
    """The card, and `live` beside it."""
    return {**json.loads(card.as_json()), "live": asdict(status) if status else None}


def tell(status: ModelStatus | None) -> None:
    """What is known of it live, as tables."""
    from strategies.store.learning import DRIFTED

    if status is None:
        output.line("No learner has told of it: start secondpass up, with the train extra installed")
        return
    of = status.calibration
    rows: dict[str, object] = {
        "acted on": "yes" if status.trusted else "no: its probabilities no longer come true",
        "outcomes": status.outcomes,
        "renewed": f"{status.renewals} times, last {_moment(status.renewed_at)}",
    }
    if status.reason:
        rows["last renewal"] = status.reason
    if of.rows:
        rows["calibration"] = (
            f"foretold {of.predicted}, came true {of.happened}, error {of.error}, "
            f"off by {of.off_by} standard errors over {of.rows} outcomes"
        )
    if status.loss is not None and status.learner_loss is not None:
        rows["log loss"] = f"{status.loss} in use, {status.learner_loss} the learner's"
    drift = [
        (name, value, "other customers" if value > DRIFTED else "") for name, value in status.drift.items()
    ]
    output.show(
        output.pairs(f"Live, as of {_moment(status.at)}", rows),
        output.table("Drift of the newest outcomes", ("factor", "index", ""), drift),
    )


def _moment(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
