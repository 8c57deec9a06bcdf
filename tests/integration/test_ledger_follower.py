"""The ledger is read once for everybody who asks: what it says is a recount's, whatever is written, moved to
files or erased meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from console.audit import AUDITED
from console.follow import follower as following
from console.follow.decision_sums import DECIDED, Sums
from console.follow.follower import Follower
from console.follow.ledger_views import LedgerViews
from console.ledger_archive import archive, whole_ledger
from console.ledger_files import Archive
from strategies.store import Store, StoreUnavailable

FIVE_YEARS = 1826.0 * 86_400


def decision(number: int) -> dict[str, Any]:
    made = {
        "first": "standard",
        "second": "saver",
        "objective": "sell",
        "arm": "treated",
        "reason": "no_room",
    }
    return {"kind": "decision", "interaction": f"i{number}", "customer": f"c{number}", "decision": made}


async def decided(store: Store, numbers: range) -> None:
    for number in numbers:
        await store.append(decision(number), at=1_772_438_400.0 + number)
        await store.append({"kind": "call_entered", "interaction": f"i{number}", "ms": 5.0}, at=0.0)


@pytest.fixture
def files(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def follower(store: Store, files: Archive) -> Follower[LedgerViews]:
    return Follower(store, files, LedgerViews)


async def recounted(store: Store, files: Archive) -> Sums:
    sums = Sums()
    async for _, line in whole_ledger(store, files):
        sums.take(line)
    return sums


async def test_two_hundred_who_ask_at_once_cost_one_reading(
    store: Store, follower: Follower[LedgerViews]
) -> None:
    await decided(store, range(30))
    views = await asyncio.gather(*(follower.caught_up() for _ in range(200)))
    assert (follower.looks, follower.lines) == (1, 60)
    assert len({id(one) for one in views}) == 1
    assert views[0].days.whole.decisions == 30
    await follower.caught_up()
    assert (follower.looks, follower.lines) == (2, 60)


async def test_what_was_written_before_somebody_asked_is_there_though_a_look_was_under_way(
    store: Store, follower: Follower[LedgerViews]
) -> None:
    await decided(store, range(3))
    first = asyncio.ensure_future(follower.caught_up())
    for number in range(3, 20):
        await decided(store, range(number, number + 1))
        assert (await follower.caught_up()).days.whole.decisions == number + 1
    await first
    assert follower.lines == 40


async def test_who_hangs_up_while_the_ledger_is_read_takes_it_from_nobody(
    store: Store, follower: Follower[LedgerViews]
) -> None:
    await decided(store, range(5))
    gone, stays = (asyncio.ensure_future(follower.caught_up()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).days.whole.decisions == 5


async def test_the_figures_are_a_recounts_while_days_move_to_files(
    store: Store, files: Archive, follower: Follower[LedgerViews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 7)
    monkeypatch.setattr(following, "CHUNK", 3)
    await decided(store, range(10))
    await follower.caught_up()
    await decided(store, range(10, 20))  # not read when they are moved
    await store.changed("list_paused", by="mira", new=True)
    await archive(store, files, retention=FIVE_YEARS, before=await store.server_time() + 1)
    assert await store.ledger() == []
    await decided(store, range(20, 25))
    views = await follower.caught_up()
    assert views.days.whole == await recounted(store, files)
    assert [line["interaction"] for _, line in views.newest] == [f"i{number}" for number in range(25)]
    assert [row["what"] for _, row in views.trail.rows] == ["list_paused"]
    anew = await Follower(store, files, LedgerViews).caught_up()
    assert (anew.days, anew.newest) == (views.days, views.newest)


async def test_a_store_that_goes_away_meanwhile_doubles_nothing(
    store: Store, follower: Follower[LedgerViews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 4)
    await decided(store, range(10))
    ledger, asked = store.ledger, 0

    async def away_at_the_third(*more: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise StoreUnavailable("away")
        return await ledger(*more)

    monkeypatch.setattr(store, "ledger", away_at_the_third)
    with pytest.raises(StoreUnavailable):
        await follower.caught_up()
    assert (await follower.caught_up()).days.whole.decisions == 10


@pytest.mark.parametrize("archived", [False, True])
async def test_nobody_is_shown_what_was_read_of_somebody_erased_since(
    store: Store, files: Archive, follower: Follower[LedgerViews], archived: bool
) -> None:
    await decided(store, range(3))
    before = await follower.caught_up()
    assert before.newest[1][1]["customer"] == "c1"

    def without(entry: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        identity, line = entry
        return identity, {**line, "customer": "erased"} if line.get("customer") == "c1" else line

    await store.rewrite_ledger(without)
    await store.changed("person_erased", by="mira", old="pseudonym", new=None)
    if archived:
        await archive(store, files, retention=FIVE_YEARS, before=await store.server_time() + 1)
    views = await follower.caught_up()
    assert [line["customer"] for _, line in views.newest] == ["c0", "erased", "c2"]
    assert views.days.whole.decisions == 3
    assert views.mark != before.mark
    assert [row["what"] for _, row in views.trail.rows] == ["person_erased"]
    read = follower.lines
    assert await follower.caught_up() is views
    assert follower.lines == read, "it is read anew once, not each time"


def test_the_views_take_every_line_that_the_audit_and_the_segments_tell_of() -> None:
    assert {*AUDITED, *DECIDED, "noted", "call_entered", "call_over", "attempt_ended"} <= {*LedgerViews.kinds}
