"""Claiming due contacts in batches of 50, as the dialer does, in stores of different sizes.

A round is `Store.due` and `Store.claim`, the disk's confirmation included, on the built-in server; what the
rules and the preparation cost between them is not part of it. The server's processor time is told apart from
ours. The floor is a bare claim on such a server in the same run: who is due, a lock, intent, ledger line and
state, on disk, and no limit looked at. SECONDPASS_BENCH_CONTACTS sets the largest store (1000000 takes some
minutes, most of them to fill it).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from strategies.attempts import Intent
from strategies.campaign import Campaign, Limits, Pass
from strategies.contacts import Contact, Device
from strategies.state import ContactState, SubCampaign
from strategies.store import Claim, Store
from strategies.vocabulary import Medium, RunState

BATCH = 50
ROUNDS = 100  # batches measured in each store
SMALLEST = 10_000
LARGEST = int(os.environ.get("SECONDPASS_BENCH_CONTACTS", "100000"))
NOON = 1_784_131_200.0  # 2026-07-15 12:00 in New York
ATTRIBUTES = {f"attribute_{n}": f"value {n}" for n in range(10)}
_attempts = count(1)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for each contact: waited for the store, of our processor time, of the server's."""

    waited: float
    ours: float
    servers: float


def run() -> list[dict[str, object]]:
    """Rows for the benchmark's report; the peer of a size is the smallest store."""
    sizes = sorted({SMALLEST, *(size for size in (100_000, 1_000_000) if size <= LARGEST), LARGEST})
    measured = {size: asyncio.run(measure(size)) for size in sizes}
    floor = asyncio.run(bare())
    told = [row for size in sizes for row in rows(size, *measured[size], measured[SMALLEST][0])]
    return [*told, beside_floor(measured[SMALLEST][0], floor)]


def beside_floor(claims: Cost, floor: float) -> dict[str, object]:
    return {
        "name": f"claims in batches of {BATCH}, one dialer, disk confirmed",
        "value": round(1e6 / claims.waited),
        "unit": "contacts a second",
        "peer": round(1e6 / floor),
        "peer_name": "bare claim: no limit looked at, one lock",
        "ratio": round(floor / claims.waited, 2),
    }


def rows(size: int, cost: Cost, room: float, smallest: Cost) -> Iterator[dict[str, object]]:
    name = f"claims in batches of {BATCH} over {size:,} contacts"
    yield {
        "name": f"{name}, processor time in all",
        "value": round(cost.ours + cost.servers, 1),
        "unit": "us a contact",
        "peer": round(smallest.ours + smallest.servers, 1),
        "peer_name": f"{SMALLEST:,} contacts",
        "ratio": round((cost.ours + cost.servers) / (smallest.ours + smallest.servers), 2),
    }
    yield {"name": f"{name}, of that the server's", "value": round(cost.servers, 1), "unit": "us a contact"}
    yield {"name": f"{name}, one dialer", "value": round(1e6 / cost.waited), "unit": "contacts a second"}
    yield {"name": f"memory of {size:,} contacts", "value": round(room), "unit": "bytes a contact"}


async def measure(size: int) -> tuple[Cost, float]:
    """What a claim costs in a store of this size, and the bytes a contact takes before it."""
    directory = Path(tempfile.mkdtemp(prefix="sp-bench-"))
    store = await Store.open(None, directory, "bench", clock=lambda: NOON)
    redis = Redis(unix_socket_path=str(directory / "store" / "server.sock"))
    try:
        before = await used(redis)
        # Nobody waits for the disk but those who are measured, and no journal is written anew meanwhile.
        await redis.config_set("appendfsync", "no")
        await redis.config_set("auto-aof-rewrite-percentage", 0)
        sub = await filled(store, size)
        await asyncio.to_thread(os.sync)
        await redis.config_set("appendfsync", "always")
        room = (await used(redis) - before) / size
        await claimed(store, sub, 10)
        servers = await spent(redis)
        waited, ours = await claimed(store, sub, ROUNDS)
        per = 1e6 / (ROUNDS * BATCH)
        cost = Cost(waited * per, ours * per, (await spent(redis) - servers) * per)
    finally:
        await redis.aclose()
        await store.close()
        shutil.rmtree(directory)
    return cost, room


async def filled(store: Store, size: int) -> SubCampaign:
    """A running sub-campaign with a list of so many contacts of three devices and ten attributes."""
    campaign = Campaign(
        "spring",
        "service",
        "US",
        "+12125550100",
        "collections",
        (Pass("calls", Medium.AVM),),
        "America/New_York",
        limits=Limits(8, 3),
    )
    sub = SubCampaign("spring/1", campaign, ("all",), RunState.RUNNING, NOON)
    await store.create_sub(sub)
    for start in range(0, size, 10_000):
        people = [person(n) for n in range(start, min(size, start + 10_000))]
        await store.import_contacts("all", people)
        await store.enrol(sub, [who.id for who in people])
    return sub


def person(n: int) -> Contact:
    numbers = (f"+1{202 + n % 500}{n // 500 % 700 + 200}{kind}{n // 350_000:03}" for kind in (1, 2, 3))
    devices = tuple(Device(kind, to) for kind, to in zip(("mobile", "home", "work"), numbers, strict=True))
    return Contact(f"{n:07}", devices, zone="America/New_York", attributes=ATTRIBUTES)


async def claimed(store: Store, sub: SubCampaign, rounds: int) -> tuple[float, float]:
    """So many batches, each of people who are due; nobody is refused. Seconds waited for the store, and of
    our processor time for it."""
    waited = ours = 0.0
    for _ in range(rounds):
        began = time.perf_counter(), time.process_time()
        due = await store.due(sub.name, NOON + 10, BATCH)
        paused = time.perf_counter(), time.process_time()
        claims = [claim(sub, contact, state) for contact, state in due]
        went_on = time.perf_counter(), time.process_time()
        assert await store.claim(claims, NOON + 10) == [None] * BATCH
        waited += time.perf_counter() - went_on[0] + paused[0] - began[0]
        ours += time.process_time() - went_on[1] + paused[1] - began[1]
    return waited, ours


def claim(sub: SubCampaign, contact: Contact, state: ContactState) -> Claim:
    attempt = f"sp-{next(_attempts):026}"
    intent = Intent(
        attempt,
        sub.name,
        contact.id,
        "calls",
        Medium.AVM,
        contact.devices[0],
        "collections",
        "+12125550100",
        NOON + 10,
        script="reminder",
        prompts={"greeting": "/var/lib/secondpass/prompts/0f343b0931126a20f133d67c2b018a3b"},
        strategy="0123456789ab",
    )
    after = replace(state, live=attempt, attempts=1, day="2026-07-15", attempts_today=1)
    return Claim(intent, contact, after, state.version, open_until=NOON + 3600)


BARE = """#!lua name=bare
redis.register_function('bare', function(keys, args)
  local b, states, locks = cmsgpack.unpack(args[1]), {}, {}
  local ids = redis.call('ZRANGEBYSCORE', keys[1], '-inf', b.now, 'LIMIT', 0, #b.attempts)
  local before = redis.call('HMGET', keys[2], unpack(ids))
  for i, id in ipairs(ids) do
    redis.call('HSET', keys[4 + i], 'intent', b.text)
    redis.call('XADD', keys[4], '*', 'line', b.text)
    states[2 * i - 1], states[2 * i], locks[2 * i - 1], locks[2 * i] = id, before[i], id, b.attempts[i]
  end
  redis.call('HSET', keys[2], unpack(states))
  redis.call('HSET', keys[3], unpack(locks))
  redis.call('ZREM', keys[1], unpack(ids))
  return ids
end)
"""


async def bare() -> float:
    """Microseconds waited for each contact of a bare claim."""
    directory = Path(tempfile.mkdtemp(prefix="sp-bench-"))
    store = await Store.open(None, directory, "bench", clock=lambda: NOON)
    redis = Redis(unix_socket_path=str(directory / "store" / "server.sock"))
    try:
        await redis.config_set("appendfsync", "no")
        await redis.function_load(BARE)
        for at in range(0, SMALLEST, 1000):
            ids = [f"{n:07}" for n in range(at, at + 1000)]
            await redis.zadd("due", dict.fromkeys(ids, NOON))
            await redis.hset("state", mapping=dict.fromkeys(ids, "0 0 1 - " + "x" * 100))
        await asyncio.to_thread(os.sync)
        await redis.config_set("appendfsync", "always")
        began = time.perf_counter()
        for _ in range(ROUNDS):
            attempts = [f"sp-{next(_attempts):026}" for _ in range(BATCH)]
            keys = ["due", "state", "locks", "ledger", *attempts]
            batch = msgspec.msgpack.encode({"now": NOON, "attempts": attempts, "text": "x" * 450})
            taken = await redis.fcall("bare", len(keys), *keys, batch)
            await redis.execute_command("WAITAOF", 1, 0, 3000)
            assert len(taken) == BATCH
        return (time.perf_counter() - began) * 1e6 / (ROUNDS * BATCH)
    finally:
        await redis.aclose()
        await store.close()
        shutil.rmtree(directory)


async def used(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])


async def spent(redis: Redis) -> float:
    """Seconds of the server's processor time."""
    cpu = await redis.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


if __name__ == "__main__":
    for line in run():
        print(line)
