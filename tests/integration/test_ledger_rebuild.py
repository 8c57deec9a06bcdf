"""After a loss of the store every abandonment is in the ledger again, from Asterisk's records, and once."""

from __future__ import annotations

import csv
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asterisk_files import WrittenFiles
from secondpass_command import Secondpass, configured, imported

from config.project import load_project
from console.ledger_rebuild import rebuilt_by_itself
from console.options import located
from strategies.abandonment import Share
from strategies.store import Store

TENANT = "main"
AT = float(int(time.time()) // 86_400 * 86_400 + 17 * 3600 - 41 * 86_400)  # about noon in New York
DAY = 86_400.0


@pytest.fixture
def files(tmp_path: Path) -> WrittenFiles:
    return WrittenFiles(tmp_path)


@pytest.fixture
def secondpass(tmp_path: Path, files: WrittenFiles) -> Secondpass:
    made = imported(tmp_path)
    settings = made.config / "settings.yaml"
    named = f"asterisk:\n  queue_log: {files.queue_log}\n  cdr: {files.cdr}\n"
    settings.write_text(settings.read_text().replace("asterisk:\n", named))
    return made


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, TENANT)
    yield opened
    await opened.close()


def forty_days(files: WrittenFiles) -> None:
    """Of two earlier sub-campaigns: each day two live answers, of which one each tenth day is abandoned."""
    for day in range(40):
        sub = f"calls/{1 + day // 20}"
        files.live_answer(f"sp-{day}a", AT + day * DAY, sub, 1.0, tenant=TENANT)
        files.live_answer(
            f"sp-{day}b", AT + day * DAY + 60, sub, None if day % 10 == 0 else 0.0, tenant=TENANT
        )
    files.live_answer("sp-other", AT, "calls/1", None, tenant="other")
    files.record("sp-machine", AT, AT + 9, answer=AT + 1, sub="calls/1", going="hangup", tenant=TENANT)


def report(secondpass: Secondpass) -> list[dict[str, str]]:
    said = secondpass("results", "abandonment", "calls", "--csv")
    assert said.code == 0, said.err
    return list(csv.DictReader(line for line in said.out.splitlines() if not line.startswith("#")))


async def test_a_lost_ledger_has_every_abandonment_again(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    forty_days(files)
    assert report(secondpass) == []
    dry = secondpass("ledger", "rebuild", "--dry-run", "--json").document
    assert dry["told"] == {"calls": {"live_answers": 80, "abandoned": 4}}
    assert report(secondpass) == []
    done = secondpass("ledger", "rebuild", "--json").document
    assert done == {**dry, "dry_run": False}
    rows = report(secondpass)
    assert [(row["live_answers"], row["abandoned"]) for row in rows] == [("60", "3"), ("20", "1")]
    again = secondpass("ledger", "rebuild", "--json").document
    assert (again["known"], again["told"]) == (80, {})
    assert report(secondpass) == rows


async def test_a_person_of_whom_nobody_decided_is_abandoned_however_machines_are_told(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    for verdict in ("OFF/", "NOTSURE/TOOLONG-5000", "FAX/TONE-2100", "MACHINE/MAXWORDS-5-5"):
        heard, call = f"{AT:.3f}/{verdict}", f"sp-{verdict[:3]}"
        files.record(
            call, AT - 3, AT + 9, answer=AT - 2, sub="calls/1", heard=heard, going="undecided", tenant=TENANT
        )
    assert secondpass("ledger", "rebuild").code == 0
    [row] = report(secondpass)
    assert (row["live_answers"], row["abandoned"]) == ("2", "2")


async def test_where_only_the_second_is_known_its_end_counts(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    files.live_answer("sp-1", AT, "calls/1", 1.0, tenant=TENANT, exact=False)
    assert secondpass("ledger", "rebuild").code == 0
    [row] = report(secondpass)
    assert (row["connected_late"], row["abandoned"]) == ("1", "1")


async def test_pacing_and_recount_go_by_what_was_put_back(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    assert (await store.answered("calls")).begun is None
    forty_days(files)
    assert secondpass("ledger", "rebuild").code == 0
    known = await store.answered("calls")
    assert known.begun is not None
    assert known.share(known.period(known.begun, 40)) == Share(80, 4)
    assert await store.next_sub_name("calls") == "calls/3"
    lines = [line for _, line in await store.ledger()]
    ended = [line for line in lines if line["kind"] == "attempt_ended"]
    assert {line["source"] for line in ended} == {"asterisk"}
    assert not any("contact" in line or "address" in line for line in ended)
    [noted] = [line for line in lines if line.get("what") == "live_answers_rebuilt"]
    assert noted["new"] == {"calls": 80}


async def test_what_the_ledger_has_is_not_told_again_though_the_attempt_is_forgotten(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    forty_days(files)
    assert secondpass("ledger", "rebuild").code == 0
    await store.forget_attempts([f"sp-{day}{which}" for day in range(40) for which in "ab"], [])
    again = secondpass("ledger", "rebuild", "--json").document
    assert (again["known"], again["told"]) == (80, {})


async def test_the_bridge_does_it_by_itself_and_bears_what_cannot_be_read(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    loaded = located(load_project(secondpass.config))
    forty_days(files)
    files.cdr.rename(files.cdr.with_suffix(".away"))
    files.cdr.mkdir()  # no file that could be read
    await rebuilt_by_itself(store, loaded, 0.0)
    assert report(secondpass) == []
    files.cdr.rmdir()
    files.cdr.with_suffix(".away").rename(files.cdr)
    await rebuilt_by_itself(store, loaded, 0.0)
    assert [row["abandoned"] for row in report(secondpass)] == ["3", "1"]


async def test_calls_of_a_campaign_without_a_file_are_named_and_can_be_put_back_later(
    secondpass: Secondpass, store: Store, files: WrittenFiles
) -> None:
    files.live_answer("sp-1", AT, "spring/4", None, tenant=TENANT)
    done = secondpass("ledger", "rebuild")
    assert "1 calls of spring were left out: put campaigns/spring.yaml back" in done.out
    text = (secondpass.config / "campaigns" / "calls.yaml").read_text()
    (secondpass.config / "campaigns" / "spring.yaml").write_text(
        text.replace("campaign: calls", "campaign: spring")
    )
    assert secondpass("ledger", "rebuild", "--json").document["told"] == {
        "spring": {"live_answers": 1, "abandoned": 1}
    }


def test_without_the_files_the_mend_is_told(tmp_path: Path) -> None:
    said = configured(tmp_path)("ledger", "rebuild")
    assert said.code == 1
    assert "--queue-log FILE --cdr FILE" in said.err


def test_one_file_without_the_other_is_refused(secondpass: Secondpass) -> None:
    settings = secondpass.config / "settings.yaml"
    settings.write_text("".join(line for line in settings.open() if "cdr:" not in line))
    said = secondpass("check")
    assert "asterisk.cdr: is missing: the two are only of use together" in said.err
