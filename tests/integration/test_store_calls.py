"""What AGI handlers, the bridge and people tell each other through the store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from store_people import NOON, Clock, dialled, finished, people, person, running, standing

from strategies.attempts import Fact, FactName
from strategies.segments import Scope, ScopeKind
from strategies.state import Move, RecoveryTask, Wait
from strategies.store import Caller, History, QueueFigures, Store
from strategies.vocabulary import Kind, Result, Trigger

ADA = person("ada", "+12025550101", segment="standard", attributes={"balance": "10"})
TWIN = person("twin", "+12025550101", segment="prospect")
MOVED = {"re_associated": True, "first": "standard", "second": "prospect", "reason": "better_segment"}
STAYED = {"re_associated": False, "first": "standard", "second": None, "reason": "no_candidate"}
WEEK = 7 * 86_400.0


async def reassociated(
    store: Store,
    interaction: str,
    scope: Scope | None,
    version: int = 0,
    decision: dict[str, object] | None = None,
) -> bool:
    return await store.reassociate(
        interaction=interaction,
        customer="ada",
        decision=MOVED if decision is None else decision,
        scope=scope,
        expected_version=version,
        now=NOON,
    )


async def test_a_caller_nobody_knows_is_their_number(store: Store) -> None:
    assert await store.caller("+12025550199") == Caller("+12025550199", None, None)
    assert await store.caller(None) == Caller("", None, None)


async def test_a_caller_is_found_by_number_with_segment_and_queues(store: Store) -> None:
    await store.import_contacts("march", [ADA])
    figures = QueueFigures(waiting=3, agents_free=1, longest_wait=12.5, at=NOON)
    await store.put_queue_figures("sales", figures)
    assert await store.caller("+12025550101") == Caller("ada", ADA, "standard", queues={"sales": figures})


async def test_a_caller_is_found_by_the_attempt_whatever_the_number(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    found = await store.caller(None, intent.attempt)
    assert (found.customer, found.contact) == ("ada", ADA)
    assert (await store.caller("+12025550101", "sp-nobody")).customer == "ada"


async def test_of_two_contacts_with_one_number_the_one_tried_last_is_meant(store: Store) -> None:
    sub = await running(store, [ADA, TWIN])
    assert (await store.caller("+12025550101")).customer == "ada"
    await finished(store, sub, await dialled(store, sub, TWIN))
    assert (await store.caller("+12025550101")).customer == "twin"


async def test_what_attempts_came_to_is_known_to_the_next_call(store: Store, clock: Clock) -> None:
    sub = await running(store, [ADA])
    await finished(store, sub, await dialled(store, sub, ADA), Result.BUSY, again_at=NOON + 60)
    again = await dialled(store, sub, ADA, at=NOON + 60)
    await finished(store, sub, again, Result.DELIVERED_PERSON, "pressed_1", "agent_paid")
    clock.now = NOON + 120
    assert (await store.caller("+12025550101")).history == History(
        attempts=2,
        conversations=1,
        last_result="delivered_person",
        last_responses=("pressed_1", "agent_paid"),
        last_at=NOON + 90,
    )


async def test_an_open_recovery_is_known_until_it_expires_or_ends(store: Store, clock: Clock) -> None:
    sub, other = await running(store, [ADA]), await running(store, [ADA], name="other")
    state = await standing(store, sub, ADA)
    task = RecoveryTask("rescue", Trigger.NO_INPUT, "sp-1", ADA.devices[0], NOON, NOON + 900)
    lost = replace(state, recovery=task)
    await store.put(sub.name, "ada", state.version, Move(lost, Wait(NOON, "recovery")), NOON)
    await finished(store, other, await dialled(store, other, ADA))  # of no concern to this campaign's task
    assert (await store.caller("+12025550101")).history.recovery_open
    clock.now = NOON + 900
    assert not (await store.caller("+12025550101")).history.recovery_open

    clock.now, found = NOON, await standing(store, sub, ADA)
    over = Move(replace(found, recovery=None), Wait(NOON, "later"))
    await store.put(sub.name, "ada", found.version, over, NOON)
    assert not (await store.caller("+12025550101")).history.recovery_open


async def test_a_permanent_move_holds_for_the_next_call(store: Store) -> None:
    await store.import_contacts("march", [ADA])
    assert await reassociated(store, "call-1", Scope(ScopeKind.PERMANENT))
    found = await store.caller("+12025550101")
    assert (found.segment, found.segment_version) == ("prospect", 1)


async def test_a_move_for_a_time_ends_by_itself_and_can_be_renewed(store: Store, clock: Clock) -> None:
    await store.import_contacts("march", [ADA])
    scope = Scope(ScopeKind.TTL, WEEK)
    assert await reassociated(store, "call-1", scope)
    clock.now = NOON + WEEK
    found = await store.caller("+12025550101")
    assert (found.segment, found.segment_version) == ("standard", 1)
    assert await reassociated(store, "call-2", scope, found.segment_version)


async def test_a_move_for_the_interaction_moves_nobody_and_is_told(store: Store) -> None:
    await store.import_contacts("march", [ADA])
    assert await reassociated(store, "call-1", Scope(ScopeKind.INTERACTION))
    assert (await store.caller("+12025550101")).segment == "standard"
    [line] = [line for _, line in await store.ledger()]
    assert (line["kind"], line["interaction"], line["customer"]) == (Kind.RE_ASSOCIATED, "call-1", "ada")
    assert line["decision"] == MOVED


async def test_a_decision_to_stay_is_told_too(store: Store) -> None:
    assert await reassociated(store, "call-1", None, decision=STAYED)
    [line] = [line for _, line in await store.ledger()]
    assert (line["kind"], line["decision"]) == (Kind.DECISION, STAYED)


async def test_an_interaction_is_decided_once(store: Store) -> None:
    assert await reassociated(store, "call-1", Scope(ScopeKind.PERMANENT))
    assert not await reassociated(store, "call-1", Scope(ScopeKind.PERMANENT), version=1)
    assert len(await store.ledger()) == 1


async def test_two_calls_at_once_cannot_both_move_the_customer(store: Store) -> None:
    scope = Scope(ScopeKind.PERMANENT)
    answers = await asyncio.gather(*(reassociated(store, f"call-{n}", scope) for n in range(2)))
    assert sorted(answers) == [False, True]
    reasons = [(line["kind"], line.get("reason")) for _, line in await store.ledger()]
    assert sorted(reasons, key=str) == [("decision", "conflict"), ("re_associated", None)]


async def test_facts_come_back_in_order_and_reach_whoever_listens(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    listening = asyncio.create_task(store.read_facts("0", 5000))
    facts = [Fact(FactName.ANSWERED, NOON), Fact(FactName.PRESSED, NOON + 2, "1", "a\ncause")]
    for fact in facts:
        assert await store.add_fact(intent.attempt, fact)
    heard = await listening
    while len(heard) < 2:
        heard += await store.read_facts(heard[-1][0], 5000)
    assert [(attempt, fact) for _, attempt, fact in heard] == [(intent.attempt, fact) for fact in facts]
    assert await store.facts(intent.attempt) == facts
    assert await store.read_facts(heard[-1][0], 1) == []


async def test_a_fact_of_nobodys_attempt_is_dropped(store: Store) -> None:
    assert not await store.add_fact("sp-nobody", Fact(FactName.ANSWERED, NOON))
    assert await store.facts("sp-nobody") == []


async def test_what_an_attempt_leaves_behind_goes_by_itself(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    await store.add_fact(intent.attempt, Fact(FactName.ANSWERED, NOON))
    keys = (store._keys.attempt(intent.attempt), store._keys.facts_of(intent.attempt))
    assert [await store._command("TTL", key) for key in keys] == [-1, -1]  # while it is live nothing goes
    await finished(store, sub, intent)
    for key in keys:
        assert 0 < await store._command("TTL", key) <= 86_400
    await store.add_fact(intent.attempt, Fact(FactName.HUNG_UP, NOON + 31, "16"))
    assert 0 < await store._command("TTL", keys[1]) <= 86_400
    assert await store.intent(intent.attempt) == intent


async def test_there_is_one_bridge_at_a_time(store: Store) -> None:
    assert await store.bridge_lease("one", 30)
    assert await store.bridge_lease("one", 30)
    assert not await store.bridge_lease("two", 30)
    assert not await store.end_bridge_lease("two")
    assert await store.end_bridge_lease("one")
    assert await store.bridge_lease("two", 30)


async def test_a_lease_that_is_not_renewed_runs_out(store: Store) -> None:
    assert await store.bridge_lease("one", 0.05)
    async with asyncio.timeout(5):
        while not await store.bridge_lease("two", 30):  # noqa: ASYNC110 - the server's clock has no event
            await asyncio.sleep(0.01)


async def test_the_ledger_is_read_page_by_page(store: Store) -> None:
    for n in range(5):
        await store.append({"kind": Kind.CALL_ENTERED, "interaction": f"call-{n}"}, at=NOON + n)
    first = await store.ledger(count=2)
    rest = await store.ledger(after=first[-1][0], count=10)
    assert [line["interaction"] for _, line in first + rest] == [f"call-{n}" for n in range(5)]
    assert [line["at"] for _, line in rest] == [NOON + 2, NOON + 3, NOON + 4]


async def told(store: Store, figure: str) -> int:
    return int((await store._command("INFO", "stats"))[figure])


async def test_callers_who_come_in_a_rush_are_looked_up_over_few_connections(store: Store) -> None:
    await store.import_contacts("march", people(200))
    before = await told(store, "total_connections_received")
    found = await asyncio.gather(*(store.caller(f"+1202555{n:04}") for n in range(200)))
    assert [one.customer for one in found] == [f"{n:04}" for n in range(200)]
    assert await told(store, "total_connections_received") - before < 12


async def test_decisions_that_come_at_once_are_kept_in_a_few_round_trips(store: Store) -> None:
    async def round_trips() -> int:
        return await told(store, "total_reads_processed")

    before = await round_trips()
    async with asyncio.TaskGroup() as tasks:
        kept = [
            tasks.create_task(reassociated(store, f"1772.{n % 50}", None, decision=STAYED)) for n in range(60)
        ]
    assert await round_trips() - before <= 4
    assert [task.result() for task in kept] == [True] * 50 + [False] * 10  # the last ten for a second time
    lines = [line["interaction"] for _, line in await store.ledger()]
    assert sorted(lines) == sorted(f"1772.{n}" for n in range(50))
