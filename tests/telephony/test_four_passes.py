"""Two hundred people through a campaign of every kind of pass: the ledger is what the carrier, the text
gateway and the mail server say they got, one by one."""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from accounts import check_accounts, compare_one_by_one, of_kind, settle
from harness import Harness
from people import noon_zone
from secondpass_server import ROOT, Server, Site, make_site, until

sys.path.append(str(ROOT / "tests" / "integration"))

from message_servers import Server as MessageServer
from message_servers import running

SUB = "demo/1"
WEBHOOK_SECRET = "the text gateway signs with this"
PERSON = "202"
# The mobile's area code, which says what the carrier does there; whether a person is at home; how many; what
# their attempts come to by pass, in order; how they end.
MIX = (
    ("215", False, 20, [("reminder", "delivered_person")], "success"),
    ("216", False, 10, [("reminder", "delivered_no_success")], "opt_out"),
    ("217", False, 10, [("reminder", "delivered_no_success")], "wrong_party"),
    ("224", False, 10, [("reminder", "connected_agent")], "connected_agent"),
    (PERSON, False, 30, [("reminder", "delivered_person")], "no_pass_left"),
    ("219", False, 10, [("reminder", "busy"), ("reminder", "delivered_person")], "no_pass_left"),
    (
        "203",
        True,
        20,
        [("reminder", "busy"), ("reminder", "busy"), ("rescue", "connected_agent")],
        "connected_agent",
    ),
    ("214", True, 20, [("reminder", "hangup_in_script"), ("rescue", "connected_agent")], "connected_agent"),
    (
        "205",
        False,
        15,
        [("reminder", "no_answer"), ("live_call", "no_answer"), ("last_word", "delivered")],
        "no_pass_left",
    ),
    (
        "213",
        False,
        25,
        [("reminder", "machine_message"), ("live_call", "machine_hangup"), ("last_word", "delivered")],
        "no_pass_left",
    ),
    ("206", False, 15, [("reminder", "congestion"), ("letter", "sent")], "no_pass_left"),
    ("207", False, 15, [("reminder", "bad_device"), ("letter", "sent")], "no_pass_left"),
)
PEOPLE = 200


def people() -> list[dict[str, str]]:
    """Who is called, in an order that mixes what the carrier does."""
    zone = noon_zone(datetime.fromtimestamp(time.time(), UTC))
    numbers = itertools.count(2000)
    kinds = [(area, home) for area, home, many, *_ in MIX for _ in range(many)]
    mixed = [kinds[(place * 77) % len(kinds)] for place in range(len(kinds))]
    return [
        {
            "first_name": f"Ada{place}",
            "mobile": f"+1{area}556{next(numbers)}",
            "home": f"+1{PERSON}557{next(numbers)}" if home else "",
            "text": f"+1212558{next(numbers)}",
            "email": f"ada{place}@example.org",
            "zone": zone,
        }
        for place, (area, home) in enumerate(mixed)
    ]


@pytest.fixture
def gateways(harness: Harness, tmp_path: Path) -> Iterator[tuple[MessageServer, MessageServer]]:
    """The text gateway, which reports by webhook, and the mail server, as processes of their own."""
    own = f"{harness.net}.4"
    with ExitStack() as both:
        webhook = f"http://{own}:8090/text"
        tells = ("--webhook", webhook, "--secret", WEBHOOK_SECRET, "--report", "delivered")
        text = both.enter_context(running("text_gateway", tmp_path, *tells, host=own, port=8089))
        yield text, both.enter_context(running("mail_server", tmp_path, host=own, port=2525))


def four_passes(harness: Harness) -> Site:
    site = make_site(harness, "passes", segments=True, console=True)
    own = f"{harness.net}.4"
    file = Path(__file__).with_name("four_passes.yaml")
    (site.config / "campaigns" / "demo.yaml").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    with (site.config / "settings.yaml").open("a", encoding="utf-8") as settings:
        settings.write(f"""
gateways:
  email: {{smtp: "smtp://{own}:2525", from: "care@example.org", starttls: "off"}}
  text:
    url: "http://{own}:8089/send"
    body: {{to: "{{number}}", text: "{{text}}"}}
    webhook: {{secret_env: SECONDPASS_TEXT_WEBHOOK}}
  web: {{host: {own}, port: 8090}}
""")
    site.secrets = {"SECONDPASS_TEXT_WEBHOOK": WEBHOOK_SECRET}
    return site


async def test_four_passes_over_two_hundred_people(
    harness: Harness, gateways: tuple[MessageServer, MessageServer]
) -> None:
    texts, mails = gateways
    site = four_passes(harness)
    rows = await site.imports(people())
    assert len(rows) == PEOPLE
    stops = next(row["text"] for row in rows if row["mobile"].startswith("+1213"))
    texts.told(**{stops: {"report": "delivered", "reply": "STOP"}})
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=300)
            lines = await check_accounts(site, store, SUB)
            figures = await store.counters(SUB)

            async def stopped() -> bool:
                return bool(await store.suppressed([stops]))

            await until(stopped, 10, "who answered STOP is on do-not-call")
        assert await server.stop() == 0

    assert (figures.contacts, figures.ended, figures.in_progress) == (PEOPLE, PEOPLE, 0)
    attempts = of_kind(lines, "attempt_ended")
    by_contact = {
        row["contact_id"]: [a for a in attempts if a["contact"] == row["contact_id"]] for row in rows
    }
    ends = {line["contact"]: line["reason"] for line in of_kind(lines, "contact_ended")}
    came_to = Counter(
        (
            row["mobile"][2:5],
            tuple((a["pass"], a["result"]) for a in by_contact[row["contact_id"]]),
            ends[row["contact_id"]],
        )
        for row in rows
    )
    assert came_to == {(area, tuple(course), end): many for area, _, many, course, end in MIX}

    compare_one_by_one(lines, site.carrier())
    by_medium = {medium: [a for a in attempts if a["medium"] == medium] for medium in ("text", "email")}
    assert sorted((a["attempt"], a["address"]) for a in by_medium["text"]) == sorted(
        (text["key"], text["to"]) for text in texts.got()
    )
    assert sorted(a["address"] for a in by_medium["email"]) == sorted(
        to for mail in mails.got() for to in mail["to"]
    )
    triggered = Counter(line["trigger"] for line in of_kind(lines, "recovery_triggered"))
    assert triggered == {"not_connected": 20, "hangup_in_script": 20}
    assert figures.reached == triggered
