"""Segments by the API and at `/metrics`: what decisions came to, day by day, each figure as a recount of the
ledger has it; what they changed; how the models drift."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from api_stage import Api, api_of
from secondpass_command import configured

from console.follow.decision_sums import Sums
from models.proof_report import effects
from models.proven_calls import proven_calls
from strategies.store import Store
from strategies.store.learning import Calibration, ModelStatus

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from proof_stage import TENANT, TEXT, catalogue, lines

DAY = 86_400.0
FOUND = catalogue()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A centre with an experiment, whose ledger holds nothing yet."""
    command = configured(tmp_path)
    (command.config / "segments.yaml").write_text(TEXT)
    settings = command.config / "settings.yaml"
    settings.write_text(f"tenant: {TENANT}\n" + settings.read_text())
    store = await Store.open(None, command.data_dir, TENANT)
    async with api_of(command, store) as asked:
        yield asked
    await store.close()


def decision(reason: str, number: int) -> dict[str, Any]:
    moved = reason == "better_segment"
    made = {"first": "standard", "second": "buyer", "arm": "treated", "reason": reason}
    return {
        "kind": "re_associated" if moved else "decision",
        "interaction": f"i{number}",
        "customer": f"c{number}",
        "decision": {**made, "objective": "sell" if moved else "serve"},
    }


async def decided(store: Store, reasons: list[str], at: float, ms: float = 8.0) -> list[dict[str, Any]]:
    written = []
    for number, reason in enumerate(reasons):
        entered = {"kind": "call_entered", "interaction": f"i{number}", "ms": ms}
        for line in (entered, decision(reason, number)):
            await store.append(line, at=at)
            written.append({**line, "at": at})
    return written


async def test_the_figures_are_a_recounts_of_the_days_asked_for(api: Api) -> None:
    now = time.time()
    await decided(api.store, ["better_segment"] * 2, now - 10 * DAY)
    week = await decided(api.store, ["better_segment", "share_reached", "no_room"], now - 2 * DAY, ms=30.0)
    week += await decided(api.store, ["better_segment", "no_candidate", "deadline"], now)
    recount = Sums()
    for line in week:
        recount.take(line)

    told = (await api("GET", "/api/segments", params={"days": "7"})).document
    assert (told["decisions"], told["moved"], told["found"]) == (6, recount.moved, 4)
    assert told["reasons"] == dict(recount.reasons)
    assert {one["guard"]: one["kept"] for one in told["guards"]} == {
        **{"margin": 0, "agent_fit": 0},
        **{"promoted_share": 1, "room": 1},
    }
    assert [one["share"] for one in told["guards"] if one["kept"]] == [0.25, 0.25]
    latency = told["latency"]
    assert (latency["calls"], latency["late"], latency["deadline_ms"]) == (6, 1, 150.0)
    assert latency["median_ms"] == pytest.approx(8.0, rel=0.03)
    assert latency["p99_ms"] == pytest.approx(30.0, rel=0.03)
    assert sum(one["calls"] for one in latency["bins"]) == 6
    assert [(one["decisions"], one["moved"], one["kept"]) for one in told["by_day"]] == [(3, 1, 2), (3, 1, 0)]

    month = (await api("GET", "/api/segments", params={"days": "31"})).document
    assert (month["decisions"], len(month["by_day"])) == (8, 3)
    assert (await api("GET", "/api/segments", params={"days": "1"})).document["decisions"] == 3
    assert (await api("GET", "/api/segments", params={"days": "0"})).status == 422


async def test_what_comes_meanwhile_is_there_at_the_next_question(api: Api) -> None:
    for count in range(1, 5):
        await decided(api.store, ["better_segment"], time.time())
        assert (await api("GET", "/api/segments")).document["decisions"] == count
        assert len((await api("GET", "/api/decisions")).document) == count
    assert len((await api("GET", "/api/decisions", params={"limit": "2"})).document) == 2


async def test_the_effect_is_what_the_report_says(api: Api) -> None:
    written = list(lines(4, 0.3, FOUND, per_hour=2))
    for line in written:
        await api.store.append(line, at=line["at"])
    report = effects(proven_calls(written, FOUND), FOUND, TENANT)
    told = (await api("GET", "/api/segments/effect")).document
    assert told["calls"] == len(proven_calls(written, FOUND))
    shown = {(one["metric"], one["against"]): one for one in told["effects"]}
    for one in report.compared:
        row = shown[one.metric, one.against.value]
        assert (row["pairs"], row["verdict"]) == (one.effect.pairs, one.effect.verdict)
        assert row["effect"] == pytest.approx(one.effect.effect, abs=1e-5)


async def test_an_experiment_without_calls_says_so(api: Api) -> None:
    told = (await api("GET", "/api/segments/effect")).document
    assert (told["effects"], "no slice and its partner" in told["note"]) == ([], True)


async def test_prometheus_is_told_of_decisions_guards_latency_and_drift(api: Api) -> None:
    await decided(api.store, ["better_segment", "share_reached", "share_reached"], time.time())
    await api.store.append(
        {"kind": "noted", "objective": "sell", "pursued": True, "achieved": True}, at=time.time()
    )
    await api.store.put_model_status(
        "buys",
        ModelStatus(
            time.time(), trusted=False, outcomes=9, calibration=Calibration(9, error=0.02), drift={"age": 0.4}
        ),
    )
    text = (await api("GET", "/metrics", as_=None)).text
    for line in (
        'secondpass_decisions_total{reason="share_reached"} 2.0',
        'secondpass_segment_moves_total{first="standard",second="buyer"} 3.0',
        'secondpass_guard_kept_total{guard="promoted_share"} 2.0',
        'secondpass_objective_achieved_total{objective="sell"} 1.0',
        'secondpass_decision_seconds_bucket{le="0.01"} 3.0',
        'secondpass_decision_seconds_bucket{le="0.00562341"} 0.0',
        "secondpass_decision_seconds_count 3.0",
        'secondpass_model_drift{factor="age",model="buys"} 0.4',
        'secondpass_model_trusted{model="buys"} 0.0',
        'secondpass_model_calibration_error{model="buys"} 0.02',
    ):
        assert line in text, line


async def test_all_who_look_get_the_same_answer(api: Api) -> None:
    await decided(api.store, ["better_segment"] * 50, time.time())

    async def ask() -> tuple[int, bytes]:
        headers = {"Authorization": "Bearer viewer"}
        answer: ClientResponse
        async with api.session.get(f"{api.url}/api/decisions", headers=headers) as answer:
            return answer.status, await answer.read()

    found = await asyncio.gather(*(ask() for _ in range(20)))
    assert {status for status, _ in found} == {200}
    assert len({body for _, body in found}) == 1
