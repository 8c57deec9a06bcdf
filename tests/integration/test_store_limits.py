"""What a claim looks at beside locks and states: do-not-call of every kind, consent, numbers, debts, lists
and overrides; and that an attempt which came to nothing takes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from store_people import (
    NOON,
    Clock,
    campaign,
    claim_of,
    dialled,
    finished,
    person,
    refused,
    running,
    standing,
)

from config.presets import preset_for
from strategies.attempts import Intent, Outcome, Stage
from strategies.campaign import Limits
from strategies.contacts import Contact, Device
from strategies.state import ContactState, Ended, Move, SubCampaign
from strategies.store import Store
from strategies.store.attempts import End
from strategies.vocabulary import Kind, Medium, Refusal, Result, RunState

ADA = person("ada", "+12025550101", "+12025550111")
BO = replace(
    person("bo", "+12025550102", "+12025550111"),  # Ada's home number is Bo's too
    devices=(
        Device("mobile", "+12025550102"),
        Device("home", "+12025550111"),
        Device("email", "bo@example.org"),
    ),
)
CY = person("cy", "+12025550103")
HOUR, DAY = 3600.0, 86_400.0
SEVEN = Limits(debt_calls=7, debt_within=7 * DAY, debt_silence=7 * DAY)


async def collecting(
    store: Store, contacts: Sequence[Contact], limits: Limits = SEVEN, name: str = "debts"
) -> SubCampaign:
    return await running(store, contacts, name=name, limits=limits)


async def called(
    store: Store,
    sub: SubCampaign,
    who: Contact,
    result: Result = Result.NO_ANSWER,
    *,
    at: float = NOON,
    debt: str | None = "loan",
    medium: Medium = Medium.AVM,
) -> Refusal | None:
    """One whole attempt about a debt; or why there was none."""
    claim = claim_of(sub, who, await standing(store, sub, who), at=at)
    claim = replace(claim, intent=replace(claim.intent, debt=debt, medium=medium))
    (refusal,) = await store.claim([claim], at)
    if refusal is None:
        assert await finished(store, sub, claim.intent, result, again_at=at)
    return refusal


# do-not-call


async def test_do_not_call_of_a_campaign_is_of_no_other(store: Store) -> None:
    spring, autumn = await running(store, [ADA]), await running(store, [ADA], name="autumn")
    await store.do_not_call(["+12025550111"], reason="only this offer", by="eve", campaign="spring")
    assert await refused(store, spring, ADA) is Refusal.DO_NOT_CALL
    assert await refused(store, autumn, ADA) is None
    assert await store.suppressed(ADA.numbers(), campaign="spring") == {"+12025550111": "only this offer"}
    assert await store.suppressed(ADA.numbers()) == {}


async def test_who_is_taken_off_do_not_call_is_called_again_and_the_audit_says_by_whom(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.do_not_call(["+12025550101"], reason="a letter", by="eve")
    await store.do_not_call(["+12025550101"], reason="a second letter", by="mal")
    assert await store.call_again(["+12025550101", "+12025550199"], reason="a mistake", by="adam") == [
        "+12025550101"
    ]
    assert await refused(store, sub, ADA) is None
    assert await store.call_again(["+12025550101"], reason="twice", by="adam") == []
    told = [line for _, line in await store.ledger() if line["kind"] in (Kind.DO_NOT_CALL, Kind.CHANGED)]
    assert [(line["by"], line["reason"]) for line in told] == [
        ("eve", "a letter"),
        ("mal", "a second letter"),
        ("adam", "a mistake"),
    ]


async def test_a_prefix_forbids_the_number_dialled_and_not_the_person(store: Store) -> None:
    sub = await running(store, [ADA])
    assert await store.forbid_prefixes(["+1202555010", "+1900"], reason="test numbers", by="eve") == 2
    assert await refused(store, sub, ADA) is Refusal.NUMBER_FORBIDDEN
    at_home = claim_of(sub, ADA, await standing(store, sub, ADA))
    at_home = replace(at_home, intent=replace(at_home.intent, device=ADA.devices[1]))
    assert await store.claim([at_home], NOON) == [None]
    assert await store.prefixes() == {"+1202555010": "test numbers", "+1900": "test numbers"}


async def test_a_prefix_that_is_taken_back_forbids_nothing(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.forbid_prefixes(["+1202"], reason="a storm", by="eve")
    assert await store.allow_prefixes(["+1202", "+1203"], reason="it is over", by="eve") == ["+1202"]
    assert await refused(store, sub, ADA) is None
    assert await store.prefixes() == {}


async def test_an_opt_out_is_for_all_addresses_of_the_person_also_of_those_who_share_a_number(
    store: Store,
) -> None:
    sub = await running(store, [ADA, BO])
    await finished(store, sub, await dialled(store, sub, ADA), Result.DELIVERED_PERSON, "pressed_8")
    everywhere = [*ADA.numbers(), *BO.numbers(), "bo@example.org"]
    assert set(await store.suppressed(everywhere)) == set(everywhere)
    new_bo = person("bo2", "+12025550102")
    later = await running(store, [new_bo], name="later")
    assert await refused(store, later, new_bo) is Refusal.DO_NOT_CALL


# the registry


async def test_a_number_of_the_registry_is_not_dialled_where_the_law_says_so(
    store: Store, clock: Clock
) -> None:
    selling = await running(store, [ADA, CY], limits=Limits(registry_within=31 * DAY))
    telling = await running(store, [ADA], name="telling")
    loaded = await store.load_registry(
        "US", ["+12025550101", "+12025559999"], as_of=NOON - DAY, source="areas.txt", by="eve"
    )
    assert loaded == 2
    assert await refused(store, selling, ADA) is Refusal.NUMBER_FORBIDDEN
    assert await refused(store, selling, CY) is None
    assert await refused(store, telling, ADA) is None
    kept = (await store.registries())["US"]
    assert (kept.numbers, kept.as_of, kept.source, kept.by) == (2, NOON - DAY, "areas.txt", "eve")
    assert await store.registered("US", "+12025559999")


async def test_a_registry_older_than_31_days_or_never_loaded_refuses_everybody(store: Store) -> None:
    sub = await running(store, [CY], limits=Limits(registry_within=31 * DAY))
    assert await refused(store, sub, CY) is Refusal.REGISTRY_OUTDATED
    await store.load_registry("US", [], as_of=NOON - 31 * DAY, source="f", by="eve")
    assert await refused(store, sub, CY, at=NOON + 1) is Refusal.REGISTRY_OUTDATED
    assert await refused(store, sub, CY, at=NOON) is None


async def test_a_registry_loaded_anew_replaces_the_old_one_whole(store: Store) -> None:
    for number in ("+12025550101", "+12025550103"):
        await store.load_registry("US", [number], as_of=NOON, source="f", by="eve")
    assert not await store.registered("US", "+12025550101")
    assert await store.registered("US", "+12025550103")
    await store.load_registry("US", [], as_of=NOON, source="f", by="eve")
    assert not await store.registered("US", "+12025550103")


# consent


async def test_consent_is_read_with_the_claim_so_that_one_withdrawn_since_the_decision_counts(
    store: Store,
) -> None:
    willing = replace(ADA, consent={"basis": "written", "date": "2026-01-02"})
    sub = await running(store, [willing])
    claim = claim_of(sub, willing, await standing(store, sub, willing), asks="express")
    await store.import_contacts("spring_list", [replace(ADA, consent={"basis": "none"})])
    assert await store.claim([claim], NOON) == [Refusal.NO_CONSENT]
    await store.import_contacts("spring_list", [willing])
    assert await store.claim([claim], NOON) == [None]


async def test_without_a_word_of_their_own_the_campaigns_word_about_its_lists_counts(store: Store) -> None:
    defined = campaign(consent={"basis": "express"}, lists=("all",))
    sub = SubCampaign("spring/9", defined, ("all",), RunState.RUNNING, created=NOON)
    await store.import_contacts("all", [ADA])
    await store.create_sub(sub)
    await store.enrol(sub, ["ada"])
    assert await refused(store, sub, ADA, asks="written") is Refusal.NO_CONSENT
    assert await refused(store, sub, ADA, asks="express") is None


# numbers


async def test_attempts_per_number_count_the_address_dialled_in_the_sub_campaign(store: Store) -> None:
    sub = await running(store, [ADA, BO], limits=Limits(attempts_per_number=1))
    await finished(store, sub, await dialled(store, sub, ADA), again_at=NOON + HOUR)
    assert await refused(store, sub, ADA, at=NOON + 9 * DAY) is Refusal.NUMBER_USED_UP
    at_home = claim_of(sub, ADA, await standing(store, sub, ADA))
    at_home = replace(at_home, intent=replace(at_home.intent, device=ADA.devices[1]))
    assert await store.claim([at_home], NOON) == [None]


async def test_attempts_per_number_and_day_count_over_all_campaigns(store: Store) -> None:
    limits = Limits(attempts_per_number_per_day=1)
    spring = await running(store, [ADA], limits=limits)
    autumn = await running(store, [ADA], name="autumn", limits=limits)
    await finished(store, spring, await dialled(store, spring, ADA), again_at=NOON + HOUR)
    assert await refused(store, autumn, ADA, at=NOON + HOUR) is Refusal.CAP_NUMBER
    assert await refused(store, autumn, ADA, at=NOON + 12 * HOUR) is None


# debts


async def test_seven_calls_in_seven_days_about_a_debt_over_all_campaigns_and_numbers(store: Store) -> None:
    first, second = await collecting(store, [ADA, BO]), await collecting(store, [ADA], name="later")
    for n in range(6):
        assert await called(store, first, ADA, at=NOON + n * HOUR) is None
    assert await called(store, first, BO, at=NOON + 6 * HOUR) is None  # one person: they share a number
    assert await called(store, second, ADA, at=NOON + DAY) is Refusal.CAP_DEBT
    assert await called(store, second, ADA, at=NOON + DAY, debt="car") is None
    assert (
        await called(store, second, ADA, at=NOON + 7 * DAY) is Refusal.CAP_DEBT
    )  # the moment belongs to both
    assert await called(store, second, ADA, at=NOON + 7 * DAY + 1) is None


async def test_a_call_that_never_connected_and_a_message_are_no_calls_about_the_debt(store: Store) -> None:
    sub = await collecting(store, [ADA])
    for result in (Result.BUSY, Result.CONGESTION, Result.BAD_DEVICE, Result.FAILED) * 2:
        assert await called(store, sub, ADA, result) is None
    assert await called(store, sub, ADA, Result.SENT, medium=Medium.TEXT) is None
    for _ in range(7):
        assert await called(store, sub, ADA) is None
    assert await called(store, sub, ADA) is Refusal.CAP_DEBT


async def test_seven_days_of_silence_about_a_debt_after_a_conversation(store: Store) -> None:
    sub = await collecting(store, [ADA])
    assert await called(store, sub, ADA, Result.CONNECTED_AGENT) is None  # ends half a minute later
    assert await called(store, sub, ADA, at=NOON + 7 * DAY) is Refusal.SILENCE_AFTER_CONVERSATION
    assert await called(store, sub, ADA, at=NOON + 7 * DAY, debt="car") is None
    assert await called(store, sub, ADA, at=NOON + 7 * DAY + 31) is None


async def test_neither_seven_calls_nor_the_silence_about_a_debt_hold_a_text_back(store: Store) -> None:
    sub = await collecting(store, [ADA, CY])
    for _ in range(7):
        assert await called(store, sub, ADA) is None
    assert await called(store, sub, CY, Result.CONNECTED_AGENT) is None
    for who, held_by in ((ADA, Refusal.CAP_DEBT), (CY, Refusal.SILENCE_AFTER_CONVERSATION)):
        assert await called(store, sub, who, at=NOON + HOUR) is held_by
        assert await called(store, sub, who, Result.SENT, at=NOON + HOUR, medium=Medium.TEXT) is None


async def test_a_conversation_with_a_caller_counts_for_all_debts_of_the_person(store: Store) -> None:
    sub = await collecting(store, [ADA, BO, CY])
    await store.spoke("+12025550111", NOON)
    for who in (ADA, BO):
        for debt in ("loan", "car"):
            assert await called(store, sub, who, at=NOON + DAY, debt=debt) is (
                Refusal.SILENCE_AFTER_CONVERSATION
            )
    assert await called(store, sub, CY, at=NOON + DAY) is None


async def test_calls_about_no_debt_are_held_back_by_no_silence(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.spoke("+12025550111", NOON)
    assert await called(store, sub, ADA, at=NOON + HOUR, debt=None) is None


async def test_a_new_number_does_not_make_a_new_person(store: Store) -> None:
    sub = await collecting(store, [CY])
    for _ in range(7):
        assert await called(store, sub, CY) is None
    moved = person("cy", "+12025550177")
    await store.import_contacts("debts_list", [moved])
    assert await called(store, sub, moved) is Refusal.CAP_DEBT


def test_the_logs_are_kept_as_long_as_any_law_looks_back() -> None:
    cap = preset_for("debt_collection", "US").debt_cap
    assert cap is not None
    assert max(cap.within, cap.silence) <= 8 * DAY


# what came to nothing


async def test_a_released_attempt_takes_no_place_under_any_limit(store: Store) -> None:
    limits = Limits(1, 1, 1, 1, debt_calls=1, debt_within=7 * DAY, debt_silence=7 * DAY)
    sub = await running(store, [ADA], limits=limits)
    for _ in range(3):
        claim = claim_of(sub, ADA, await standing(store, sub, ADA))
        claim = replace(claim, intent=replace(claim.intent, debt="loan"))
        assert await store.claim([claim], NOON) == [None]
        assert await store.release(claim.intent.attempt, "no link")
    assert await called(store, sub, ADA) is None
    assert (await store.counters(sub.name)).attempts == 1


# messages


async def test_a_message_is_an_attempt_that_locks_the_person_and_counts_for_the_day(store: Store) -> None:
    mail = Contact("di", (Device("email", "di@example.org"),))
    limits = Limits(attempts_per_day=1)
    spring = await running(store, [mail], limits=limits)
    autumn = await running(store, [mail], name="autumn", limits=limits)
    claim = claim_of(spring, mail, await standing(store, spring, mail))
    claim = replace(claim, intent=replace(claim.intent, medium=Medium.EMAIL))
    assert await store.claim([claim], NOON) == [None]
    assert await refused(store, autumn, mail) is Refusal.PERSON_BUSY
    await finished(store, spring, claim.intent, Result.SENT, again_at=NOON + HOUR)
    assert await refused(store, autumn, mail, at=NOON + HOUR) is Refusal.CAP_PERSON


# lists and overrides


async def test_nobody_of_a_list_that_is_paused_or_detached_is_claimed(store: Store) -> None:
    sub = await running(store, [ADA])
    await store.set_attachment(sub.name, "spring_list", paused=True, by="eve")
    assert await refused(store, sub, ADA) is Refusal.LIST_PAUSED
    await store.set_attachment(sub.name, "spring_list", paused=False, by="eve")
    await store.detach(sub.name, "spring_list", by="eve")
    assert await refused(store, sub, ADA) is Refusal.LIST_DETACHED


async def test_a_decision_by_a_plan_that_holds_no_more_is_refused(store: Store) -> None:
    sub = await running(store, [ADA])
    assert await refused(store, sub, ADA, plan=1) is Refusal.STALE
    assert await refused(store, sub, ADA, plan_until=NOON) is Refusal.STALE
    assert await refused(store, sub, ADA, plan_until=NOON + 1) is None


# many at once


async def test_many_ends_in_one_step_have_an_answer_each(store: Store) -> None:
    crowd = [person(f"p{n}", f"+1202555{n:04}") for n in range(4)]
    sub = await running(store, crowd)
    intents = [await dialled(store, sub, who) for who in crowd]
    await finished(store, sub, intents[3], again_at=NOON + HOUR)
    versions = [(await standing(store, sub, who)).version for who in crowd]
    ends = [_end(intent, version) for intent, version in zip(intents, versions, strict=True)]
    stale = replace(ends[1], expected_version=0)
    assert await store.record_many([ends[0], stale, ends[2], ends[3]]) == [True, None, True, False]
    assert [intent for intent, _ in await store.live()] == [intents[1]]


def _end(intent: Intent, version: int) -> End:
    outcome = Outcome(intent.attempt, Result.BUSY, at=NOON + 30)
    after = ContactState(version=version, attempts=1, last_result=Result.BUSY, ended="done")
    return End(intent, outcome, Move(after, Ended("done")), None, version)


async def test_a_batch_sees_what_its_own_claims_took(store: Store) -> None:
    sub = await running(store, [ADA, BO, CY], limits=Limits(attempts_per_number=1))
    twice = [claim_of(sub, CY, await standing(store, sub, CY)) for _ in range(2)]
    pair = [claim_of(sub, who, await standing(store, sub, who)) for who in (ADA, BO)]
    assert await store.claim([*twice, *pair], NOON) == [
        None,
        Refusal.STALE,
        None,
        Refusal.PERSON_BUSY,
    ]


async def test_a_batch_larger_than_one_command_may_be_is_claimed_whole(store: Store) -> None:
    crowd = [person(f"p{n}", *(f"+1{area}555{n:04}" for area in (202, 212, 312))) for n in range(900)]
    sub = await running(store, crowd, limits=Limits(5, 5))
    due = await store.due(sub.name, NOON, 900)
    claims = [claim_of(sub, contact, state) for contact, state in due]
    assert await store.claim(claims, NOON) == [None] * 900
    live = await store.live()
    assert len(live) == 900
    assert {stage for _, stage in live} == {Stage.INTENT}
