"""The live stream over a real socket: it outlives faults of the look and slow readers, and ends with the
token that opened it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from live_events import events

from console.web import live
from console.web.access import NOBODY
from console.web.live import Live, Watched
from console.web.operations import Call
from console.web.problems import Problem
from strategies.store import StoreUnavailable


class Figures:
    """What is seen: `shown`, or a fault; `calls` how often it was looked."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {"overview": 1, "sub:calls/1": 1}
        self.fault: Exception | None = None
        self.at_once = self.most = 0

    async def look(self) -> dict[str, Any]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.02)
        self.at_once -= 1
        if self.fault is not None:
            raise self.fault
        return dict(self.shown)


class Token:
    """Whether it still holds."""

    holds = True

    async def still(self, _request: web.Request) -> None:
        if not self.holds:
            raise Problem(401, "this token does not hold")


@asynccontextmanager
async def streaming(figures: Figures, token: Token) -> AsyncIterator[tuple[Live, str]]:
    made = Live(figures.look, token.still)

    async def watch(request: web.Request) -> web.StreamResponse:
        query = Watched(topics=request.query.get("topics", ""))
        return await made.watch(Call(NOBODY, None, None, {}, 0.0, request, query))  # type: ignore[arg-type]

    app = web.Application()
    app.router.add_get("/live", watch)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.38.7", 0).start()
    yield made, f"http://127.0.38.7:{runner.addresses[0][1]}/live"
    await made.close()
    await runner.cleanup()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.02)


@pytest.mark.parametrize(
    ("fault", "words"), [(StoreUnavailable("away"), "the store"), (KeyError("state"), "error of ours")]
)
async def test_a_look_that_fails_leaves_the_figures_and_says_so_until_one_succeeds(
    fault: Exception, words: str
) -> None:
    figures = Figures()
    async with (
        asyncio.timeout(10),
        streaming(figures, Token()) as (_, url),
        ClientSession() as session,
        session.get(url, params={"topics": "overview"}) as stream,
    ):
        told = events(stream.content)
        assert await anext(told) == ("overview", 1)
        figures.fault = fault
        topic, value = await anext(told)
        assert (topic, words in value["detail"]) == ("trouble", True)
        figures.fault, figures.shown = None, {"overview": 2}
        assert [await anext(told), await anext(told)] == [("overview", 2), ("trouble", None)]


async def test_whoever_comes_while_a_slow_reader_is_let_go_starts_no_second_look() -> None:
    figures = Figures()
    made = Live(figures.look, Token().still)
    slow, other = live._Reader(frozenset()), live._Reader(frozenset())
    made._join(slow)
    made._let_go(slow)
    made._join(other)
    async with asyncio.timeout(5):
        await other.events.get()
        await other.events.get()
    made._leave(slow)
    assert (made.readers, figures.most) == (1, 1)
    made._leave(other)
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "live figures"] == []


async def test_the_stream_ends_with_the_token_that_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STILL_MAY", 0.1)
    token = Token()
    async with streaming(Figures(), token) as (made, url), ClientSession() as session, asyncio.timeout(10):
        async with session.get(url) as stream:
            told = events(stream.content)
            assert await anext(told) == ("overview", 1)
            token.holds = False
            assert [topic async for topic, _ in told] == ["sub:calls/1"]
        assert made.readers == 0
