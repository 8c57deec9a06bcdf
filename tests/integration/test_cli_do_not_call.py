"""`secondpass do-not-call` over a real store: what it puts on, takes off, loads and tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from secondpass_command import Secondpass, configured

TODAY = datetime.now(UTC).date()  # noqa: TID251 - the command compares with this very day


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return configured(tmp_path)


def rules(secondpass: Secondpass, *addresses: str) -> list[tuple[str, str, str]]:
    found = secondpass("do-not-call", "show", *addresses, "--json").document["found"]
    return [(one["address"], one["by_rule"], one["reason"]) for one in found]


def test_who_was_taken_off_by_mistake_may_be_called_again_and_the_audit_keeps_it(
    secondpass: Secondpass,
) -> None:
    assert (
        secondpass("do-not-call", "add", "(212) 555-0101", "ada@example.org", "--reason", "a letter").code
        == 0
    )
    assert rules(secondpass, "+12125550101", "ada@example.org") == [
        ("+12125550101", "everybody", "a letter"),
        ("ada@example.org", "everybody", "a letter"),
    ]
    said = secondpass("do-not-call", "remove", "+12125550101", "+12125550102", "--json")
    assert said.document == {"removed": ["+12125550101"]}
    assert rules(secondpass, "+12125550101") == []
    told = secondpass("audit", "--json").document
    assert "do_not_call" in str(told)


def test_one_campaign_may_be_told_to_leave_somebody_alone(secondpass: Secondpass) -> None:
    assert secondpass("do-not-call", "campaign", "calls", "+12125550101").code == 0
    assert rules(secondpass, "+12125550101") == [("+12125550101", "campaign calls", "asked by hand")]
    assert secondpass("do-not-call", "campaign", "calls", "+12125550101", "--remove").code == 0
    assert rules(secondpass, "+12125550101") == []


def test_a_campaign_nobody_defined_is_refused_with_those_there_are(secondpass: Secondpass) -> None:
    said = secondpass("do-not-call", "campaign", "clals", "+12125550101")
    assert said.code == 1
    assert "there are calls" in said.err


def test_numbers_may_be_forbidden_by_how_they_begin(secondpass: Secondpass) -> None:
    assert secondpass("do-not-call", "prefix", "+1900", "+1212555", "--reason", "dear").code == 0
    assert rules(secondpass, "+12125550101") == [("+12125550101", "prefix +1212555", "dear")]
    assert secondpass("do-not-call", "prefix", "+1212555", "--remove").code == 0
    assert secondpass("do-not-call", "show", "--json").document["prefixes"] == ["+1900"]
    assert secondpass("do-not-call", "prefix", "1900").code == 1


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("202,4560101\n(202) 456-0102\n+12024560103\nno number\n\n", ()),
        ("﻿id,phone\n1,2024560101\n2,+1 202 456 0102\n3,202-456-0103\n4,x\n", ("--column", "phone")),
    ],
)
def test_a_registry_is_loaded_in_the_ways_authorities_write_it(
    secondpass: Secondpass, tmp_path: Path, text: str, options: tuple[str, ...]
) -> None:
    (tmp_path / "registry.txt").write_text(text, encoding="utf-8")
    said = secondpass(
        "do-not-call",
        "registry",
        "load",
        tmp_path / "registry.txt",
        "--as-of",
        str(TODAY),
        *options,
        "--json",
    )
    assert said.code == 0, said.err
    assert (said.document["country"], said.document["numbers"], said.document["rejected"]) == ("US", 3, 1)
    assert rules(secondpass, "+12024560102") == [("+12024560102", "registry US", "registered")]
    kept = secondpass("do-not-call", "show", "--json").document["registries"]
    assert kept == {"US": {"numbers": 3, "as_of": str(TODAY), "file": "registry.txt"}}


def test_a_registry_of_tomorrow_without_its_column_or_its_file_changes_nothing(
    secondpass: Secondpass, tmp_path: Path
) -> None:
    file = tmp_path / "registry.csv"
    file.write_text("id,number\n1,2024560101\n", encoding="utf-8")
    load = ("do-not-call", "registry", "load")
    for wrong in (
        (*load, file, "--as-of", str(TODAY + timedelta(days=2))),
        (*load, file, "--as-of", str(TODAY), "--column", "phone"),
        (*load, tmp_path / "missing", "--as-of", str(TODAY)),
        (*load, file, "--as-of", str(TODAY), "--country", "USA"),
    ):
        said = secondpass(*wrong)
        assert said.code == 1
        assert "nothing was changed" in said.err
    assert secondpass("do-not-call", "show", "--json").document["registries"] == {}
