"""A list's CSV file: what becomes a contact, what is refused and why, and when the whole file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.list_file import ListFileError, Row, read
from strategies.contacts import Device

MARCH = """\
contact_id,account,first_name,mobile,home,work,text,email,postal_code,balance
1001,A-77,Ada,+12125550101,+12125550111,,+12125550101,ada@example.org,10001,120.50
1002,A-78,Bo,(212) 555-0102,+12125550112,,,bo@example.org,10002,480.00
1005,A-81,Ed,not a number,,,,,90003,90.00
1001,A-82,Ada,+12125550101,,,,,10001,60.00
"""


def rows(tmp_path: Path, text: str | bytes, **options: object) -> list[Row]:
    file = tmp_path / "list.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    given = {"mapping": {}, "country": "US", "debt": None, "separator": ","} | options
    mapping = given.pop("mapping")
    return list(read(file, mapping, **given))  # type: ignore[arg-type]


def refusals(found: list[Row]) -> list[tuple[int, str, str]]:
    return [(r.row, r.column, r.refused) for row in found for r in row.rejects]


def test_columns_become_devices_and_attributes(tmp_path: Path) -> None:
    ada = rows(tmp_path, MARCH)[0].contact
    assert ada is not None
    assert (ada.id, ada.postal_code) == ("1001", "10001")
    assert ada.devices == (
        Device("mobile", "+12125550101"),
        Device("home", "+12125550111"),
        Device("text", "+12125550101"),
        Device("email", "ada@example.org"),
    )
    assert ada.attributes == {"account": "A-77", "first_name": "Ada", "balance": "120.50"}


def test_numbers_are_written_in_one_form_and_missing_values_left_out(tmp_path: Path) -> None:
    bo = rows(tmp_path, MARCH)[1].contact
    assert bo is not None
    assert bo.device("mobile") == Device("mobile", "+12125550102")
    assert bo.device("work") is None
    assert "work" not in bo.attributes


def test_a_row_whose_only_number_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    assert refusals(rows(tmp_path, MARCH))[0] == (4, "mobile", "row")


def test_a_wrong_number_beside_a_right_one_costs_only_the_device(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "contact_id,mobile,home\n7,nonsense,+12125550111\n")
    assert row.contact is not None
    assert [d.kind for d in row.contact.devices] == ["home"]
    assert refusals([row]) == [(2, "mobile", "device")]


def test_the_same_contact_id_again_is_a_duplicate(tmp_path: Path) -> None:
    duplicate = rows(tmp_path, MARCH)[3]
    assert duplicate.contact is None
    assert refusals([duplicate]) == [(5, "contact_id", "row")]


def test_the_same_contact_id_with_another_debt_is_a_second_debt(tmp_path: Path) -> None:
    second = rows(tmp_path, MARCH, debt="account")[3].contact
    assert second is not None
    assert second.id == "1001/A-82"


def test_a_second_row_of_the_same_debt_is_a_duplicate(tmp_path: Path) -> None:
    text = "contact_id,account,mobile\n1,A,+12125550101\n1,A,+12125550102\n1,,+12125550103\n"
    assert [row.contact is None for row in rows(tmp_path, text, debt="account")] == [False, True, True]


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    mapping = {"Customer": "contact_id", "Cell phone": "mobile"}
    (row,) = rows(tmp_path, "Customer,Cell phone\n7,+12125550101\n", mapping=mapping)
    assert row.contact is not None
    assert row.contact.id == "7"


def test_the_contacts_own_device_order_wins(tmp_path: Path) -> None:
    text = "contact_id,mobile,home,work,device_order\n7,+12125550101,+12125550102,+12125550103,work home\n"
    (row,) = rows(tmp_path, text)
    assert row.contact is not None
    assert [d.kind for d in row.contact.devices] == ["work", "home", "mobile"]


def test_consent_and_zone_are_kept_apart_from_attributes(tmp_path: Path) -> None:
    header = "contact_id,mobile,zone,consent_basis,consent_date,consent_source,segment\n"
    (row,) = rows(tmp_path, header + "7,+12125550101,America/Denver,express,2024-01-01,web form,gold\n")
    assert row.contact is not None
    assert (row.contact.zone, row.contact.segment) == ("America/Denver", "gold")
    assert row.contact.consent == {"basis": "express", "date": "2024-01-01", "source": "web form"}
    assert row.contact.attributes == {}


@pytest.mark.parametrize(
    ("header", "values", "column"),
    [
        ("contact_id,mobile,zone", "7,+12125550101,Mars/Olympus", "zone"),
        ("contact_id,mobile,zone", "7,+12125550101,../../etc/passwd", "zone"),
        ("contact_id,mobile,consent_basis", "7,+12125550101,maybe", "consent_basis"),
        ("contact_id,mobile,consent_date", "7,+12125550101,1.2.2024", "consent_date"),
        ("contact_id,mobile,device_order", "7,+12125550101,fax", "device_order"),
        ("contact_id,mobile,name", '7,+12125550101,"two\nlines"', "name"),
        ("contact_id,mobile,name", "7,+12125550101,\x1b[31mred", "name"),
        ("contact_id,mobile,name", "7,+12125550101," + "x" * 2001, "name"),
        ("contact_id,mobile", ",+12125550101", "contact_id"),
        ("contact_id,mobile", "7,+12125550101,extra", ""),
        ("contact_id,mobile", "7", ""),
        ("contact_id,email", "7,no address", "email"),
        ("contact_id,mobile", "7,", ""),
    ],
)
def test_a_wrong_value_refuses_the_row(tmp_path: Path, header: str, values: str, column: str) -> None:
    (row,) = rows(tmp_path, f"{header}\n{values}\n")
    assert row.contact is None
    assert refusals([row]) == [(2, column, "row")]


@pytest.mark.parametrize(
    ("text", "said", "mend"),
    [
        ("", "empty", "contact_id"),
        ("id,mobile\n1,+12125550101\n", "no column contact_id", "--map COLUMN=contact_id"),
        ("contact_id,name\n1,Ada\n", "no device column", "--map COLUMN=mobile"),
        ("contact_id;mobile\n1;+12125550101\n", "not separated by ','", "--separator ';'"),
        ("contact_id,mobile,mobile\n", 'two columns are named "mobile"', "rename"),
        ("contact_id,mobile,\n", "column 3 has no name", "name every column"),
        ("contact_id,mobile,recovery_open\n", '"recovery_open"', "--map recovery_open=list_recovery_open"),
        ("contact_id,mobile,consent_given\n", '"consent_given"', "consent_basis"),
        (b"contact_id,mobile,name\n1,+12125550101,J\xfcrgen\n", "not UTF-8 (byte 0xfc)", "iconv"),
        ('contact_id,mobile\n1,"+1212"x\n', "line 2 is no CSV", "quotes"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    tmp_path: Path, text: str | bytes, said: str, mend: str
) -> None:
    with pytest.raises(ListFileError) as caught:
        rows(tmp_path, text)
    assert said in caught.value.message
    assert mend in caught.value.mend


def test_a_mapping_of_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListFileError, match="Cell") as caught:
        rows(tmp_path, "contact_id,mobile\n", mapping={"Cell": "mobile"})
    assert "contact_id, mobile" in caught.value.mend


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, b"\xef\xbb\xbfcontact_id,mobile\n7,+12125550101\n")
    assert row.contact is not None


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = 'contact_id,mobile,note\n1,+12125550101,"a\nb"\n\n2,nonsense,\n'
    assert [row.line for row in rows(tmp_path, text)] == [2, 5]


def test_a_first_line_that_is_empty_is_told_as_a_missing_column(tmp_path: Path) -> None:
    with pytest.raises(ListFileError, match="no column contact_id"):
        rows(tmp_path, "\n")
