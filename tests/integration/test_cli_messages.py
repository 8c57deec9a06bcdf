"""`secondpass up` with gateways: texts and emails go out, what comes back is heard, with no Asterisk near."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import pytest
from message_servers import Server, running
from messages_stage import LETTER, TEXT, free_port, launched, reader
from secondpass_command import SETTINGS, Secondpass, configured, where_it_is_noon

from strategies.store import Store

NOON = where_it_is_noon()
ADA, BO = reader("1", zone=NOON), reader("2", zone=NOON)
ADAS, BOS = ADA.devices[0].address, BO.devices[0].address
WITHIN = 60.0  # seconds; imports take some of them on a busy machine
SECRETS = {"SECONDPASS_TEXT_SECRET": "topsecret", "SECONDPASS_HOOK_SECRET": "hooksecret"}
GATEWAYS = """\
numbers: {{countries: [US]}}
gateways:
  email:
    smtp: "smtp://127.0.0.1:{smtp}"
    from: "Care <care@example.org>"
    bounce_domain: b.example.org
    listen: {{port: {mail}}}
  text:
    url: "http://127.0.0.1:{http}/send"
    body: {{to: "{{number}}", text: "{{text}}"}}
    secret_env: SECONDPASS_TEXT_SECRET
    webhook: {{secret_env: SECONDPASS_HOOK_SECRET}}
  web: {{port: {web}}}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """All that runs."""

    secondpass: Secondpass
    mail: Server
    texts: Server
    mail_port: int


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    web, mail_port = free_port(), free_port()
    hook = ["--webhook", f"http://127.0.0.1:{web}/text", "--secret", "hooksecret", "--report", "delivered"]
    with running("mail_server", tmp_path) as mail, running("text_gateway", tmp_path, *hook) as texts:
        made = configured(tmp_path / "site")
        gateways = GATEWAYS.format(smtp=mail.port, http=texts.port, mail=mail_port, web=web)
        (made.config / "settings.yaml").write_text(SETTINGS + gateways, encoding="utf-8")
        yield Site(made, mail, texts, mail_port)


@pytest.fixture
async def kept(site: Site) -> AsyncIterator[Store]:
    """The store of the installation."""
    store = await Store.open(None, site.secondpass.data_dir, "main")
    yield store
    await store.close()


@pytest.fixture
def up(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    process = site.secondpass.start("up", **SECRETS)
    yield process
    if process.poll() is None:
        process.terminate()
    process.communicate(timeout=WITHIN)


async def results(store: Store, name: str, *, attempts: int) -> dict[str, int]:
    """The results of a sub-campaign once it has so many and none is open."""
    async with asyncio.timeout(WITHIN):
        while True:
            figures = await store.counters(name)
            if figures.attempts == attempts and not figures.in_progress:
                return dict(figures.by_result)
            await asyncio.sleep(0.1)


async def reported(store: Store, name: str, **wanted: int) -> None:
    """Return once the figures of a sub-campaign are so."""
    async with asyncio.timeout(WITHIN):
        while dict((await store.counters(name)).by_result) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_texts_and_emails_go_out_and_what_comes_back_is_heard(
    site: Site, kept: Store, up: subprocess.Popen[str]
) -> None:
    site.texts.told(**{BOS: {"reply": "STOP"}})
    texts = await launched(kept, [ADA, BO], TEXT, name="texts")
    mails = await launched(kept, [ADA], LETTER, name="mails")
    assert await results(kept, mails.name, attempts=1) == {"sent": 1}
    await reported(kept, texts.name, delivered=1, replied=1)
    assert sorted(one["to"] for one in site.texts.got()) == sorted([ADAS, BOS])
    assert set(await kept.suppressed([device.address for device in BO.devices])) == {
        device.address for device in BO.devices
    }
    state = await kept.state(texts.name, BO.id)
    assert state is not None
    assert "text_stop" in state.responses

    [letter] = site.mail.got()
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=site.mail_port) as client:
        reply = letter["mail_from"].replace("bounce+", "reply+")
        await client.sendmail("p1@example.org", [reply], "Subject: Re: x\r\n\r\nthank you\r\n")
    await reported(kept, mails.name, replied=1)

    up.terminate()
    _, said = await asyncio.to_thread(up.communicate, timeout=WITHIN)
    assert up.returncode == 0
    assert "Traceback" not in said
    assert await kept.live() == []


def test_without_a_gateway_there_is_nothing_to_run(tmp_path: Path) -> None:
    said = configured(tmp_path)("messages")
    assert said.code == 1
    assert "settings.yaml names no gateway" in said.err


def test_a_gateways_secret_is_asked_for_before_anything_starts(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*SECRETS, "SECONDPASS_AMI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECONDPASS_AMI_SECRET", "secret")
    said = site.secondpass("up")
    assert said.code == 1
    assert "export SECONDPASS_TEXT_SECRET=" in said.err
