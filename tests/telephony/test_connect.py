"""How long it takes from a person's answer until they hear an agent: agents who stay on the line against
telephones that ring, in the same minute on the same machine; written to build/connect.json."""

from __future__ import annotations

import json
from statistics import median, quantiles

import pytest
from accounts import check_accounts, compare_one_by_one, of_kind, settle
from floors import LEGS, campaign, floor, on_the_line, people
from harness import Harness
from secondpass_server import ROOT, Server, Site
from telephony_wire import Ami
from wire_audio import Ears, listening

CALLS = 100  # to each kind of agent
HANGS_UP = "231"  # picks up after one to five seconds, hangs up three to six seconds after the hello
SILENCE = 0.8  # seconds app_amd waits before it says HUMAN
RINGS = 0.3  # seconds a telephone of the harness rings before it is answered
MESSAGE = 9


def latencies(ears: Ears, ended: list[dict[str, object]]) -> dict[str, list[float]]:
    """Seconds until the agent was heard: from the answer, and from the machine detection's verdict."""
    heard = [(line, ears.answers[str(line["address"])]) for line in ended]
    assert all(call.heard is not None for _, call in heard), "an agent who connects is heard"
    return {
        "from_answer": [(call.heard or 0.0) - call.at for _, call in heard],
        "from_verdict": [(call.heard or 0.0) - float(str(line["live_at"])) - SILENCE for line, call in heard],
    }


def summary(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and worst, in seconds."""
    return {
        "median": round(median(seconds), 3),
        "p99": round(quantiles(seconds, n=100, method="inclusive")[98], 3),
        "worst": round(max(seconds), 3),
    }


async def measured(harness: Harness, ami: Ami, site: Site, ears: Ears) -> dict[str, dict[str, object]]:
    """Both campaigns side by side; what was measured, by kind of agent."""
    rows = {
        kind: await campaign(
            site,
            kind,
            people(*[HANGS_UP] * CALLS),
            queue=queue,
            pacing="{method: progressive}",
            calls_per_second=4,
        )
        for kind, queue in (("leg", "legs"), ("telephone", "floor"))
    }
    found: dict[str, dict[str, object]] = {}
    async with on_the_line(harness, ami, LEGS):
        with Server(site) as server:
            await server.ready()
            for kind in rows:
                await site.does("campaign", "start", kind)
            async with site.store() as store:
                for kind, listed in rows.items():
                    await settle(site, store, f"{kind}/1", listed, within=200, channels=len(LEGS))
                lines = await check_accounts(site, store, "leg/1")
            assert await server.stop() == 0
    compare_one_by_one(lines, site.carrier())
    for kind in rows:
        ended = [line for line in of_kind(lines, "attempt_ended") if line["campaign"] == f"{kind}/1"]
        served = [line for line in ended if line["result"] == "connected_agent"]
        assert len(served) >= 0.9 * CALLS
        taken = latencies(ears, served)
        found[kind] = {"calls": len(served), **{name: summary(each) for name, each in taken.items()}}
    return found


async def test_an_agent_on_the_line_is_heard_well_before_a_telephone_that_rings(
    harness: Harness, ami: Ami
) -> None:
    site = floor(harness, "connect", MESSAGE)
    try:
        with listening(harness.net) as ears:
            found = await measured(harness, ami, site, ears)
    except PermissionError:
        pytest.skip("not run: only who may listen on the loopback (CAP_NET_RAW) can hear the agents")
    found["telephone"]["rings"] = RINGS
    (ROOT / "build" / "connect.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    leg, telephone = (found[kind]["from_verdict"]["median"] for kind in ("leg", "telephone"))  # type: ignore[index]
    assert leg < telephone - RINGS / 2
    assert leg < 0.3
    assert harness.channels() == 0
