"""`secondpass list import` over a real store: what is imported, what refused; a refusal changes nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from secondpass_command import Secondpass, configured

MARCH = """\
contact_id,account,first_name,mobile,home,postal_code,balance
1001,A-77,Ada,+12125550101,+12125550111,10001,120.50
1002,A-78,Bo,+12125550102,not a number,10002,480.00
1005,A-81,Ed,not a number,,90003,90.00
1001,A-77,Ada again,+12125550199,,10001,60.00
1001,A-82,Ada,+12125550101,,10001,60.00
"""


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return configured(tmp_path)


def written(folder: Path, text: str | bytes, name: str = "march.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_if_asked_good_rows_are_imported_and_the_others_listed_with_their_reasons(
    secondpass: Secondpass, tmp_path: Path
) -> None:
    said = secondpass("list", "import", "march", written(tmp_path, MARCH), "--partial", "--json")
    assert said.code == 0, said.err
    assert said.document == {
        "list": "march",
        "import": "march/1",
        "rows": 5,
        "imported": 3,
        "new": 3,
        "changed": 0,
        "rejected_rows": 2,
        "rejected_devices": 1,
        "rejects": str(tmp_path / "march.rejects.csv"),
        "known_with_other_data": 0,
        "shared_numbers": 0,
        "duplicates": None,
    }
    with (tmp_path / "march.rejects.csv").open(newline="") as file:
        rejects = list(csv.DictReader(file))
    assert [(r["row"], r["column"], r["value"], r["refused"]) for r in rejects] == [
        ("3", "home", "not a number", "device"),
        ("4", "mobile", "not a number", "row"),
        ("5", "contact_id", "1001", "row"),
    ]
    assert secondpass("list", "show", "--json").document == {"march": 3}


def test_one_bad_row_refuses_the_file_and_names_both_mends(secondpass: Secondpass, tmp_path: Path) -> None:
    said = secondpass("list", "import", "march", written(tmp_path, MARCH))
    assert said.code == 1
    assert 'row 4, mobile: "not a number"' in said.err
    assert "nothing was changed" in said.err
    assert "import the other 3 contacts with --partial" in " ".join(said.err.split())
    assert secondpass("list", "show", "--json").document == {}


def test_a_misspelt_column_shows_itself(secondpass: Secondpass, tmp_path: Path) -> None:
    file = written(tmp_path, "contact_id,cell,home\n1,+12125550101,\n2,,+12125550102\n")
    said = secondpass("list", "import", "march", file)
    assert "say what a column is: --map COLUMN=NAME (devices: home; attributes: none)" in said.err
    mapped = secondpass("list", "import", "march", file, "--map", "cell=mobile")
    assert "2 of 2 rows imported; devices: home, mobile; attributes: none" in mapped.out


@pytest.mark.parametrize(
    ("content", "said", "mend"),
    [
        ("id,mobile\n1,+12125550101\n", "no column contact_id", "--map"),
        ("contact_id,name\n1,Ada\n", "no device column", "--map"),
        (b"contact_id,mobile,name\n1,+12125550101,J\xfcrgen\n", "not UTF-8", "iconv"),
        ("contact_id,mobile\n1,nonsense\n2,neither\n", "every row was refused", "mend them in"),
        ("contact_id,mobile\n", "has no rows", ""),
    ],
)
def test_an_unusable_file_is_refused_with_the_mend_and_changes_nothing(
    secondpass: Secondpass, tmp_path: Path, content: str | bytes, said: str, mend: str
) -> None:
    answer = secondpass("list", "import", "march", written(tmp_path, content))
    assert answer.code == 1
    assert said in answer.err
    assert mend in answer.err
    assert "Traceback" not in answer.err
    assert secondpass("list", "show", "--json").document == {}


def test_an_import_can_be_repeated(secondpass: Secondpass, tmp_path: Path) -> None:
    file = written(tmp_path, MARCH)
    for _ in range(2):
        assert secondpass("list", "import", "march", file, "--partial").code == 0
    assert secondpass("list", "show", "--json").document == {"march": 3}


def test_a_wrong_option_is_a_usage_error(secondpass: Secondpass, tmp_path: Path) -> None:
    file = written(tmp_path, MARCH)
    assert secondpass("list", "import", "march", file, "--map", "nonsense").code == 2
    assert secondpass("list", "import", "a b", file).code == 2


def test_a_number_can_be_taken_off_every_campaign(secondpass: Secondpass) -> None:
    said = secondpass("do-not-call", "add", "(212) 555-0101", "--json")
    assert said.document == {"do_not_call": ["+12125550101"]}
    assert secondpass("do-not-call", "add", "hello").code == 1


@pytest.mark.parametrize("country", ["ZZ", "us", "USA"])
def test_a_country_that_is_none_is_a_usage_error(
    secondpass: Secondpass, tmp_path: Path, country: str
) -> None:
    file = written(tmp_path, "contact_id,mobile\n1,+12125550101\n")
    said = secondpass("list", "import", "march", file, "--country", country)
    assert (said.code, "is no country; write two capitals" in said.err) == (2, True)
