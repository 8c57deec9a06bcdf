"""Everybody ends with a reason: when the time of a sub-campaign is up, when it is stopped; and who is to get
a message goes to whoever sends it, whether or not anybody may be called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bridge_stage import ADA, BO, CALL, Stage, launched, staged
from store_people import NOON, Clock, people

from ami_bridge import sub_campaigns
from strategies.attempts import Fact, FactName
from strategies.campaign import Pass
from strategies.contacts import Device
from strategies.ledger import recount
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.vocabulary import Medium, RunState

LETTER = Pass("letter", Medium.EMAIL)


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


async def reasons(stage: Stage) -> dict[str, str]:
    """Contact to the reason it ended with."""
    return {str(line["contact"]): str(line["reason"]) for line in await stage.told("contact_ended")}


async def run_state(store: Store, sub: SubCampaign) -> RunState:
    found = await store.sub(sub.name)
    assert found is not None
    return found.run_state


async def test_when_the_timeframe_is_over_everybody_ends_with_that_reason(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA, BO], until=NOON + 60)
    attempt = await stage.look()
    stage.clock.now = NOON + 60
    await stage.look()
    assert await run_state(stage.store, sub) is RunState.RUNNING  # Ada's and Bo's calls are up
    for one in attempt:
        await stage.hang_up(one)
    await stage.look()
    assert await reasons(stage) == {"ada": "timeframe_over", "bo": "timeframe_over"}
    assert await run_state(stage.store, sub) is RunState.COMPLETED
    assert await stage.store.open_subs() == []


async def test_who_waits_ends_when_a_sub_campaign_is_stopped_and_who_talks_finishes(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA, BO], channels=1)
    attempt = await stage.one_call()
    await stage.hears(attempt, (FactName.ANSWERED, ""))
    await stage.store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    assert await stage.look() == []
    assert await reasons(stage) == {"bo": "stopped"}
    await stage.hang_up(attempt)
    await stage.look()
    assert await reasons(stage) == {"ada": "stopped", "bo": "stopped"}
    assert await stage.store.open_subs() == []


async def test_who_waits_while_a_sub_campaign_is_paused_goes_on_when_it_is_resumed(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    await stage.store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    assert await stage.look() == []
    assert await reasons(stage) == {}
    await stage.store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert len(await stage.look()) == 1


async def test_a_crowd_is_brought_to_its_end_in_bounded_steps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sub_campaigns, "STEP", 10)
    sub = await launched(stage.store, people(25))
    await stage.store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    ended = []
    for _ in range(4):
        await stage.look()
        ended.append((await stage.store.counters(sub.name)).ended)
    assert ended == [10, 20, 25, 25]
    assert await stage.store.open_subs() == []
    told = [line for _, line in await stage.store.ledger(count=10_000)]
    assert recount(told) == await stage.store.counters(sub.name)


async def test_stopped_with_that_wish_ringing_calls_are_hung_up_and_answered_ones_are_not(
    stage: Stage,
) -> None:
    sub = await launched(stage.store, [ADA, BO])
    ringing, talking = await stage.look()
    await stage.hears(talking, (FactName.ANSWERED, ""))
    await stage.store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    await stage.store.hang_up_ringing(sub.name)
    await stage.look()
    assert stage.link.hung_up == [ringing]
    await stage.hears(ringing, (FactName.DIAL_ENDED, "CANCEL"), (FactName.HUNG_UP, "16"))
    await stage.look()
    assert await stage.store.to_hang_up() == frozenset()
    assert stage.link.hung_up == [ringing]


async def test_who_was_heard_to_answer_is_not_hung_up_though_the_store_has_yet_to_learn_it(
    stage: Stage,
) -> None:
    sub = await launched(stage.store, [ADA])
    attempt = await stage.one_call()
    await stage.store.set_run_state(sub.name, RunState.STOPPED, by="eve")
    await stage.store.hang_up_ringing(sub.name)
    stage.keeper.hear(attempt, Fact(FactName.ANSWERED, stage.clock()))
    await stage.look()
    assert stage.link.hung_up == []
    await stage.hang_up(attempt)


async def test_who_is_to_get_a_message_is_routed_to_the_messenger_and_never_claimed_here(
    stage: Stage,
) -> None:
    ada = replace(ADA, devices=(*ADA.devices, Device("email", "ada@example.org")))
    sub = await launched(stage.store, [ada, BO], LETTER)
    assert await stage.look() == []
    [(contact, _)] = await stage.store.due(sub.name, stage.clock.now, 10, lanes="messages")
    assert contact == ada
    assert await stage.store.due(sub.name, stage.clock.now, 10) == []
    assert await reasons(stage) == {"bo": "no_pass_left"}  # passed over at once: there is no address


async def test_contacts_are_routed_while_nobody_may_be_called_and_calls_wait(
    stage: Stage,
) -> None:
    ada = replace(ADA, devices=(Device("email", "ada@example.org"),))
    sub = await launched(stage.store, [BO, ada], CALL, replace(LETTER, start="contact"))
    stage.link.lose()
    assert await stage.look() == []
    assert [one.id for one, _ in await stage.store.due(sub.name, stage.clock.now, 10, lanes="messages")] == [
        "ada"
    ]
    [(contact, state)] = await stage.store.due(sub.name, stage.clock.now, 10)
    assert (contact, state.version) == (BO, 0)
