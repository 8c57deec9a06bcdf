"""How many attempts a second a simulation makes: a campaign of two passes over some thousand people, claims
and results in batches, on a store of its own."""

from __future__ import annotations

import asyncio
import io
import os
import time

from config.carrier import Carrier, Hourly, Model
from console.simulator.run import Scenario, simulate
from strategies.campaign import Campaign, Limits, Pass, Retry
from strategies.contacts import Contact, Device
from strategies.vocabulary import Medium, Result

PEOPLE = int(os.environ.get("SECONDPASS_BENCH_PEOPLE", "4000"))
MONDAY = 1_772_456_400.0  # 2026-03-02 08:00 in New York
DAYS = 3 * 86_400.0
GOAL = 5_000  # attempts a second


def run() -> list[dict[str, object]]:
    """Attempts a second, over all that a simulation does but starting its process; and how busy it was."""
    ledger = io.BytesIO()
    began, busy = time.perf_counter(), time.process_time()
    summary = asyncio.run(simulate(scenario(), ledger))
    took, busy = time.perf_counter() - began, time.process_time() - busy
    lines = ledger.getvalue().count(b"\n")
    assert lines >= 2 * summary["attempts"] > 2 * PEOPLE, (
        "every attempt has its two lines, most people several"
    )
    rate = summary["attempts"] / took
    return [
        {
            "name": f"simulation, {PEOPLE} people, {summary['attempts']} attempts",
            "value": round(rate),
            "unit": "attempts/s",
            "peer": GOAL,
            "peer_name": "goal",
            "ratio": round(rate / GOAL, 2),
        },
        {
            "name": "simulation, processor time without its server's",
            "value": round(busy / summary["attempts"] * 1000, 3),
            "unit": "ms/attempt",
            "peer": round(took / summary["attempts"] * 1000, 3),
            "peer_name": "time passed",
            "ratio": round(busy / took, 2),
        },
    ]


def scenario() -> Scenario:
    """People with one number; two retries of who does not answer, then an agent."""
    retry = {Result.NO_ANSWER: Retry((7200.0, 7200.0)), Result.BUSY: Retry((300.0,))}
    campaign = Campaign(
        name="bench",
        purpose="service",
        country="US",
        caller_id="+12125550100",
        queue="collections",
        passes=(
            Pass("call", Medium.AVM, devices=("mobile",), retry=retry),
            Pass("live", Medium.DIALER, start="contact", devices=("mobile",)),
        ),
        zone="America/New_York",
        limits=Limits(attempts_per_contact=8, attempts_per_day=4),
        groups={"success": ("pressed_1",), "opt_out": ("pressed_8",)},
    )
    people = [
        Contact(f"{n}", (Device("mobile", f"+1212{2_000_000 + n}"),), zone="America/New_York")
        for n in range(PEOPLE)
    ]
    model = Model(answer={"": Hourly(((0.0, 0.3),))}, responses={"pressed_1": 0.3, "pressed_8": 0.02})
    return Scenario(
        campaign=campaign,
        contacts=people,
        carrier=Carrier(model=model),
        begins=MONDAY,
        until=MONDAY + DAYS,
        countries=("US",),
    )


if __name__ == "__main__":
    print(run())
