"""Text passes against a real HTTP gateway: sent, refused, put off, not known, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from message_servers import Server, running
from messages_stage import LETTER, TEXT, launched, reader, staged
from store_people import Clock

from strategies.campaign import Pacing, Pass, Retry
from strategies.store import Store
from strategies.vocabulary import Medium, Result

ADA, BO = reader("1"), reader("2")
ADAS, BOS = ADA.devices[0].address, BO.devices[0].address


@pytest.fixture(scope="module")
def running_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("text_gateway", tmp_path_factory.mktemp("gateway")) as one:
        yield one


@pytest.fixture
def texts(running_one: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("SPRING_TEXT_SECRET", "topsecret")
    return running_one.fresh()


def gateway(server: Server, more: str = "") -> str:
    url = f"http://127.0.0.1:{server.port}/send"
    body = '{to: "{number}", text: "{text}"}'
    return f'  text: {{url: "{url}", body: {body}, secret_env: SPRING_TEXT_SECRET, timeout: 1s{more}}}\n'


async def test_a_text_goes_out_by_the_template_with_its_attempt_as_the_key(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    await launched(store, [ADA], TEXT)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        [started] = await stage.told("attempt_started")
        [got] = texts.got()
        assert (got["to"], got["text"]) == (ADAS, "Ada1, please call us.")
        assert got["key"] == started["attempt"]
        assert got["authorization"] == "Bearer topsecret"
        assert await stage.results() == ["sent"]


async def test_what_the_gateway_refuses_for_good_is_undelivered_with_its_reason(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    texts.told(all={"status": 400, "error": "not a mobile"})
    await launched(store, [ADA], TEXT)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        [ended] = await stage.told("attempt_ended")
        assert (ended["result"], ended["reason"]) == ("undelivered", "400 not a mobile")


async def test_what_it_cannot_take_now_has_failed_and_is_retried_by_the_pass(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    texts.told(all={"status": 500, "error": "database"})
    await launched(store, [ADA], replace(TEXT, retry={Result.FAILED: Retry((300.0,))}))
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        texts.told(all={})
        await stage.look(after=299)
        assert await stage.results() == ["failed"]
        await stage.look(after=2)
        assert await stage.results() == ["failed", "sent"]
        assert [one["refused"] for one in texts.got()] == [True, False]


@pytest.mark.parametrize("wish", [{"silent": True}, {"drop": True}, {"status": 502}])
async def test_a_text_of_which_nobody_knows_is_unknown_and_not_sent_again(
    store: Store, clock: Clock, texts: Server, tmp_path: Path, wish: dict[str, object]
) -> None:
    texts.told(all=wish)
    await launched(store, [ADA], replace(TEXT, retry={Result.UNKNOWN: Retry((1.0,))}))
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        assert await stage.results() == ["unknown"]
        texts.told(all={})
        await stage.look(after=3500)
        assert len(texts.got()) == 1
        await stage.look(after=200)
        assert len(texts.got()) == 2


async def test_a_gateway_that_is_away_costs_nobody_their_turn(
    store: Store, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPRING_TEXT_SECRET", "topsecret")
    with running("text_gateway", tmp_path) as server:
        away = server
    await launched(store, [ADA, BO], TEXT)
    async with staged(store, clock, gateway(away), tmp_path) as stage:
        for _ in range(5):
            await stage.look()
        assert await stage.results() == []
        assert (await store.counters("spring/1")).attempts == 0
        assert len(await stage.told("attempt_released")) == 2
        with running("text_gateway", tmp_path, port=away.port):
            for _ in range(3):
                await stage.look(after=60)
            assert await stage.results() == ["sent", "sent"]


async def test_a_gateway_that_does_not_know_us_is_no_fault_of_the_people(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    texts.told(all={"status": 401})
    await launched(store, [ADA, BO], TEXT)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        await stage.look()
        assert await stage.results() == []
        texts.told(all={})
        for _ in range(3):
            await stage.look(after=60)
        assert await stage.results() == ["sent", "sent"]


async def test_no_more_go_out_than_the_pass_may_a_minute(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    people = [reader(str(n)) for n in range(1, 8)]
    await launched(store, people, replace(TEXT, pacing=Pacing("rate", rate=2.0)))
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        assert len(texts.got()) == 1
        await stage.look(after=31)
        assert len(texts.got()) == 2
        await stage.look(after=1)
        assert len(texts.got()) == 2
        await stage.look(after=31)
        assert len(texts.got()) == 3


async def test_who_opted_out_since_the_look_is_refused_by_the_claim(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    sub = await launched(store, [ADA, BO], TEXT)
    await store.do_not_call([ADAS], reason="asked", by="test")
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        assert [one["to"] for one in texts.got()] == [BOS]
        assert (await stage.state(sub, ADA)).ended == "do_not_call"


async def test_a_number_outside_the_allow_list_gets_nothing(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    abroad = reader("9", devices=(replace(ADA.devices[0], address="+442079460000"),))
    sub = await launched(store, [abroad], TEXT)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        assert texts.got() == []
        assert (await stage.told("skipped"))[0]["reason"] == "not_allowed_number"
        assert (await stage.state(sub, abroad)).ended == "no_pass_left"


async def test_a_messenger_that_may_send_no_more_gives_its_claims_back(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    await launched(store, [ADA], TEXT)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        stage.leased = False
        await stage.look()
        assert texts.got() == []
        assert (await store.counters("spring/1")).attempts == 0
        assert await store.live() == []


async def test_who_is_held_back_by_a_rate_keeps_nobody_else_waiting(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    slow = replace(TEXT, pacing=Pacing("rate", rate=1.0), where="contact.kind == 'slow'")
    quick = Pass("quick", Medium.TEXT, devices=("text",), start="contact", message="Quick.")
    crowd = [reader(str(n), attributes={"kind": "slow"}) for n in range(1, 301)]
    last = reader("999", attributes={"kind": "quick"})
    sub = await launched(store, [*crowd, last], slow, quick)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        for _ in range(4):
            await stage.look(after=1)
        assert last.devices[0].address in [one["to"] for one in texts.got()]
        started = (await store.counters(sub.name)).by_pass[TEXT.name]
        assert started == 1
        for _ in range(30):
            await stage.look(after=60)
        assert (await store.counters(sub.name)).by_pass[TEXT.name] == started + 30


async def test_who_has_no_gateway_for_their_medium_waits_and_keeps_their_turn(
    store: Store, clock: Clock, texts: Server, tmp_path: Path
) -> None:
    sub = await launched(store, [ADA], LETTER)
    async with staged(store, clock, gateway(texts), tmp_path) as stage:
        await stage.look()
        assert (await stage.state(sub, ADA)).ended is None
        assert await store.due(sub.name, clock() + 299, 10, "all") == []
        assert len(await store.due(sub.name, clock() + 301, 10, "all")) == 1
        assert texts.got() == []
