"""An hour of a floor of twenty agents, as far as real calls can be compressed: fifteen hundred attempts,
paced predictively, counted by the ledger, Asterisk's queue log and the carrier, each by itself."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from accounts import (
    Ledger,
    check_accounts,
    check_one_at_a_time,
    check_report,
    compare_one_by_one,
    of_kind,
    settle,
)
from floors import campaign, floor, people
from harness import Harness
from harness_records import QueueEntry
from secondpass_server import ROOT, Server, Site

from strategies.abandonment import PATIENCE, is_abandoned, is_live

SUB = "floor/1"
AGENTS = 20
ATTEMPTS = 1500
PERSON, BUSY, NO_ANSWER, CONGESTION, INVALID = "229", "203", "205", "206", "207"
OF_FIFTY = {PERSON: 19, BUSY: 15, NO_ANSWER: 5, CONGESTION: 6, INVALID: 5}
MESSAGE = 30  # seconds of the abandon message
LASTS = 28  # seconds that a call lasts whose person hears it, at least; AMD takes 5, an agent's talk 4
CAP = 0.03
TICK, STALL = 0.05, 0.25  # seconds between two looks at the clock, and by which one is too late
Called = Mapping[str, str]  # an attempt's number


class Account(NamedTuple):
    """The numbers of people who answered, and of those of them for whom no agent was there."""

    live: set[str]
    lost: set[str]


def mixed() -> list[str]:
    """The area of each person, in an order that mixes what the carrier does."""
    kinds = [area for area, many in OF_FIFTY.items() for _ in range(many)]
    return [kinds[place * 17 % len(kinds)] for place in range(ATTEMPTS)]


def by_ledger(ended: Ledger) -> Account:
    live = [line for line in ended if is_live(line)]
    lost = (line for line in live if line["result"] != "connected_agent")
    return Account({line["address"] for line in live}, {line["address"] for line in lost})


def by_asterisk(log: Sequence[QueueEntry], records: Sequence[Sequence[str]], called: Called) -> Account:
    """By what app_queue wrote, and by the call records of who never came to it: whoever picked up, and for
    whom a stalled machine decided nothing within the second it has."""
    entered = {called[entry.call] for entry in log if entry.event == "ENTERQUEUE"}
    left = {called[entry.call] for entry in log if entry.event in {"ABANDON", "EXITWITHTIMEOUT"}}
    undecided = {called[row[0]] for row in records if row[4] == "ANSWERED" and row[8] != "agent"}
    return Account(entered | undecided, left | undecided)


def by_carrier(site: Site) -> Account:
    """By what the carrier wrote: nobody but people picks up, and only the message lasts so long."""
    answered = [call for call in site.carrier() if call.answer is not None]
    heard_it = (call for call in answered if call.billsec >= LASTS)
    return Account({call.number for call in answered}, {call.number for call in heard_it})


def check_alike(ledger: set[str], asterisk: set[str], carrier: set[str], told: Sequence[object]) -> None:
    """That the three lost the same people; if not, everything told of those they do not agree on."""
    apart = (ledger | asterisk | carrier) - (ledger & asterisk & carrier)
    attempts = {line["attempt"] for line in told if isinstance(line, dict) and line["address"] in apart}
    story = [str(one) for one in told if any(word in str(one) for word in apart | attempts)]
    accounts = f"ledger {ledger & apart}, Asterisk {asterisk & apart}, carrier {carrier & apart}"
    assert not apart, "\n".join([accounts, *story])


class Stalls:
    """When this machine stood still: nobody can keep two seconds then, and no pacing is to blame for it."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            slept = time.time()
            await asyncio.sleep(TICK)
            if (woke := time.time()) - slept > TICK + STALL:
                self.spans.append((slept, woke))

    def excuse(self, live_at: float) -> bool:
        return any(since < live_at + PATIENCE and live_at < until for since, until in self.spans)


def most_at_once(lines: Ledger) -> int:
    """Attempts under way at the same time, at most."""
    changes = [(line["at"], 1) for line in of_kind(lines, "attempt_started")]
    changes += [(line["at"], -1) for line in of_kind(lines, "attempt_ended")]
    return max(accumulate(change for _, change in sorted(changes)))


def shift(lines: Ledger, log: list[QueueEntry], live: int, lost: int) -> dict[str, float]:
    """What the run was like, for whoever wants to know."""
    began, over = (edge(line["at"] for line in lines if "attempt" in line) for edge in (min, max))
    talked = sum(int(entry.fields[1]) for entry in log if entry.event.startswith("COMPLETE"))
    late = sum(is_abandoned(line) and line["result"] == "connected_agent" for line in lines)
    return {
        "attempts": len(of_kind(lines, "attempt_started")),
        "seconds": round(over - began, 1),
        "attempts_per_second": round(len(of_kind(lines, "attempt_started")) / (over - began), 2),
        "live_answers": live,
        "abandoned": lost,
        "connected_late": late,
        "most_at_once": most_at_once(lines),
        "talking": round(talked / (AGENTS * (over - began)), 3),
    }


async def test_a_floor_of_twenty_agents_is_counted_alike_by_everybody(harness: Harness) -> None:
    site = floor(harness, "floor", MESSAGE)
    rows = await campaign(site, "floor", people(*mixed()), queue="floor", pacing="{method: predictive}")
    stalls = Stalls()
    watching = asyncio.create_task(stalls.watch())
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "floor")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=300)  # a quiet machine takes 250 s
            lines = await check_accounts(site, store, SUB)
        assert await server.stop() == 0
    watching.cancel()
    assert harness.channels() == 0

    ended = of_kind(lines, "attempt_ended")
    assert len(ended) == ATTEMPTS
    compare_one_by_one(lines, site.carrier())
    called = {line["attempt"]: line["address"] for line in ended}
    log = [entry for entry in harness.queue_log() if entry.call in called]
    with (harness.state_dir / "asterisk" / "cdr-custom" / "secondpass.csv").open(encoding="utf-8") as file:
        records = [row for row in csv.reader(file) if row[0] in called]
    ledger, asterisk, carrier = by_ledger(ended), by_asterisk(log, records, called), by_carrier(site)
    live, lost = len(ledger.live), len(ledger.lost)
    came_to = shift(lines, log, live, lost)
    (ROOT / "build" / "floor.json").write_text(json.dumps(came_to, indent=2) + "\n", encoding="utf-8")
    check_alike(ledger.lost, asterisk.lost, carrier.lost, (*ended, *log, *records, *site.carrier()))
    assert ledger == asterisk == carrier, came_to
    assert live == ATTEMPTS * OF_FIFTY[PERSON] // 50
    check_one_at_a_time(log)
    await check_report(site, "floor", live, lost)
    assert came_to["most_at_once"] > AGENTS, "it dials ahead of its agents"
    blamed = [line for line in ended if line["address"] in ledger.lost and not stalls.excuse(line["live_at"])]
    assert len(blamed) <= CAP * live, (came_to, stalls.spans)
