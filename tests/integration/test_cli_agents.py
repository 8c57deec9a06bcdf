"""`secondpass agent` and `secondpass results abandonment` over a real store."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported, started

from console.ledger_archive import archive
from console.ledger_files import Archive
from strategies.store import Store
from strategies.store.offers import Offer
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState

PEOPLE = "contact_id,mobile,balance\n1,+12025550101,20\n2,+12025550102,300\n"
AT = 1_900_000_000.0


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return imported(tmp_path, PEOPLE)


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    await started(secondpass, opened)
    yield opened
    await opened.close()


def answered(nth: int, result: str, waited: float | None, day: str) -> dict[str, object]:
    line = {
        "kind": "attempt_ended",
        "attempt": f"sp-{nth}",
        "at": AT,
        "campaign": "calls/1",
        "result": result,
    }
    return {**line, "live_at": AT - 9.0, "day": day} | ({} if waited is None else {"waited": waited})


async def test_the_report_on_abandonment_has_a_row_for_each_period(
    secondpass: Secondpass, store: Store
) -> None:
    lines = [
        answered(1, "connected_agent", 0.4, "2030-03-17"),
        answered(2, "connected_agent", 2.5, "2030-03-17"),
        answered(3, "abandoned_no_agent", 1.9, "2030-03-18"),
        answered(4, "abandoned_in_queue", None, "2030-04-15"),
        answered(5, "connected_agent", 1.0, "2030-04-16"),  # the 31st day: the next period
        {"kind": "attempt_ended", "attempt": "sp-6", "campaign": "calls/1", "result": "busy"},
    ]
    for line in lines:
        await store.append(line, at=AT)
    said = secondpass("results", "abandonment", "--csv")
    text = said.out.splitlines()
    assert text[0] == "# Live answer: a call of a dialer pass that a person answered."
    assert "# Period of calls: 2030-03-17 to 2030-04-15" in text
    assert "# Rules of calls: purpose service, country US; periods of 30 days; no cap; clock greeting" in text
    assert any(re.match(r"# Rules of calls: as of 20\d\d-\d\d-\d\d: ", line) for line in text)
    first, second = csv.DictReader(line for line in text if not line.startswith("#"))
    assert (first["live_answers"], first["abandoned"], first["rate"]) == ("4", "3", "0.75")
    assert (first["connected"], first["connected_late"], first["message"], first["hung_up"]) == tuple("1111")
    assert first["longest_wait_for_message"] == "1.9"
    assert (second["from"], second["live_answers"], second["abandoned"]) == ("2030-04-16", "1", "0")
    assert (second["so_far"], second["clock"], second["rebuilt"]) == ("yes", "greeting", "0")
    assert second["incomplete"] == "no"
    told = secondpass("results", "abandonment", "calls", "--json").document
    assert [row["abandoned"] for row in told["rows"]] == [3, 0]


async def test_the_periods_stay_where_they_are_when_the_ledgers_first_days_are_removed(
    secondpass: Secondpass, store: Store
) -> None:
    today = datetime.fromtimestamp(await store.server_time(), UTC).date()
    begun, later, following = (today + timedelta(days) for days in (-20, -5, 15))
    await store.append(answered(1, "abandoned_no_agent", 1.9, begun.isoformat()), at=AT)
    files = Archive(secondpass.data_dir / "ledger" / "main")
    await archive(store, files, retention=1e9, before=await store.server_time() + 1)
    files.remove_before(today + timedelta(2))
    for nth, day in ((2, later), (3, following)):
        await store.append(answered(nth, "connected_agent", 1.0, day.isoformat()), at=AT)
    rows = secondpass("results", "abandonment", "calls", "--json").document["rows"]
    assert [(row["from"], row["live_answers"], row["incomplete"]) for row in rows] == [
        (begun.isoformat(), 1, "yes"),
        ((begun + timedelta(30)).isoformat(), 1, "no"),
    ]


async def test_a_campaign_there_is_none_of_has_no_report(secondpass: Secondpass, store: Store) -> None:
    said = secondpass("results", "abandonment", "nobody")
    assert said.code == 1
    assert "there is no campaign nobody" in said.err
    assert "calls" in said.err
    assert secondpass("results", "calls", "--csv").code != 0


async def test_what_the_agents_are_at_is_listed_while_a_bridge_tells_it(
    secondpass: Secondpass, store: Store
) -> None:
    said = secondpass("agent", "list")
    assert said.code == 1
    assert "no bridge is at work" in said.err
    ready = Seat("PJSIP/agent01", "Ada", ("sales", "service"), AgentState.READY)
    busy = Seat("Local/201@secondpass-leg", "Bo", ("sales",), AgentState.BUSY, "sp-1", leg=True)
    now = time.time()
    await store.put_seats([ready, busy], now - 7)
    await store.put_seats([ready, replace(busy, state=AgentState.AFTER_CALL, call="")], now)
    ada, bo = secondpass("agent", "list", "--json").document
    assert (ada["agent"], ada["queues"], ada["state"], ada["line"]) == (
        "PJSIP/agent01",
        "sales service",
        "ready",
        "telephone",
    )
    assert (bo["state"], bo["line"], bo["call"]) == ("after_call", "stays on the line", "")
    assert (ada["seconds"], bo["seconds"]) == (7, 0)  # who is still at the same began earlier
    assert [row["name"] for row in secondpass("agent", "list", "--queue", "service", "--json").document] == [
        "Ada"
    ]


async def test_the_first_agent_to_answer_an_offer_has_it(secondpass: Secondpass, store: Store) -> None:
    now = time.time()
    await store.offer([Offer("calls/1", "2", "live", "+12025550102", now, now + 60)])
    (row,) = secondpass("agent", "offers", "--json").document
    assert (row["contact"], row["address"], row["agent"]) == ("2", "+12025550102", "")
    assert secondpass("agent", "accept", "2", "--agent", "PJSIP/agent01").code == 0
    late = secondpass("agent", "skip", "2", "--agent", "PJSIP/agent02")
    assert late.code == 1
    assert "PJSIP/agent01 was first and accepted" in late.err
    assert "is not offered" in secondpass("agent", "skip", "1", "--agent", "PJSIP/agent02").err
    assert secondpass("agent", "accept", "2", "--agent", "System(ls)").code != 0
