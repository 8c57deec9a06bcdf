"""The figures for Prometheus, looked up anew at each scrape; the counters are the ledger's, so they survive
every restart of ours. Those of decisions and models are `console.web.decision_metrics`'."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from console.web.access import Role
from console.web.decision_metrics import Scraped
from console.web.live import Live
from console.web.looking import look
from console.web.operations import Call, Operation
from console.web.webhooks import Standing, standings

if TYPE_CHECKING:
    from strategies.store import Store

CONTENT = "text/plain; version=0.0.4"
BY_SUB = ("contacts", "ended", "remaining", "attempts", "in_progress", "connected_to_agent")


class Figures:
    """One look at the store, as a collector."""

    def __init__(
        self, seen: dict[str, Any], live: Live, hooks: Mapping[str, Standing], seconds: float
    ) -> None:
        self._seen, self._live, self._hooks, self._seconds = seen, live, hooks, seconds

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        overview = self._seen["overview"]
        subs = [value for topic, value in self._seen.items() if topic.startswith("sub:")]
        yield _gauge("bridge_up", "1 while a bridge holds the lease and may dial", overview["bridge"])
        yield _gauge("halted", "1 while the stop switch is thrown", overview["halted_by"] is not None)
        yield _gauge("store_look_seconds", "How long the store took for these figures", self._seconds)
        yield _gauge("live_readers", "Pages that watch the figures", self._live.readers)
        yield _counter(
            "live_readers_dropped", "Pages cut off because they read too slowly", self._live.dropped
        )
        yield from _of_subs(subs)
        yield from _of_queues(overview["queues"])
        yield from _of_webhooks(self._hooks)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"secondpass_{name}", words, value=float(value))


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"secondpass_{name}", words, value=float(value))


def _of_subs(subs: list[dict[str, Any]]) -> Iterator[Metric]:
    running = GaugeMetricFamily("secondpass_running", "1 while it runs", labels=["sub_campaign"])
    results = CounterMetricFamily(
        "secondpass_results", "Attempts by what came of them", labels=["sub_campaign", "result"]
    )
    recovery = CounterMetricFamily(
        "secondpass_recoveries", "People lost, and those reached again", labels=["sub_campaign", "stage"]
    )
    abandoned = GaugeMetricFamily(
        "secondpass_abandon_ratio", "Abandoned of live answers", labels=["sub_campaign"]
    )
    amounts = {
        name: GaugeMetricFamily(f"secondpass_{name}", f"{name.replace('_', ' ')}", labels=["sub_campaign"])
        for name in BY_SUB
    }
    for one in subs:
        name = one["sub_campaign"]
        running.add_metric([name], float(one["state"] == "running"))
        for each, family in amounts.items():
            family.add_metric([name], one[each])
        for result, count in one["by_result"].items():
            results.add_metric([name, result], count)
        recovery.add_metric([name, "lost"], one["recovery"]["triggered"])
        recovery.add_metric([name, "reached"], one["recovery"]["reached"])
        if one["abandon_rate"] is not None:
            abandoned.add_metric([name], one["abandon_rate"])
    yield from (running, results, recovery, abandoned, *amounts.values())


def _of_queues(queues: dict[str, dict[str, float]]) -> Iterator[Metric]:
    for field, words in (
        ("waiting", "Callers who wait"),
        ("agents_free", "Agents who are free"),
        ("longest_wait", "Seconds the first caller has waited"),
    ):
        unit = "_seconds" if field == "longest_wait" else ""
        family = GaugeMetricFamily(f"secondpass_queue_{field}{unit}", words, labels=["queue"])
        for name, one in queues.items():
            family.add_metric([name], one[field])
        yield family


def _of_webhooks(hooks: Mapping[str, Standing]) -> Iterator[Metric]:
    behind = GaugeMetricFamily(
        "secondpass_webhook_behind_seconds", "How far it is behind what happened", labels=["webhook"]
    )
    passed = CounterMetricFamily(
        "secondpass_webhook_passed_over", "Events that nobody took in time", labels=["webhook"]
    )
    for name, one in hooks.items():
        if one.behind is not None:
            behind.add_metric([name], one.behind)
        passed.add_metric([name], one.passed_over)
    yield from (behind, passed)


def operation(store: Store, live: Live, decisions: Scraped) -> Operation:
    """The endpoint; open on this machine, like the page."""

    async def scrape(call: Call) -> web.Response:
        registry, begun = CollectorRegistry(), time.monotonic()
        seen = await look(store)
        seconds = time.monotonic() - begun
        hooks = await standings(call.project.settings.webhooks, store)
        registry.register(Figures(seen, live, hooks, seconds))
        registry.register(await decisions.figures(call))
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": f"{CONTENT}; charset=utf-8"}
        )

    return Operation(
        "GET", "/metrics", "Figures for Prometheus", scrape, CONTENT.split(";", 1)[0], Role.NOBODY
    )
