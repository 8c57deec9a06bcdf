"""A service of the centre's own that knows callers: asked beside the store, believed where it answers in
time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from aiohttp import web
from pydantic import ValidationError
from segment_stage import KNOWN, Books, Model, called, catalogue, hook, knows
from structlog.testing import capture_logs

from agi.asked import Asked
from agi.lookup import LONGEST, Found, LookupService, laid_over, named
from agi.segment import SegmentHook
from config.lookup import Lookup
from strategies.store import Caller, Store

CALL = Asked("178.1", "+12025550142", account="4711")


@dataclass
class Crm:
    """The service; `answer` says what it says, in `pieces` byte by byte."""

    answer: str = '{"customer": "c9", "segment": "loyal", "attributes": {"offer_value": 400, "vip": true}}'
    status: int = 200
    takes: float = 0.0
    pieces: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path_qs, request.headers.get("Authorization")))
        await asyncio.sleep(self.takes)
        if self.pieces:
            return await self._in_pieces(request)
        return web.Response(text=self.answer, status=self.status)

    async def _in_pieces(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for byte in self.answer.encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(0)
        return response


@pytest.fixture
async def crm() -> Crm:
    return Crm()


@pytest.fixture
async def address(crm: Crm) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/who", crm)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/who?n={{number}}&a={{account}}"
    await runner.cleanup()


@pytest.fixture
async def service(address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LookupService]:
    monkeypatch.setenv("CRM_TOKEN", "hush")
    made = LookupService(Lookup(url=address, within="900ms", secret_env="CRM_TOKEN"))
    yield made
    await made.close()


async def test_it_is_asked_by_number_and_account_with_its_token(crm: Crm, service: LookupService) -> None:
    found = await service.ask(CALL)
    assert found == Found("c9", "loyal", {"offer_value": 400, "vip": True})
    assert crm.asked == [("/who?n=%2B12025550142&a=4711", "Bearer hush")]


async def test_an_answer_may_come_in_pieces(crm: Crm, service: LookupService) -> None:
    crm.pieces = True
    assert await service.ask(CALL) == Found("c9", "loyal", {"offer_value": 400, "vip": True})


async def test_an_answer_is_read_as_far_as_its_bound(crm: Crm, service: LookupService) -> None:
    crm.answer = "{}".rjust(LONGEST)
    assert await service.ask(CALL) == Found()
    crm.answer = "{}".rjust(LONGEST + 1)
    with capture_logs() as logs:
        assert await service.ask(CALL) is None
    assert [log["error"] for log in logs] == ["DecodeError"]


@pytest.mark.parametrize(
    ("answer", "status"), [("{}", 404), ("no json", 200), ('{"segment": 5}', 200), ("{}", 302), ("", 500)]
)
async def test_what_is_no_answer_is_none(crm: Crm, service: LookupService, answer: str, status: int) -> None:
    crm.answer, crm.status = answer, status
    with capture_logs():
        assert await service.ask(CALL) is None


async def test_whoever_is_slow_or_away_is_not_waited_for(crm: Crm, address: str) -> None:
    crm.takes = 5.0
    slow = LookupService(Lookup(url=address, within="20ms"))
    away = LookupService(Lookup(url="http://127.0.0.1:9/{number}", within="500ms"))
    with capture_logs() as logs:
        assert [await slow.ask(CALL), await away.ask(CALL)] == [None, None]
    assert [log["event"] for log in logs] == ["lookup.failed", "lookup.failed"]
    await slow.close()
    await away.close()


async def test_a_caller_of_whom_nothing_is_known_is_not_asked_about(crm: Crm, service: LookupService) -> None:
    assert await service.ask(Asked("178.1", None)) is None
    assert crm.asked == []


def test_what_it_says_is_laid_over_what_the_store_knows() -> None:
    found = Found("c9", "prospect", {"offer_value": 900, "vip": True, "gone": None})
    known = laid_over(KNOWN, found)
    assert known.contact is not None
    assert known.contact.attributes == {"offer_value": "900", "vip": "true"}
    assert (known.customer, known.segment) == ("ada", "prospect")
    moved = replace(KNOWN, segment="standard")
    assert laid_over(moved, found).segment == "standard", "somebody moved the customer there"
    assert laid_over(KNOWN, None) is KNOWN


def test_whom_the_store_does_not_know_stays_under_their_number_and_where_they_were_moved_to() -> None:
    unknown = Caller("+12025550142", None, None)
    known = laid_over(unknown, Found("c9", "loyal"))
    assert (known.customer, named(known), known.segment) == ("+12025550142", "c9", "loyal")
    moved = replace(unknown, segment="prospect", segment_version=1)
    assert laid_over(moved, Found("c9", "loyal")).segment == "prospect"
    assert [named(one) for one in (unknown, KNOWN)] == ["+12025550142", "ada"]


async def test_a_caller_nobody_imported_is_handled_by_what_the_service_knows(
    service: LookupService,
) -> None:
    books = Books(knows(Caller("+12025550142", None, None)))
    deciding = SegmentHook(
        cast(Store, books), catalogue(), {"offers": Model()}, country="US", tenant="t", lookup=service
    )
    call, _ = called()
    await deciding(call)
    assert (call.variables["SP_FIRST_SEGMENT"], call.variables["SP_SEGMENT"]) == ("loyal", "prospect")
    assert call.variables["SP_CUSTOMER"] == "c9"
    without, _ = called()
    await hook(books)(without)
    assert without.variables["SP_FIRST_SEGMENT"] == "standard"


@pytest.mark.parametrize("url", ["http://crm/who", "ftp://crm/{number}", "{number}"])
def test_an_address_that_asks_for_nobody_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Lookup(url=url)
