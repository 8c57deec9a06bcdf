"""A messenger that dies, or loses its store, writes to nobody twice and forgets nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from message_servers import Server, running
from messages_stage import LETTER, Stage, launched, reader, staged
from store_people import Clock

from messaging.errors import MessengerRefused
from messaging.lease import Lease
from messaging.messenger import Messenger
from strategies.store import Claim, Store, StoreUnavailable

ADA, BO = reader("1"), reader("2")


@pytest.fixture(scope="module")
def running_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("mail_server", tmp_path_factory.mktemp("mail")) as one:
        yield one


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server, and stages that send by it."""

    mail: Server
    staged: Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def post(store: Store, clock: Clock, running_one: Server, tmp_path: Path) -> Post:
    def made(more: str = "") -> AbstractAsyncContextManager[Stage]:
        smtp = f'smtp: "smtp://127.0.0.1:{running_one.port}", from: "care@example.org"{more}'
        return staged(store, clock, f"  email: {{{smtp}}}\n", tmp_path)

    return Post(running_one.fresh(), made)


def anew(stage: Stage) -> Messenger:
    """Another messenger over the same store and gateways, as after a crash of the first."""
    return Messenger(
        stage.store,
        stage.carriers,
        countries=("US",),
        clock=stage.clock,
        new_id=lambda: "sp-" + "f" * 26,
        leased=lambda: True,
    )


async def looked(messenger: Messenger) -> None:
    async with asyncio.TaskGroup() as offers:
        await messenger.look(offers)


async def test_a_claim_left_by_a_crash_is_unknown_and_never_sent_again(
    store: Store, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub = await launched(store, [ADA], LETTER)
    async with post.staged() as stage:

        async def crash(*_: Any) -> None:
            raise asyncio.CancelledError

        with monkeypatch.context() as crashing:
            crashing.setattr(stage.messenger, "_offer", crash)
            await stage.look()
        assert len(await store.live()) == 1
        await looked(anew(stage))
        [ended] = await stage.told("attempt_ended")
        assert (ended["result"], ended["reason"]) == ("unknown", "not known whether it was sent")
        assert post.mail.got() == []
        assert (await stage.state(sub, ADA)).hold_until > stage.clock()
        await store._command("DEL", store._keys.attempt(ended["attempt"]))  # as it is a day later
        found = await store.message(ended["attempt"])
        assert found is not None, "who got it may answer STOP for as long as anybody"
        assert (found[0].contact, found[1]) == (ADA.id, "unknown")


async def test_a_message_that_was_accepted_before_a_crash_keeps_its_time_to_be_reported(
    store: Store, clock: Clock, post: Post
) -> None:
    await launched(store, [ADA], LETTER)
    async with post.staged(", report_within: 60s") as stage:
        await stage.look()
        assert len(post.mail.got()) == 1
        second = anew(stage)
        clock.now += 30
        await looked(second)
        assert await stage.results() == []
        clock.now += 31
        await looked(second)
        assert await stage.results() == ["sent"]
        assert len(post.mail.got()) == 1


async def test_claims_whose_answer_was_lost_are_undone_before_anything_is_sent(
    store: Store, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(store, [ADA, BO], LETTER)
    monkeypatch.setattr("messaging.messenger.STORE_AGAIN", 0.01)
    lost = list[int]()

    async def claim(claims: list[Claim], now: float) -> Any:
        answers = await really(claims, now)
        if not lost:
            lost.append(len(claims))
            raise StoreUnavailable("the link was cut")
        return answers

    async with post.staged() as stage:
        await stage.route()
        really = store.claim
        monkeypatch.setattr(store, "claim", claim)
        stop = asyncio.Event()
        run = asyncio.create_task(stage.messenger.run(stop))
        async with asyncio.timeout(10):
            while len(await stage.results()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stop.set()
        await run
        assert lost == [2]
        assert [line["reason"] for line in await stage.told("attempt_released")] == ["not_asked"] * 2
        assert sorted(one["to"][0] for one in post.mail.got()) == ["p1@example.org", "p2@example.org"]
        assert (await store.counters("spring/1")).by_result == {"sent": 2}


async def test_a_result_waits_for_the_store_and_is_not_lost(
    store: Store, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(store, [ADA], LETTER)
    refusals = iter([StoreUnavailable("away"), StoreUnavailable("away")])

    async def record(*given: Any) -> bool:
        if (refusal := next(refusals, None)) is not None:
            raise refusal
        return await really(*given)

    async with post.staged() as stage:
        really = store.record
        monkeypatch.setattr(store, "record", record)
        monkeypatch.setattr("strategies.store.patience.FIRST", 0.01)
        await stage.look()
        assert await stage.results() == ["sent"]
        assert len(post.mail.got()) == 1


async def test_one_messenger_a_tenant(store: Store) -> None:
    first, second = Lease(store, "first"), Lease(store, "second", seconds=0.3)
    assert await first.take(asyncio.Event())
    with pytest.raises(MessengerRefused, match="another messenger works for this tenant; stop it first"):
        await second.take(asyncio.Event())
    await first.give_back()
    assert await second.take(asyncio.Event())
