"""`kill -9` of all of secondpass at every point of an attempt's life: after the restart nobody has been
called twice by the carrier's own records, and every attempt and every person is accounted for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from accounts import check_accounts, of_kind, settle, states
from crash_points import POINTS
from harness import Harness
from secondpass_server import Server, make_site, person

RUNNER = str(Path(__file__).with_name("crash_points.py"))
SUB = "demo/1"
KILLED = -9


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_dials_nobody_twice_and_loses_nobody(harness: Harness, point: str) -> None:
    site = make_site(harness, "crash")
    # Presses 1; is busy; hangs up after a second and is called back, once, to the same end.
    rows = await site.imports([person("215"), person("203"), person("214")])
    async with site.store() as store:
        with Server(site, (sys.executable, RUNNER, point, str(site.config))) as doomed:
            await doomed.ready()
            await site.does("campaign", "start", "demo")
            assert await doomed.died(within=30) == KILLED
        at_the_kill = await store.live()
        if point == "before_intent":
            assert at_the_kill == []
        if point != POINTS[-1]:  # once is enough to wait for it
            site.lease_runs_out()
        with Server(site) as server:
            await server.ready()
            await settle(site, store, SUB, rows, within=40)
            lines = await check_accounts(site, store, SUB)
            assert await server.stop() == 0
        ended = {line["attempt"]: line["result"] for line in of_kind(lines, "attempt_ended")}
        assert {intent.attempt for intent, _ in at_the_kill} <= set(ended)
        if point == "before_originate":
            never_called = {intent.device.address for intent, _ in at_the_kill}
            assert not never_called & {call.number for call in site.carrier()}
            assert {ended[intent.attempt] for intent, _ in at_the_kill} == {"unknown"}
        assert len(await states(store, SUB, rows)) == len(rows)
