"""A pass paced by `finish_by` is as fast as it takes to be done in time: by who is left, where they live, and
the open time that is left to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time

import pytest
from store_people import NOON, campaign, dialled, finished, person

from ami_bridge.completion import RECOUNT, Completion
from strategies.campaign import Pacing, Pass, Window
from strategies.contacts import Contact
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.vocabulary import Medium, RunState

HOUR = 3600.0
CALL = Pass("call", Medium.AVM, pacing=Pacing("finish_by", finish_by=time(16)), devices=("mobile",))
NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"


def living_in(zone: str, first: int, how_many: int) -> list[Contact]:
    return [person(f"{n:04}", f"+1202555{n:04}", zone=zone) for n in range(first, first + how_many)]


async def running(store: Store, contacts: Sequence[Contact], *passes: Pass) -> SubCampaign:
    window = Window(time(10), time(20))
    defined = campaign(passes=passes or (CALL,), window=window, lists=("people",))
    await store.import_contacts("people", contacts)
    sub = SubCampaign("spring/1", defined, ("people",), RunState.RUNNING, created=NOON)
    await store.create_sub(sub)
    await store.enrol(sub, [contact.id for contact in contacts])
    return sub


async def test_the_rate_is_who_is_left_over_the_time_left(store: Store) -> None:
    sub = await running(store, living_in(NEW_YORK, 0, 120))
    completion = Completion(store)
    await completion.refresh(sub, NOON)
    assert completion.rate(sub, CALL, NOON) == pytest.approx(120 / 240)
    assert completion.rate(sub, CALL, NOON + 2 * HOUR) == pytest.approx(120 / 120)


async def test_a_zone_that_opens_adds_its_people(store: Store) -> None:
    sub = await running(store, [*living_in(NEW_YORK, 0, 240), *living_in(LOS_ANGELES, 240, 180)])
    completion = Completion(store)
    await completion.refresh(sub, NOON)
    assert completion.rate(sub, CALL, NOON) == pytest.approx(240 / 240)  # nine in the morning there
    assert completion.rate(sub, CALL, NOON + HOUR) == pytest.approx(240 / 180 + 180 / 180)


async def test_who_is_done_is_counted_no_more(store: Store) -> None:
    people = living_in(NEW_YORK, 0, 120)
    sub = await running(store, people)
    completion = Completion(store)
    await completion.refresh(sub, NOON)
    for contact in people[:60]:
        assert await finished(store, sub, await dialled(store, sub, contact))
    await completion.refresh(sub, NOON + 1)
    assert completion.rate(sub, CALL, NOON) == pytest.approx(120 / 240)
    await completion.refresh(sub, NOON + RECOUNT)
    assert completion.rate(sub, CALL, NOON) == pytest.approx(60 / 240)


async def test_an_end_that_is_past_means_the_next_days(store: Store) -> None:
    sub = await running(store, living_in(NEW_YORK, 0, 3000))
    completion = Completion(store)
    evening = NOON + 5 * HOUR
    await completion.refresh(sub, evening)
    assert completion.rate(sub, CALL, evening) == pytest.approx(3000 / (180 + 360))


async def test_a_pass_that_ends_has_the_next_ones_people_counted_at_once(store: Store) -> None:
    later = replace(CALL, name="later")
    sub = await running(store, living_in(NEW_YORK, 0, 600), CALL, later)
    completion = Completion(store)
    await completion.refresh(sub, NOON)
    assert completion.rate(sub, later, NOON) == 1.0  # nobody is in it yet; nobody who comes waits for ever
    ended = replace(sub, passes_ended={"call": NOON})
    await completion.refresh(ended, NOON + 1)
    assert completion.rate(ended, CALL, NOON) == pytest.approx(600 / 240)


async def test_a_pass_with_a_rate_of_its_own_keeps_it_and_nobody_is_counted(store: Store) -> None:
    slow = replace(CALL, pacing=Pacing("rate", rate=30.0))
    sub = await running(store, living_in(NEW_YORK, 0, 1), slow)
    completion = Completion(store)
    await completion.refresh(sub, NOON)
    assert completion.rate(sub, slow, NOON) == 30.0
