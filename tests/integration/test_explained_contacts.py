"""`secondpass explain` asks the rules and the store themselves why nobody is being called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from store_people import NOON, Clock, claim_of, dialled, finished, people, person, running, standing

from config.project import Project
from config.settings import Numbers, Settings
from console import contact_limits, contact_story, explain
from console.refusal import RefusedError
from strategies.campaign import Limits
from strategies.contacts import Contact
from strategies.debts import debt_of
from strategies.explain import FREE
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.store.desk import DialerStatus
from strategies.vocabulary import Refusal, Result, RunState


@pytest.fixture
def loaded(tmp_path: Path) -> Project:
    return Project(tmp_path, Settings(data_dir=str(tmp_path), numbers=Numbers(countries=("US",))))


async def counted(store: Store, loaded: Project, sub: SubCampaign, now: float = NOON) -> dict[str, int]:
    """Contacts by reason, as the sub-campaign stands now."""
    stands = await store.sub(sub.name)
    assert stands is not None
    return dict((await explain.count(store, loaded, stands, now)).counts)


async def test_every_contact_has_one_reason(store: Store, loaded: Project) -> None:
    group = [*people(6), person("busy", "+12025559001")]
    sub = await running(store, group, limits=Limits(attempts_per_contact=3))
    await store.do_not_call([group[0].devices[0].address], reason="asked", by="anna")
    waiting = await dialled(store, sub, group[1])
    await finished(store, sub, waiting, Result.BUSY, again_at=NOON + 300)
    await dialled(store, sub, group[2])
    other = await running(store, [replace(group[3], id="twin")], name="other")
    await dialled(store, other, replace(group[3], id="twin"))
    assert await counted(store, loaded, sub) == {
        "do_not_call": 1,
        FREE: 4,
        "in_progress": 1,
        "person_busy": 1,
    }


async def test_who_is_done_with_a_stopped_sub_campaign_is_told_by_that_reason(
    store: Store, loaded: Project
) -> None:
    sub = await running(store, people(2))
    await store.set_run_state(sub.name, RunState.STOPPED, by="anna")
    stands = await store.sub(sub.name)
    assert stands is not None
    assert (await explain.count(store, loaded, stands, NOON)).done == {"stopped": 2}


async def test_asking_takes_nobody_and_writes_nothing(store: Store) -> None:
    (contact,) = people(1)
    sub = await running(store, [contact])
    before = await store.ledger()
    claim = claim_of(sub, contact, await standing(store, sub, contact))
    assert await store.judge([claim, claim], NOON) == [None, None]
    assert await store.live() == []
    assert await store.ledger() == before
    assert await store.claim([claim], NOON) == [None]
    again = claim_of(sub, contact, await standing(store, sub, contact))
    assert await store.judge([again], NOON) == [Refusal.STALE]


async def test_the_stop_switch_and_a_bridge_that_is_away_are_told(
    store: Store, loaded: Project, clock: Clock
) -> None:
    sub = await running(store, people(2))
    assert (await explain.dialer(store, sub, NOON))[0] == "no_lease"
    assert await store.bridge_lease("bridge", 30)
    assert (await explain.dialer(store, sub, NOON))[0] == "silent"
    await store.put_dialer_status(DialerStatus(NOON, "no_ami"))
    assert (await explain.dialer(store, sub, NOON + 1))[0] == "no_ami"
    held = {sub.name: {"reminder": "no agent is free"}}
    await store.put_dialer_status(DialerStatus(NOON, None, held))
    assert await explain.dialer(store, sub, NOON) == (None, held[sub.name])
    assert (await explain.dialer(store, sub, NOON + 60))[0] == "silent"
    await store.halt(by="anna")
    assert await counted(store, loaded, sub) == {"not_running": 2}


async def test_a_contacts_story_is_told_whole(store: Store, loaded: Project) -> None:
    ada: Contact = person("ada", "+12025550001", "+12025550002", consent={"basis": "express"})
    sub = await running(store, [ada], limits=Limits(attempts_per_contact=4, attempts_per_day=2))
    await finished(store, sub, await dialled(store, sub, ada), Result.BUSY, again_at=NOON + 300)
    told = await contact_story.story(store, loaded, "ada", None)
    assert told["lists"] == ["spring_list"]
    assert (told["contact"]["consent"], told["do_not_call"]) == ({"basis": "express"}, {})
    (here,) = told["campaigns"]
    assert (here["sub_campaign"], here["attempts"]) == (sub.name, "1 of 4")
    assert here["looked_at_again"] == "2026-07-15T12:05:00-04:00"
    kinds = [(line["kind"], line.get("result")) for line in told["story"]]
    assert kinds == [("attempt_started", None), ("attempt_ended", "busy")]
    contact_story.show(told)
    with pytest.raises(RefusedError, match='no sub-campaign "spring/9"'):
        await contact_story.story(store, loaded, "ada", "spring/9")


async def test_a_hundred_thousand_contacts_are_explained_page_by_page(store: Store, loaded: Project) -> None:
    """Here two pages: what is asked of the store does not grow with the sub-campaign."""
    group = people(1500)
    sub = await running(store, group)
    sizes = [len(page) async for page in store.standings(sub.name)]
    assert sum(sizes) == 1500
    assert len(sizes) > 1
    assert await counted(store, loaded, sub) == {FREE: 1500}


async def test_two_tenants_never_see_or_block_one_another(
    server: str | None, session_directory: Path, store: Store, clock: Clock
) -> None:
    """One number each way in two tenants of one server."""
    other = await Store.open(server, session_directory, f"{store._keys.tenant}b", clock=clock)
    try:
        ada = person("ada", "+12025550001")
        ours, theirs = await running(store, [ada]), await running(other, [ada])
        assert ours.name == theirs.name
        assert await store.claim([claim_of(ours, ada, await standing(store, ours, ada))], NOON) == [None]
        assert await other.live() == []
        assert await other.busy_with(ada.numbers()) == {}
        claim = claim_of(theirs, ada, await standing(other, theirs, ada))
        assert await other.claim([claim], NOON) == [None]
        await store.do_not_call([ada.devices[0].address], reason="asked", by="anna")
        await store.halt(by="anna")
        assert await other.suppressed([ada.devices[0].address]) == {}
        assert await other.halted_by() is None
        assert (await other.caller("+12025550001")).customer == "ada"
        assert {line["kind"] for _, line in await other.ledger()}.isdisjoint({"do_not_call"})
        assert await other.bridge_lease("theirs", 5)
        assert await store.bridge_lease("ours", 5)
    finally:
        await other.close()


async def test_a_contacts_limits_are_told_as_the_claim_counts_them(store: Store, loaded: Project) -> None:
    ada = person("ada", "+12025550001")
    caps = Limits(
        attempts_per_number=3, attempts_per_number_per_day=2, debt_calls=7, debt_within=7 * 86_400.0
    )
    sub = await running(store, [ada], limits=caps)
    claim = claim_of(sub, ada, await standing(store, sub, ada))
    claim = replace(claim, intent=replace(claim.intent, debt=debt_of(ada, sub.campaign)))
    assert await store.claim([claim], NOON) == [None]
    await finished(store, sub, claim.intent, Result.NO_ANSWER, again_at=NOON + 300)
    assert await store.do_not_call([ada.devices[0].address], reason="asked", by="anna", campaign="spring")
    told = await contact_limits.limits(store, sub, ada, NOON + 60)
    assert told == {
        "attempts at +12025550001": "1 of 3",
        "today at +12025550001": "1 of 2",
        "calls about the debt": "1 of 7 in 7 days",
        "do-not-call of the campaign, +12025550001": "asked",
    }
