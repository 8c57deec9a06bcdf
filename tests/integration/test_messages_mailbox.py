"""Bounces and replies as mail, over a real SMTP session to our own listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from message_servers import Server, running
from messages_stage import LETTER, Stage, free_port, launched, reader, staged
from store_people import Clock

from strategies.campaign import Pass
from strategies.store import Store
from strategies.vocabulary import Medium

ADA = reader("1")
CALL = Pass("call", Medium.DIALER, start="contact", devices=("text",))
Box = Callable[[], AbstractAsyncContextManager[Stage]]
BOUNCE = """\
From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; p1@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 No such user
--b--
"""
AWAY = "From: p1@example.org\nSubject: Away\n{header}\n\nNo 5.1.1 until May.\n"


@pytest.fixture(scope="module")
def running_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("mail_server", tmp_path_factory.mktemp("mail")) as one:
        yield one


@pytest.fixture
def mail(running_one: Server) -> Server:
    return running_one.fresh()


@pytest.fixture
def box(store: Store, clock: Clock, mail: Server, tmp_path: Path) -> Box:
    """Makes a stage that takes mail for b.example.org."""
    gateways = (
        f'  email: {{smtp: "smtp://127.0.0.1:{mail.port}", from: "care@example.org",'
        f" bounce_domain: b.example.org, listen: {{port: {free_port()}}}}}\n"
        "  replies: {yes: [yes, ok]}\n"
    )
    return lambda: staged(store, clock, gateways, tmp_path)


async def brought(stage: Stage, to: str, content: str, sender: str = "") -> str:
    """Bring a mail to our listener as another mail server does: what it says in the end."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.ports["mail"]) as client:
        await client.mail(sender)
        try:
            await client.rcpt(to)
            return str((await client.data(content.replace("\n", "\r\n"))).code)
        except aiosmtplib.SMTPResponseException as error:
            return str(error.code)


async def sent(stage: Stage, mail: Server) -> tuple[str, str]:
    """An email goes out: where it bounces to, and where it is answered to."""
    await stage.look()
    [got] = mail.got()
    return got["mail_from"], got["mail_from"].replace("bounce+", "reply+")


def reply(text: str, subject: str = "Re: Your account") -> str:
    message = EmailMessage()
    message["From"], message["Subject"] = "p1@example.org", subject
    message.set_content(text)
    return message.as_string()


async def test_a_bounce_makes_the_result_undelivered_with_its_reason(
    store: Store, mail: Server, box: Box
) -> None:
    sub = await launched(store, [ADA], LETTER)
    async with box() as stage:
        bounces, _ = await sent(stage, mail)
        bounce = BOUNCE.format(to=bounces, action="failed", status="5.1.1")
        assert await brought(stage, bounces.upper(), bounce) == "250"
        await stage.hears()
        [line] = await stage.told("attempt_reported")
        assert (line["was"], line["result"]) == ("sent", "undelivered")
        assert line["reason"] == "5.1.1 smtp; 550 No such user"
        assert (await store.counters(sub.name)).by_result == {"undelivered": 1}


async def test_a_bounce_in_plain_words_is_believed_by_its_code(mail: Server, store: Store, box: Box) -> None:
    await launched(store, [ADA], LETTER)
    async with box() as stage:
        bounces, _ = await sent(stage, mail)
        await brought(stage, bounces, reply("Your mail could not be delivered:\n550 5.1.1 No such user"))
        await stage.hears()
        assert [line["result"] for line in await stage.told("attempt_reported")] == ["undelivered"]


@pytest.mark.parametrize(
    ("content", "sender"),
    [
        (BOUNCE.format(to="x", action="delayed", status="4.4.1"), ""),
        (AWAY.format(header="Auto-Submitted: auto-replied"), ""),
        (AWAY.format(header="Auto-Submitted: auto-replied"), "p1@example.org"),
        (AWAY.format(header="Precedence: bulk"), "p1@example.org"),
        ("", ""),
        ("\x00\x7f not a mail", ""),
    ],
)
async def test_what_says_nothing_about_the_message_changes_nothing(
    store: Store, mail: Server, box: Box, content: str, sender: str
) -> None:
    await launched(store, [ADA], LETTER)
    async with box() as stage:
        bounces, _ = await sent(stage, mail)
        assert await brought(stage, bounces, content, sender) == "250"
        assert await store.inbox(stage.clock() + 1e6, 10) == []


@pytest.mark.parametrize("local", ["bounce+{forged}", "reply+{forged}", "bounce+", "postmaster", "{token}"])
async def test_an_address_we_never_made_takes_no_mail(
    store: Store, mail: Server, box: Box, local: str
) -> None:
    await launched(store, [ADA], LETTER)
    async with box() as stage:
        bounces, _ = await sent(stage, mail)
        token = bounces.removeprefix("bounce+").partition("@")[0]
        forged = token[:-1] + ("0" if token[-1] != "0" else "1")
        address = f"{local.format(forged=forged, token=token)}@b.example.org"
        assert await brought(stage, address, reply("stop"), "p1@example.org") == "550"
        assert await brought(stage, bounces.replace("b.example.org", "c.example.org"), reply("stop")) == "550"


async def test_a_reply_is_a_response_of_the_person(store: Store, mail: Server, box: Box) -> None:
    sub = await launched(store, [ADA], LETTER, CALL)
    async with box() as stage:
        _, replies = await sent(stage, mail)
        text = "Yes.\n\nOn Monday, Care wrote:\n> Dear Ada1, call us or say stop.\n"
        assert await brought(stage, replies, reply(text), "p1@example.org") == "250"
        await stage.hears()
        assert (await stage.state(sub, ADA)).responses == ("email_yes",)
        assert (await store.counters(sub.name)).by_result == {"replied": 1}


@pytest.mark.parametrize(("text", "subject"), [("STOP", "Re: x"), ("thanks", "unsubscribe")])
async def test_who_writes_stop_is_left_alone_in_all_media(
    store: Store, mail: Server, box: Box, text: str, subject: str
) -> None:
    sub = await launched(store, [ADA], LETTER, CALL)
    async with box() as stage:
        _, replies = await sent(stage, mail)
        await brought(stage, replies, reply(text, subject), "p1@example.org")
        assert len(await store.suppressed([device.address for device in ADA.devices])) == 2
        await stage.hears()
        state = await stage.state(sub, ADA)
        assert (state.ended, state.responses) == ("opt_out", ("email_stop",))


async def test_a_complaint_to_the_mail_provider_is_a_stop(store: Store, mail: Server, box: Box) -> None:
    sub = await launched(store, [ADA], LETTER, CALL)
    complaint = BOUNCE.replace("delivery-status", "feedback-report").format(to="x", action="", status="")
    async with box() as stage:
        bounces, _ = await sent(stage, mail)
        await brought(stage, bounces, complaint, "fbl@provider.example")
        await stage.hears()
        assert (await stage.state(sub, ADA)).ended == "opt_out"


async def test_the_same_mail_brought_twice_counts_once(store: Store, mail: Server, box: Box) -> None:
    await launched(store, [ADA], LETTER)
    async with box() as stage:
        _, replies = await sent(stage, mail)
        for _ in range(2):
            await brought(stage, replies, reply("ok"), "p1@example.org")
        await stage.hears()
        assert len(await stage.told("responded")) == 1


async def test_a_mail_beyond_reason_is_refused(store: Store, mail: Server, box: Box) -> None:
    await launched(store, [ADA], LETTER)
    async with box() as stage:
        _, replies = await sent(stage, mail)
        assert await brought(stage, replies, reply("a" * 70 + "\n") + ("b" * 70 + "\n") * 20_000) == "552"
        assert await store.inbox(stage.clock() + 1e6, 10) == []
