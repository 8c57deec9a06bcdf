"""Somebody lost who calls in and reaches an agent is not called again for it."""

from __future__ import annotations

from dataclasses import replace

from store_people import NOON, Clock, campaign, person

from ami_bridge.came_back import CameBack
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Intent, Outcome
from strategies.campaign import Pass, Recovery
from strategies.engine import advance, claimed, ended, enter
from strategies.state import Dial, SubCampaign
from strategies.store import Claim, Store
from strategies.vocabulary import Medium, Result, RunState, Trigger

REMINDER = Pass("reminder", Medium.AVM, devices=("mobile", "home"))
RESCUE = Pass("rescue", Medium.DIALER, recovery=Recovery((Trigger.HANGUP_IN_SCRIPT,), "reminder", delay=30.0))
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
    await (await came_back(store, clock)).end_recoveries("+12125550111")
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    assert state.recovery is None
    assert (await store.counters(sub.name)).recovery_ended == {"came_back": 1}


async def test_a_stranger_ends_nobodys_recovery(store: Store, clock: Clock) -> None:
    sub = await lost_in_the_script(store)
    await (await came_back(store, clock)).end_recoveries("+13125550199")
    state = await store.state(sub.name, ADA.id)
    assert state is not None
    assert state.recovery is not None
