"""What the ledger, the store and the carrier hold of a site's calls, and whether they agree."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from harness_records import CarrierCall, QueueEntry
from report import twice_at_once
from secondpass_server import Site, until

from strategies.ledger import recount
from strategies.state import ContactState
from strategies.store import Store

Ledger = list[dict[str, Any]]
VOICE = frozenset({"avm", "dialer"})
DISPOSITIONS = {
    "busy": "BUSY",
    "congestion": "CONGESTION",
    "bad_device": "NO ANSWER",
    "no_answer": "NO ANSWER",
}
ENDS = frozenset({"attempt_ended", "attempt_released"})


async def ledger(store: Store) -> Ledger:
    return [line for _, line in await store.ledger(count=100_000)]


def of_kind(lines: Ledger, kind: str) -> Ledger:
    return [line for line in lines if line["kind"] == kind]


async def states(store: Store, sub: str, rows: Sequence[Mapping[str, str]]) -> dict[str, ContactState]:
    """Where everybody stands, by contact id."""
    found = {row["contact_id"]: await store.state(sub, row["contact_id"]) for row in rows}
    return {contact: state for contact, state in found.items() if state is not None}


def is_settled(state: ContactState, now: float) -> bool:
    """Done, or not to be tried before the cool-down that follows an attempt of unknown fate."""
    cooling = state.last_result == "unknown" and state.hold_until > now
    return state.live is None and (state.ended is not None or cooling)


async def settle(
    site: Site,
    store: Store,
    sub: str,
    rows: Sequence[Mapping[str, str]],
    within: float,
    *,
    channels: int = 0,
) -> None:
    """Wait until nothing is live, everybody is settled, and no channel is left but the agents' own."""

    async def settled() -> bool:
        if await store.live():
            return False
        found = await states(store, sub, rows)
        return len(found) == len(rows) and all(is_settled(state, time.time()) for state in found.values())

    await until(settled, within, f"everybody of {sub} is settled")
    await until(lambda: site.harness.channels() == channels, 20, "no channel is left")


UNSEEN = {"unknown", "failed"}  # of these the carrier may have no call


async def check_accounts(site: Site, store: Store, sub: str) -> Ledger:
    """What must hold whatever happened, by the ledger and by the carrier's own records; the ledger."""
    lines = await ledger(store)
    started = [line["attempt"] for line in of_kind(lines, "attempt_started")]
    closed = [line["attempt"] for line in lines if line["kind"] in ENDS]
    assert len(set(started)) == len(started)
    assert sorted(closed) == sorted(started), "every attempt has exactly one end"
    assert recount(line for line in lines if line.get("campaign") == sub) == await store.counters(sub)
    _check_carrier(lines, site.carrier())
    return lines


def _check_carrier(lines: Ledger, calls: Sequence[CarrierCall]) -> None:
    """As many calls to each number as attempts: fewer only where an attempt's fate is unknown, or where
    Asterisk itself refused it (while it shuts down), which is `failed`."""
    invites: defaultdict[str, int] = defaultdict(int)
    for call in calls:
        invites[call.number] += 1
    most, least = defaultdict(int), defaultdict(int)
    for line in lines:
        if line["kind"] in ENDS and line["medium"] in VOICE:
            most[line["address"]] += line["kind"] == "attempt_ended"
            least[line["address"]] += line["kind"] == "attempt_ended" and line["result"] not in UNSEEN
    for number in {*invites, *most}:
        seen = f"{number}: {invites[number]} calls at the carrier, {least[number]} to {most[number]} attempts"
        assert least[number] <= invites[number] <= most[number], seen
    assert twice_at_once(calls) == 0


def compare_one_by_one(lines: Ledger, calls: Sequence[CarrierCall]) -> None:
    """The nth attempt at a number is the carrier's nth call there, and ended as the ledger says."""
    results = {line["attempt"]: line["result"] for line in of_kind(lines, "attempt_ended")}
    seen: defaultdict[str, list[CarrierCall]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.start):
        seen[call.number].append(call)
    for line in of_kind(lines, "attempt_started"):
        if line["medium"] not in VOICE:
            continue
        call = seen[line["address"]].pop(0)
        result = results[line["attempt"]]
        assert call.disposition == DISPOSITIONS.get(result, "ANSWERED"), (line, call)
        assert call.caller_id == "+12125550100"
        assert -0.1 < call.start - line["at"] < 30  # a machine may stall, between the two
        if result == "machine_message":
            assert 7 < call.billsec < 16  # greeting and beep, two seconds of silence, the message
    assert not any(seen.values())


def check_one_at_a_time(log: list[QueueEntry]) -> None:
    """No agent talks to a second person before the first is gone."""
    talks: defaultdict[str, str] = defaultdict(str)
    for entry in log:
        if entry.event == "CONNECT":
            assert not talks[entry.agent], f"{entry.agent} got {entry.call} beside {talks[entry.agent]}"
            talks[entry.agent] = entry.call
        elif entry.event.startswith("COMPLETE"):
            assert talks.pop(entry.agent) == entry.call
    assert not any(talks.values())


async def check_report(site: Site, campaign: str, live: int, lost: int) -> None:
    """The report on a campaign's abandonment counts the same, and every figure shown is its recount."""
    text = (await site.does("results", "abandonment", campaign, "--csv")).splitlines()
    assert text[0].startswith("# Live answer:")
    (row,) = csv.DictReader(line for line in text if not line.startswith("#"))
    late = int(row["connected_late"])
    assert (int(row["live_answers"]), int(row["abandoned"])) == (live, lost + late)
    assert "every figure equals its recount" in await site.does("results", campaign, "--recount")
