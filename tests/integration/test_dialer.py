"""Nobody is dialled but by a durable intent, through a link that is known to be right, within every limit;
and what was taken for a call that did not come to be is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import chain, repeat

import pytest
from bridge_stage import (
    ADA,
    BO,
    CALL,
    QUEUE,
    RESCUE,
    Stage,
    launched,
    lost_in_the_script,
    settings,
    staged,
    until,
)
from store_people import Clock, people, refused

from ami_bridge import dialer
from ami_bridge.errors import ActionRefused, AmiError, ForbiddenText, NotConnected, OutcomeUnknown
from ami_bridge.speech import SpeechError
from strategies.attempts import FactName
from strategies.attempts import Stage as HowFar
from strategies.campaign import Limits, Pacing, Pass
from strategies.contacts import Contact
from strategies.script import Script
from strategies.store import Claim, NotDurable, Store, StoreUnavailable
from strategies.vocabulary import Medium, Refusal, RunState

ANSWERED, JOINED = (FactName.ANSWERED, ""), (FactName.QUEUE_JOINED, QUEUE)
CONNECTED = (FactName.AGENT_CONNECTED, "PJSIP/agent01")


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


@pytest.fixture
async def with_agent(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock, agents=["PJSIP/agent01"]) as made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialer, "TICK", 0.002)
    monkeypatch.setattr(dialer, "STORE_AGAIN", 0.002)


def raising(error: Exception) -> Callable[[str], object]:
    async def answer(_attempt: str) -> None:
        raise error

    return answer


# --- The intent first


async def test_the_intent_stands_in_the_store_when_asterisk_is_asked(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    seen = []

    async def answer(attempt: str) -> None:
        seen.extend(await stage.store.live())
        assert (await stage.state(sub, ADA)).live == attempt

    stage.link.answer = answer
    attempt = await stage.one_call()
    [(intent, how_far)] = seen
    assert (intent.attempt, intent.device.address, how_far) == (attempt, "+12025550101", HowFar.INTENT)
    assert [how_far for _, how_far in await stage.store.live()] == [HowFar.PLACED]
    assert await stage.look() == []


async def test_a_call_goes_into_our_dialplan_with_the_attempts_id(stage: Stage) -> None:
    await launched(stage.store, [ADA])
    attempt = await stage.one_call()
    [headers] = stage.link.headers
    assert headers["Channel"] == "PJSIP/+12025550101@carrier"
    assert (headers["Context"], headers["ChannelId"]) == ("secondpass-answered", attempt)


# --- Nothing while something is missing


async def looks(stage: Stage, asked: Callable[[], int], times: int = 3) -> None:
    """Let the running dialer come round so many times."""
    goal = asked() + times
    await until(lambda: asked() >= goal)


@pytest.mark.usefixtures("quick")
async def test_nobody_is_dialled_before_the_first_repair_nor_after_a_new_login(
    store: Store, clock: Clock
) -> None:
    asked = 0

    def leased() -> bool:
        nonlocal asked
        asked += 1
        return True

    async with staged(store, clock, leased=leased, repaired=False) as stage, asyncio.TaskGroup() as tasks:
        await launched(store, [ADA])
        running = tasks.create_task(stage.dialer.run())
        await looks(stage, lambda: asked)
        assert stage.link.originated == []

        await stage.repair.once()
        await until(lambda: len(stage.link.originated) == 1)

        stage.link.win()
        await launched(store, [BO], name="autumn")
        await looks(stage, lambda: asked)
        assert len(stage.link.originated) == 1

        await stage.repair.once()
        await until(lambda: len(stage.link.originated) == 2)
        running.cancel()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("missing", ["link", "version", "lease"])
async def test_nobody_is_dialled_while_something_is_missing(store: Store, clock: Clock, missing: str) -> None:
    asked = 0

    def leased() -> bool:
        nonlocal asked
        asked += 1
        return missing != "lease"

    async with staged(store, clock, leased=leased) as stage, asyncio.TaskGroup() as tasks:
        stage.link.connected = missing != "link"
        stage.link.unsafe = "upgrade" if missing == "version" else ""
        await launched(store, [ADA])
        running = tasks.create_task(stage.dialer.run())
        await looks(stage, lambda: asked)
        assert stage.link.originated == []
        assert await store.live() == []

        stage.link.connected, stage.link.unsafe, missing = True, "", ""
        await until(lambda: len(stage.link.originated) == 1)
        running.cancel()


async def test_a_stopped_sub_campaign_makes_no_attempt_at_the_next_look(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA, BO], channels=1)
    await stage.one_call()
    await stage.store.set_run_state(sub.name, RunState.STOPPED, by="test")
    assert await stage.look() == []


async def test_one_that_is_stopped_between_look_and_claim_makes_none_either(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub = await launched(stage.store, [ADA])
    claim = stage.store.claim

    async def stopped_first(claims: list[Claim], now: float) -> list[Refusal | None]:
        await stage.store.set_run_state(sub.name, RunState.STOPPED, by="test")
        return await claim(claims, now)

    monkeypatch.setattr(stage.store, "claim", stopped_first)
    assert await stage.look() == []


# --- What was not placed


async def test_what_was_not_sent_is_given_back_and_due_again(stage: Stage) -> None:
    await launched(stage.store, [ADA], channels=1)
    stage.link.answer = raising(NotConnected("lost"))
    first = await stage.one_call()
    assert await stage.store.live() == []
    assert [line["attempt"] for line in await stage.told("attempt_released")] == [first]

    stage.link.answer = raising(NotConnected("still lost"))
    assert await stage.one_call() != first


async def test_a_bridge_that_was_frozen_after_its_claim_asks_for_nothing(store: Store, clock: Clock) -> None:
    answers = chain([True], repeat(False))
    async with staged(store, clock, leased=lambda: next(answers)) as stage:
        await launched(store, [ADA])
        assert await stage.look() == []  # claimed, but the lease had run out when the call was to be placed
        assert await store.live() == []
        assert len(await stage.told("attempt_released")) == 1


@pytest.mark.parametrize(
    "error", [ActionRefused("Originate", "Permission denied"), ForbiddenText("a line break")]
)
async def test_what_asterisk_or_the_wire_refuses_has_failed_and_is_not_tried_again(
    stage: Stage, error: AmiError
) -> None:
    sub = await launched(stage.store, [ADA])
    stage.link.answer = raising(error)
    attempt = await stage.one_call()
    await stage.keeper.drained()
    assert await stage.results() == {attempt: "failed"}
    assert (await stage.state(sub, ADA)).ended is not None
    assert await stage.look(after=3600.0) == []


async def test_whom_asterisk_was_perhaps_asked_for_stays_locked(stage: Stage) -> None:
    await launched(stage.store, [ADA])
    stage.link.answer = raising(OutcomeUnknown("Originate", "no answer within 5 s"))
    attempt = await stage.one_call()
    [(intent, how_far)] = await stage.store.live()
    assert (intent.attempt, how_far) == (attempt, HowFar.INTENT)
    other = await launched(stage.store, [ADA], name="other")
    assert stage.repair.due.is_set()
    assert await refused(stage.store, other, ADA) is Refusal.PERSON_BUSY


async def test_a_refused_claim_is_never_asked_for_and_promises_nobody(with_agent: Stage) -> None:
    stage = with_agent
    await lost_in_the_script(stage, ADA)
    await stage.store.do_not_call(["+12025550101"], reason="wrote a letter", by="test")
    assert await stage.look(after=31.0) == []
    assert stage.board.free(QUEUE) == 1


# --- Agents


async def test_an_agent_is_promised_before_a_recall_is_dialled(with_agent: Stage) -> None:
    stage = with_agent
    await lost_in_the_script(stage, ADA)
    free = []

    async def answer(_attempt: str) -> None:
        free.append(stage.board.free(QUEUE))

    stage.link.answer = answer
    recall = (await stage.look(after=31.0))[0]
    assert free == [0]
    await stage.hears(recall, ANSWERED, JOINED, CONNECTED)
    assert stage.board.free(QUEUE) == 1  # the promise is kept; that the agent talks, Asterisk tells


@pytest.mark.parametrize("error", [NotConnected("lost"), ActionRefused("Originate", "no")])
async def test_an_agent_is_free_again_when_the_recall_could_not_be_placed(
    with_agent: Stage, error: AmiError
) -> None:
    stage = with_agent
    await lost_in_the_script(stage, ADA)
    stage.link.answer = raising(error)
    assert len(await stage.look(after=31.0)) == 1
    await stage.keeper.drained()
    assert stage.board.free(QUEUE) == 1


async def test_an_agent_is_free_again_when_nobody_answered(with_agent: Stage) -> None:
    stage = with_agent
    await lost_in_the_script(stage, ADA)
    [recall] = await stage.look(after=31.0)
    assert stage.board.free(QUEUE) == 0
    await stage.hears(recall, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
    assert stage.board.free(QUEUE) == 1


async def test_a_recall_without_an_agent_waits_and_expires_undialled(stage: Stage) -> None:
    sub = await lost_in_the_script(stage, ADA)
    version = (await stage.state(sub, ADA)).version
    for _ in range(5):
        assert await stage.look(after=31.0) == []
    assert (await stage.state(sub, ADA)).version == version  # waiting writes nothing
    assert await stage.look(after=900.0) == []
    assert [line["result"] for line in await stage.told("recovery_ended")] == ["expired"]


async def test_a_recall_expires_at_its_moment_though_the_next_pass_has_no_agent_either(stage: Stage) -> None:
    sub = await lost_in_the_script(stage, ADA, Pass("live", Medium.DIALER, start="contact"))
    assert await stage.look(after=931.0) == []
    assert [line["result"] for line in await stage.told("recovery_ended")] == ["expired"]
    version = (await stage.state(sub, ADA)).version
    assert await stage.look() == []
    assert (await stage.state(sub, ADA)).version == version  # told once; waiting writes nothing


async def test_two_recalls_are_not_promised_one_agent(with_agent: Stage) -> None:
    stage = with_agent
    await launched(stage.store, [ADA, BO], replace(RESCUE, recovery=None))
    assert len(await stage.look()) == 1
    assert await stage.look() == []


async def test_no_agent_is_kept_for_a_recall_that_the_limits_hold_back(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a", "b"], limits=settings(channels=1)) as stage:
        await launched(store, [ADA, BO], replace(RESCUE, recovery=None))
        assert len(await stage.look()) == 1
        assert await stage.look() == []
        assert stage.board.free(QUEUE) == 1


# --- Limits


async def test_one_look_does_not_exceed_the_channels(store: Store, clock: Clock) -> None:
    async with staged(store, clock, limits=settings(channels=5)) as stage:
        await launched(store, people(40), channels=3)
        await launched(store, [replace(one, id=f"b{one.id}") for one in people(80)[40:]], name="autumn")
        first = await stage.look()
        assert len(first) == 5
        assert await stage.look() == []
        await stage.hang_up(first[0])
        assert len(await stage.look()) == 1


async def test_more_than_one_look_takes_are_called_without_a_pause(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialer, "TICK", 1000.0)
    monkeypatch.setattr(dialer, "SOONEST", 1000.0)
    async with staged(store, clock) as stage, asyncio.TaskGroup() as tasks:
        await launched(stage.store, people(250))
        running = tasks.create_task(stage.dialer.run())
        await until(lambda: len(stage.link.originated) == 250)
        running.cancel()


async def test_looks_pause_while_asterisk_is_slow_to_take_calls(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialer, "UNANSWERED", 100)
    taking = asyncio.Event()

    async def answer(_attempt: str) -> None:
        await taking.wait()

    async with staged(store, clock) as stage:
        stage.link.answer = answer
        await launched(stage.store, people(250))
        async with asyncio.TaskGroup() as calls:
            assert await stage.dialer.look(calls)
            await until(lambda: len(stage.link.originated) == 100)
            assert not await stage.dialer.look(calls), "as many as a look takes, but none of them was taken"
            taking.set()


async def test_the_list_is_called_in_its_order_however_slowly(store: Store, clock: Clock) -> None:
    crowd = people(120)
    async with staged(store, clock) as stage:
        await launched(store, crowd, channels=7)
        called: list[str] = []
        for _ in range(10):
            up = await stage.look()
            called += [(await store.intent(attempt)).contact for attempt in up]  # type: ignore[union-attr]
            for attempt in up:
                await stage.hang_up(attempt)
        assert called == [one.id for one in crowd[:70]]


@pytest.mark.parametrize(
    ("limits", "more", "passes"),
    [
        (settings(calls_per_second=2.0), {}, (CALL,)),
        (settings(), {"calls_per_second": 2.0}, (CALL,)),
        (settings(), {}, (replace(CALL, pacing=Pacing("rate", rate=120.0)),)),
    ],
    ids=["trunk", "campaign", "pass"],
)
async def test_a_rate_holds_over_a_long_run(
    store: Store, clock: Clock, limits: object, more: dict[str, object], passes: tuple[object, ...]
) -> None:
    async with staged(store, clock, limits=limits) as stage:  # type: ignore[arg-type]
        await launched(store, people(120), *passes, **more)  # type: ignore[arg-type]
        started = [len(await stage.look()) for _ in range(150)]  # 30 seconds
        per_second = [sum(started[at : at + 5]) for at in range(len(started) - 4)]
        assert sum(started) == pytest.approx(60, abs=1)
        assert max(per_second) <= 4  # the rate, and one burst of a second


async def test_who_waits_for_an_agent_keeps_nobody_else_from_being_called(stage: Stage) -> None:
    by_agents = replace(RESCUE, name="agents", recovery=None, where='contact.who == "agent"')
    by_voice = replace(CALL, name="voice", where='contact.who == "voice"', start="contact")
    waiting = [replace(one, attributes={"who": "agent"}) for one in people(120)]
    ready = replace(BO, attributes={"who": "voice"})
    await launched(stage.store, [*waiting, ready], by_agents, by_voice)
    assert await stage.look() == []
    assert await stage.look() == []
    assert len(await stage.look(after=1.0)) == 1


# --- The store lost


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("written", [True, False], ids=["claims written", "claims not written"])
@pytest.mark.parametrize("error", [StoreUnavailable("cut"), NotDurable("disk full")])
async def test_claims_whose_answer_was_lost_are_undone_and_dialled_after_a_repair_only(
    with_agent: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception, written: bool
) -> None:
    stage = with_agent
    sub = await launched(stage.store, [ADA], replace(RESCUE, recovery=None), channels=1)
    claim = stage.store.claim

    async def lost(claims: list[Claim], now: float) -> list[Refusal | None]:
        if written:
            await claim(claims, now)
        monkeypatch.setattr(stage.store, "claim", claim)
        raise error

    monkeypatch.setattr(stage.store, "claim", lost)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stage.dialer.run())
        await until(stage.repair.due.is_set)
        assert stage.link.originated == []
        assert await stage.store.live() == []
        assert (await stage.state(sub, ADA)).live is None
        assert len(await stage.told("attempt_released")) == written

        await stage.repair.once()
        await until(lambda: len(stage.link.originated) == 1)
        running.cancel()


async def test_granted_calls_are_placed_though_the_store_fails_on_a_refused_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(stage.store, [ADA, BO])
    await stage.store.do_not_call([ADA.devices[0].address], reason="wish", by="test")

    async def cut(*_: object) -> None:
        raise StoreUnavailable("cut")

    monkeypatch.setattr(stage.subs, "standing", cut)
    with pytest.raises(ExceptionGroup) as failed:
        await stage.look()
    assert failed.value.subgroup(StoreUnavailable) is not None
    [(intent, _)] = await stage.store.live()
    assert intent.contact == BO.id


# --- What leads to a call


async def test_a_sub_campaign_nobody_is_attached_to_yet_ends_no_pass(stage: Stage) -> None:
    sub = await launched(stage.store, [], CALL, replace(CALL, name="later", start="pass"))
    await stage.look()
    found = await stage.store.sub(sub.name)
    assert found is not None
    assert found.passes_ended == {}


async def test_a_pass_passed_over_is_told_before_the_call_of_the_next(stage: Stage) -> None:
    skipped = replace(CALL, name="first", where='contact.who == "other"')
    await launched(
        stage.store, [replace(ADA, attributes={"who": "ada"})], skipped, replace(CALL, start="contact")
    )
    assert len(await stage.look()) == 1
    kinds = [line["kind"] for _, line in await stage.store.ledger()]
    assert kinds.index("skipped") < kinds.index("attempt_started")


async def test_who_cannot_be_spoken_to_is_put_off_and_nobody_is_kept_for_it(
    store: Store, clock: Clock
) -> None:
    def fails(attributes: dict[str, str]) -> None:
        if attributes["name"] == "unspeakable":
            raise SpeechError("try the command by hand")

    crowd = [
        replace(one, attributes={"name": name})
        for one, name in zip((ADA, BO), ("unspeakable", "Bo"), strict=True)
    ]
    async with staged(store, clock, limits=settings(channels=1)) as stage:
        stage.speech.fails = fails
        await launched(store, crowd, replace(CALL, script=Script("reminder", "hello", {})))
        assert await stage.look() == []
        assert [await contact_of(stage, attempt) for attempt in await stage.look()] == [BO.id]


async def contact_of(stage: Stage, attempt: str) -> str:
    intent = await stage.store.intent(attempt)
    assert intent is not None
    return intent.contact


async def test_the_caps_of_a_day_stop_at_the_claim(stage: Stage) -> None:
    twin = Contact("twin", ADA.devices)
    await launched(stage.store, [ADA, twin], limits=Limits(attempts_per_day=1))
    first = await stage.look()
    assert len(first) == 1
    await stage.hang_up(first[0])
    assert await stage.look(after=60.0) == []
