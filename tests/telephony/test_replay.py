"""A real day's calls called in again on a real Asterisk, with and without a second look at their segment:
what changed for whom. Written to build/replay.json and build/replay.txt."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from harness import Harness
from people import noon_zone
from secondpass_server import ROOT, Server, Site, make_site
from telephony_wire import Ami
from workload import SPEED, Life, agents_for, faster, lives, pasts, told, typical_hour

from models.inbound import CALLERS_PAST, FACTORS
from models.inbound_log import InboundCall, InboundLog, read_inbound
from models.inbound_training import InboundOrigin, learned, queued
from models.registry import publish
from strategies.past_calls import PastCalls
from strategies.store.codec import text

DATA = Path(os.environ.get("SECONDPASS_DATA", ROOT.parent / "shared" / "data"))
RECORD = DATA / "inbound_1999_july.tsv.gz"
STRETCH = float(os.environ.get("SECONDPASS_REPLAYED_MINUTES", "45")) * 60.0
LEARNED_FROM = 16_000  # calls, the newest before the stretch
PLAIN, ANEW = "replayed", "replayed_anew"
SEGMENTS = {"NW": "prospect", "NE": "exchange", "IN": "internet"}  # by the record's types; others are regular
OWN_QUEUE = {"queue_waiting", "queue_longest_wait", "queue_lately_waited", "queue_lately_lost"}
CATALOGUE = """
outcomes:
  abandons: {value: "1", model: abandons}
objectives:
  serve: {importance: 1, queue: replayed_anew, priority: 0}
  keep_them: {importance: 2, queue: replayed_anew, priority: 10}
segments:
  regular: {rank: 9, objective: serve, default: true}
  prospect: {rank: 8, objective: serve}
  exchange: {rank: 7, objective: serve}
  internet: {rank: 6, objective: serve}
  leaving: {rank: 1, objective: keep_them, enter: "p.abandons >= 0.22"}
guards: {margin: 0}
deadline: 150ms
"""
# The extension ends in the tenths of seconds that the agent talks.
DIALPLAN = """
exten => _6001*XX!,1,Answer()
 same => n,Set(__TALK=${EXTEN:5:-1}.${EXTEN:-1})
 same => n,Queue(replayed)
 same => n,Hangup()
exten => _6002*XX!,1,Answer()
 same => n,Set(__TALK=${EXTEN:5:-1}.${EXTEN:-1})
 same => n,Gosub(secondpass-segment,s,1)
 same => n,UserEvent(Replayed,Caller: ${FILTER(+0-9,${CALLERID(num)})},Segment: ${SP_SEGMENT})
 same => n,Set(QUEUE_PRIO=0${FILTER(0-9,${SP_PRIORITY})})
 same => n,Queue(${FILTER(A-Za-z0-9_,${SP_QUEUE})})
 same => n,Hangup()
[replayed-agents]
exten => _XXX,1,Answer()
 same => n,Wait(${TALK})
 same => n,Hangup()
"""

pytestmark = pytest.mark.skipif(not RECORD.exists(), reason="not run: no data")


@dataclass(frozen=True, slots=True)
class Workload:
    """The callers of the stretch, the record up to it at the same speed, and the agents there are."""

    start: float
    lives: tuple[Life, ...]
    before: tuple[InboundCall, ...]
    agents: int


@dataclass(frozen=True, slots=True)
class Came:
    """What a call came to: seconds of the record's own time until an agent had it or they hung up."""

    segment: str
    waited: float
    served: bool
    moved: bool = False


def workload() -> Workload:
    record = read_inbound([RECORD]).calls
    start = typical_hour(record)
    found = lives(record, start, STRETCH, random.Random(1999))
    share = sum(life.call.abandoned for life in found) / len(found)
    before = [call for call in record if call.came_at < start and _over(call) < start]
    return Workload(start, tuple(found), tuple(faster(before, SPEED, start)), agents_for(found, share))


def _over(call: InboundCall) -> float:
    return (call.answered_at or (call.queued_at or call.came_at) + call.waited) + call.talked


def publish_model(work: Workload, registry: Path) -> float:
    """Who hangs up, learned from the month's calls before the stretch, at its speed; the AUC on calls that it
    did not learn from. All its callers wait in one queue, so it is taught by one."""
    newest = work.before[-LEARNED_FROM:]
    calls = queued(InboundLog(tuple(replace(call, intent=ANEW) for call in newest), 0, 0))
    factors = [one for one in FACTORS if one.name in CALLERS_PAST | OWN_QUEUE]
    origin = InboundOrigin("abandons", datetime.fromtimestamp(work.start, UTC).date(), RECORD.name)
    model = learned(calls, np.ones(len(calls.labels), np.bool_), factors, origin)
    publish(registry, model.onnx, model.card)
    return model.card.metrics["same_time"]["auc"]


def number(nth: int, listed: bool) -> str:
    """Each caller has one number whom we know and one nobody knows."""
    area = ("202", "212", "312", "415", "617", "702")[nth // 100]
    return f"+1{area}555{nth % 100 + (100 if listed else 200):04}"


@asynccontextmanager
async def serving(harness: Harness, work: Workload) -> AsyncIterator[tuple[Site, Server]]:
    """secondpass with the record's model and catalogue, the callers' past in the store, and agents."""
    harness.add_dialplan("replay", DIALPLAN)
    for nth in range(work.agents):
        for hundred, queue in ((100, PLAIN), (200, ANEW)):
            harness.asterisk(f"queue add member Local/{hundred + nth}@replayed-agents/n to {queue}")
    site = make_site(harness, "replay")
    (site.config / "segments.yaml").write_text(CATALOGUE)
    publish_model(work, site.data / "models")
    people = customers(work)
    zone = noon_zone(datetime.fromtimestamp(time.time(), UTC))
    rows = [
        {
            "first_name": "Ada",
            "mobile": number(nth, True),
            "home": "",
            "zone": zone,
            "segment": segment_of(life),
        }
        for nth, life in sorted(people.values(), key=lambda pair: pair[0])
    ]
    imported = await site.imports(rows)
    with Server(site) as server:
        await server.ready()
        known = pasts(work.before, work.start)
        now = time.time()
        async with site.store() as store:
            for row, customer in zip(imported, people, strict=True):
                past = known.get(customer, PastCalls())
                if past.last_at is not None:
                    past = replace(past, last_at=now + past.last_at - work.start)
                await store._command("HSET", store._keys.past_calls, row["contact_id"], text(past))
        yield site, server


def customers(work: Workload) -> dict[str, tuple[int, Life]]:
    """The people of the stretch in the order in which they first called, with their place among the numbers;
    somebody nobody recognised is a person of their own."""
    found: dict[str, tuple[int, Life]] = {}
    for nth, life in enumerate(work.lives):
        found.setdefault(life.call.customer or f"unknown {nth}", (len(found), life))
    return found


def segment_of(life: Life) -> str:
    return SEGMENTS.get(life.call.intent, "regular")


async def called_in(harness: Harness, ami: Ami, work: Workload) -> tuple[list[Came], list[Came]]:
    """Both ways at once, each with agents of its own: what became of each call without and with."""
    people = customers(work)
    places = [people[life.call.customer or f"unknown {nth}"][0] for nth, life in enumerate(work.lives)]
    rows = []
    for listed, exten in ((False, "6001"), (True, "6002")):
        for place, life in zip(places, work.lives, strict=True):
            talk = f"{exten}*{max(life.talk / SPEED * 10, 1):02.0f}"
            rows.append((number(place, listed), talk, 2 + life.at / SPEED, life.patience / SPEED))
    before = len(ami.events)
    heard: list[str] = []
    telling = asyncio.create_task(tell_who_is_answered(ami, heard))
    try:
        counted = await asyncio.to_thread(harness.replay_in, rows, STRETCH / SPEED + 90)
    finally:
        telling.cancel()
    assert counted.calls == len(rows)
    assert heard.count("Success") >= 0.95 * len(heard) > 0, heard  # who hung up just then has no channel
    segments = dict(zip(places, map(segment_of, work.lives), strict=True))
    pairs = [
        (replace(one, segment=segment), replace(other, segment=segment))
        for place, segment in segments.items()
        for one, other in zip(
            came(ami, before, PLAIN, number(place, False)),
            came(ami, before, ANEW, number(place, True)),
            strict=False,  # a call that failed has no pair
        )
    ]
    return [one for one, _ in pairs], [other for _, other in pairs]


async def tell_who_is_answered(ami: Ami, heard: list[str]) -> None:
    """A caller's telephone is told when an agent answers: from then on their patience does not count.
    `heard`: what Asterisk said to that."""
    seen = len(ami.events)
    while True:
        fresh = ami.events[seen:]
        seen += len(fresh)
        for event in fresh:
            if event.get("Event") == "AgentConnect":
                answer = await ami.send("SendText", Channel=event["Channel"], Message="answered")
                heard.append(answer["Response"])
        await asyncio.sleep(0.02)


def came(ami: Ami, before: int, queue: str, caller: str) -> list[Came]:
    """What became of a number's calls in a queue, in their order."""
    joined = ami.seen("QueueCallerJoin", before, Queue=queue, CallerIDNum=caller)
    moved = [
        event["Segment"] == "leaving"
        for event in ami.seen("UserEvent", before, UserEvent="Replayed", Caller=caller)
    ] or [False] * len(joined)
    found = []
    for event, was_moved in zip(joined, moved, strict=False):  # who hung up before the queue is in one only
        (left,) = ami.seen("QueueCallerLeave", before, Queue=queue, Uniqueid=event["Uniqueid"])
        served = bool(ami.seen("AgentConnect", before, Queue=queue, Uniqueid=event["Uniqueid"]))
        waited = (float(left["Received"]) - float(event["Received"])) * SPEED
        found.append(Came("", waited, served, was_moved))
    return found


def summary(calls: Sequence[Came]) -> dict[str, float | int]:
    """How these calls fared; waits in seconds of the record."""
    if not calls:
        return {"calls": 0}
    waits = [one.waited for one in calls]
    return {
        "calls": len(calls),
        "abandoned": round(sum(not one.served for one in calls) / len(calls), 3),
        "served": sum(one.served for one in calls),
        "wait_mean": round(float(np.mean(waits)), 1),
        "wait_p90": round(float(np.quantile(waits, 0.9)), 1),
    }


def changes(plain: Sequence[Came], anew: Sequence[Came]) -> dict[str, dict[str, dict[str, float | int]]]:
    """Without and with, for all, for each first segment, and for those who were moved and who were not."""
    groups: dict[str, Callable[[Came], bool]] = {"all": lambda _: True}
    for name in ("regular", "prospect", "exchange", "internet"):
        groups[name] = lambda one, name=name: one.segment == name  # type: ignore[misc]
    groups |= {"moved to leaving": lambda one: one.moved, "not moved": lambda one: not one.moved}
    pairs = list(zip(plain, anew, strict=True))
    return {
        name: {
            "without": summary([one for one, other in pairs if belongs(other)]),
            "with": summary([other for _, other in pairs if belongs(other)]),
        }
        for name, belongs in groups.items()
    }


def as_table(changed: dict[str, dict[str, dict[str, float | int]]]) -> str:
    lines = [f"{'':18}{'calls':>6}{'abandoned':>20}{'served':>14}{'mean wait, s':>18}{'90 % wait, s':>18}"]
    for name, both in changed.items():
        was, now = both["without"], both["with"]
        if was["calls"]:
            lines.append(
                f"{name:18}{was['calls']:>6}{was['abandoned']:>11.1%} ->{now['abandoned']:>6.1%}"
                f"{was['served']:>7} ->{now['served']:>4}{was['wait_mean']:>9.0f} ->{now['wait_mean']:>6.0f}"
                f"{was['wait_p90']:>9.0f} ->{now['wait_p90']:>6.0f}"
            )
    return "\n".join(lines)


async def test_the_same_calls_with_and_without_a_second_look_at_their_segment(
    harness: Harness, ami: Ami
) -> None:
    work = await asyncio.to_thread(workload)
    async with serving(harness, work):
        plain, anew = await called_in(harness, ami, work)
    changed = changes(plain, anew)
    heading = (
        f"{len(plain)} calls of {told(work.start)}, {STRETCH / 60:.0f} minutes at {SPEED:g} times their "
        f"speed, {work.agents} agents"
    )
    report = {"record": RECORD.name, "heading": heading, "speed": SPEED, "changed": changed}
    (ROOT / "build" / "replay.json").write_text(json.dumps(report, indent=2) + "\n")
    (ROOT / "build" / "replay.txt").write_text(f"{heading}\nwithout -> with\n{as_table(changed)}\n")
    print(heading, as_table(changed), sep="\n")
    assert len(plain) == len(anew) >= 0.97 * len(work.lives)
    moved = changed["moved to leaving"]
    assert 0.05 * len(anew) < moved["with"]["calls"] < 0.7 * len(anew)
    assert moved["with"]["wait_mean"] < moved["without"]["wait_mean"]
    assert moved["with"]["abandoned"] <= moved["without"]["abandoned"]
