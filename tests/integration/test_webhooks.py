"""Webhooks to a real receiver: signed, in order, again after a fault, from where they were after a
restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from config.settings import Hook
from console.ledger_archive import archive
from console.ledger_files import Archive
from console.web import webhooks
from console.web.metrics import _of_webhooks
from console.web.webhooks import Standing, pause_after, standings, telling
from messaging.signature import fault_of
from strategies.store import Store
from strategies.store.codec import text

SECRET = "shared"


@dataclass
class Receiver:
    """Who is told; the first answers are `faults`, then everything is taken."""

    url: str = ""
    faults: list[int] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.asked += 1
        body = await request.read()
        headers = request.headers
        fault = fault_of(
            secret=SECRET,
            body=body,
            signature=headers["X-Secondpass-Signature"],
            timestamp=headers["X-Secondpass-Timestamp"],
            now=time.time(),
            within=60,
        )
        if fault is not None:
            return web.Response(status=403)
        if self.faults:
            return web.Response(status=self.faults.pop(0))
        self.taken.append(json.loads(body))
        self.more.set()
        return web.Response(status=204)

    async def has(self, count: int) -> list[dict[str, Any]]:
        """What was taken, once it is so much; one that came twice, as after a crash, counts once."""
        async with asyncio.timeout(10):
            while len(told := {one["id"]: one for one in self.taken}) < count:
                self.more.clear()
                await self.more.wait()
        return list(told.values())


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setattr(webhooks, "LOOK", 0.02)
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 0.02)
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.38.6", 0).start()
    made.url = f"http://127.0.38.6:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


@pytest.fixture
def days(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def hooks(receiver: Receiver, **more: Any) -> dict[str, Hook]:
    return {"crm": Hook(url=receiver.url, secret_env="HOOK_SECRET", **more)}


async def ended(store: Store, *attempts: str) -> None:
    for attempt in attempts:
        await store.append({"kind": "attempt_ended", "attempt": attempt, "result": "busy"}, at=100.0)


async def until_told(store: Store, name: str) -> None:
    """Until a webhook that is new has taken its place in the ledger."""
    await store.told_until(name)


async def test_what_happens_is_told_in_order_and_signed(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    await ended(store, "before")
    await until_told(store, "crm")
    async with telling(hooks(receiver), store, days, time.time):
        await ended(store, "a")
        await store.append({"kind": "skipped", "contact": "1"}, at=100.0)
        await ended(store, "b")
        told = await receiver.has(2)
    assert [(one["kind"], one["attempt"]) for one in told] == [("attempt_ended", "a"), ("attempt_ended", "b")]
    assert told[0]["id"] < told[1]["id"]


async def test_what_is_not_taken_is_told_again_before_what_came_later(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    receiver.faults = [500, 503, 302]
    await until_told(store, "crm")
    async with telling(hooks(receiver), store, days, time.time):
        await ended(store, "a", "b")
        assert [one["attempt"] for one in await receiver.has(2)] == ["a", "b"]
    assert receiver.asked == 5


async def test_after_a_restart_it_goes_on_where_it_was(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    await until_told(store, "crm")
    async with telling(hooks(receiver), store, days, time.time):
        await ended(store, "a")
        await receiver.has(1)
    await ended(store, "b")
    async with telling(hooks(receiver), store, days, time.time):
        assert [one["attempt"] for one in await receiver.has(2)] == ["a", "b"]


MARCH = 1_772_409_600  # 2026-03-02 00:00 UTC


async def happened(store: Store, moment: int, attempt: str) -> None:
    line = text({"kind": "attempt_ended", "attempt": attempt})
    await store._command("XADD", store._keys.ledger, f"{moment * 1000}-0", "line", line)


async def test_what_happened_while_nobody_told_it_for_days_is_told_out_of_the_files(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    await happened(store, MARCH, "told before")
    await until_told(store, "crm")
    for nth in range(1, 5):
        await happened(store, MARCH + nth * 40_000, f"day {nth}")
    done = await archive(store, days, retention=1826 * 86_400.0, before=MARCH + 2 * 86_400.0)
    assert (done.lines, len(await store.ledger())) == (5, 0)
    async with telling(hooks(receiver), store, days, time.time):
        assert [one["attempt"] for one in await receiver.has(4)] == [f"day {nth}" for nth in range(1, 5)]
        await ended(store, "today")
        assert [one["attempt"] for one in await receiver.has(5)][-1] == "today"
    assert receiver.asked == 5


async def test_a_new_webhook_is_told_nothing_of_closed_days(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    await happened(store, MARCH, "long ago")
    await archive(store, days, retention=1826 * 86_400.0, before=MARCH + 86_400.0)
    await until_told(store, "crm")
    async with telling(hooks(receiver), store, days, time.time):
        await ended(store, "now")
        assert [one["attempt"] for one in await receiver.has(1)] == ["now"]
    assert receiver.asked == 1


async def test_one_that_nobody_takes_holds_up_no_other(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    away = Hook(url="http://127.0.38.6:9/hook", secret_env="HOOK_SECRET")
    for name in ("crm", "away"):
        await until_told(store, name)
    async with telling({"away": away, **hooks(receiver)}, store, days, time.time):
        await ended(store, "a")
        await receiver.has(1)


async def test_what_nobody_takes_for_too_long_is_passed_over(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    receiver.faults = [500] * 2
    moments = iter([100.0, 100.0, 100.0, 170.0])
    await until_told(store, "crm")

    def clock() -> float:
        return next(moments, time.time())

    async with telling(hooks(receiver, give_up_after="1m"), store, days, clock):
        await ended(store, "a", "b")
        assert [one["attempt"] for one in await receiver.has(1)] == ["b"]
    assert (await standings(["crm"], store))["crm"].passed_over == 1


async def test_how_far_a_webhook_is_behind_what_happened(store: Store) -> None:
    await happened(store, MARCH, "a")
    assert await standings(["crm"], store) == {"crm": Standing(None)}
    await until_told(store, "crm")
    await happened(store, MARCH + 90, "b")
    assert await standings(["crm"], store) == {"crm": Standing(90.0)}
    told = "\n".join(map(str, _of_webhooks(await standings(["crm"], store))))
    assert "secondpass_webhook_behind_seconds" in told
    assert "value=90.0" in told


async def test_half_a_character_in_a_name_ends_no_webhook(
    store: Store, days: Archive, receiver: Receiver
) -> None:
    await until_told(store, "crm")
    line = {"kind": "attempt_ended", "attempt": "a", "contact": "\ud83d"}

    async def once(after: str = "-", count: int = 1) -> list[tuple[str, dict[str, Any]]]:
        return [("9999999999999-0", line)] if not after.startswith("9") else []

    store.ledger = once  # type: ignore[method-assign]  no store of ours would keep it, another's history may
    async with telling(hooks(receiver), store, days, time.time):
        assert [one["attempt"] for one in await receiver.has(1)] == ["a"]


async def test_a_fault_of_ours_is_told_in_the_log_and_the_webhook_goes_on(
    store: Store, days: Archive, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LONGEST_PAUSE", 0.02)
    await until_told(store, "crm")
    ledger, faults = store.ledger, [KeyError("kind")]

    async def faulty(after: str = "-", count: int = 1) -> list[tuple[str, dict[str, Any]]]:
        if faults:
            raise faults.pop()
        return await ledger(after, count)

    store.ledger = faulty  # type: ignore[method-assign]
    with capture_logs() as logged:
        async with telling(hooks(receiver), store, days, time.time):
            await ended(store, "a")
            assert [one["attempt"] for one in await receiver.has(1)] == ["a"]
    assert [one["event"] for one in logged] == ["webhook.failed"]


def test_pauses_grow_and_stay_bounded() -> None:
    assert [pause_after(n) for n in (1, 2, 3, 9, 60)] == [1.0, 2.0, 4.0, 256.0, 300.0]
