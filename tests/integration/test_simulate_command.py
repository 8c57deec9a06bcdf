"""`secondpass simulate` as a program meets it: options, the ledger's shape, the same seed the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pytest
from secondpass_command import ROOT
from simulated import ADA, BO, Told, simulated

CALL = """
- {name: call, medium: avm, script: hello, retry: {busy: {after: [5m]}, no_answer: {after: [2h]}}}
- {name: rescue, medium: dialer, recovers: call, triggers: [hangup_in_script]}
- {name: live, medium: dialer, start: contact}
"""
PEOPLE = "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 300))
MODEL = {
    "model": {
        "answer": {"mobile": {"09:00": "30%", "17:00": "60%"}},
        "asks_for_agent": "10%",
        "responses": {"pressed_1": "30%", "pressed_8": "5%", "pressed_2": "10%"},
        "agent_responses": {"agent_paid": "20%"},
    }
}
KEYS = ["at", "kind", "campaign", "pass", "contact", "device", "address", "medium", "attempt", "result"]
KEYS += ["responses", "reason", "recovers", "trigger", "strategy", "overrides"]


def run(seed: int) -> Told:
    return simulated(CALL, PEOPLE, MODEL, agents=3, seed=seed)


modelled = lru_cache(run)


def test_every_line_has_every_key_a_moment_with_offset_and_a_person_by_contact_id() -> None:
    told = modelled(1)
    assert told.code == 0
    for line in told.lines:
        assert list(line)[: len(KEYS)] == KEYS
        assert datetime.fromisoformat(line["at"]).utcoffset() is not None
        assert line["campaign"] == "spring"
        assert line["contact"] is None or 200 <= int(line["contact"]) < 300
        assert line["strategy"]
        assert isinstance(line["responses"], list)
    moments = [datetime.fromisoformat(line["at"]) for line in told.lines]
    assert moments == sorted(moments)


def test_every_attempt_ends_once_and_every_contact_with_a_reason() -> None:
    told = modelled(1)
    started, ended = told.of("attempt_started"), told.of("attempt_ended")
    assert sorted(line["attempt"] for line in started) == sorted(line["attempt"] for line in ended)
    assert len(told.ended) == len(told.of("contact_ended")) == 100
    assert all(told.ended.values())


def test_the_summary_counts_what_the_ledger_tells() -> None:
    told = modelled(1)
    summary = json.loads(told.out)
    assert summary["attempts"] == len(told.of("attempt_started")) == sum(summary["by_result"].values())
    assert sum(summary["contacts_ended"].values()) == summary["contacts"] == 100
    assert sum(summary["recoveries_triggered"].values()) == len(told.of("recovery_triggered"))


def test_the_same_seed_gives_the_same_ledger_and_another_one_another() -> None:
    assert modelled(1).raw == run(1).raw != run(2).raw


def test_the_ledger_does_not_depend_on_how_a_process_hashes(tmp_path: Path) -> None:
    """The example's campaign, with two runs of the real command."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "carrier.yaml").write_text(json.dumps(MODEL))
    (tmp_path / "campaigns" / "c.yaml").write_text(
        json.dumps(
            {
                "campaign": "c",
                "purpose": "service",
                "country": "US",
                "zone": "America/New_York",
                "caller_id": "+12125550100",
                "agents": "collections",
                "consent": {"basis": "written"},
                "strategy": {"passes": [{"name": "call", "medium": "avm", "script": "hello"}]},
            }
        )
    )
    written = []
    for seed in ("1", "2"):
        out = tmp_path / f"out{seed}.jsonl"
        words = "simulate --campaign c --from 2026-03-02T08:00:00-05:00 --until 2026-03-03T08:00:00-05:00"
        files = ["--list", "people.csv", "--carrier", "carrier.yaml", "--ledger", out, "--config", tmp_path]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "console", *words.split(), *map(str, files)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        written.append(out.read_bytes())
    assert written[0] == written[1] != b""


def test_it_ends_at_its_moment_with_work_left() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile\n1,{ADA}\n2,{BO}\n",
        until="2026-03-02T09:00:10-05:00",
    )
    assert told.code == 0
    assert told.attempts == ["Mon 09:00:00 call 1 mobile -", "Mon 09:00:00 call 2 mobile -"]


def test_a_scripted_result_is_used_as_it_stands_agents_free_or_not() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile\n1,{ADA}\n",
        {ADA: [{"result": "connected_agent", "responses": ["agent_paid"], "talk": "95s"}]},
        agents=0,
    )
    [line] = told.of("attempt_ended")
    assert (line["result"], line["responses"], line["at"][11:19]) == (
        "connected_agent",
        ["agent_paid"],
        "09:01:35",
    )


def test_the_nth_attempt_at_an_address_gets_the_nth_entry_and_the_last_repeats() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello, "
        "retry: {busy: {after: [1m, 1m, 1m]}, no_answer: {after: [1m]}}}",
        f"contact_id,mobile\n1,{ADA}\n",
        {"default": "fax", "devices": {ADA: ["busy", "no_answer", "busy"]}},
    )
    assert [line["result"] for line in told.of("attempt_ended")] == [
        "busy",
        "no_answer",
        "busy",
        "busy",
        "busy",
    ]


def test_what_the_simulation_does_otherwise_and_what_the_list_lacks_is_said() -> None:
    told = simulated(
        "- {name: call, medium: dialer, where: contact.balance > 2, "
        "pacing: {method: predictive, abandon_rate: 3%, answer_model: who}}",
        f"contact_id,mobile\n1,{ADA}\n2,not a number\n",
        also='abandon_message: {say: "Sorry.", opt_out_key: 8}',
    )
    assert told.code == 0
    assert "the model who is not asked" in told.err
    assert "contact.balance, which nobody on the list has" in told.err
    assert "people.csv:3 mobile: not a phone number" in told.err


def test_an_expression_may_ask_for_the_columns_of_every_list_and_for_the_reserved_groups() -> None:
    told = simulated(
        "- {name: call, medium: dialer, where: not any_response in wrong_party}",
        f"contact_id,mobile,postal_code\n1,{ADA},02134\n2,{BO},10001\n",
        also="filter: contact.postal_code == '02134'\nresponse_groups: {}",
    )
    assert told.err == ""
    assert {line["contact"] for line in told.of("attempt_started")} == {"1"}


def test_a_comparison_with_a_missing_value_is_false_and_told() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello, where: contact.balance > 5}",
        f"contact_id,mobile,balance\n1,{ADA},\n2,{BO},9\n",
    )
    assert {line["contact"] for line in told.of("attempt_started")} == {"2"}
    assert [(line["contact"], line["missing"]) for line in told.of("skipped")] == [
        ("1", ["contact.balance > 5"])
    ]


def test_mistakes_in_the_carrier_are_told_with_their_place_and_mend() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}", f"contact_id,mobile\n1,{ADA}\n", {ADA: ["bussy"]}
    )
    assert told.code == 1
    assert "carrier.yaml:" in told.err
    assert "did you mean busy?" in told.err
    assert "Traceback" not in told.err


def test_a_list_is_read_with_its_own_separator_and_names_of_columns() -> None:
    passes = "- {name: call, medium: avm, script: hello}"
    people = f"Customer;Phone\n1;{ADA}\n"
    told = simulated(passes, people)
    assert told.code == 1
    assert "say --separator ';'" in told.err
    named = ("--map", "Customer=contact_id", "--map", "Phone=mobile")
    told = simulated(passes, people, words=("--separator", ";", *named))
    assert told.attempts == ["Mon 09:00:00 call 1 mobile no_answer"]


@pytest.mark.parametrize("separator", ['"', "\n", "ab", ""])
def test_a_separator_that_can_be_none_is_a_usage_error(separator: str) -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile\n1,{ADA}\n",
        words=("--separator", separator),
    )
    assert told.code == 2
    assert "--separator" in told.err


def test_what_is_left_out_of_a_list_is_told_in_a_line_by_its_row_and_column() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile,note\n1,{ADA}\n{'x' * 3000},{BO},x\n3,+12125550103,ok\n",
    )
    first, second = told.err.splitlines()
    assert first.endswith("people.csv:2: 2 values for 3 columns; left out")
    assert "people.csv:3 contact_id: longer than" in second
    assert len(second) < 300


@pytest.mark.parametrize("moment", ["9999-12-31T10:00", "0001-01-01T00:00Z", "yesterday"])
def test_a_moment_that_no_calendar_reckons_with_is_a_usage_error(moment: str) -> None:
    passes, people = "- {name: call, medium: avm, script: hello}", f"contact_id,mobile\n1,{ADA}\n"
    told = simulated(passes, people, begins=moment)
    assert (told.code, "is no moment" in told.err) == (2, True)
    told = simulated(passes, people, overrides=[{"at": moment, "patch": {"call": {"devices": ["home"]}}}])
    assert (told.code, "is no moment; write 2030-01-31T14:00" in told.err) == (1, True)
