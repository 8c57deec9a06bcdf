"""The inbound hook over a real store: what a decision leaves there, and two calls of one customer at once."""

from __future__ import annotations

import asyncio
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
from strategies.segments import Prediction
from strategies.store import Caller, Store
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


def hook(store: Store, clock: Clock, scope: str) -> SegmentHook:
    found, problems = segments(parse(CATALOGUE.replace("SCOPE", scope).encode(), Path("segments.yaml")))
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

    async def caller(self, number: str | None, *more: str | None) -> Caller:
        found = await self._store.caller(number, *more)
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


async def test_a_call_that_asks_twice_is_counted_once(store: Store, clock: Clock) -> None:
    segment_hook = hook(store, clock, "interaction")
    for _ in range(2):
        assert (await asked(segment_hook, "178.1"))["SP_SEGMENT"] == "prospect"
    assert len(await store.ledger()) == 2
