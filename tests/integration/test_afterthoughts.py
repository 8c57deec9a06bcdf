"""What an agent notes after the hang-up counts as what they note before it, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from bridge_stage import ADA, CALL, RESCUE, Stage, launched, staged
from store_people import Clock

from ami_bridge import afterthoughts
from strategies.attempts import Fact, FactName
from strategies.callbacks import Wish
from strategies.state import Callback
from strategies.store import Store
from strategies.store.promises import promise_from

ANSWERED, CONNECTED = (FactName.ANSWERED, ""), (FactName.AGENT_CONNECTED, "PJSIP/a")
HUNG_UP = (FactName.HUNG_UP, "16")


@pytest.fixture
async def stage(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(afterthoughts, "AGAIN", 0.02)
    async with staged(store, clock) as made:
        yield made


def noted(word: str) -> tuple[FactName, str]:
    return FactName.DISPOSITION, word


async def test_what_is_noted_after_the_call_is_a_line_of_its_own(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, CONNECTED, noted("paid"), HUNG_UP)
    await stage.hears(attempt, noted("machine"))
    [ended], [after] = await stage.told("attempt_ended"), await stage.told("responded")
    assert ended["responses"] == ["agent_paid"]
    assert (after["responses"], after["attempt"], after["campaign"]) == (["agent_machine"], attempt, sub.name)
    assert (await stage.state(sub, ADA)).responses == ("agent_paid", "agent_machine")
    assert (await stage.store.counters(sub.name)).by_response == {"agent_paid": 1, "agent_machine": 1}


async def test_a_note_that_comes_with_the_hang_up_is_told_once(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    attempt = await stage.one_call()
    for name, value in (ANSWERED, CONNECTED, HUNG_UP, noted("machine")):
        stage.keeper.hear(attempt, Fact(name, stage.clock(), value))
    async with asyncio.timeout(5):
        await stage.keeper.drained()
    assert (await stage.store.counters(sub.name)).by_response == {"agent_machine": 1}
    assert (await stage.state(sub, ADA)).ended == "connected_agent"


async def test_who_opted_out_is_never_called_again_though_it_was_noted_late(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA], groups={"opt_out": ("agent_do_not_call",)})
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, HUNG_UP)
    await stage.hears(attempt, noted("do_not_call"))
    number = ADA.devices[0].address
    assert await stage.store.suppressed([number]) == {number: "agent_do_not_call"}
    assert (await stage.state(sub, ADA)).responses == ("agent_do_not_call",)


async def test_what_an_agent_notes_on_their_page_after_the_call_counts_once(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA], groups={"opt_out": ("agent_do_not_call",)})
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, HUNG_UP)
    note = Fact(FactName.DISPOSITION, stage.clock(), "do_not_call")
    assert await stage.store.add_fact(attempt, note)
    for _ in range(2):  # as it is read again by a bridge that starts anew
        stage.keeper.learn(attempt, note)
        await stage.keeper.drained()
    assert (await stage.store.counters(sub.name)).by_response == {"agent_do_not_call": 1}
    assert await stage.store.suppressed([ADA.devices[0].address])


async def test_what_came_by_asterisk_is_not_noted_again_when_the_store_tells_it(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, HUNG_UP)
    note = Fact(FactName.DISPOSITION, stage.clock(), "machine")
    stage.keeper.hear(attempt, note)
    stage.keeper.learn(attempt, note)
    await stage.keeper.drained()
    assert (await stage.store.counters(sub.name)).by_response == {"agent_machine": 1}


async def test_a_call_promised_between_the_hang_up_and_its_record_is_promised(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA], CALL, RESCUE)
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED)
    await stage.store.add_fact(attempt, Fact(FactName.HUNG_UP, stage.clock(), "16"))
    intent = await stage.store.intent(attempt)
    assert intent is not None
    wish = Wish(stage.clock() + 3600, "desk", "PJSIP/a", ADA.devices[0].address)
    assert isinstance(await promise_from(stage.store, sub, intent, wish, stage.clock), Callback)
    [*_, note] = await stage.store.facts(attempt)
    stage.keeper.learn(attempt, note)
    await stage.hears(attempt, HUNG_UP)
    callback = (await stage.state(sub, ADA)).callback
    assert callback is not None
    assert (callback.at, callback.agent) == (round(wish.at), "PJSIP/a")
