"""Reports and replies by webhook, and the page to unsubscribe, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from message_servers import Server, running
from messages_stage import TEXT, Stage, free_port, launched, reader, staged
from store_people import Clock, claim_of, finished
from text_gateway import signed

from strategies.campaign import Pass
from strategies.store import Store
from strategies.vocabulary import Medium

ADA, BO = reader("1"), reader("2")
ADAS = ADA.devices[0].address
CALL = Pass("call", Medium.DIALER, start="contact", devices=("text",))


HOOK_SECRET = "hooksecret"
Hook = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("text_gateway", tmp_path_factory.mktemp("gateway")) as server:
        yield server


@pytest.fixture
def texts(gateway: Server) -> Server:
    """The gateway, which names its first message m1."""
    fresh = gateway.fresh()
    fresh.told(**{ADAS: {"id": "m1"}})
    return fresh


@pytest.fixture
def hook(store: Store, clock: Clock, texts: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Makes a stage whose gateway knows our webhook."""
    monkeypatch.setenv("SPRING_TEXT_SECRET", "topsecret")
    monkeypatch.setenv("SPRING_HOOK_SECRET", "hooksecret")
    body = '{to: "{number}", text: "{text}"}'

    def made(
        report_within: str = "60s", undelivered: str = "[undelivered, failed]"
    ) -> AbstractAsyncContextManager[Stage]:
        gateways = (
            f'  text: {{url: "http://127.0.0.1:{texts.port}/send", body: {body},'
            f" secret_env: SPRING_TEXT_SECRET, report_within: {report_within},"
            f" webhook: {{secret_env: SPRING_HOOK_SECRET, undelivered: {undelivered}}},"
            " answers: {stop: You get no more., help: Call 212 555 0100.}}\n"
            f'  web: {{port: {free_port()}, public_url: "https://u.example.org"}}\n'
            "  replies: {yes: [yes, ok, will do], promise: [i will pay]}\n"
        )
        return staged(store, clock, gateways, tmp_path)

    return made


async def told(stage: Stage, fields: dict[str, Any], *, by: str = HOOK_SECRET, at: float = 0.0) -> int:
    """The status we answer to a webhook with."""
    body = json.dumps(fields).encode()
    headers = signed(body, by, at or stage.clock())
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{stage.ports['web']}/text"
        async with session.post(url, data=body, headers=headers) as answer:
            return answer.status


async def test_a_report_within_its_time_is_the_attempts_result(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], TEXT)
    async with hook() as stage:
        await stage.look()
        assert (await stage.state(sub, ADA)).live is not None
        assert await told(stage, {"message_id": "m1", "status": "queued"}) == 204
        await stage.hears()
        assert await stage.results() == []  # it is under way
        assert await told(stage, {"message_id": "m1", "status": "delivered"}) == 204
        await stage.hears()
        assert await stage.results() == ["delivered"]
        await stage.look(after=100)
        assert await stage.results() == ["delivered"]


async def test_a_status_is_known_in_small_letters_and_in_capitals(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    await launched(store, [ADA], TEXT)
    async with hook(undelivered="[UNDELIV]") as stage:
        await stage.look()
        assert await told(stage, {"message_id": "m1", "status": "Undeliv"}) == 204
        await stage.hears()
        assert await stage.results() == ["undelivered"]


async def test_without_a_report_in_time_it_was_sent_and_no_more_is_known(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    await launched(store, [ADA], TEXT)
    async with hook() as stage:
        await stage.look()
        await stage.look(after=59)
        assert await stage.results() == []
        await stage.look(after=2)
        assert await stage.results() == ["sent"]


async def test_a_later_report_amends_the_result_and_the_figures_with_it(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], TEXT)
    async with hook("0s") as stage:
        await stage.look()
        assert await stage.results() == ["sent"]
        await told(stage, {"message_id": "m1", "status": "failed", "error": "no such number"})
        await stage.hears()
        [line] = await stage.told("attempt_reported")
        assert (line["was"], line["result"], line["reason"]) == ("sent", "undelivered", "no such number")
        assert (await store.counters(sub.name)).by_result == {"undelivered": 1}
        assert (await stage.state(sub, ADA)).records[0].results == ("undelivered",)
        await told(stage, {"message_id": "m1", "status": "delivered"})
        await stage.hears()
        assert len(await stage.told("attempt_reported")) == 1


async def test_a_report_may_be_faster_than_the_gateways_own_answer(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    await launched(store, [ADA], TEXT)
    async with hook() as stage:
        await told(stage, {"message_id": "m1", "status": "delivered"})
        await stage.hears()
        await stage.look()
        clock.now += 1
        await stage.hears()
        assert await stage.results() == ["delivered"]


async def test_stop_ends_everything_for_all_addresses_at_once(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], TEXT, CALL)
    async with hook() as stage:
        await stage.look()
        assert await told(stage, {"from": ADAS, "text": " Stop. "}) == 204
        addresses = [device.address for device in ADA.devices]
        assert set(await store.suppressed(addresses)) == set(addresses)
        await stage.hears()
        assert await stage.results() == ["replied"]
        state = await stage.state(sub, ADA)
        assert (state.ended, state.responses) == ("opt_out", ("text_stop",))


async def test_stop_from_a_number_we_never_wrote_to_is_heard_too(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    await store.import_contacts("march", [ADA])
    async with hook() as stage:
        await told(stage, {"from": "(212) 555-1001", "text": "unsubscribe me"})
        assert len(await store.suppressed([device.address for device in ADA.devices])) == 2
        clock.now += 31
        await stage.hears()
        [line] = await stage.told("responded")
        assert (line["address"], line["responses"]) == (ADAS, ["text_stop"])
        assert await store.inbox(clock() + 1e6, 10) == []


async def test_a_reply_after_the_end_is_a_response_and_settles_by_its_group(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    groups = {"success": ("text_promise",)}
    sub = await launched(store, [ADA, BO], TEXT, CALL, groups=groups)
    async with hook("0s") as stage:
        await stage.look()
        await told(stage, {"from": ADAS, "text": "I will pay!\n> Ada1, please call us."})
        await told(stage, {"from": BO.devices[0].address, "text": "who is this"})
        await stage.hears(2)
        assert (await stage.state(sub, ADA)).ended == "success"
        bo = await stage.state(sub, BO)
        assert (bo.ended, bo.responses) == (None, ("text_other",))
        figures = await store.counters(sub.name)
        assert figures.by_result == {"replied": 2}
        assert figures.by_response == {"text_promise": 1, "text_other": 1}


async def test_a_reply_while_the_person_is_called_waits_for_the_calls_end(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], TEXT, CALL)
    async with hook("0s") as stage:
        await stage.look()
        claim = claim_of(sub, ADA, await stage.state(sub, ADA), at=clock())
        call = replace(claim.intent, pass_name="call", medium=Medium.DIALER)
        claim = replace(claim, intent=call)
        assert await store.claim([claim], clock()) == [None]
        await told(stage, {"from": ADAS, "text": "yes"})
        await stage.hears()
        assert await stage.told("responded") == []
        assert await finished(store, sub, call, again_at=clock() + 100)
        clock.now += 3
        await stage.hears()
        assert [line["responses"] for line in await stage.told("responded")] == [["text_yes"]]


@pytest.mark.parametrize(("by", "late"), [("wrong", 0.0), (HOOK_SECRET, 301.0), (HOOK_SECRET, -301.0)])
async def test_who_cannot_sign_or_signed_long_ago_is_not_heard(
    store: Store, clock: Clock, hook: Hook, by: str, late: float
) -> None:
    async with hook() as stage:
        fields = {"from": ADAS, "text": "stop"}
        assert await told(stage, fields, by=by, at=clock() - late) == 403
        assert await store.suppressed([ADAS]) == {}


async def test_a_replayed_webhook_changes_nothing(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], TEXT)
    async with hook("0s") as stage:
        await stage.look()
        at = clock()
        for _ in range(3):
            assert await told(stage, {"from": ADAS, "text": "yes"}, at=at) == 204
        await stage.hears()
        await stage.inbox.look()
        assert len(await stage.told("responded")) == 1
        assert (await stage.state(sub, ADA)).responses == ("text_yes",)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a":' * 5000, b"\xff" * 100, b'{"text": 1, "from": {}}']
)
async def test_a_body_that_says_nothing_is_refused_and_harms_nobody(
    clock: Clock, hook: Hook, body: bytes
) -> None:
    async with hook() as stage:
        url = f"http://127.0.0.1:{stage.ports['web']}/text"
        async with aiohttp.ClientSession() as session:
            async with session.post(url, data=body, headers=signed(body, "hooksecret", clock())) as answer:
                assert answer.status == 422
            async with session.post(url, data=b"x" * 100_000) as answer:
                assert answer.status == 413


async def test_to_look_at_the_page_changes_nothing_and_its_button_ends_everything(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    sub = await launched(store, [ADA], replace(TEXT, message="No more? {unsubscribe_url}"), CALL)
    async with hook() as stage:
        await stage.look()
        link = texts.got()[0]["text"].split()[-1]
        assert link.startswith("https://u.example.org/unsubscribe/")
        url = link.replace("https://u.example.org", f"http://127.0.0.1:{stage.ports['web']}")
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as page:
                assert page.status == 200
                assert "<button>" in await page.text()
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert await store.suppressed([ADAS]) == {}
            for _ in range(2):
                async with session.post(url, data={"List-Unsubscribe": "One-Click"}) as page:
                    assert page.status == 200
        assert len(await store.suppressed([device.address for device in ADA.devices])) == 2
        await stage.hears()
        state = await stage.state(sub, ADA)
        assert (state.ended, state.responses) == ("opt_out", ("text_stop",))
        assert len(await stage.told("do_not_call")) == 1


async def test_a_forged_link_is_gone_and_who_tries_many_is_slowed(
    store: Store, clock: Clock, texts: Server, hook: Hook
) -> None:
    async with hook() as stage:
        token = stage.tokens.of("sp-" + "0" * 26)
        forged = token[:-1] + ("0" if token[-1] != "0" else "1")
        async with aiohttp.ClientSession() as session:
            statuses = []
            for _ in range(5):
                async with session.post(
                    f"http://127.0.0.1:{stage.ports['web']}/unsubscribe/{forged}"
                ) as page:
                    statuses.append(page.status)
        assert statuses == [410, 410, 429, 429, 429]


async def test_stop_and_help_are_answered_once(store: Store, clock: Clock, texts: Server, hook: Hook) -> None:
    await launched(store, [ADA], TEXT)
    async with hook("0s") as stage:
        for place in range(3):
            await told(stage, {"from": ADAS, "text": "help"}, at=clock() + place)
        await told(stage, {"from": ADAS, "text": "STOP"})
        await told(stage, {"from": "+442079460000", "text": "STOP"})
        await told(stage, {"from": ADAS, "text": "who is this"})
        async with asyncio.timeout(30):
            while len(texts.got()) < 2:  # noqa: ASYNC110  the gateway is another process
                await asyncio.sleep(0.01)
        assert [one["text"] for one in texts.got()] == ["Call 212 555 0100.", "You get no more."]
        assert {one["to"] for one in texts.got()} == {ADAS}
        assert (await store.counters("spring/1")).attempts == 0
