"""A list is a thing of its own: attached to many sub-campaigns, weighed, paused, detached and moved while
they run, and every figure by list is a recount of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from bridge_stage import Stage, launched, staged
from store_people import Clock, dialled, people, refused, running, standing

from strategies.attempts import FactName
from strategies.campaign import Pass, Retry
from strategies.contacts import Contact
from strategies.ledger import recount
from strategies.state import ContactState, Move, SubCampaign, Wait
from strategies.store import Entered, Store, StoreError
from strategies.vocabulary import Medium, Refusal, Result, RunState

CROWD = people(40)
MARCH, APRIL = CROWD[:20], CROWD[20:]


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


async def with_two_lists(store: Store, *, weight: float = 1.0) -> SubCampaign:
    """A running sub-campaign over `spring_list` (of MARCH) and `april`."""
    sub = await running(store, MARCH)
    await store.import_contacts("april", APRIL)
    await store.attach(sub.name, "april", ids(APRIL), weight=weight, by="eve")
    return sub


def ids(contacts: list[Contact]) -> list[str]:
    return [contact.id for contact in contacts]


async def due(store: Store, sub: SubCampaign, now: float, limit: int = 100) -> list[str]:
    return [contact.id for contact, _ in await store.due(sub.name, now, limit)]


async def calls(store: Store, sub: SubCampaign, now: float, how_many: int) -> Counter[str]:
    """Claim so many, one after the other as they are due; from which list they came."""
    served: Counter[str] = Counter()
    for _ in range(how_many):
        [(contact, _)] = await store.due(sub.name, now, 1)
        await dialled(store, sub, contact, at=now)
        served["april" if contact in APRIL else "spring_list"] += 1
    return served


async def audit(store: Store) -> list[tuple[object, object]]:
    """What was changed, on which list."""
    lines = [line for _, line in await store.ledger() if line["kind"] == "changed"]
    return [(line["what"], line["list"]) for line in lines]


async def assert_figures_are_a_recount(store: Store, sub: SubCampaign) -> None:
    told = [line for _, line in await store.ledger(count=10_000) if line.get("campaign") == sub.name]
    assert recount(told) == await store.counters(sub.name)


async def test_a_list_attached_while_a_sub_campaign_runs_is_worked_on_at_once(
    store: Store, clock: Clock
) -> None:
    sub = await with_two_lists(store)
    assert set(await due(store, sub, clock.now)) == set(ids(CROWD))
    assert [state.list for _, state in await store.due(sub.name, clock.now, 40)].count(1) == 20
    assert (await store.counters(sub.name)).list_contacts == {"spring_list": 20, "april": 20}
    assert await audit(store) == [("list_attached", "april")]
    await assert_figures_are_a_recount(store, sub)


async def test_lists_are_worked_on_by_their_weights_each_in_its_order(store: Store, clock: Clock) -> None:
    sub = await with_two_lists(store, weight=3.0)
    first = await due(store, sub, clock.now, limit=8)
    assert [one for one in first if one in ids(MARCH)] == ids(MARCH)[:2]
    assert [one for one in first if one in ids(APRIL)] == ids(APRIL)[:6]
    assert await calls(store, sub, clock.now, 16) == {"april": 12, "spring_list": 4}


async def test_a_weight_changed_while_it_runs_holds_from_then_on(store: Store, clock: Clock) -> None:
    sub = await with_two_lists(store)
    assert await calls(store, sub, clock.now, 8) == {"april": 4, "spring_list": 4}
    await store.set_attachment(sub.name, "april", weight=3.0, by="eve")
    assert await calls(store, sub, clock.now, 16) == {"april": 12, "spring_list": 4}


async def test_a_list_that_comes_later_does_not_make_up_for_the_time_it_was_not_there(
    store: Store, clock: Clock
) -> None:
    sub = await running(store, MARCH)
    await calls(store, sub, clock.now, 10)
    await store.import_contacts("april", APRIL)
    await store.attach(sub.name, "april", ids(APRIL), by="eve")
    assert await calls(store, sub, clock.now, 8) == {"april": 4, "spring_list": 4}


async def test_nobody_of_a_paused_list_is_claimed_and_all_go_on_when_it_is_resumed(stage: Stage) -> None:
    sub = await launched(stage.store, MARCH[:2], calls_per_second=None)
    state = await stage.state(sub, MARCH[0])
    await stage.store.set_attachment(sub.name, "spring_list", paused=True, by="eve")
    assert await refused(stage.store, sub, MARCH[0]) is Refusal.LIST_PAUSED
    assert await stage.look() == []
    assert (await stage.state(sub, MARCH[0])).version == state.version  # nothing was written for it
    await stage.store.set_attachment(sub.name, "spring_list", paused=False, by="eve")
    assert len(await stage.look()) == 2


async def test_a_retry_of_a_paused_list_waits_for_it_to_be_resumed(stage: Stage) -> None:
    sub = await launched(stage.store, MARCH[:1])
    attempt = await stage.one_call()
    await stage.store.set_attachment(sub.name, "spring_list", paused=True, by="eve")
    state = await stage.state(sub, MARCH[0])
    assert state.live == attempt
    await stage.store.release(attempt, "not_sent")
    assert await stage.look(60.0) == []
    await stage.store.set_attachment(sub.name, "spring_list", paused=False, by="eve")
    assert len(await stage.look()) == 1


async def test_a_list_paused_in_one_sub_campaign_is_worked_on_in_the_other(
    store: Store, clock: Clock
) -> None:
    spring = await with_two_lists(store)
    summer = await running(store, [], name="summer")
    await store.attach(summer.name, "april", ids(APRIL), by="eve")
    await store.set_attachment(spring.name, "april", paused=True, by="eve")
    assert set(await due(store, spring, clock.now)) == set(ids(MARCH))
    assert set(await due(store, summer, clock.now)) == set(ids(APRIL))


async def test_nobody_of_a_detached_list_is_called_from_the_next_look_on_and_all_end(stage: Stage) -> None:
    sub = await launched(stage.store, MARCH, channels=1)
    talking = await stage.one_call()
    await stage.hears(talking, (FactName.ANSWERED, ""))
    await stage.store.detach(sub.name, "spring_list", by="eve")
    assert await refused(stage.store, sub, MARCH[5]) is Refusal.LIST_DETACHED
    assert await stage.look() == []
    assert (await stage.store.counters(sub.name)).ended_by == {"list_detached": 19}
    await stage.hang_up(talking)
    figures = await stage.store.counters(sub.name)
    assert (figures.ended_by, figures.in_progress) == ({"list_detached": 20}, 0)
    await assert_figures_are_a_recount(stage.store, sub)


async def test_who_of_a_detached_list_was_promised_a_call_ends_at_once_and_others_keep_their_promise(
    stage: Stage,
) -> None:
    store, busy = stage.store, Pass("call", Medium.AVM, retry={Result.BUSY: Retry((3600.0,), "end_pass")})
    sub = await launched(store, MARCH[:1], busy)
    await store.import_contacts("april", APRIL[:1])
    await store.attach(sub.name, "april", ids(APRIL[:1]), by="eve")
    for attempt in await stage.look():
        await stage.hears(attempt, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
    await store.detach(sub.name, "spring_list", by="eve")
    assert await stage.look() == []
    assert (await stage.state(sub, MARCH[0])).ended == "list_detached"
    assert (await stage.state(sub, APRIL[0])).ended is None
    assert await stage.look(3590.0) == []
    assert len(await stage.look(20.0)) == 1


async def test_who_was_woken_and_the_list_do_not_wait_for_one_another(store: Store, clock: Clock) -> None:
    sub = await with_two_lists(store)
    await store.set_attachment(sub.name, "april", paused=True, by="eve")
    for contact, state in await store.due(sub.name, clock.now, 10):
        later = Move(state, Wait(clock.now + 60, "retry"))
        await store.put(sub.name, contact.id, state.version, later, clock.now + 60)
    assert await store.rouse(sub.name, clock.now, 100) == 10
    first = await due(store, sub, clock.now, limit=8)
    assert first == [*ids(MARCH[:4]), *ids(MARCH[10:14])]
    assert len(await due(store, sub, clock.now)) == 20


async def test_a_list_attached_again_brings_back_who_was_not_done_and_nobody_twice(stage: Stage) -> None:
    store, sub = stage.store, await launched(stage.store, MARCH[:3], channels=1)
    done = await stage.one_call()
    await stage.hang_up(done)  # through its one pass: done
    await store.import_contacts("more", [APRIL[0]])
    await store.attach(sub.name, "more", [APRIL[0].id], by="eve")
    await store.detach(sub.name, "spring_list", by="eve")
    await stage.look()
    assert await store.attach(sub.name, "spring_list", ids(MARCH[:3]), by="eve") == Entered(new=0, back=2)
    assert await store.attach(sub.name, "spring_list", ids(MARCH[:3]), by="eve") == Entered(new=0, back=0)
    figures = await store.counters(sub.name)
    assert (figures.contacts, figures.ended_by) == (4, {"no_pass_left": 1})
    await assert_figures_are_a_recount(store, sub)


async def test_a_contact_on_two_lists_is_in_once_and_comes_back_with_the_other_list(stage: Stage) -> None:
    store, sub = stage.store, await launched(stage.store, MARCH[:1])
    await store.import_contacts("april", [MARCH[0], APRIL[0]])
    assert await store.attach(sub.name, "april", [MARCH[0].id, APRIL[0].id], by="eve") == Entered(new=1)
    await store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    await store.detach(sub.name, "spring_list", by="eve")
    await stage.look()
    assert (await stage.state(sub, MARCH[0])).ended == "list_detached"
    assert await store.attach(sub.name, "april", [MARCH[0].id, APRIL[0].id], by="eve") == Entered(back=1)
    assert (await stage.state(sub, MARCH[0])).list == 1
    figures = await store.counters(sub.name)
    assert (figures.list_contacts, figures.ended) == ({"april": 2}, 0)
    await assert_figures_are_a_recount(store, sub)


async def test_contacts_moved_to_another_list_keep_where_they_stand(store: Store, clock: Clock) -> None:
    sub = await with_two_lists(store)
    tried = await dialled(store, sub, MARCH[0])
    assert await store.relist(sub.name, "spring_list", "april", ids(MARCH[:3])) == 3
    assert await store.relist(sub.name, "spring_list", "april", ids(MARCH[:3])) == 0
    live, waiting = await standing(store, sub, MARCH[0]), await standing(store, sub, MARCH[1])
    assert (live.list, live.live, waiting.list) == (1, tried.attempt, 1)
    await store.detach(sub.name, "spring_list", by="eve")
    assert set(await due(store, sub, clock.now)) == set(ids(MARCH[1:3] + APRIL))
    figures = await store.counters(sub.name)
    assert figures.list_contacts == {"spring_list": 17, "april": 23}
    assert figures.by_list == {"april": 1}
    await assert_figures_are_a_recount(store, sub)


async def test_an_attempt_undone_after_its_contact_was_moved_leads_back_to_the_new_list(
    store: Store, clock: Clock
) -> None:
    sub = await with_two_lists(store)
    tried = await dialled(store, sub, MARCH[0])
    await store.relist(sub.name, "spring_list", "april", [MARCH[0].id])
    assert await store.release(tried.attempt, "not_sent")
    assert (await standing(store, sub, MARCH[0])).list == 1
    await store.set_attachment(sub.name, "spring_list", paused=True, by="eve")
    assert MARCH[0].id in await due(store, sub, clock.now)
    await assert_figures_are_a_recount(store, sub)


async def test_contacts_moved_to_a_list_the_sub_campaign_does_not_have_leave_it(stage: Stage) -> None:
    store, sub = stage.store, await launched(stage.store, MARCH[:3], channels=1)
    await stage.one_call()
    await store.know_list(sub.name, "later")
    await store.relist(sub.name, "spring_list", "later", ids(MARCH[1:3]))
    await stage.look()
    assert (await stage.state(sub, MARCH[1])).ended == "list_detached"
    assert (await store.counters(sub.name)).list_ended == {"later": 2}
    assert await store.attach(sub.name, "later", ids(MARCH[1:3]), by="eve") == Entered(back=2)


async def test_what_is_over_or_not_attached_takes_no_changes(store: Store) -> None:
    sub = await running(store, MARCH)
    with pytest.raises(StoreError, match="attach it first"):
        await store.detach(sub.name, "april", by="eve")
    await store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    with pytest.raises(StoreError, match="is over"):
        await store.attach(sub.name, "april", [], by="eve")


async def test_who_waits_for_anything_is_roused_in_bounded_steps(store: Store, clock: Clock) -> None:
    sub = await with_two_lists(store)
    assert await store.rouse(sub.name, clock.now, 100) == 0  # all are due
    assert await store.rouse(sub.name, clock.now - 60, 30) == 30
    assert await store.rouse(sub.name, clock.now - 60, 30) == 10
    assert set(await due(store, sub, clock.now - 60)) == set(ids(CROWD))
    assert await store.state(sub.name, "0001") == ContactState()
