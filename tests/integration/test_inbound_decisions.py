"""The inbound hook over a real store: what a decision leaves there, and two calls of one customer at once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from store_people import Clock, person

from agi.local_socket import LocalCall
from agi.segment import SegmentHook
from config.segments_file import segments
from config.yaml_reader import parse
from models.features import Factor
from strategies.decisions import Promoted
from strategies.segments import Prediction
from strategies.store import Caller, Counted, Store
from strategies.vocabulary import Kind

CATALOGUE = """\
outcomes:
  accepts_offer: {value: "contact.offer_value", model: offers}
objectives:
  serve: {importance: 1, metric: handle_time, queue: service}
  sell: {importance: 3, metric: revenue, queue: sales, priority: 10}
segments:
  standard: {rank: 9, objective: serve, default: true}
  prospect: {rank: 3, objective: sell, enter: "p.accepts_offer >= 0.25", scope: SCOPE}
"""
ADA = person("ada", "+12025550101", segment="standard", attributes={"offer_value": "400"})
WEEK = 7 * 86_400.0


class Likely:
    """A model that expects everybody to accept."""

    factors: Sequence[Factor] = ()

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        return Prediction(0.9, "offers", "1")


def hook(store: Store, clock: Clock, scope: str, guards: str = "") -> SegmentHook:
    text = CATALOGUE.replace("SCOPE", scope) + guards
    found, problems = segments(parse(text.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    patient = replace(found, deadline=30.0)  # no stall of the machine is to decide here
    return SegmentHook(store, patient, {"offers": Likely()}, country="US", tenant="test", clock=clock)


async def asked(segment_hook: SegmentHook, interaction: str) -> dict[str, str]:
    call = LocalCall({"agi_uniqueid": interaction, "agi_callerid": "+12025550101"}, lambda answer: None)
    await segment_hook(call)
    return call.variables


class Meeting:
    """The store, at which two callers are looked up before either of them is decided."""

    def __init__(self, store: Store) -> None:
        self._store, self._both = store, asyncio.Barrier(2)

    async def caller(self, *asked: Any, **more: Any) -> Caller:
        found = await self._store.caller(*asked, **more)
        await self._both.wait()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_decision_for_the_call_alone_is_told_and_moves_nobody(store: Store, clock: Clock) -> None:
    await store.import_contacts("march", [ADA])
    variables = await asked(hook(store, clock, "interaction"), "178.1")
    assert (variables["SP_QUEUE"], variables["SP_PRIORITY"]) == ("sales", "10")
    entered, decided = [line for _, line in await store.ledger()]
    assert (entered["kind"], entered["interaction"], entered["customer"]) == (
        Kind.CALL_ENTERED,
        "178.1",
        "ada",
    )
    assert (decided["kind"], decided["decision"]["second"]) == (Kind.RE_ASSOCIATED, "prospect")
    assert (await store.caller("+12025550101")).segment == "standard"


async def test_a_move_for_a_time_is_where_the_next_call_begins_until_it_ends(
    store: Store, clock: Clock
) -> None:
    await store.import_contacts("march", [ADA])
    segment_hook = hook(store, clock, "{ttl: 7d}")
    first = await asked(segment_hook, "178.1")
    clock.now += 60
    second = await asked(segment_hook, "178.2")
    clock.now += WEEK
    third = await asked(segment_hook, "178.3")
    begun = [call["SP_FIRST_SEGMENT"] for call in (first, second, third)]
    assert begun == ["standard", "prospect", "standard"]
    assert {call["SP_SEGMENT"] for call in (first, second, third)} == {"prospect"}


async def test_of_two_calls_at_once_one_moves_the_customer_and_the_other_tells_of_the_conflict(
    store: Store, clock: Clock
) -> None:
    await store.import_contacts("march", [ADA])
    segment_hook = hook(cast(Store, Meeting(store)), clock, "{ttl: 7d}")
    calls = await asyncio.gather(*(asked(segment_hook, f"178.{n}") for n in (1, 2)))
    assert sorted(call["SP_SEGMENT"] for call in calls) == ["prospect", "standard"]
    told = [(line["kind"], line.get("reason")) for _, line in await store.ledger()]
    assert sorted(told, key=str) == [
        (Kind.CALL_ENTERED, "better_segment"),
        (Kind.CALL_ENTERED, "conflict"),
        (Kind.DECISION, "conflict"),
        (Kind.RE_ASSOCIATED, None),
    ]
    stayed = next(n for n, call in enumerate(calls, 1) if call["SP_SEGMENT"] == "standard")
    [line] = [line for _, line in await store.ledger() if line["kind"] == Kind.DECISION]
    assert (line["decision"]["reason"], line["decision"]["handled_by"]) == ("conflict", "standard")
    handled = await store.handled(f"178.{stayed}")
    assert handled is not None
    assert (handled["reason"], handled["objective"]) == ("conflict", calls[stayed - 1]["SP_OBJECTIVE"])


async def test_a_call_that_asks_twice_is_counted_once(store: Store, clock: Clock) -> None:
    segment_hook = hook(store, clock, "interaction")
    for _ in range(2):
        assert (await asked(segment_hook, "178.1"))["SP_SEGMENT"] == "prospect"
    assert len(await store.ledger()) == 2


# --- The guard on the share of customers moved, over all servers

GUARD = "guards: {promoted_share: {limit: 20%, per: 5m}}\n"


async def segment_of(segment_hook: SegmentHook, interaction: str) -> str:
    return (await asked(segment_hook, interaction))["SP_SEGMENT"]


async def test_servers_count_together_however_their_calls_fall(store: Store, clock: Clock) -> None:
    hooks = [hook(store, clock, "interaction", GUARD) for _ in range(4)]
    calls = [segment_of(hooks[n % 4], f"178.{n}") for n in range(20)]
    told = await asyncio.gather(*calls)
    assert 1 <= told.count("prospect") <= 4
    more = [await segment_of(hooks[n % 4], f"179.{n}") for n in range(20)]
    assert told.count("prospect") + more.count("prospect") == 8, "one after the other: the whole of the share"


async def test_who_was_asked_about_at_the_same_time_is_not_moved_beyond_the_share(
    store: Store, clock: Clock
) -> None:
    hooks = [hook(cast(Store, Meeting(store)), clock, "interaction", GUARD)] * 2
    told = await asyncio.gather(*(segment_of(one, f"178.{n}") for n, one in enumerate(hooks)))
    assert sorted(told) == ["prospect", "standard"]


async def test_the_interval_ends_for_all_of_them(store: Store, clock: Clock) -> None:
    first, second = (hook(store, clock, "interaction", GUARD) for _ in range(2))
    assert [await segment_of(one, f"178.{n}") for n, one in enumerate((first, second))] == [
        "prospect",
        "standard",
    ]
    clock.now += 306  # five minutes, and the part of them that is forgotten as one
    assert await segment_of(second, "179.1") == "prospect"


async def test_who_never_says_what_it_came_to_holds_no_place(store: Store, clock: Clock) -> None:
    await store.caller("+12025550101", counted=Counted("178.1", clock.now, 300.0))
    known = await store.caller("+12025550101", counted=Counted("178.2", clock.now, 300.0))
    assert known.promoted == Promoted(1, 1)
    clock.now += 11
    known = await store.caller("+12025550101", counted=Counted("178.3", clock.now, 300.0))
    assert known.promoted == Promoted(2, 0)


async def test_a_store_that_was_started_anew_does_not_open_the_gate(store: Store, clock: Clock) -> None:
    segment_hook = hook(store, clock, "interaction", GUARD)
    assert [await segment_of(segment_hook, f"178.{n}") for n in range(3)].count("prospect") == 1
    await store._command("FUNCTION", "FLUSH")
    assert await segment_of(segment_hook, "179.1") == "standard"


DECIDING = """
import asyncio, sys
sys.path[:0] = sys.argv[4].split(":")
from pathlib import Path
from store_people import Clock
from strategies.store import Store
from test_inbound_decisions import GUARD, hook, segment_of

async def main(directory, tenant, name):
    store = await Store.open(sys.argv[5] or None, Path(directory), tenant)
    deciding = hook(store, Clock(), "interaction", GUARD.replace("20%", "10%"))
    print("ready", flush=True)
    sys.stdin.readline()
    told = await asyncio.gather(*(segment_of(deciding, f"{name}.{n}") for n in range(5)))
    print(told.count("prospect"), flush=True)
    await store.close()

asyncio.run(main(*sys.argv[1:4]))
"""


async def test_two_processes_share_one_guard(
    store: Store, session_directory: Path, server: str | None
) -> None:
    paths = ":".join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    tenant = f"{os.getpid()}.processes"
    begun = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DECIDING, str(session_directory), tenant, name, paths, server or ""),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    for each in begun:
        assert each.stdout is not None
        assert await each.stdout.readline() == b"ready\n"
    told = [out for out, _ in await asyncio.gather(*(each.communicate(b"go\n") for each in begun))]
    assert sum(int(one) for one in told) == 1, "one in ten; each by itself would have moved its first"
