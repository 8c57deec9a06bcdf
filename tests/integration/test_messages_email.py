"""Email passes against a real mail server: sent, refused, put off, and never twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from message_servers import Server, running
from messages_stage import LETTER, launched, reader, staged
from store_people import Clock

from strategies.store import Store


@pytest.fixture
def mail(tmp_path: Path):
    with running("mail_server", tmp_path) as server:
        yield server


def gateway(server: Server, more: str = "") -> str:
    smtp = f"smtp://127.0.0.1:{server.port}"
    return (
        f'  email: {{smtp: "{smtp}", from: "Care <care@example.org>", bounce_domain: b.example.org{more}}}\n'
    )


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
