"""An attempt is claimed in one step that re-checks everything, and ends exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

import pytest
from store_people import NOON, Clock, claim_of, dialled, finished, people, person, refused, running, standing

from strategies.attempts import Outcome, Stage
from strategies.campaign import Limits
from strategies.ledger import recount
from strategies.state import Ended, Move, SubCampaign
from strategies.store import StaleState, Store
from strategies.vocabulary import Kind, Refusal, Result, RunState

ADA = person("ada", "+12025550101", "+12025550111")
BO = person("bo", "+12025550102", "+12025550111")  # Ada's home number is Bo's too
CY = person("cy", "+12025550103")
HOUR = 3600.0


async def assert_recounted(store: Store, *subs: SubCampaign) -> None:
    """Every figure kept equals the one counted from the ledger alone."""
    lines = [line for _, line in await store.ledger(count=10_000)]
    for sub in subs:
        own = [line for line in lines if line.get("campaign") == sub.name]
        assert asdict(await store.counters(sub.name)) == asdict(recount(own))


async def test_a_claim_is_one_intent_one_lock_on_every_number_and_one_ledger_line(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)

    assert await store.live() == [(intent, Stage.INTENT)]
    assert await store.intent(intent.attempt) == intent
    assert (await standing(store, sub, ADA)).live == intent.attempt
    assert await store.due(sub.name, NOON + HOUR, 10) == []
    started = [line for _, line in await store.ledger() if line["kind"] == Kind.ATTEMPT_STARTED]
    assert [(line["attempt"], line["contact"], line["address"]) for line in started] == [
        (intent.attempt, "ada", "+12025550101")
    ]
    for number in ADA.numbers():
        assert (await store.caller(number)).live == intent.attempt


async def test_two_contacts_with_one_number_are_one_person_for_the_lock(store: Store) -> None:
    sub = await running(store, [ADA, BO, CY])
    claims = [claim_of(sub, who, await standing(store, sub, who)) for who in (ADA, BO, CY)]
    assert await store.claim(claims, NOON) == [None, Refusal.PERSON_BUSY, None]


async def test_a_person_in_two_campaigns_has_one_live_attempt(store: Store) -> None:
    spring, autumn = await running(store, [ADA]), await running(store, [ADA], name="autumn")
    intent = await dialled(store, spring, ADA)
    assert await refused(store, autumn, ADA) is Refusal.PERSON_BUSY
    await finished(store, spring, intent)
    assert await refused(store, autumn, ADA) is None


async def test_nobody_is_dialled_in_a_sub_campaign_that_does_not_run(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.set_run_state(sub.name, RunState.PAUSED, by="eve")
    assert await refused(store, sub, ADA) is Refusal.NOT_RUNNING
    await store.set_run_state(sub.name, RunState.RUNNING, by="eve")
    assert await refused(store, sub, ADA) is None


async def test_the_stop_switch_stops_every_sub_campaign(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.halt(by="eve")
    assert await store.halted_by() == "eve"
    assert await refused(store, sub, ADA) is Refusal.NOT_RUNNING
    await store.unhalt()
    assert await refused(store, sub, ADA) is None


async def test_a_decision_on_an_old_state_is_refused(store: Store) -> None:
    sub = await running(store, [ADA])
    old = await standing(store, sub, ADA)
    intent = await dialled(store, sub, ADA)
    await finished(store, sub, intent, again_at=NOON + HOUR)
    assert await store.claim([claim_of(sub, ADA, old)], NOON) == [Refusal.STALE]


async def test_someone_not_in_the_sub_campaign_cannot_be_claimed(store: Store) -> None:
    sub = await running(store, [ADA])
    stranger = claim_of(sub, CY, await standing(store, sub, ADA))
    assert await store.claim([stranger], NOON) == [Refusal.STALE]


async def test_a_number_that_is_not_allowed_is_refused(store: Store) -> None:
    sub = await running(store, [ADA])
    assert await refused(store, sub, ADA, allowed=False) is Refusal.NOT_ALLOWED_NUMBER


async def test_do_not_call_on_any_address_refuses_the_person(store: Store) -> None:
    sub = await running(store, [ADA, CY])
    await store.do_not_call(["+12025550111"], reason="wrote a letter", by="eve")
    assert await refused(store, sub, ADA) is Refusal.DO_NOT_CALL
    assert await refused(store, sub, CY) is None
    assert await store.suppressed([*ADA.numbers(), "+12025550103"]) == {"+12025550111": "wrote a letter"}


async def test_a_window_that_has_closed_refuses(store: Store) -> None:
    sub = await running(store, [ADA])
    assert await refused(store, sub, ADA, open_until=NOON) is Refusal.OUTSIDE_WINDOW
    assert await refused(store, sub, ADA, open_until=NOON + 1) is None


async def test_attempts_per_contact_count_everyone_who_shares_a_number(store: Store) -> None:
    sub = await running(store, [ADA, BO], limits=Limits(attempts_per_contact=2))
    for who in (ADA, BO):
        await finished(store, sub, await dialled(store, sub, who), again_at=NOON + HOUR)
    assert await refused(store, sub, ADA, at=NOON + HOUR) is Refusal.PERSON_USED_UP


async def test_attempts_per_day_count_over_all_campaigns_until_midnight_in_the_zone(store: Store) -> None:
    limits = Limits(attempts_per_day=2)
    spring = await running(store, [ADA], limits=limits)
    autumn = await running(store, [ADA], name="autumn", limits=limits)
    for sub in (spring, autumn):
        await finished(store, sub, await dialled(store, sub, ADA), again_at=NOON + HOUR)
    last_second, midnight = NOON + 12 * HOUR - 1, NOON + 12 * HOUR
    assert await refused(store, spring, ADA, at=last_second) is Refusal.CAP_PERSON
    assert await refused(store, spring, ADA, at=midnight) is None


async def test_a_refused_claim_changes_nothing(store: Store) -> None:
    sub = await running(store, [ADA])
    before = await standing(store, sub, ADA), await store.ledger(), await store.counters(sub.name)
    assert await refused(store, sub, ADA, allowed=False) is Refusal.NOT_ALLOWED_NUMBER
    assert (await standing(store, sub, ADA), await store.ledger(), await store.counters(sub.name)) == before
    assert await store.live() == []


async def test_two_dialers_at_once_get_each_person_once(store: Store) -> None:
    crowd = people(60)
    sub = await running(store, crowd)
    due = await store.due(sub.name, NOON, 60)
    batches = [[claim_of(sub, contact, state) for contact, state in due] for _ in range(2)]
    answers = await asyncio.gather(*(store.claim(batch, NOON) for batch in batches))
    won = [refusal is None for answer in answers for refusal in answer]
    assert sum(won) == 60
    assert len(await store.live()) == 60


async def test_an_attempt_ends_exactly_once(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    assert await finished(store, sub, intent, Result.BUSY, again_at=NOON + HOUR)
    assert not await finished(store, sub, intent, Result.NO_ANSWER)

    assert await store.live() == []
    ended = [line for _, line in await store.ledger() if line["kind"] == Kind.ATTEMPT_ENDED]
    assert [line["result"] for line in ended] == ["busy"]
    assert (await standing(store, sub, ADA)).last_result is Result.BUSY
    assert (await store.caller("+12025550101")).history.last_result == "busy"
    await assert_recounted(store, sub)


async def test_a_result_decided_on_an_old_state_is_told_so_and_changes_nothing(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    state = await standing(store, sub, ADA)
    move = Move(replace(state, live=None, ended="done"), Ended("done"))
    with pytest.raises(StaleState, match="read it again"):
        await store.record(intent, Outcome(intent.attempt, Result.BUSY), move, None, state.version + 1)
    assert [known for known, _ in await store.live()] == [intent]


async def test_an_opt_out_holds_at_once_for_all_addresses_and_campaigns(store: Store) -> None:
    reachable = replace(
        ADA, devices=(*ADA.devices, replace(ADA.devices[0], kind="email", address="ada@example.org"))
    )
    spring, autumn = await running(store, [reachable]), await running(store, [reachable, BO], name="autumn")
    await finished(
        store, spring, await dialled(store, spring, reachable), Result.DELIVERED_PERSON, "pressed_8"
    )

    assert set(await store.suppressed([*ADA.numbers(), "ada@example.org"])) == {
        *ADA.numbers(),
        "ada@example.org",
    }
    assert await refused(store, autumn, reachable) is Refusal.DO_NOT_CALL
    assert await refused(store, autumn, BO) is Refusal.DO_NOT_CALL  # the home number is the same person's


async def test_a_response_outside_the_opt_out_group_suppresses_nobody(store: Store) -> None:
    sub = await running(store, [ADA])
    await finished(store, sub, await dialled(store, sub, ADA), Result.DELIVERED_PERSON, "pressed_1")
    assert await store.suppressed(ADA.numbers()) == {}


async def test_a_released_attempt_was_never_there(store: Store, clock: Clock) -> None:
    sub = await running(store, [ADA], limits=Limits(attempts_per_contact=1, attempts_per_day=1))
    before = await standing(store, sub, ADA)
    intent = await dialled(store, sub, ADA)
    assert await store.release(intent.attempt, "link not connected")

    assert await store.live() == []
    after = await standing(store, sub, ADA)
    assert replace(after, version=before.version) == before
    assert [contact for contact, _ in await store.due(sub.name, clock.now, 10)] == [ADA]
    assert (await store.counters(sub.name)).attempts == 0
    await assert_recounted(store, sub)
    assert await refused(store, sub, ADA) is None  # neither lock nor caps remember it


async def test_what_has_ended_cannot_be_released_and_what_was_released_cannot_end(store: Store) -> None:
    sub = await running(store, [ADA, CY])
    ended, released = await dialled(store, sub, ADA), await dialled(store, sub, CY)
    await finished(store, sub, ended)
    assert not await store.release(ended.attempt, "late")
    assert await store.release(released.attempt, "refused before the wire")
    assert not await finished(store, sub, released)
    assert not await store.release("sp-nobody", "unknown")


async def test_placed_is_told_once_and_only_of_an_intent(store: Store) -> None:
    sub = await running(store, [ADA])
    intent = await dialled(store, sub, ADA)
    assert await store.placed(intent.attempt)
    assert await store.live() == [(intent, Stage.PLACED)]
    assert not await store.placed(intent.attempt)
    await finished(store, sub, intent)
    assert not await store.placed(intent.attempt)
    assert not await store.placed("sp-nobody")


async def test_nobody_else_writes_the_state_while_an_attempt_is_live(store: Store) -> None:
    sub = await running(store, [ADA])
    await dialled(store, sub, ADA)
    state = await standing(store, sub, ADA)
    assert not await store.put(sub.name, "ada", state.version, Move(state, Ended("elsewhere")), None)


async def test_every_figure_is_the_ledgers(store: Store) -> None:
    crowd = people(8)
    sub, other = await running(store, crowd), await running(store, crowd[:3], name="other")
    results = (Result.BUSY, Result.CONNECTED_AGENT, Result.MACHINE_HANGUP, Result.DELIVERED_PERSON)
    for contact, result in zip(crowd, results, strict=False):
        said = ("pressed_1",) if result is Result.DELIVERED_PERSON else ()
        await finished(store, sub, await dialled(store, sub, contact), result, *said)
    await store.release((await dialled(store, other, crowd[2])).attempt, "no link")
    await dialled(store, sub, crowd[6])

    figures = await store.counters(sub.name)
    assert (figures.contacts, figures.attempts, figures.in_progress, figures.ended) == (8, 5, 1, 4)
    assert figures.by_result == {"busy": 1, "connected_agent": 1, "machine_hangup": 1, "delivered_person": 1}
    await assert_recounted(store, sub, other)
