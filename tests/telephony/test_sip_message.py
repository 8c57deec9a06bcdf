"""Texts by SIP MESSAGE over a real Asterisk: what the bridge asks for is what arrives at the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import pytest
from harness import Harness

from ami_bridge.link import AmiAddress, AmiLink
from ami_bridge.sip_texts import SipTexts
from strategies.messages import Answer, Fate, SipMessage

TEXT = "Ada, your account:\nplease call {us} ${NOW} über 1 €."


@dataclass(slots=True)
class Told:
    """What the bridge asks of the store: each attempt may be placed once, and has an answer."""

    placed_before: set[str] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)

    async def placed(self, attempt: str) -> bool:
        new = attempt not in self.placed_before
        self.placed_before.add(attempt)
        return new

    async def answer(self, attempt: str, answer: Answer) -> None:
        self.answers[attempt] = answer


class Provider(asyncio.DatagramProtocol):
    """A SIP provider that takes every MESSAGE and keeps it."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[str] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if not text.startswith("MESSAGE "):
            return
        kept = ("via:", "from:", "to:", "call-id:", "cseq:")
        echoed = [line for line in text.split("\r\n") if line.lower().startswith(kept)]
        answer = "\r\n".join(["SIP/2.0 200 OK", *echoed, "Content-Length: 0", "", ""])
        self._transport.sendto(answer.encode(), addr)
        self.got.put_nowait(text)


@pytest.fixture
async def link(harness: Harness) -> AsyncIterator[AmiLink]:
    secret = harness.secret("SECONDPASS_AMI_SECRET")
    made = AmiLink(AmiAddress(f"{harness.net}.1", 5038, "secondpass", secret), on_event={})
    running = asyncio.create_task(made.run())
    async with asyncio.timeout(10):
        while not made.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_text_arrives_as_it_was_written_and_once(harness: Harness, link: AmiLink) -> None:
    loop, told = asyncio.get_running_loop(), Told()
    host = f"{harness.net}.9"
    transport, provider = await loop.create_datagram_endpoint(Provider, local_addr=(host, 5060))
    try:
        texts = SipTexts(told, link, loop.time, lambda: True)
        to = f"pjsip:carrier/sip:+12125550101@{host}"
        message = SipMessage("sp-" + "a" * 26, to, TEXT, until=loop.time() + 60)
        await texts.send(message)
        await texts.send(message)
        assert told.answers[message.attempt].fate is Fate.ACCEPTED
        async with asyncio.timeout(30):
            arrived = await provider.got.get()
        head, _, body = arrived.partition("\r\n\r\n")
        assert head.startswith(f"MESSAGE sip:+12125550101@{host}")
        assert body == TEXT
        assert provider.got.empty()
    finally:
        transport.close()


async def test_the_trunks_own_way_of_writing_a_number_is_taken(link: AmiLink) -> None:
    told, loop = Told(), asyncio.get_running_loop()
    texts = SipTexts(told, link, loop.time, lambda: True)
    to = "pjsip:PJSIP/+12125550101@carrier"
    await texts.send(SipMessage("sp-" + "b" * 26, to, "hello", until=loop.time() + 60))
    assert told.answers["sp-" + "b" * 26].fate is Fate.ACCEPTED


async def test_what_asterisk_cannot_send_has_failed(link: AmiLink) -> None:
    told, loop = Told(), asyncio.get_running_loop()
    texts = SipTexts(told, link, loop.time, lambda: True)
    message = SipMessage("sp-" + "c" * 26, "nosuchtech:x", "hello", until=loop.time() + 60)
    await texts.send(message)
    assert told.answers[message.attempt].fate is Fate.FAILED
    assert told.answers[message.attempt].reason
