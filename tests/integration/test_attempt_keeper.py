"""An attempt ends exactly once, by what is said of it, in whatever order and however late it is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from bridge_stage import ADA, CALL, QUEUE, Stage, launched, staged, until
from store_people import Clock, person

from ami_bridge import attempt_keeper, endings
from strategies.attempts import Fact, FactName, Intent, Outcome, outcome
from strategies.store import Store, StoreUnavailable
from strategies.store.attempts import End
from strategies.vocabulary import Result

RINGING = (FactName.DIAL_ENDED, "NOANSWER")
BUSY = (FactName.DIAL_ENDED, "BUSY")
ANSWERED = (FactName.ANSWERED, "")
FAILED = (FactName.ORIGINATE_FAILED, "0")
GONE = (FactName.GONE, "placed")


def hung_up(cause: int) -> tuple[FactName, str]:
    return FactName.HUNG_UP, str(cause)


@pytest.fixture
async def stage(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(attempt_keeper, "HANGUP_SETTLE", 0.05)
    async with staged(store, clock) as made:
        yield made


@pytest.fixture
async def attempt(stage: Stage) -> str:
    """A call that was just placed, to Ada."""
    await launched(stage.store, [ADA])
    return await stage.one_call()


# --- Which result


@pytest.mark.parametrize("has_channel", [True, False], ids=["it rang", "not seen to ring"])
@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ((FAILED, BUSY, hung_up(17)), Result.BUSY),
        ((BUSY, FAILED, hung_up(17)), Result.BUSY),
        ((BUSY, hung_up(17), FAILED), Result.BUSY),
        ((FAILED, hung_up(17)), Result.BUSY),
        ((FAILED, RINGING, hung_up(1)), Result.BAD_DEVICE),
        ((RINGING, FAILED, hung_up(34)), Result.CONGESTION),
        (((FactName.ORIGINATE_FAILED, "3"), hung_up(19)), Result.NO_ANSWER),
        ((GONE, hung_up(17)), Result.BUSY),
        ((hung_up(17), GONE), Result.BUSY),
    ],
)
async def test_the_hang_up_says_why_a_call_failed_whatever_came_first(
    stage: Stage,
    attempt: str,
    facts: tuple[tuple[FactName, str], ...],
    result: Result,
    has_channel: bool,
) -> None:
    if has_channel:
        stage.keeper.saw_channel(attempt)
    await stage.hears(attempt, *facts)
    assert await stage.results() == {attempt: result}
    assert await stage.store.live() == []


async def test_an_originate_that_made_no_channel_has_failed(stage: Stage, attempt: str) -> None:
    await stage.hears(attempt, FAILED)
    assert await stage.results() == {attempt: "failed"}


async def test_who_is_gone_without_a_word_is_unknown_and_cools_down(stage: Stage, attempt: str) -> None:
    await stage.hears(attempt, GONE)
    assert await stage.results() == {attempt: "unknown"}


async def test_a_refused_second_originate_does_not_end_the_call_that_is_up(
    stage: Stage, attempt: str
) -> None:
    stage.keeper.saw_channel(attempt)
    await stage.hears(attempt, ANSWERED, FAILED)
    assert await stage.results() == {}
    assert [intent.attempt for intent, _ in await stage.store.live()] == [attempt]
    await stage.hears(
        attempt, (FactName.QUEUE_JOINED, QUEUE), (FactName.AGENT_CONNECTED, "PJSIP/a"), hung_up(16)
    )
    assert await stage.results() == {attempt: "connected_agent"}


async def test_an_attempt_ends_once_though_its_end_is_told_twice(stage: Stage, attempt: str) -> None:
    await stage.hears(attempt, hung_up(16), hung_up(16))
    await stage.hears(attempt, GONE)
    assert len(await stage.told("attempt_ended")) == 1


# --- Whose


async def test_an_attempt_of_another_bridge_is_ignored(stage: Stage, attempt: str) -> None:
    stage.keeper.saw_channel("sp-somebody-elses")
    await stage.hears("sp-somebody-elses", ANSWERED, hung_up(16))
    assert await stage.results() == {}
    assert await stage.store.facts("sp-somebody-elses") == []
    await stage.hears("sp-somebody-elses", FAILED)
    await stage.hang_up(attempt)
    assert list(await stage.results()) == [attempt]


# --- The script


async def script_says(stage: Stage, attempt: str, name: FactName, value: str = "") -> None:
    """The player writes a fact, and the bridge reads it from the stream."""
    fact = Fact(name, stage.clock(), value)
    await stage.store.add_fact(attempt, fact)
    stage.keeper.learn(attempt, fact)


async def in_the_script(stage: Stage, attempt: str) -> None:
    await stage.hears(attempt, ANSWERED)
    await script_says(stage, attempt, FactName.SCRIPT_STARTED)


async def test_the_scripts_last_word_is_waited_for(stage: Stage, attempt: str) -> None:
    await in_the_script(stage, attempt)
    stage.keeper.hear(attempt, Fact(FactName.HUNG_UP, stage.clock(), "16"))

    async def hang_up_is_written() -> bool:
        return FactName.HUNG_UP in {fact.name for fact in await stage.store.facts(attempt)}

    await until(hang_up_is_written)
    await script_says(stage, attempt, FactName.PRESSED, "8")
    assert await stage.results() == {}
    await script_says(stage, attempt, FactName.SCRIPT_ENDED, "hung_up")
    await stage.keeper.drained()
    assert await stage.results() == {attempt: "delivered_no_success"}
    assert (await stage.told("attempt_ended"))[0]["responses"] == ["pressed_8"]
    assert (await stage.told("contact_ended"))[0]["reason"] == "opt_out"


async def test_a_script_that_never_ends_is_waited_for_two_seconds_at_most(
    stage: Stage, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt_keeper.SCRIPT_SETTLE == 2.0
    monkeypatch.setattr(attempt_keeper, "SCRIPT_SETTLE", 0.05)
    await in_the_script(stage, attempt)
    began = time.monotonic()
    await stage.hang_up(attempt)
    assert time.monotonic() - began >= 0.05
    assert await stage.results() == {attempt: "hangup_in_script"}


async def test_a_script_that_had_ended_is_not_waited_for(stage: Stage, attempt: str) -> None:
    await in_the_script(stage, attempt)
    await script_says(stage, attempt, FactName.SCRIPT_ENDED, "completed")
    began = time.monotonic()
    await stage.hang_up(attempt)
    assert time.monotonic() - began < attempt_keeper.SCRIPT_SETTLE
    assert await stage.results() == {attempt: "delivered_person"}


# --- The store away


async def test_what_is_heard_while_the_store_is_away_is_written_in_order_when_it_is_back(
    stage: Stage, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_fact, tries = stage.store.add_fact, 0

    async def away_at_first(one: str, fact: Fact) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreUnavailable("cut")
        if tries == 2:
            await add_fact(one, fact)  # written, and the answer is lost
            raise StoreUnavailable("cut")
        return await add_fact(one, fact)

    monkeypatch.setattr(stage.store, "add_fact", away_at_first)
    await stage.hears(attempt, ANSWERED, (FactName.QUEUE_JOINED, QUEUE), hung_up(16))
    names = [fact.name for fact in await stage.store.facts(attempt)]
    assert list(dict.fromkeys(names)) == [FactName.ANSWERED, FactName.QUEUE_JOINED, FactName.HUNG_UP]
    assert await stage.results() == {attempt: "abandoned_no_agent"}


async def test_a_result_whose_answer_was_lost_is_recorded_once(
    stage: Stage, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, tries = stage.store.record_many, 0

    async def answer_lost(ends: Sequence[End]) -> list[bool | None]:
        nonlocal tries
        tries += 1
        done = await record(ends)
        if tries == 1:
            raise StoreUnavailable("cut")
        return done

    monkeypatch.setattr(stage.store, "record_many", answer_lost)
    await stage.hang_up(attempt)
    assert tries == 2
    assert len(await stage.told("attempt_ended")) == 1


async def test_a_mistake_of_ours_costs_the_person_no_second_call_and_frees_the_channel(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(store, clock) as stage:
        await launched(store, [ADA, person("bo", "+12025550102")], channels=1)
        first = await stage.one_call()

        async def broken(*_: object) -> bool:
            raise ZeroDivisionError

        monkeypatch.setattr(store, "record_many", broken)
        await stage.hang_up(first)
        assert [intent.attempt for intent, _ in await store.live()] == [first]
        assert len(await stage.look()) == 1


async def test_a_mistake_of_ours_in_one_costs_those_that_end_with_it_nothing(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(store, clock) as stage:
        await launched(store, [ADA, person("bo", "+12025550102")], CALL)
        broken, sound = await stage.look()

        def fails_for_one(intent: Intent, *rest: Any) -> Outcome | None:
            if intent.attempt == broken:
                raise ZeroDivisionError
            return outcome(intent, *rest)

        monkeypatch.setattr(endings, "outcome", fails_for_one)
        for attempt in (broken, sound):
            stage.keeper.hear(attempt, Fact(FactName.HUNG_UP, clock(), "17"))
        async with asyncio.timeout(5):
            await stage.keeper.drained()
        assert await stage.results() == {sound: "busy"}
        assert [intent.attempt for intent, _ in await store.live()] == [broken]


async def test_attempts_are_finished_beside_each_other(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_keeper, "HANGUP_SETTLE", 30.0)
    async with staged(store, clock) as stage:
        await launched(store, [ADA, person("bo", "+12025550102")], CALL)
        slow, quick = await stage.look()
        stage.keeper.hear(slow, Fact(FactName.GONE, clock(), "placed"))
        stage.keeper.hear(quick, Fact(FactName.HUNG_UP, clock(), "17"))

        async def quick_one_is_recorded() -> bool:
            return quick in await stage.results()

        await until(quick_one_is_recorded)
        assert slow not in await stage.results()
        stage.keeper.hear(slow, Fact(FactName.HUNG_UP, clock(), "17"))
        async with asyncio.timeout(5):
            await stage.keeper.drained()
        assert await stage.results() == {slow: "busy", quick: "busy"}
