"""What came of calls, kept: for the next call of the same customer, and for each agent and objective."""

from __future__ import annotations

from store_people import Clock, person

from strategies.past_calls import CallOver, CallResult, PastCalls
from strategies.store import Store
from strategies.store.notes import Note
from strategies.vocabulary import Kind

ADA = person("ada", "+12025550101", segment="standard")
DECISION = {"objective": "sell", "second": None, "re_associated": False}


async def decided(store: Store, interaction: str, customer: str) -> None:
    await store.reassociate(
        interaction=interaction, customer=customer, decision=DECISION, scope=None, expected_version=0, now=1.0
    )


async def test_what_a_call_came_to_is_known_at_the_next_one(store: Store, clock: Clock) -> None:
    await store.import_contacts("march", [ADA])
    await decided(store, "178.1", "ada")
    over = CallOver("178.1", clock.now, CallResult.ABANDONED, "service", waited=40.0)
    customer = await store.customer_of("178.1", "+12025550101")
    assert customer == "ada"
    assert await store.call_over(over, customer)
    assert not await store.call_over(over, customer), "an end is told once"
    known = (await store.caller("+12025550101")).past
    lately = {"lately": 1.0, "lately_abandoned": known.lately_abandoned, "in_a_row": 1, "patience": 40.0}
    assert known == PastCalls(1, 1, 40.0, clock.now, "abandoned", 40.0, **lately)
    assert 0 < known.lately_abandoned <= 1
    kinds = [line["kind"] for _, line in await store.ledger()]
    assert kinds == [Kind.DECISION, Kind.CALL_OVER]


async def test_a_call_nobody_decided_is_the_number_s(store: Store) -> None:
    assert await store.customer_of("178.9", "+12025550199") == "+12025550199"
    assert await store.customer_of("178.9", None) is None


async def test_who_keys_in_an_account_is_that_customer_whatever_number_they_call_from(store: Store) -> None:
    await store.import_contacts("march", [ADA, person("4711", "+12025550103", segment="prospect")])
    assert (await store.caller("+12025550101", account="4711")).customer == "4711"
    assert (await store.caller("+12025550101", account="unheard_of")).customer == "ada"
    assert (await store.caller(None, account="4711")).segment == "prospect"


async def test_what_agents_achieve_is_counted_for_each_objective_once_a_call(store: Store) -> None:
    for n, achieved in enumerate((True, False, True)):
        await decided(store, f"178.{n}", "ada")
        assert await store.note(Note(f"178.{n}", 2.0, achieved=achieved, pursued=True, agent="PJSIP/agent01"))
    await store.note(Note("178.0", 3.0, achieved=False, pursued=True, agent="PJSIP/agent01"))  # thinks again
    await decided(store, "178.7", "ada")
    await store.note(Note("178.7", 3.0, pursued=False, agent="PJSIP/agent01"))
    assert await store.tallies() == {"PJSIP/agent01": {"sell": (3, 2)}}
    noted = [line for _, line in await store.ledger() if line["kind"] == Kind.NOTED]
    assert len(noted) == 5
    assert noted[0]["objective"] == "sell"
