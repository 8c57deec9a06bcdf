"""A simulation's way to the store: several commands under way on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import exceptions

from strategies.store.direct import Direct
from strategies.store.embedded import EmbeddedServer


@pytest.fixture
async def direct(tmp_path: Path) -> AsyncIterator[Direct]:
    server = EmbeddedServer(tmp_path, durable=False)
    await server.ensure()
    made = await Direct.connected(str(server.socket))
    yield made
    made.close()
    await server.leave()


async def test_each_task_has_its_own_answer_though_all_were_asked_at_once(direct: Direct) -> None:
    asked = [direct.ask(["ECHO", f"{n}"]) for n in range(500)]
    assert await asyncio.gather(*asked) == [b"%d" % n for n in range(500)]


async def test_an_answer_nobody_waits_for_any_more_is_not_given_to_another(direct: Direct) -> None:
    given_up = asyncio.create_task(direct.ask(["ECHO", "first"]))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await direct.ask(["ECHO", "second"]) == b"second"
    assert given_up.cancelled()


async def test_an_answer_larger_than_one_read_is_whole(direct: Direct) -> None:
    assert await direct.ask(["ECHO", "x" * 3_000_000]) == b"x" * 3_000_000


async def test_a_refusal_is_raised_where_it_was_asked(direct: Direct) -> None:
    asked = direct.ask(["NO-SUCH-COMMAND"]), direct.ask(["ECHO", "on"])
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[0], exceptions.ResponseError)
    assert answers[1] == b"on"


async def test_whoever_waits_is_told_that_the_server_is_gone(direct: Direct) -> None:
    waiting = direct.ask(["BLPOP", "nothing", 0]), direct.ask(["ECHO", "behind it"])
    asked = [asyncio.create_task(one) for one in waiting]
    await asyncio.sleep(0)
    direct.close()
    for lost in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(lost, exceptions.ConnectionError)
    with pytest.raises(exceptions.ConnectionError, match="closed"):
        await direct.ask(["ECHO", "later"])
