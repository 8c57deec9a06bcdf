"""An hour of a floor of twenty agents, as far as real calls can be compressed: fifteen hundred attempts,
paced predictively, counted by the ledger, Asterisk's queue log and the carrier, each by itself."""

from __future__ import annotations

import json
from itertools import accumulate

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

from strategies.abandonment import is_abandoned, is_live

SUB = "floor/1"
AGENTS = 20
ATTEMPTS = 1500
PERSON, BUSY, NO_ANSWER, CONGESTION, INVALID = "229", "203", "205", "206", "207"
OF_FIFTY = {PERSON: 19, BUSY: 15, NO_ANSWER: 5, CONGESTION: 6, INVALID: 5}
MESSAGE = 12  # seconds of the abandon message
LASTS = 12  # seconds that a call lasts whose person hears it, at least; an agent's talk takes 4
CAP = 0.03


def mixed() -> list[str]:
    """The area of each person, in an order that mixes what the carrier does."""
    kinds = [area for area, many in OF_FIFTY.items() for _ in range(many)]
    return [kinds[place * 17 % len(kinds)] for place in range(ATTEMPTS)]


def by_ledger(ended: Ledger) -> tuple[int, int]:
    """People who answered, and those of them for whom no agent was there."""
    live = [line for line in ended if is_live(line)]
    return len(live), sum(line["result"] != "connected_agent" for line in live)


def by_queue_log(log: list[QueueEntry]) -> tuple[int, int]:
    """The same, by what app_queue wrote of their calls."""
    entered = {entry.call for entry in log if entry.event == "ENTERQUEUE"}
    left = {entry.call for entry in log if entry.event in {"ABANDON", "EXITWITHTIMEOUT"}}
    return len(entered), len(left)


def by_carrier(site: Site) -> tuple[int, int]:
    """The same, by what the carrier wrote: nobody but people picks up, and only the message lasts so long."""
    answered = [call for call in site.carrier() if call.answer is not None]
    return len(answered), sum(call.billsec >= LASTS for call in answered)


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
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "floor")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=900)  # a quiet machine takes 250 s
            lines = await check_accounts(site, store, SUB)
        assert await server.stop() == 0
    assert harness.channels() == 0

    ended = of_kind(lines, "attempt_ended")
    assert len(ended) == ATTEMPTS
    compare_one_by_one(lines, site.carrier())
    calls = {line["attempt"] for line in ended}
    log = [entry for entry in harness.queue_log() if entry.call in calls]
    live, lost = by_ledger(ended)
    came_to = shift(lines, log, live, lost)
    (ROOT / "build" / "floor.json").write_text(json.dumps(came_to, indent=2) + "\n", encoding="utf-8")
    assert (live, lost) == by_queue_log(log) == by_carrier(site), came_to
    assert live == ATTEMPTS * OF_FIFTY[PERSON] // 50
    check_one_at_a_time(log)
    await check_report(site, "floor", live, lost)
    assert came_to["most_at_once"] > AGENTS, "it dials ahead of its agents"
    assert lost <= CAP * live, came_to
