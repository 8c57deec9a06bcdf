"""A caller who hangs up in an inbound queue is called again where a running campaign has a pass for that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bridge_stage import ADA, BO, CALL, launched
from store_people import NOON, Clock, person, standing

from ami_bridge.came_back import CameBack
from ami_bridge.events import Hangup, QueueCallerAbandon
from ami_bridge.lost_callers import LostCallers
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.callbacks import Wish
from strategies.campaign import Pass, Recovery
from strategies.ledger import recount
from strategies.recovery import LostCaller
from strategies.state import Callback
from strategies.store import Store
from strategies.store.promises import promise
from strategies.vocabulary import Medium, RunState, Trigger

RECOVERS = Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service", delay=30.0)
INBOUND = Pass("inbound", Medium.DIALER, recovery=RECOVERS)
LEFT = QueueCallerAbandon("service", "PJSIP/a-1", "1763.4", "1763.4", 1, 1, 40, "2025550101")
HUNG_UP = Hangup("PJSIP/a-1", "1763.4", "1763.4", 16, "Normal Clearing")
LOST = LostCaller("1763.4", "service", "+12025550101", NOON)


async def subs(store: Store) -> SubCampaigns:
    found = SubCampaigns(store)
    await found.refresh()
    return found


async def lost_callers(store: Store, clock: Clock) -> LostCallers:
    return LostCallers(store, await subs(store), clock, "US")


async def test_who_hung_up_in_the_queue_is_to_be_called_again_once(store: Store, clock: Clock) -> None:
    sub = await launched(store, [ADA, BO], CALL, INBOUND)
    callers = await lost_callers(store, clock)
    await callers.recover(LOST)
    await callers.recover(LOST)
    task = (await standing(store, sub, ADA)).recovery
    assert task is not None
    assert (task.pass_name, task.recovers, task.not_before) == ("inbound", "1763.4", clock.now + 30)
    assert (await standing(store, sub, BO)).recovery is None
    assert (await store.counters(sub.name)).triggered == {"abandoned_in_queue": 1}
    told = [line for _, line in await store.ledger()]
    assert recount(told) == await store.counters(sub.name)


async def test_a_loss_that_is_told_again_when_its_recovery_is_over_begins_no_other(
    store: Store, clock: Clock
) -> None:
    often = replace(INBOUND, recovery=replace(RECOVERS, per_day=5))
    sub = await launched(store, [ADA], CALL, often)
    callers, back = await lost_callers(store, clock), CameBack(store, await subs(store), clock, "US")
    await callers.recover(LOST)
    await back.end_recoveries(LOST.number, clock.now + 1)
    await callers.recover(LOST)
    assert (await standing(store, sub, ADA)).recovery is None
    await callers.recover(replace(LOST, call="1763.5"))  # another loss
    assert (await standing(store, sub, ADA)).recovery is not None


async def test_of_several_campaigns_the_one_that_comes_first_recovers(store: Store, clock: Clock) -> None:
    later = await launched(store, [ADA], CALL, INBOUND, priority=3)
    first = await launched(store, [ADA], CALL, INBOUND, name="summer", priority=9)
    await (await lost_callers(store, clock)).recover(LOST)
    assert (await standing(store, first, ADA)).recovery is not None
    assert (await standing(store, later, ADA)).recovery is None


async def test_who_is_to_be_called_already_is_not_recovered_under_another_name_or_in_another_campaign(
    store: Store, clock: Clock
) -> None:
    namesake = person("namesake", "+12025550101")
    first = await launched(store, [ADA, namesake], CALL, INBOUND, priority=9)
    second = await launched(store, [ADA], CALL, INBOUND, name="summer")
    callers = await lost_callers(store, clock)
    for call in ("1763.4", "1763.5", "1763.6"):
        await callers.recover(replace(LOST, call=call))
    places = [(first, ADA), (first, namesake), (second, ADA)]
    begun = [(await standing(store, *place)).recovery for place in places]
    assert [task.recovers for task in begun if task is not None] == ["1763.4"]


async def test_who_was_promised_a_call_is_not_recovered_under_another_name(
    store: Store, clock: Clock
) -> None:
    namesake = person("namesake", "+12025550101")
    sub = await launched(store, [ADA, namesake], CALL, INBOUND)
    assert isinstance(await promise(store, sub, ADA.id, Wish(clock.now + 600, "eve"), clock), Callback)
    await (await lost_callers(store, clock)).recover(LOST)
    assert [(await standing(store, sub, who)).recovery for who in (ADA, namesake)] == [None, None]


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.STOPPED])
async def test_a_campaign_that_does_not_run_recovers_nobody(
    store: Store, clock: Clock, state: RunState
) -> None:
    sub = await launched(store, [ADA], CALL, INBOUND)
    await store.set_run_state(sub.name, state, by="eve")
    await (await lost_callers(store, clock)).recover(LOST)
    assert (await standing(store, sub, ADA)).recovery is None


@pytest.mark.parametrize(
    ("events", "lost"),
    [
        ([(LEFT, 0.0), (HUNG_UP, 0.1)], True),
        ([(LEFT, 0.0)], False),  # a time-out: the call goes on
        ([(HUNG_UP, 0.0)], False),  # was never in a queue
        ([(LEFT, 0.0), (HUNG_UP, 30.0)], False),  # was led on, to a message
    ],
)
async def test_lost_is_who_left_the_queue_by_hanging_up(
    store: Store, clock: Clock, events: list[tuple[QueueCallerAbandon | Hangup, float]], *, lost: bool
) -> None:
    callers = await lost_callers(store, clock)
    told = [callers.hear(event, clock.now + after) for event, after in events]
    assert told[-1] == (LOST if lost else None)


async def test_one_of_our_own_calls_is_no_inbound_caller(store: Store, clock: Clock) -> None:
    callers = await lost_callers(store, clock)
    ours = QueueCallerAbandon("service", "PJSIP/c-1", "sp-1", "sp-1", 1, 1, 40, "2025550101")
    callers.hear(ours, clock.now)
    assert callers.hear(Hangup("PJSIP/c-1", "sp-1", "sp-1", 16, ""), clock.now) is None
