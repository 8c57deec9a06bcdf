"""The store's server stops, stalls, is cut off or forgets: nothing is dialled blindly, nothing written twice,
and everything works again when it is back."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from store_people import NOON, Clock, claim_of, dialled, finished, people, person, refused, running, standing
from store_proxy import proxied

from strategies.attempts import Stage
from strategies.store import NotDurable, Store, StoreUnavailable, StoreUnfit, attempts, connection
from strategies.store.connection import check_fitness
from strategies.vocabulary import Refusal

ADA = person("ada", "+12025550101")
FIT = {"redis_version": "7.2.4", "valkey_version": "9.1.2", "aof_enabled": 1, "maxmemory": 0}


@pytest.fixture
async def own(short_directory: Path) -> AsyncIterator[Store]:
    """A store with a server of its own, to be maltreated."""
    store = await Store.open(None, short_directory, "main", clock=Clock())
    yield store
    await store.revive()
    await store.close()


async def pid_of(store: Store) -> int:
    """The process of the store's server."""
    return int((await store._redis.info("server"))["process_id"])


def socket_in(directory: Path) -> Path:
    return directory / "store" / "server.sock"


async def kill(store: Store) -> None:
    """kill -9 of the server; returns when it is gone."""
    os.kill(await pid_of(store), signal.SIGKILL)
    async with asyncio.timeout(10):
        while True:
            try:
                await store.lists()
            except StoreUnavailable:
                return


async def test_an_intent_survives_a_killed_server(own: Store) -> None:
    sub = await running(own, people(50))
    due = await own.due(sub.name, NOON, 50)
    claims = [claim_of(sub, contact, state) for contact, state in due]
    assert await own.claim(claims, NOON) == [None] * 50
    await kill(own)
    await own.revive()

    assert {intent.attempt for intent, stage in await own.live() if stage is Stage.INTENT} == {
        claim.intent.attempt for claim in claims
    }
    assert await refused(own, sub, claims[0].contact) is Refusal.STALE  # still live: nobody is dialled again


async def test_a_journal_that_lost_its_tail_keeps_every_confirmed_intent(
    own: Store, short_directory: Path
) -> None:
    sub = await running(own, [ADA])
    intent = await dialled(own, sub, ADA)
    await own.import_contacts("later", [person("bo", "+12025550102")])
    await kill(own)
    [journal] = (short_directory / "store" / "appendonlydir").glob("*.incr.aof")
    os.truncate(journal, journal.stat().st_size - 7)
    await own.revive()
    assert await own.live() == [(intent, Stage.INTENT)]


async def test_without_a_server_nothing_is_claimed_and_everything_says_so(own: Store) -> None:
    sub = await running(own, [ADA])
    claim = claim_of(sub, ADA, await standing(own, sub, ADA))
    await kill(own)
    with pytest.raises(StoreUnavailable):
        await own.claim([claim], NOON)
    with pytest.raises(StoreUnavailable):
        await own.caller("+12025550101")
    with pytest.raises(StoreUnavailable):
        await own.lists()
    with pytest.raises(StoreUnavailable):
        await own.read_facts("$", 1000)
    await own.revive()
    assert await own.claim([claim], NOON) == [None]


async def test_it_works_again_by_itself_when_the_link_is_back(own: Store, short_directory: Path) -> None:
    async with proxied(socket_in(short_directory)) as proxy:
        far = await Store.open(proxy.url, short_directory, "main", clock=Clock())
        sub = await running(far, [ADA])
        await proxy.down()
        with pytest.raises(StoreUnavailable):
            await far.due(sub.name, NOON, 1)
        await proxy.up()
        assert [contact for contact, _ in await far.due(sub.name, NOON, 1)] == [ADA]
        await far.close()


async def test_a_link_cut_before_the_answer_repeats_no_write(own: Store, short_directory: Path) -> None:
    async with proxied(socket_in(short_directory)) as proxy:
        far = await Store.open(proxy.url, short_directory, "main", clock=Clock())
        sub = await running(far, [ADA])
        claim = claim_of(sub, ADA, await standing(far, sub, ADA))
        for unanswered in (lambda: far.claim([claim], NOON), lambda: far.next_sub_name("spring")):
            await far.pass_waiting(sub.name)  # the link is up, and the campaign known
            proxy.swallow_replies = True
            with pytest.raises(StoreUnavailable):
                await unanswered()
            proxy.swallow_replies = False

        assert await far.next_sub_name("spring") == "spring/3"  # the one nobody was told of was spring/2
        assert await far.live() == [(claim.intent, Stage.INTENT)]  # written once, and there to be settled
        started = [line for _, line in await far.ledger() if line["kind"] == "attempt_started"]
        assert len(started) == 1
        await far.close()


async def test_a_cancelled_command_gives_nobody_a_foreign_answer(own: Store, short_directory: Path) -> None:
    dice = random.Random(7)
    crowd = people(40)
    await own.import_contacts("march", crowd)
    async with proxied(socket_in(short_directory), lambda: dice.uniform(0, 0.004)) as proxy:
        far = await Store.open(proxy.url, short_directory, "main")
        cancelled = 0
        for _ in range(25):
            asked = [dice.choice(crowd) for _ in range(20)]
            tasks = [asyncio.create_task(far.contact(contact.id)) for contact in asked]
            for task in tasks:
                if dice.random() < 0.5:
                    asyncio.get_running_loop().call_later(dice.uniform(0, 0.012), task.cancel)
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            for contact, answer in zip(asked, answers, strict=True):
                cancelled += isinstance(answer, asyncio.CancelledError)
                assert isinstance(answer, asyncio.CancelledError) or answer == contact
        assert cancelled > 50
        await far.close()


async def test_a_frozen_server_is_given_up_and_used_again(
    own: Store, short_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_WITHIN", 0.3)
    hurried = await Store.open(None, short_directory, "main", clock=Clock())
    await hurried.import_contacts("march", people(2))
    pid = await pid_of(own)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            await hurried.contact("0000")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (await hurried.contacts(["0001"]))[0].id == "0001"
    await hurried.close()


async def test_claims_the_disk_does_not_confirm_are_not_dialled(
    own: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "DURABLE_WITHIN", 0.2)
    sub = await running(own, [ADA])
    claim = claim_of(sub, ADA, await standing(own, sub, ADA))
    await own._command("CONFIG", "SET", "appendfsync", "no")
    with pytest.raises(NotDurable, match="did not confirm"):
        await own.claim([claim], NOON)
    assert await own.release(claim.intent.attempt, "not durable")
    await own._command("CONFIG", "SET", "appendfsync", "everysec")
    monkeypatch.undo()
    assert await refused(own, sub, ADA) is None


async def test_a_server_that_stopped_its_journal_confirms_nothing(own: Store) -> None:
    sub = await running(own, [ADA])
    await own._command("CONFIG", "SET", "appendonly", "no")
    with pytest.raises(NotDurable, match="appendonly yes"):
        await refused(own, sub, ADA)
    with pytest.raises(StoreUnfit, match="appendonly yes"):
        await own.revive()
    await own._command("CONFIG", "SET", "appendonly", "yes")
    async with asyncio.timeout(10):
        while (await own._redis.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_full_server_refuses_whole_claims(own: Store) -> None:
    sub = await running(own, [ADA])
    claim = claim_of(sub, ADA, await standing(own, sub, ADA))
    await own._command("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreUnavailable):
        await own.claim([claim], NOON)
    await own._command("CONFIG", "SET", "maxmemory", "0")
    assert await own.live() == []
    assert await own.claim([claim], NOON) == [None]


async def test_a_replica_is_not_written_to(own: Store) -> None:
    sub = await running(own, [ADA])
    claim = claim_of(sub, ADA, await standing(own, sub, ADA))
    await own._command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(StoreUnavailable):
        await own.claim([claim], NOON)
    await own._command("REPLICAOF", "NO", "ONE")
    assert await own.claim([claim], NOON) == [None]


async def test_a_server_that_came_back_empty_lets_nobody_be_dialled(own: Store) -> None:
    bo = person("bo", "+12025550102")
    sub = await running(own, [ADA, bo])
    claim = claim_of(sub, ADA, await standing(own, sub, ADA))
    await dialled(own, sub, bo)
    await own._command("FLUSHALL")
    await own._command("FUNCTION", "FLUSH")
    assert await own.claim([claim], NOON) == [Refusal.NOT_RUNNING]
    assert (await own.caller("+12025550101")).contact is None


async def test_an_attempt_can_end_after_the_server_was_away(own: Store) -> None:
    sub = await running(own, [ADA])
    intent = await dialled(own, sub, ADA)
    await kill(own)
    await own.revive()
    assert await finished(own, sub, intent)
    assert not await finished(own, sub, intent)


@pytest.mark.parametrize(
    ("info", "mend"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15 is too old: install Redis or Valkey 7.2 or later"),
        ({"redis_version": "6.2.14"}, "leave redis.url empty"),
        ({"aof_enabled": 0}, "appendonly yes"),
        ({"maxmemory": 1000, "maxmemory_policy": "allkeys-lru"}, "maxmemory-policy noeviction"),
    ],
)
def test_an_unfit_server_is_refused_with_the_mend(info: dict[str, object], mend: str) -> None:
    plain = {name: value for name, value in FIT.items() if name != "valkey_version"}
    with pytest.raises(StoreUnfit, match=mend):
        check_fitness(plain | info)


@pytest.mark.parametrize(
    "info", [{}, {"redis_version": "8.0.2"}, {"maxmemory": 10, "maxmemory_policy": "noeviction"}]
)
def test_a_fit_server_is_taken(info: dict[str, object]) -> None:
    check_fitness(FIT | info)


async def test_an_address_where_nobody_answers_is_said_at_once(short_directory: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await Store.open(f"unix://{short_directory}/nobody.sock", short_directory, "main")


async def test_more_who_ask_at_once_than_there_are_connections_are_all_answered(store: Store) -> None:
    await running(store, [ADA])

    answers = await asyncio.gather(*(store.lists() for _ in range(3 * connection.CONNECTIONS)))

    assert len(answers) == 3 * connection.CONNECTIONS
    assert answers.count(answers[0]) == len(answers)
    assert answers[0]
