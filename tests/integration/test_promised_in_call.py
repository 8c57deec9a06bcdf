"""Another call that an agent promises while they talk, and after it: kept once the call is over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from bridge_stage import ADA, CALL, RESCUE, Stage, launched, staged
from store_people import Clock

from strategies.attempts import FactName
from strategies.callbacks import Unkept, Wish
from strategies.state import Callback
from strategies.store import Store
from strategies.store.promises import promise_from

ANSWERED, CONNECTED = (FactName.ANSWERED, ""), (FactName.AGENT_CONNECTED, "PJSIP/a")
HUNG_UP = (FactName.HUNG_UP, "16")
TOMORROW = 86_400.0


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


@pytest.mark.parametrize("over", [False, True], ids=["while they talk", "after it"])
async def test_the_person_of_a_call_is_promised_another(stage: Stage, over: bool) -> None:
    sub = await launched(stage.store, [ADA], CALL, RESCUE)
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, CONNECTED, *([HUNG_UP] if over else []))
    intent = await stage.store.intent(attempt)
    assert intent is not None
    wish = Wish(stage.clock() + TOMORROW, "mira", "PJSIP/a")
    made = await promise_from(stage.store, sub, intent, wish, stage.clock)
    assert isinstance(made, Callback)
    assert (made.at, made.agent) == (wish.at, "PJSIP/a")
    if not over:
        assert (await stage.state(sub, ADA)).callback is None
        await stage.hears(attempt, HUNG_UP)
    kept = (await stage.state(sub, ADA)).callback
    assert kept is not None
    assert (round(kept.at), kept.agent) == (round(wish.at), "PJSIP/a")


async def test_what_cannot_be_kept_is_refused_while_they_talk(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA], CALL, RESCUE)
    attempt = await stage.one_call()
    await stage.hears(attempt, ANSWERED, CONNECTED)
    intent = await stage.store.intent(attempt)
    assert intent is not None
    before = await stage.store.facts(attempt)
    at_night = Wish(stage.clock() + 12 * 3600.0, "mira")
    assert await promise_from(stage.store, sub, intent, at_night, stage.clock) is Unkept.CLOSED
    assert await stage.store.facts(attempt) == before
