"""Texts by SIP MESSAGE: the messenger asks, the bridge has Asterisk send it, once; Asterisk is a link that
does what a test says."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from messages_stage import TEXT, Stage, launched, reader, staged
from store_people import Clock

from ami_bridge.errors import ActionRefused, AmiError, NotConnected, OutcomeUnknown
from ami_bridge.sip_texts import SipTexts
from strategies.messages import SipMessage
from strategies.store import Store

ADA = reader("1")
GATEWAY = '  text: {sip: "pjsip:PJSIP/{number}@carrier", from: "sip:care@example.org"}\n'


@dataclass(slots=True)
class Link:
    """Takes messages; `fault` is raised after it was asked."""

    connected: bool = True
    fault: AmiError | None = None
    sent: list[dict[str, str]] = field(default_factory=list)

    async def call(self, action: str, headers: dict[str, str], *, deadline: float, action_id: str) -> None:
        assert action == "MessageSend"
        assert deadline <= 5
        if isinstance(self.fault, NotConnected):
            raise self.fault
        self.sent.append(headers)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
async def stage(store: Store, clock: Clock, link: Link, tmp_path: Path) -> AsyncIterator[Stage]:
    """The messenger, with a bridge that sends texts."""
    texts = SipTexts(store, link, clock, lambda: True)
    bridge = asyncio.create_task(texts.run())
    async with staged(store, clock, GATEWAY, tmp_path) as made:
        yield made
    bridge.cancel()
    with suppress(asyncio.CancelledError):
        await bridge


async def test_asterisk_is_asked_once_and_its_word_is_the_result(stage: Stage, link: Link) -> None:
    await launched(stage.store, [ADA], replace(TEXT, message="Hello {first_name},\nplease call."))
    await stage.look()
    [headers] = link.sent
    assert headers["To"] == f"pjsip:PJSIP/{ADA.devices[0].address}@carrier"
    assert headers["From"] == "sip:care@example.org"
    assert b64decode(headers["Base64Body"]).decode() == "Hello Ada1,\nplease call."
    assert await stage.results() == ["sent"]


@pytest.mark.parametrize(
    ("fault", "result", "asked"),
    [
        (ActionRefused("MessageSend", "Message failed to send."), ["failed"], 1),
        (OutcomeUnknown("MessageSend", "no answer within 5 s"), ["unknown"], 1),
        (NotConnected("no link"), [], 0),
    ],
)
async def test_what_asterisk_does_not_take_has_its_own_end(
    stage: Stage, link: Link, fault: AmiError, result: list[str], asked: int
) -> None:
    link.fault = fault
    await launched(stage.store, [ADA], TEXT)
    await stage.look()
    assert await stage.results() == result
    assert len(link.sent) == asked
    assert await stage.store.live() == []


async def test_without_a_link_nothing_is_sent_and_the_text_goes_out_when_it_is_back(
    stage: Stage, link: Link
) -> None:
    link.connected = False
    await launched(stage.store, [ADA], TEXT)
    await stage.look()
    assert (await stage.results(), link.sent) == ([], [])
    link.connected = True
    await stage.look(after=60)
    assert await stage.results() == ["sent"]
    assert len(link.sent) == 1


async def test_a_request_is_carried_out_once_and_not_when_it_is_too_late(
    store: Store, clock: Clock, link: Link, stage: Stage
) -> None:
    await launched(store, [ADA], TEXT)
    await stage.look()
    [started] = await stage.told("attempt_started")
    texts = SipTexts(store, link, clock, lambda: True)
    again = SipMessage(started["attempt"], "pjsip:x", "again", until=clock() + 5)
    await texts.send(again)
    late = SipMessage("sp-" + "9" * 26, "pjsip:x", "late", until=clock())
    await texts.send(late)
    assert len(link.sent) == 1
