"""Overrides of running strategies in the store: the phases they make, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from store_people import NOON, Clock, claim_of, people, running, standing

from strategies.attempts import Intent
from strategies.campaign import Campaign
from strategies.contacts import Contact, Device
from strategies.overrides import Override, Patch, Phase, stretches
from strategies.state import Move, SubCampaign, Wait
from strategies.store import Store
from strategies.store.turns import LOOK_AGAIN
from strategies.vocabulary import Medium, Refusal, RunState

HOUR = 3600.0
WORK: Patch = {"reminder": {"devices": ["work"]}}
HOME: Patch = {"reminder": {"devices": ["home"]}}


def with_devices(campaign: Campaign, patches: list[Patch]) -> Campaign:
    """The campaign as `config.patching` would make it of these patches."""
    kinds = [str(kind) for kind in (patches[-1]["reminder"] or {})["devices"]]
    first, *rest = campaign.passes
    return replace(campaign, passes=(replace(first, devices=tuple(kinds)), *rest))


def phases(sub: SubCampaign, overrides: list[Override], now: float) -> list[Phase]:
    return [
        Phase(
            one.begins,
            one.ends,
            tuple(o.id for o in one.overrides),
            with_devices(sub.campaign, [o.patch for o in one.overrides]),
        )
        for one in stretches(overrides, now)
    ]


async def overridden(
    store: Store, sub: SubCampaign, begins: float, ends: float, patch: Patch = WORK, *, now: float = NOON
) -> Override:
    """An override that was set."""
    launched = await store.launched(sub.name)
    override = Override(await store.next_override_id(sub.name), begins, ends, patch, "ada", "why", now)
    known = [*await store.overrides(sub.name), override]
    assert await store.set_overrides(await read(store, sub), [override], phases(launched, known, now))
    return override


async def read(store: Store, sub: SubCampaign) -> SubCampaign:
    found = await store.sub(sub.name)
    assert found is not None
    return found


async def devices(store: Store, sub: SubCampaign) -> tuple[str, ...]:
    return (await read(store, sub)).campaign.find("reminder").devices


async def told(store: Store, *kinds: str) -> list[Mapping[str, object]]:
    return [line for _, line in await store.ledger() if line["kind"] in kinds]


async def test_an_override_holds_from_its_beginning_to_its_end_and_leaves_no_trace(
    store: Store, clock: Clock
) -> None:
    sub = await running(store, people(1))
    before = await read(store, sub)
    override = await overridden(store, sub, NOON + HOUR, NOON + 2 * HOUR)
    seen = []
    for minutes in (0, 59, 60, 119, 120, 180):
        clock.now = NOON + minutes * 60
        seen.append(await devices(store, sub))
    assert seen == [("mobile", "home")] * 2 + [("work",)] * 2 + [("mobile", "home")] * 2
    assert override.id == f"{sub.name}.1"
    after = await read(store, sub)
    assert replace(after, plan=0) == before


async def test_a_sub_campaign_knows_the_moment_until_which_it_holds(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    await overridden(store, sub, NOON + HOUR, NOON + 2 * HOUR)
    seen = []
    for hours in (0, 1, 2):
        clock.now = NOON + hours * HOUR
        now = await read(store, sub)
        seen.append((now.overrides, now.plan, now.plan_until))
    assert seen == [
        ((), 1, NOON + HOUR),
        ((f"{sub.name}.1",), 1, NOON + 2 * HOUR),
        ((), 1, None),
    ]


async def test_of_two_in_force_the_later_wins_until_it_ends(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    await overridden(store, sub, NOON, NOON + 3 * HOUR, WORK)
    await overridden(store, sub, NOON + HOUR, NOON + 2 * HOUR, HOME)
    seen = []
    for hours in (0, 1, 2, 3):
        clock.now = NOON + hours * HOUR
        seen.append(await devices(store, sub))
    assert seen == [("work",), ("home",), ("work",), ("mobile", "home")]


async def test_an_override_made_of_an_older_plan_is_not_kept(store: Store) -> None:
    sub = await running(store, people(1))
    stale = await read(store, sub)
    await overridden(store, sub, NOON, NOON + HOUR)
    late = Override(await store.next_override_id(sub.name), NOON, NOON + HOUR, HOME)
    assert not await store.set_overrides(stale, [late], phases(stale, [late], NOON))
    assert [one.patch for one in await store.overrides(sub.name)] == [WORK]


async def test_a_cancelled_override_holds_no_more(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    override = await overridden(store, sub, NOON, NOON + 3 * HOUR)
    clock.now = NOON + HOUR
    ended = replace(override, cancelled_at=clock.now)
    assert await store.cancel_override(await read(store, sub), ended, [], by="bo")
    assert await devices(store, sub) == ("mobile", "home")
    assert (await store.overrides(sub.name))[0].cancelled_at == clock.now


async def test_who_did_what_is_told(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    override = await overridden(store, sub, NOON, NOON + HOUR)
    await store.cancel_override(await read(store, sub), replace(override, cancelled_at=NOON), [], by="bo")
    await store.note_promoted(override, "v2", by="cy")
    lines = await told(store, "changed")
    assert [(line["what"], line["by"], line["override"], line["campaign"]) for line in lines] == [
        ("override_set", "ada", override.id, sub.name),
        ("override_cancelled", "bo", override.id, sub.name),
        ("override_promoted", "cy", override.id, sub.name),
    ]
    assert lines[0]["new"] == {"at": NOON, "until": NOON + HOUR, "reason": "why", "patch": WORK}
    assert lines[1]["old"] == lines[0]["new"]
    assert lines[2]["new"] == {"strategy": "v2"}


async def test_its_beginning_and_its_end_are_told_once_each_at_their_moments(
    store: Store, clock: Clock
) -> None:
    sub = await running(store, people(1))
    override = await overridden(store, sub, NOON + HOUR, NOON + 2 * HOUR)
    for minutes in (30, 61, 62, 125, 126):
        clock.now = NOON + minutes * 60
        await store.turn_phases(await read(store, sub), clock.now)
    lines = await told(store, "override_began", "override_ended")
    assert [(line["kind"], line["at"], line["override"]) for line in lines] == [
        ("override_began", NOON + HOUR, override.id),
        ("override_ended", NOON + 2 * HOUR, override.id),
    ]
    assert (lines[0]["by"], lines[0]["reason"], lines[0]["until"]) == ("ada", "why", NOON + 2 * HOUR)


async def test_it_ends_with_its_sub_campaign_at_the_latest(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    await overridden(store, sub, NOON, NOON + HOUR)
    await store.turn_phases(await read(store, sub), NOON)
    clock.now = NOON + 60
    await store.set_run_state(sub.name, RunState.STOPPED, by="bo")
    await store.turn_phases(await read(store, sub), clock.now)
    (line,) = await told(store, "override_ended")
    assert line["at"] == NOON + 60


async def test_two_processes_tell_it_once(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    await overridden(store, sub, NOON, NOON + HOUR)
    now = await read(store, sub)
    unaware = store._turned[sub.name]
    assert await store.turn_phases(now, NOON)
    store._turned[sub.name] = unaware
    assert not await store.turn_phases(now, NOON)
    assert len(await told(store, "override_began")) == 1


async def test_everybody_who_waits_is_judged_by_what_holds_now(store: Store, clock: Clock) -> None:
    everybody = people(5)
    sub = await running(store, everybody)
    for place, one in enumerate(everybody):
        state = await standing(store, sub, one)
        until = None if place % 2 else NOON + 5 * HOUR
        assert await store.put(sub.name, one.id, state.version, Move(state, Wait(until, "retry")), until)
    assert await store.due(sub.name, NOON + 60, 10) == []
    await overridden(store, sub, NOON, NOON + HOUR)
    await store.turn_phases(await read(store, sub), NOON)
    assert len(await store.due(sub.name, NOON + 60, 10)) == 5


async def test_what_was_decided_before_and_is_written_after_is_looked_at_again(
    store: Store, clock: Clock
) -> None:
    one = people(1)[0]
    sub = await running(store, [one])
    await overridden(store, sub, NOON + 10, NOON + HOUR)
    state = await standing(store, sub, one)
    decided_before = await read(store, sub)
    clock.now = NOON + 10
    await store.turn_phases(await read(store, sub), clock.now)
    store._told[sub.name] = decided_before
    assert await store.put(sub.name, one.id, state.version, Move(state, Wait(None, "pass_not_open")), None)
    assert await store.due(sub.name, clock.now + LOOK_AGAIN - 0.1, 10) == []
    assert len(await store.due(sub.name, clock.now + LOOK_AGAIN + 0.1, 10)) == 1


async def test_no_attempt_is_claimed_across_a_change(store: Store, clock: Clock) -> None:
    one, other, third = people(3)
    sub = await running(store, [one, other, third])
    await overridden(store, sub, NOON + 10, NOON + HOUR)
    decided = await read(store, sub)

    async def claimed(person: Contact, by: SubCampaign, at: float) -> Refusal | None:
        claim = claim_of(sub, person, await standing(store, sub, person), at=at)
        return (await store.claim([replace(claim, plan=by.plan, plan_until=by.plan_until)], at))[0]

    assert await claimed(one, decided, NOON + 9.9) is None
    assert await claimed(other, decided, NOON + 10) is Refusal.STALE
    clock.now = NOON + 10
    assert await claimed(other, await read(store, sub), NOON + 10) is None
    before_another = await read(store, sub)
    await overridden(store, sub, NOON + 1800, NOON + HOUR, HOME, now=clock.now)
    assert await claimed(third, before_another, NOON + 11) is Refusal.STALE
    assert await claimed(third, await read(store, sub), NOON + 11) is None


async def test_an_attempt_keeps_the_campaign_it_was_claimed_by(store: Store, clock: Clock) -> None:
    sub = await running(store, people(1))
    override = await overridden(store, sub, NOON, NOON + HOUR)
    intent = Intent(
        "sp-1", sub.name, "0000", "reminder", Medium.AVM, Device("work", "+12025550000"), "", "", NOON
    )
    during = replace(intent, overrides=(override.id,))
    clock.now = NOON + 2 * HOUR
    assert (await store.campaign_of(during)).find("reminder").devices == ("work",)
    assert (await store.campaign_of(intent)).find("reminder").devices == ("mobile", "home")
    later = await overridden(store, sub, NOON + 3 * HOUR, NOON + 4 * HOUR, HOME, now=clock.now)
    assert (await store.campaign_of(during)).find("reminder").devices == ("work",)
    assert {one.overrides for one in (await store.plan(sub.name)).phases} == {(override.id,), (later.id,)}
    clock.now = NOON + 30 * HOUR
    await store.cancel_override(await read(store, sub), replace(later, cancelled_at=clock.now), [], by="bo")
    assert (await store.plan(sub.name)).phases == ()


async def test_another_order_holds_while_the_override_does_and_the_old_one_after_it(
    store: Store, clock: Clock
) -> None:
    everybody = [replace(one, attributes={"balance": str(n % 3)}) for n, one in enumerate(people(6))]
    sub = await running(store, everybody)

    async def taken() -> list[str]:
        return [one.id[-1] for one, _ in await store.due(sub.name, clock.now + 1, 10)]

    assert await taken() == ["0", "1", "2", "3", "4", "5"]
    launched = await store.launched(sub.name)
    override = Override(f"{sub.name}.1", NOON + 10, NOON + 60, {"campaign": {"order": ["-contact.balance"]}})
    by_balance = replace(launched.campaign, order=("-contact.balance",))
    phase = Phase(NOON + 10, NOON + 60, (override.id,), by_balance)
    assert await store.set_overrides(await read(store, sub), [override], [phase])
    clock.now = NOON + 10
    await store.turn_phases(await read(store, sub), clock.now)
    assert await taken() == ["2", "5", "1", "4", "0", "3"]
    clock.now = NOON + 60
    await store.turn_phases(await read(store, sub), clock.now)
    assert await taken() == ["0", "1", "2", "3", "4", "5"]
