"""Somebody lost, or promised a call, who reaches an agent by another way is not called for it; what was
promised or lost after that holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bridge_stage import Stage, launched, staged
from store_people import NOON, Clock, campaign, person

from ami_bridge.came_back import CameBack
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import FactName, Intent, Outcome
from strategies.callbacks import AGAIN, Wish
from strategies.campaign import Pass, Recovery
from strategies.engine import advance, claimed, ended, enter
from strategies.state import Callback, Dial, SubCampaign
from strategies.store import Claim, Store
from strategies.store.promises import promise
from strategies.vocabulary import Medium, Result, RunState, Trigger

REMINDER = Pass("reminder", Medium.AVM, devices=("mobile", "home"))
RESCUE = Pass("rescue", Medium.DIALER, recovery=Recovery((Trigger.HANGUP_IN_SCRIPT,), "reminder", delay=30.0))
RESCUED = replace(RESCUE, name="back", recovery=Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service"))
NUMBER = "+12025550199"
EVE = person("eve", NUMBER)
ADA = person("1001", "+12125550101", "+12125550111")


async def lost_in_the_script(store: Store) -> SubCampaign:
    """A sub-campaign in which Ada hung up in the script and is to be called back in half a minute."""
    await store.import_contacts("spring_list", [ADA])
    defined = replace(campaign(), passes=(REMINDER, RESCUE), lists=("spring_list",))
    sub = SubCampaign("spring/1", defined, defined.lists, RunState.RUNNING, created=NOON)
    await store.create_sub(sub)
    await store.enrol(sub, [ADA.id], enter())
    [(contact, state)] = await store.due(sub.name, NOON, 10)
    move = advance(contact, state, sub, NOON)
    assert isinstance(move.step, Dial)
    intent = Intent(
        "sp-1", sub.name, ADA.id, "reminder", Medium.AVM, move.step.device, "collections", "", NOON
    )
    taken = claimed(move.state, move.step, intent.attempt, NOON, sub)
    assert await store.claim([Claim(intent, contact, taken, state.version)], NOON) == [None]
    outcome = Outcome("sp-1", Result.HANGUP_IN_SCRIPT, (), (Trigger.HANGUP_IN_SCRIPT,), NOON + 9)
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    after = ended(contact, state, sub, intent, outcome, NOON + 9)
    assert await store.record(intent, outcome, after, NOON + 39, state.version)
    return sub


async def came_back(store: Store, clock: Clock) -> CameBack:
    subs = SubCampaigns(store)
    await subs.refresh()
    return CameBack(store, subs, clock, "US")


async def test_who_reaches_an_agent_by_themselves_is_recovered_no_more(store: Store, clock: Clock) -> None:
    sub = await lost_in_the_script(store)
    await (await came_back(store, clock)).end_recoveries("+12125550111", NOON + 10)
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    assert state.recovery is None
    assert (await store.counters(sub.name)).recovery_ended == {"came_back": 1}


async def test_a_stranger_ends_nobodys_recovery(store: Store, clock: Clock) -> None:
    sub = await lost_in_the_script(store)
    await (await came_back(store, clock)).end_recoveries("+13125550199", NOON + 10)
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    assert state.recovery is not None


async def test_who_was_lost_after_they_reached_an_agent_is_recovered(store: Store, clock: Clock) -> None:
    sub = await lost_in_the_script(store)
    await (await came_back(store, clock)).talked("+12125550111", NOON + 8)
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    assert state.recovery is not None


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock, agents=["PJSIP/agent01"]) as made:
        yield made


async def promised(stage: Stage) -> SubCampaign:
    """A sub-campaign in which Eve is promised a call now."""
    sub = await launched(stage.store, [EVE], RESCUED)
    wish = Wish(stage.clock(), "desk", address=NUMBER)
    assert isinstance(await promise(stage.store, sub, EVE.id, wish, stage.clock), Callback)
    return sub


async def talks(stage: Stage, at: float) -> None:
    """Eve is told to have reached an agent at that moment."""
    await (await came_back(stage.store, stage.clock)).talked(NUMBER, at)


async def test_a_promise_holds_though_an_earlier_conversation_is_told_again(stage: Stage) -> None:
    sub = await promised(stage)
    await talks(stage, stage.clock() - 45)
    assert (await stage.state(sub, EVE)).callback is not None
    assert len(await stage.look()) == 1


async def test_who_reaches_an_agent_while_their_call_rings_is_not_tried_again(stage: Stage) -> None:
    await promised(stage)
    again = await stage.one_call()
    await talks(stage, stage.clock() + 5)
    await stage.hears(again, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
    assert await stage.told("callback_ended") == []
    assert await stage.look(after=AGAIN + 1) == []
    assert [line["result"] for line in await stage.told("callback_ended")] == ["came_back"]


async def test_who_reaches_an_agent_while_the_campaign_is_paused_is_not_called_when_it_goes_on(
    stage: Stage,
) -> None:
    sub = await promised(stage)
    await stage.store.set_run_state(sub.name, RunState.PAUSED, by="test")
    await talks(stage, stage.clock() + 1)
    await stage.store.set_run_state(sub.name, RunState.RUNNING, by="test")
    assert await stage.look(after=2) == []
    assert [line["result"] for line in await stage.told("callback_ended")] == ["came_back"]


async def test_who_reached_an_agent_by_another_campaign_is_not_called_back(stage: Stage) -> None:
    await promised(stage)
    other = await launched(stage.store, [EVE], Pass("live", Medium.DIALER), name="autumn", priority=9)
    attempt = await stage.one_call()
    stage.clock.now += 9
    await stage.hang_up(attempt, (FactName.ANSWERED, ""), (FactName.AGENT_CONNECTED, "PJSIP/agent01"))
    assert (await stage.state(other, EVE)).ended == "connected_agent"
    assert await stage.look(after=60) == []
    assert [line["result"] for line in await stage.told("callback_ended")] == ["came_back"]
