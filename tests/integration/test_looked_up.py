"""Callers whom the centre's own service knows and the store does not: moved and counted under the name by
which the store finds them again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from store_people import Clock
from test_inbound_decisions import CATALOGUE, WEEK, Likely

from agi.asked import Asked
from agi.local_socket import LocalCall
from agi.lookup import Found, LookupService
from agi.segment import SegmentHook
from config.segments_file import segments
from config.yaml_reader import parse
from strategies.past_calls import CallOver, CallResult
from strategies.store import Store
from strategies.vocabulary import Kind

NUMBER = "+12025550142"
SEGMENTS = CATALOGUE.replace("SCOPE", "{ttl: 7d}") + "  loyal: {rank: 5, objective: serve}\n"
WORTH: dict[str, str | int | float | bool | None] = {"offer_value": 400}


class Crm:
    """The service; it says the same of everybody."""

    def __init__(self, found: Found) -> None:
        self._found = found

    async def ask(self, call: Asked) -> Found | None:
        return self._found


def hook(store: Store, clock: Clock, found: Found) -> SegmentHook:
    catalogue, problems = segments(parse(SEGMENTS.encode(), Path("segments.yaml")))
    assert catalogue is not None, problems.errors
    return SegmentHook(
        store,
        replace(catalogue, deadline=30.0),  # no stall of the machine is to decide here
        {"offers": Likely()},
        country="US",
        tenant="test",
        lookup=cast(LookupService, Crm(found)),
        clock=clock,
    )


async def asked(deciding: SegmentHook, interaction: str, number: str = NUMBER) -> dict[str, str]:
    call = LocalCall({"agi_uniqueid": interaction, "agi_callerid": number}, lambda answer: None)
    call.arguments = ["account=4711"]
    await deciding(call)
    return call.variables


@pytest.mark.parametrize(
    ("found", "first", "shown"),
    [
        (Found("c9", None, WORTH), "standard", "c9"),
        (Found(None, "loyal", WORTH), "loyal", NUMBER),
        (Found("c9", "loyal", WORTH), "loyal", "c9"),
    ],
)
async def test_a_move_for_a_time_is_where_the_next_call_begins_until_it_ends(
    store: Store, clock: Clock, found: Found, first: str, shown: str
) -> None:
    deciding = hook(store, clock, found)
    calls = []
    for interaction, later in (("178.1", 60), ("178.2", WEEK), ("178.3", 0)):
        calls.append(await asked(deciding, interaction))
        clock.now += later
    assert [call["SP_FIRST_SEGMENT"] for call in calls] == [first, "prospect", first]
    assert {(call["SP_SEGMENT"], call["SP_CUSTOMER"]) for call in calls} == {("prospect", shown)}


async def test_what_a_call_came_to_is_known_at_the_next_one(store: Store, clock: Clock) -> None:
    await asked(hook(store, clock, Found("c9", None, WORTH)), "178.1")
    over = CallOver("178.1", clock.now, CallResult.ABANDONED, "service", waited=40.0)
    await store.call_over(over, await store.customer_of("178.1", NUMBER))
    assert (await store.caller(NUMBER)).past.abandoned == 1
    assert {line["customer"] for _, line in await store.ledger()} == {NUMBER}


async def test_whom_the_store_could_not_find_again_is_moved_for_the_call_alone(
    store: Store, clock: Clock
) -> None:
    deciding = hook(store, clock, Found("c9", "loyal", WORTH))
    for interaction in ("178.1", "178.2"):
        told = await asked(deciding, interaction, number="anonymous")
        assert (told["SP_FIRST_SEGMENT"], told["SP_SEGMENT"]) == ("loyal", "prospect")
        assert told["SP_CUSTOMER"] == "c9"
    assert [line["kind"] for _, line in await store.ledger()].count(Kind.RE_ASSOCIATED) == 2
    assert (await store.caller(None)).segment is None, "nobody else who hides their number"
