"""What Prometheus is told of decisions and models: reasons, moves, guards, latency, hits, the control effect,
drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from console.follow.control_effect import ControlEffect
from console.follow.decision_sums import PER_DECADE, Sums
from console.follow.follower import Follower
from console.follow.ledger_views import LedgerViews
from console.refusal import RefusedError
from console.web.operations import Call

if TYPE_CHECKING:
    from strategies.store.learning import ModelStatus

log = structlog.get_logger(__name__)

PATIENCE = 5.0  # seconds for what is new in the ledger; the first reading of a long one is not waited for
EDGES = range(0, 3 * PER_DECADE + 1, PER_DECADE // 4)  # 1 ms to 1 s, four steps to the decade


@dataclass(frozen=True, slots=True)
class Scraped:
    """What each scrape looks at."""

    follower: Follower[LedgerViews]
    effect: ControlEffect

    async def figures(self, call: Call) -> DecisionFigures:
        """As they are now; those of the ledger are left out until it was read, or where it cannot be."""
        models = await call.store.model_statuses()
        try:
            views = await self.follower.soon(PATIENCE)
        except RefusedError as error:
            log.warning("metrics.ledger_unreadable", error=str(error))
            views = None
        catalogue = call.project.segments
        effect = {}
        if views is not None and catalogue is not None and catalogue.control is not None:
            effect = self.effect.last(views.calls, catalogue, call.project.settings.tenant)
        return DecisionFigures(views.days.whole if views else None, models, effect.get("effects", ()))


@dataclass(frozen=True, slots=True, eq=False)
class DecisionFigures:
    """A collector of one scrape."""

    sums: Sums | None
    models: Mapping[str, ModelStatus]
    effects: Sequence[Mapping[str, Any]]

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        if self.sums is not None:
            yield from _of_decisions(self.sums)
        yield from _of_effects(self.effects)
        yield from _of_models(self.models)


def _of_decisions(sums: Sums) -> Iterator[Metric]:
    yield _counted("decisions", "Decisions by their reason", ["reason"], _by_one(sums.reasons))
    moves: dict[tuple[str, ...], int] = dict(sums.moves.items())
    yield _counted("segment_moves", "Decisions by first and second segment", ["first", "second"], moves)
    kept = _by_one(sums.kept_by)
    yield _counted("guard_kept", "Customers a guard kept in their first segment", ["guard"], kept)
    yield _counted("objective_calls", "Calls by objective", ["objective"], _by_one(sums.calls))
    yield _counted("objective_pursued", "Calls it was pursued in", ["objective"], _by_one(sums.pursued))
    yield _counted("objective_achieved", "Calls it was achieved in", ["objective"], _by_one(sums.achieved))
    yield _latency(sums)


def _latency(sums: Sums) -> Metric:
    family = HistogramMetricFamily(
        "secondpass_decision_seconds", "How long callers waited for the decision", labels=[]
    )
    buckets = [
        (f"{10 ** (edge / PER_DECADE) / 1000:.6g}", sum(n for step, n in sums.times.items() if step <= edge))
        for edge in EDGES
    ]
    family.add_metric([], [*buckets, ("+Inf", sums.times.total())], sums.milliseconds / 1000)
    return family


def _by_one(counts: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): count for name, count in Counter(counts).items()}


def _counted(name: str, words: str, labels: list[str], counts: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(f"secondpass_{name}", words, labels=labels)
    for each, count in counts.items():
        family.add_metric(each, count)
    return family


def _of_effects(effects: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    for field, words in (
        ("effect", "What treating a call instead changed on the mean"),
        ("low", "Lower end of the interval of the effect"),
        ("high", "Upper end of the interval of the effect"),
    ):
        name = "secondpass_control_effect" + ("" if field == "effect" else f"_{field}")
        family = GaugeMetricFamily(name, words, labels=["metric", "against"])
        for one in effects:
            if one[field] is not None:
                family.add_metric([one["metric"], one["against"]], one[field])
        yield family


def _of_models(models: Mapping[str, ModelStatus]) -> Iterator[Metric]:
    trusted = GaugeMetricFamily("secondpass_model_trusted", "1 while it is acted on", labels=["model"])
    error = GaugeMetricFamily("secondpass_model_calibration_error", "Its newest outcomes", labels=["model"])
    outcomes = CounterMetricFamily("secondpass_model_outcomes", "Outcomes it learned of", labels=["model"])
    drift = GaugeMetricFamily(
        "secondpass_model_drift", "Population stability index of a factor", labels=["model", "factor"]
    )
    for name, status in models.items():
        trusted.add_metric([name], float(status.trusted))
        outcomes.add_metric([name], status.outcomes)
        if status.calibration.error is not None:
            error.add_metric([name], status.calibration.error)
        for factor, index in status.drift.items():
            drift.add_metric([name, factor], index)
    yield from (trusted, error, outcomes, drift)
