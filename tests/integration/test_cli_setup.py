"""A first day with secondpass: `init`, `doctor`, `watch`, `export`, over files and a store of their own."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pyarrow import parquet
from secondpass_command import Secondpass, imported, started

import dialplan
from console.init import LINES
from strategies.store import Store


def test_what_init_writes_is_accepted_by_check_and_has_secrets_of_its_own(tmp_path: Path) -> None:
    first, second = Secondpass(tmp_path / "one"), Secondpass(tmp_path / "two")
    said = first("init", first.config)
    assert said.code == 0, said.err
    assert all(line in said.out for _, line in LINES)
    assert second("init", second.config).code == 0
    assert first("check").code == 0
    words = dict(line.split("=", 1) for line in (first.config / "secondpass.env").read_text().split())
    globals_ = (first.config / "asterisk" / "secondpass_globals.conf").read_text()
    manager = (first.config / "asterisk" / "manager_secondpass.conf").read_text()
    assert f"SECONDPASS_TOKEN = {words['SECONDPASS_TOKEN']}" in globals_
    assert f"secret = {words['SECONDPASS_AMI_SECRET']}" in manager
    assert words["SECONDPASS_TOKEN"] not in (second.config / "secondpass.env").read_text()
    for file in ("secondpass.env", "asterisk/manager_secondpass.conf"):
        assert stat.S_IMODE((first.config / file).stat().st_mode) == 0o600
    again = first("init", first.config)
    assert (again.code, "is not empty" in again.err) == (1, True)


def test_init_writes_every_file_that_asterisk_may_include_and_says_where(tmp_path: Path) -> None:
    here = Secondpass(tmp_path / "config")
    said = here("init", here.config, "--json").document
    shipped = {file.name for file in Path(dialplan.__file__).parent.glob("*.conf")}
    assert {file.name for file in (here.config / "asterisk").iterdir()} == shipped
    told = [*said["asterisk"], said["records"]]
    assert {one["line"].split('"')[1] for one in told} == shipped
    assert said["records"]["file"] == "cdr_custom.conf, under [mappings]"


def test_what_init_writes_may_lie_where_a_path_has_a_space(tmp_path: Path) -> None:
    here = Secondpass(tmp_path / "call centre")
    assert here("init", here.config).code == 0
    file = here.config / "secondpass.env"
    words = ["/bin/sh", "-ec", f'. "{file}"; printf %s "$SECONDPASS_CONFIG"']
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == str(here.config)


def test_init_into_what_is_no_directory_is_refused_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = Secondpass(tmp_path / "config")("init", tmp_path / "file")
    assert (said.code, "is a file" in said.err, "name a new directory" in said.err) == (1, True, True)


@pytest.mark.parametrize("name", ["", "a:b", "a b", "x" * 65, "mira\n"])
def test_a_token_has_a_name_that_is_one_word(tmp_path: Path, name: str) -> None:
    said = imported(tmp_path)("token", "add", "--role", "viewer", "--", name)
    assert (said.code, said.out) == (2, "")


def test_doctor_says_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECONDPASS_AMI_SECRET", "secret")
    command = imported(tmp_path)
    said = command("doctor", "--json")
    found = {one["what"]: one for one in said.document}
    assert said.code == 1
    assert found["configuration"]["stand"] == found["store"]["stand"] == "good"
    assert found["Asterisk"]["stand"] == "bad"
    assert "manager.conf" in found["Asterisk"]["mend"]
    assert all(one["mend"] for one in found.values() if one["stand"] != "good")


def test_doctor_names_the_mistake_in_a_file(tmp_path: Path) -> None:
    command = imported(tmp_path)
    file = command.config / "campaigns" / "calls.yaml"
    file.write_text(file.read_text().replace("purpose: service", "purpose: leisure"))
    (finding,) = command("doctor", "--json").document
    assert (finding["what"], finding["stand"]) == ("configuration", "bad")
    assert "leisure" in finding["told"]


def test_doctor_does_not_like_a_directory_that_anybody_may_write_to(tmp_path: Path) -> None:
    command = imported(tmp_path)
    command.data_dir.chmod(0o777)
    found = {one["what"]: one for one in command("doctor", "--json").document}
    assert found["data directory"]["mend"] == f"chmod o-w {command.data_dir}"


HOOKS = """
console: {}
webhooks: {crm: {url: "http://127.0.0.1:9/crm", secret_env: CRM_SECRET}}
"""


async def test_doctor_says_how_far_a_webhook_is_behind_and_what_nobody_took(
    store: Store, tmp_path: Path
) -> None:
    command = Secondpass(tmp_path / "config")
    settings = command.config / "settings.yaml"
    settings.write_text(settings.read_text() + HOOKS)

    def found() -> dict[str, str]:
        [one] = [one for one in command("doctor", "--json").document if one["what"] == "webhook crm"]
        return one

    assert (found()["stand"], found()["told"]) == ("doubtful", "was never told anything")
    [(newest, _)] = await store.newest(count=1)
    await store.note_told("crm", newest)
    await store.note_passed_over("crm")
    assert found()["stand"] == "good"
    assert found()["told"].endswith("1 events passed over, which nobody took")
    await store.note_told("crm", f"{int(newest.split('-')[0]) - 3_600_000}-0")
    assert (found()["stand"], "1:00:00 behind" in found()["told"]) == ("doubtful", True)
    assert "http://127.0.0.1:9/crm takes what comes" in found()["mend"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    command = imported(tmp_path)
    opened = await Store.open(None, command.data_dir, "main")
    await started(command, opened)
    yield opened
    await opened.close()


async def test_watch_shows_what_runs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command = Secondpass(tmp_path / "config")
    shown = command("watch")
    assert shown.code == 0, shown.err
    assert "calls/1" in shown.out
    assert "no bridge runs" in shown.out
    overview = command("watch", "--json").document["overview"]
    assert [one["remaining"] for one in overview["sub_campaigns"]] == [3]


async def test_attempts_and_decisions_are_exported(store: Store, tmp_path: Path) -> None:
    command = Secondpass(tmp_path / "config")
    about = {"campaign": "calls/1", "contact": "=cmd()", "address": "+12025550101", "attempt": "sp-1"}
    await store.append({"kind": "attempt_started", "device": "mobile", **about}, at=86_400.0)
    ended = {"kind": "attempt_ended", "result": "busy", "overrides": ["calls/1.1"], **about}
    await store.append(ended, at=86_430.0)
    await store.append({"kind": "attempt_started", **about, "attempt": "sp-2"}, at=86_440.0)
    decision = {"first": "standard", "second": "sales", "re_associated": True}
    await store.append({"kind": "re_associated", "customer": "7", "decision": decision}, at=86_450.0)

    (done, going) = csv.DictReader(io.StringIO(command("export", "attempts").out))
    assert (done["started_at"], done["ended_at"]) == (
        "1970-01-02T00:00:00+00:00",
        "1970-01-02T00:00:30+00:00",
    )
    assert (done["result"], done["contact"], done["address"]) == ("busy", "'=cmd()", "+12025550101")
    assert (going["attempt"], going["result"]) == ("sp-2", "")

    file = tmp_path / "attempts.parquet"
    said = command("export", "attempts", "--format", "parquet", "--output", file, "--json")
    assert said.document["rows"] == 2
    rows = parquet.read_table(file).to_pylist()
    assert [row["contact"] for row in rows] == ["=cmd()", "=cmd()"]
    assert json.loads(rows[0]["overrides"]) == ["calls/1.1"]

    (told,) = csv.DictReader(io.StringIO(command("export", "decisions").out))
    assert (told["customer"], told["first"], told["second"]) == ("7", "standard", "sales")
    assert command("export", "attempts", "--from", "2000-01-01").out.count("\n") == 1
    assert command("export", "attempts", "--output", file).code == 1
