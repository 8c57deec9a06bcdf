"""Email passes against a real mail server: sent, refused, put off, over TLS, and never twice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from message_servers import Server, running
from messages_stage import LETTER, Stage, launched, reader, staged
from store_people import Clock

from strategies.campaign import Retry
from strategies.store import Store
from strategies.vocabulary import Result

ADA, BO = reader("1"), reader("2")
ADAS, BOS = ADA.devices[1].address, BO.devices[1].address


@pytest.fixture(scope="module")
def running_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("mail_server", tmp_path_factory.mktemp("mail")) as one:
        yield one


@pytest.fixture
def mail(running_one: Server) -> Server:
    return running_one.fresh()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but who is told trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def gateway(server: Server, more: str = "", scheme: str = "smtp") -> str:
    smtp = f"{scheme}://127.0.0.1:{server.port}"
    return (
        f'  email: {{smtp: "{smtp}", from: "Care <care@example.org>", bounce_domain: b.example.org,'
        f" timeout: 1s{more}}}\n"
    )


@dataclass(frozen=True, slots=True)
class Letters:
    """The mail server, and stages that send by it."""

    mail: Server
    staged: Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def letters(
    store: Store, clock: Clock, mail: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Letters:
    monkeypatch.setenv("SPRING_MAIL_SECRET", "letmein")

    def made(more: str = "", by: Server | None = None) -> AbstractAsyncContextManager[Stage]:
        return staged(store, clock, gateway(by or mail, more), tmp_path)

    return Letters(mail, made)


async def test_each_contact_gets_one_email_and_its_result_is_recorded(
    store: Store, clock: Clock, mail: Server, tmp_path: Path
) -> None:
    people = [reader("1"), reader("2"), reader("3")]
    sub = await launched(store, people, LETTER)
    async with staged(store, clock, gateway(mail), tmp_path) as stage:
        for _ in range(3):
            await stage.look()
        assert await stage.results() == ["sent", "sent", "sent"]
        assert sorted(one["to"][0] for one in mail.got()) == [f"p{n}@example.org" for n in (1, 2, 3)]
        assert "Dear Ada1, call us." in mail.got()[0]["content"]
        assert {(await stage.state(sub, one)).ended for one in people} == {"no_pass_left"}
        assert await store.live() == []


async def test_each_message_bounces_to_an_address_of_its_own(
    store: Store, clock: Clock, mail: Server, tmp_path: Path
) -> None:
    await launched(store, [ADA], LETTER)
    async with staged(store, clock, gateway(mail), tmp_path) as stage:
        await stage.look()
        [started] = await stage.told("attempt_started")
        [got] = mail.got()
        token = got["mail_from"].removeprefix("bounce+").removesuffix("@b.example.org")
        assert stage.tokens.attempt(token) == started["attempt"]
        assert f"Message-ID: <{started['attempt']}@b.example.org>" in got["content"]


@pytest.mark.parametrize(
    ("command", "said", "result"),
    [
        ("rcpt", "550 5.1.1 No such user", "undelivered"),
        ("rcpt", "450 4.2.0 Greylisted", "failed"),
        ("data", "554 5.7.1 Looks like spam", "undelivered"),
        ("data", "452 4.3.1 Disk full", "failed"),
    ],
)
async def test_what_the_server_says_decides_the_result(
    store: Store, letters: Letters, command: str, said: str, result: str
) -> None:
    letters.mail.told(**{ADAS: {command: said}})
    await launched(store, [ADA, BO], LETTER)
    async with letters.staged() as stage:
        await stage.look()
        [ada] = [line for line in await stage.told("attempt_ended") if line["contact"] == "1"]
        assert (ada["result"], ada["reason"]) == (result, said)
        assert [one["to"] for one in letters.mail.got()] == [[BOS]]


@pytest.mark.parametrize("wish", [{"silent": True}, {"drop": True}])
async def test_a_letter_of_which_nobody_knows_is_unknown_and_not_sent_again(
    store: Store, clock: Clock, mail: Server, tmp_path: Path, wish: dict[str, object]
) -> None:
    mail.told(all=wish)
    await launched(store, [ADA], replace(LETTER, retry={Result.UNKNOWN: Retry((1.0,))}))
    async with staged(store, clock, gateway(mail), tmp_path) as stage:
        await stage.look()
        assert await stage.results() == ["unknown"]
        mail.told(all={})
        await stage.look(after=3500)
        assert len(mail.got()) == 1


async def test_a_server_that_refuses_the_sender_was_given_nothing(
    store: Store, clock: Clock, mail: Server, tmp_path: Path
) -> None:
    mail.told(all={"mail": "550 5.7.1 We do not relay for you"})
    await launched(store, [ADA], LETTER)
    async with staged(store, clock, gateway(mail), tmp_path) as stage:
        await stage.look()
        assert await stage.results() == []
        mail.told(all={})
        await stage.look(after=60)
        assert await stage.results() == ["sent"]


async def test_a_login_goes_over_tls_only(
    store: Store, letters: Letters, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    login = ", username: care, secret_env: SPRING_MAIL_SECRET"
    cert, key = map(str, certificate)
    await launched(store, [ADA], LETTER)
    with running("mail_server", tmp_path, "--tls", cert, key, "--login", "care:letmein") as safe:
        async with letters.staged(f"{login}, ca: {cert}", safe) as stage:
            await stage.look()
            [got] = safe.got()
            assert (got["tls"], got["login"]) == (True, True)
    await launched(store, [BO], LETTER, name="summer")
    async with letters.staged(login) as stage:  # one without TLS
        await stage.look()
        assert letters.mail.got() == []
        assert await stage.results() == ["sent"]


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_is_checked(
    store: Store, clock: Clock, tmp_path: Path, certificate: tuple[Path, Path], trusted: bool
) -> None:
    cert, key = map(str, certificate)
    await launched(store, [ADA], LETTER)
    more = f", ca: {cert}" if trusted else ""
    with running("mail_server", tmp_path, "--tls", cert, key, "--implicit") as safe:
        async with staged(store, clock, gateway(safe, more, scheme="smtps"), tmp_path) as stage:
            await stage.look()
            assert len(safe.got()) == trusted
            assert await stage.results() == (["sent"] if trusted else [])


async def test_an_address_that_is_none_is_passed_over(
    store: Store, clock: Clock, mail: Server, tmp_path: Path
) -> None:
    two = replace(ADA.devices[1], address="a@b.example, c@d.example")
    hostile = reader("1", devices=(two,), attributes={"first_name": "Eve\r\nBcc: all@example.org"})
    sub = await launched(store, [hostile, BO], replace(LETTER, subject="To {first_name}"))
    async with staged(store, clock, gateway(mail), tmp_path) as stage:
        await stage.look()
        assert [one["to"] for one in mail.got()] == [[BOS]]
        assert (await stage.state(sub, hostile)).ended == "no_pass_left"
