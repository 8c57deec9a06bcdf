"""A decision about a caller who waits, over a real store: what it leaves there, and until when it holds."""

from __future__ import annotations

from typing import Any

from store_people import Clock, person

from strategies.segments import Scope, ScopeKind
from strategies.store import Store
from strategies.store.notes import Note
from strategies.vocabulary import Kind

ADA = person("ada", "+12025550101", segment="standard")
HOUR = 3600.0


def decision(objective: str, second: str | None) -> dict[str, Any]:
    return {"objective": objective, "second": second, "re_associated": second is not None}


async def came_in(store: Store, clock: Clock) -> None:
    await store.import_contacts("march", [ADA])
    await store.reassociate(
        interaction="178.1",
        customer="ada",
        decision=decision("serve", None),
        scope=None,
        expected_version=0,
        now=clock.now,
    )


async def again(store: Store, clock: Clock, nth: int, scope: Scope | None) -> None:
    await store.reassociate_again(
        interaction="178.1",
        nth=nth,
        customer="ada",
        decision=decision("hurry", "restless"),
        scope=scope,
        now=clock.now,
        waited=41.0,
    )


async def test_each_further_decision_is_a_line_of_the_ledger_once(store: Store, clock: Clock) -> None:
    await came_in(store, clock)
    for nth in (1, 1, 2):
        await again(store, clock, nth, None)
    lines = [line for _, line in await store.ledger() if line["kind"] == Kind.RE_ASSOCIATED]
    assert [(line["interaction"], line["nth"], line["waited"]) for line in lines] == [
        ("178.1", 1, 41.0),
        ("178.1", 2, 41.0),
    ]


async def test_what_an_agent_notes_afterwards_is_of_the_objective_that_holds(
    store: Store, clock: Clock
) -> None:
    await came_in(store, clock)
    await again(store, clock, 1, None)
    await store.note(Note("178.1", clock.now, pursued=True, achieved=True, agent="PJSIP/ann"))
    assert await store.tallies() == {"PJSIP/ann": {"hurry": (1, 1)}}


async def test_a_move_for_the_call_alone_moves_nobody(store: Store, clock: Clock) -> None:
    await came_in(store, clock)
    await again(store, clock, 1, Scope())
    assert (await store.caller("+12025550101")).segment == "standard"


async def test_a_move_for_a_time_ends_with_it(store: Store, clock: Clock) -> None:
    await came_in(store, clock)
    await again(store, clock, 1, Scope(ScopeKind.TTL, HOUR))
    moved = await store.caller("+12025550101")
    assert (moved.segment, moved.segment_version) == ("restless", 1)
    clock.now += HOUR
    assert (await store.caller("+12025550101")).segment == "standard"
