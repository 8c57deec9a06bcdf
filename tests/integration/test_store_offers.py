"""Offers in a real store: one answer each, the first, and none to what was taken back."""

from __future__ import annotations

import asyncio

from strategies.store import Store
from strategies.store.offers import Answer, Offer

ONE = Offer("calls/1", "2", "live", "+12025550102", 100.0, 220.0, "sales")


async def test_of_many_who_answer_at_once_the_first_counts_for_all(store: Store) -> None:
    await store.offer([ONE])
    given = [Answer(f"PJSIP/agent{nth:02}", nth % 2 == 0, 101.0) for nth in range(20)]
    counted = await asyncio.gather(*(store.answer_offer(ONE, one) for one in given))
    assert len(set(counted)) == 1
    assert counted[0] in given
    assert await store.offers() == [(ONE, counted[0])]


async def test_what_was_taken_back_takes_no_answer_and_leaves_none(store: Store) -> None:
    await store.offer([ONE])
    assert await store.answer_offer(ONE, Answer("PJSIP/agent01", True, 101.0))
    await store.withdraw([ONE])
    assert await store.answer_offer(ONE, Answer("PJSIP/agent02", True, 102.0)) is None
    assert await store._command("EXISTS", store._keys.offers, store._keys.offer_answers) == 0
