"""Lists, sub-campaigns, and whose turn it is in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from store_people import NOON, Clock, campaign, dialled, finished, people, person, refused, running, standing

from strategies.attempts import Outcome
from strategies.campaign import Accept, Campaign, Limits, Pacing, Pass, Recovery, Retry, Window
from strategies.contacts import Device
from strategies.script import Prompt, Script, Step
from strategies.state import (
    Attachment,
    ContactState,
    Ended,
    Move,
    PassRecord,
    RecoveryTask,
    SubCampaign,
    Wait,
)
from strategies.store import Store, StoreError
from strategies.store.turns import turn
from strategies.vocabulary import Kind, Medium, Refusal, Result, RunState, Trigger

ADA, BO = person("ada", "+12025550101", "+12025550111"), person("bo", "+12025550102")
EVERYTHING = Campaign(
    name="full",
    purpose="debt_collection",
    country="US",
    caller_id="+12125550100",
    queue="collections",
    zone="America/New_York",
    lists=("march",),
    filter="contact.balance >= 50",
    order=("-contact.balance",),
    limits=Limits(8, 3),
    window=Window(time(9), time(20, 30), ("mon", "fri")),
    consent={"basis": "express"},
    rules=({"when": "abandon_rate > 0.025", "do": "slow"},),
    groups={"opt_out": ("pressed_8", "text_stop")},
    escalation="per_contact",
    passes=(
        Pass(
            "reminder",
            Medium.AVM,
            devices=("mobile", "home"),
            retry={Result.BUSY: Retry((300.0, 1800.0), "next_device"), Result.NO_ANSWER: Retry()},
            pacing=Pacing("finish_by", finish_by=time(17)),
            script=Script(
                "hello",
                "greet",
                {
                    "greet": Step(Prompt(say="Hello {first_name}"), {"1": "agent"}),
                    "agent": Step(transfer=True),
                },
                machine=Prompt(play="sorry"),
            ),
        ),
        Pass(
            "rescue",
            Medium.DIALER,
            recovery=Recovery((Trigger.NOT_CONNECTED, Trigger.NO_INPUT), pass_name="reminder"),
        ),
        Pass(
            "letter",
            Medium.EMAIL,
            start="contact",
            wait_days=2,
            accept=Accept("all_passes", (Result.BUSY, Result.NO_ANSWER), "any"),
            window=Window(time(10), time(18)),
            subject="Your account",
        ),
    ),
)


async def put(
    store: Store,
    sub: SubCampaign,
    contact_id: str,
    state: ContactState,
    until: float | None,
    *,
    reason: str = "retry",
) -> bool:
    """Write a state and when the contact is looked at again."""
    return await store.put(sub.name, contact_id, state.version, Move(state, Wait(until, reason)), until)


async def ids_due(store: Store, sub: SubCampaign, now: float, limit: int = 100) -> list[str]:
    return [contact.id for contact, _ in await store.due(sub.name, now, limit)]


async def test_a_list_keeps_its_order_and_counts_each_contact_once(store: Store) -> None:
    crowd = people(450)
    assert await store.import_contacts("march", crowd[::-1]) == 450
    assert await store.import_contacts("march", crowd[:3]) == 0
    assert await store.lists() == {"march": 450}
    assert await store.list_members("march") == [contact.id for contact in crowd[::-1]]
    assert await store.contacts(["0002", "nobody", "0000"]) == [crowd[2], crowd[0]]


async def test_a_contact_comes_back_as_it_was_imported(store: Store) -> None:
    full = person(
        "ada",
        "+12025550101",
        zone="America/Denver",
        postal_code="02134",
        segment="standard",
        attributes={"first_name": "Zoë", "balance": "120.50", "note": 'a "quoted"\nline'},
        consent={"basis": "written"},
    )
    await store.import_contacts("march", [full, BO])
    assert await store.contact("ada") == full
    assert await store.contact("bo") == BO
    assert await store.contact("nobody") is None


async def test_a_new_number_replaces_the_old_one_in_the_index(store: Store) -> None:
    await store.import_contacts("march", [ADA, BO])
    await store.import_contacts("april", [replace(ADA, devices=(Device("mobile", "+12025550102"),))])
    assert await store.contacts_of_number("+12025550101") == []
    assert await store.contacts_of_number("+12025550102") == ["ada", "bo"]


async def test_a_snapshot_comes_back_whole(store: Store) -> None:
    sub = SubCampaign("full/1", EVERYTHING, ("march",), RunState.SCHEDULED, NOON, starts=NOON + 60)
    await store.create_sub(sub)
    whole = replace(sub, attached={"march": Attachment(0)})
    assert await store.sub("full/1") == whole
    assert await store.subs() == [whole]
    with pytest.raises(StoreError, match="next_sub_name"):
        await store.create_sub(sub)
    assert await store.sub("full/2") is None


async def test_a_snapshot_is_read_once_and_who_is_over_is_looked_at_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, going = await running(store, [ADA]), await running(store, [BO])
    assert [sub.name for sub in await store.open_subs()] == [over.name, going.name]
    await store.close_sub(over.name)
    monkeypatch.delattr("strategies.store.campaigns.read_sub")
    assert [sub.name for sub in await store.open_subs()] == [going.name]
    await store.set_run_state(going.name, RunState.PAUSED, by="eve")
    assert [sub.run_state for sub in await store.subs()] == [RunState.RUNNING, RunState.PAUSED]


async def test_sub_campaigns_are_numbered_and_listed_by_age(store: Store) -> None:
    names = [await store.next_sub_name("spring") for _ in range(2)] + [await store.next_sub_name("autumn")]
    assert names == ["spring/1", "spring/2", "autumn/1"]
    for place, name in enumerate(names):
        await store.create_sub(SubCampaign(name, campaign(), (), RunState.PAUSED, NOON - place))
    assert [sub.name for sub in await store.subs()] == names[::-1]


async def test_stop_is_final_and_pause_is_not(store: Store) -> None:
    sub = await running(store, [ADA])
    assert await store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    assert await store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert await store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    assert not await store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert not await store.set_run_state("nobody/1", RunState.RUNNING, by="eve")
    told = [line for _, line in await store.ledger() if line["kind"] == Kind.RUN_STATE]
    assert [(line["result"], line.get("by")) for line in told] == [
        ("running", None),
        ("paused", "eve"),
        ("running", "eve"),
        ("stopped", "eve"),
    ]


async def test_people_are_due_in_the_order_they_were_enrolled(store: Store) -> None:
    crowd = people(30)[::-1]
    sub = await running(store, crowd)
    assert await ids_due(store, sub, NOON) == [contact.id for contact in crowd]
    assert await ids_due(store, sub, NOON, limit=3) == [contact.id for contact in crowd[:3]]
    assert await ids_due(store, sub, NOON - 1) == []


async def test_who_is_enrolled_twice_or_unknown_is_passed_over(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.import_contacts("more", [BO])
    assert await store.enrol(sub, ["ada", "bo", "nobody"]) == 1
    assert await ids_due(store, sub, NOON) == ["ada", "bo"]
    assert (await store.counters(sub.name)).contacts == 2


async def test_list_order_is_kept_when_everybody_waits_for_the_same_moment(store: Store) -> None:
    crowd = people(12)[::-1]
    sub = await running(store, crowd)
    for contact, state in await store.due(sub.name, NOON, 100):
        assert await put(store, sub, contact.id, state, NOON + 600, reason="outside_window")
    assert await ids_due(store, sub, NOON + 599) == []
    assert await ids_due(store, sub, NOON + 600) == [contact.id for contact in crowd]


async def test_a_promised_moment_goes_before_the_rest_of_the_list(store: Store) -> None:
    crowd = people(5)
    sub = await running(store, crowd)
    retry = replace(await standing(store, sub, crowd[4]), tries={"busy": 1})
    task = RecoveryTask("rescue", Trigger.NO_INPUT, "sp-1", crowd[3].devices[0], NOON + 30, NOON + 900)
    recovery = replace(await standing(store, sub, crowd[3]), recovery=task)
    await put(store, sub, "0004", retry, NOON + 60)
    await put(store, sub, "0003", recovery, NOON + 30)
    assert await ids_due(store, sub, NOON + 60, limit=3) == ["0003", "0004", "0000"]


async def test_a_stale_write_is_refused(store: Store) -> None:
    sub = await running(store, [ADA])
    state = await standing(store, sub, ADA)
    assert await put(store, sub, "ada", replace(state, attempts=1), NOON + 60)
    assert not await put(store, sub, "ada", replace(state, attempts=2), NOON + 60)
    assert (await standing(store, sub, ADA)).attempts == 1
    assert not await put(store, sub, "bo", state, None)


async def test_lines_of_a_decision_are_told_with_it_or_not_at_all(store: Store, clock: Clock) -> None:
    sub = await running(store, [ADA])
    state = await standing(store, sub, ADA)
    clock.now = NOON + 5
    move = Move(
        state, Wait(NOON + 60, "later"), ({"kind": Kind.SKIPPED, "reason": Refusal.NOT_ELIGIBLE_NOW},)
    )
    assert await store.put(sub.name, "ada", state.version, move, NOON + 60)
    assert not await store.put(sub.name, "ada", state.version, move, NOON + 60)
    skipped = [line for _, line in await store.ledger() if line["kind"] == Kind.SKIPPED]
    assert skipped == [
        {
            "at": NOON + 5,
            "campaign": sub.name,
            "contact": "ada",
            "kind": "skipped",
            "list": "spring_list",
            "reason": "not_eligible_now",
        }
    ]
    assert (await store.counters(sub.name)).skipped == {"not_eligible_now": 1}


async def through_first_pass(store: Store, sub: SubCampaign, contact_id: str) -> None:
    """Done with the first pass, waiting for the second to open."""
    state = await store.state(sub.name, contact_id)
    assert state is not None
    onward = replace(state, pass_index=1, records=(PassRecord("reminder", (), NOON, "not_eligible_now"),))
    assert await put(store, sub, contact_id, onward, None, reason="pass_not_open")


async def test_the_end_of_a_pass_wakes_who_waited_for_it(store: Store) -> None:
    sub = await running(store, [ADA, BO])
    await through_first_pass(store, sub, "ada")
    assert await store.pass_waiting(sub.name) == {"reminder": 1, "live_call": 2}
    await through_first_pass(store, sub, "bo")
    assert await ids_due(store, sub, NOON + 86_400) == []
    assert await store.pass_waiting(sub.name) == {"reminder": 0, "live_call": 2}

    assert await store.pass_ended(sub.name, "reminder", NOON + 100)
    assert not await store.pass_ended(sub.name, "reminder", NOON + 200)
    assert await ids_due(store, sub, NOON + 100) == ["ada", "bo"]
    known = await store.sub(sub.name)
    assert known is not None
    assert known.passes_ended == {"reminder": NOON + 100}


async def test_who_begins_to_wait_after_the_pass_has_ended_is_looked_at_again_soon(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.pass_ended(sub.name, "reminder", NOON)
    await through_first_pass(store, sub, "ada")
    assert await ids_due(store, sub, NOON + 30) == ["ada"]


async def test_who_was_turned_away_by_a_pause_is_looked_at_when_it_runs_again(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    await put(store, sub, "ada", await standing(store, sub, ADA), None, reason=Refusal.NOT_RUNNING)
    assert await ids_due(store, sub, NOON + 60) == []
    await store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert await ids_due(store, sub, NOON + 60) == ["ada"]


async def test_whose_attempt_ends_during_a_pause_is_looked_at_when_it_runs_again(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    await store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    state = await standing(store, sub, ADA)
    move = Move(replace(state, live=None), Wait(None, Refusal.NOT_RUNNING))
    outcome = Outcome(intent.attempt, Result.NO_ANSWER, at=NOON)
    assert await store.record(intent, outcome, move, None, state.version)
    assert await ids_due(store, sub, NOON + 60) == []
    await store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert await ids_due(store, sub, NOON + 60) == ["ada"]


async def test_who_was_turned_away_by_the_stop_switch_is_looked_at_when_it_is_released(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.halt(by="eve")
    await put(store, sub, "ada", await standing(store, sub, ADA), None, reason=Refusal.NOT_RUNNING)
    assert await ids_due(store, sub, NOON + 60) == []
    await store.unhalt()
    assert await ids_due(store, sub, NOON + 60) == ["ada"]


async def test_a_pause_that_is_over_before_the_turning_away_is_written_loses_nobody(store: Store) -> None:
    sub = await running(store, [ADA])
    await put(store, sub, "ada", await standing(store, sub, ADA), None, reason=Refusal.NOT_RUNNING)
    assert await ids_due(store, sub, NOON + 30) == ["ada"]


async def test_who_is_done_is_due_no_more_and_counted_in_no_pass(store: Store) -> None:
    sub = await running(store, [ADA, BO])
    await finished(store, sub, await dialled(store, sub, ADA))
    state = await standing(store, sub, BO)
    done = Move(replace(state, ended="opted_out"), Ended("opted_out"))
    await store.put(sub.name, "bo", state.version, done, None)
    await store.pass_ended(sub.name, "reminder", NOON)
    assert await ids_due(store, sub, NOON + 86_400) == []
    assert await store.pass_waiting(sub.name) == {"reminder": 0, "live_call": 0}


async def test_a_state_comes_back_as_it_was_written(store: Store) -> None:
    sub = await running(store, [ADA])
    task = RecoveryTask("rescue", Trigger.HANGUP_IN_SCRIPT, "sp-1", ADA.devices[1], NOON, NOON + 900)
    state = replace(
        await standing(store, sub, ADA),
        left=("+12025550101",),
        tries={"busy": 2},
        attempts=3,
        day="2026-07-15",
        attempts_today=2,
        records=(PassRecord("reminder", (Result.BUSY, Result.NO_ANSWER), NOON, None),),
        responses=("pressed_1",),
        last_result=Result.NO_ANSWER,
        recovery=task,
        recovered_on=("2026-07-15",),
    )
    await put(store, sub, "ada", state, NOON + 60)
    assert await standing(store, sub, ADA) == replace(state, version=state.version + 1)
    assert await refused(store, sub, ADA) is None


def test_who_waits_for_their_list_or_campaign_waits_for_no_pass_to_end() -> None:
    """Whose pass before has ended would be looked at again and again, for as long as the list is paused."""
    two = replace(campaign(), passes=(Pass("one", Medium.AVM), Pass("two", Medium.AVM)))

    def awaited(reason: str) -> object:
        return turn(Move(ContactState(pass_index=1), Wait(None, reason)), two, None, NOON)["after"]

    assert (awaited(Refusal.LIST_PAUSED), awaited(Refusal.NOT_RUNNING)) == (None, None)
    assert awaited("pass_not_open") == "one"
