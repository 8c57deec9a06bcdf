"""Reading the rows of a list column by column makes of them what reading each of them makes."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.list_columns import ColumnReader, is_plain
from console.list_rows import Found, Layout, Reject, RowReader

NAMES = (
    "contact_id",
    "account",
    "mobile",
    "home",
    "email",
    "zone",
    "postal_code",
    "segment",
    "consent_basis",
    "consent_date",
    "device_order",
    "balance",
)
CELLS = {
    "contact_id": ("1", "2", " 3 ", "", "x" * 128, "x" * 129),
    "mobile": (
        "+12125550101",
        "(212) 555-0102",
        " 12125550103",
        "",
        "911",
        "+442079460000",
        "(+1) 2125550104",
    ),
    "home": ("2125550105", "", "+1212555", "not a number", "+12125550101"),
    "email": ("ada@example.org", "", "ada@", "ada@example.org\x00"),
    "zone": ("America/New_York", "", "Mars/Base"),
    "consent_basis": ("express", "", "hearsay"),
    "consent_date": ("2026-01-31", "", "31.1.2026"),
    "device_order": ("", "", "home mobile", "boat"),
}
OTHERS = ("", "a", " b ", "é\u00a0f", "a\tb", "two\nlines", "y" * 2001, "z" * 1500)
GOOD = ("1", "A", "+12125550101", "2125550105", "", "", "", "", "", "", "", "")


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    """A row as a file may have it, seldom with a value too few."""
    if draw(st.booleans()):
        return list(GOOD)
    cells = [draw(st.sampled_from(CELLS.get(name, OTHERS))) for name in NAMES]
    return cells[: draw(st.sampled_from((*[len(NAMES)] * 9, 3)))]


def told(found: Sequence[Found]) -> list[tuple[object, str]]:
    return [(each.contact(each.identity, LAYOUT.attributes), each.owed) for each in found]


LAYOUT = Layout(NAMES, "US", debt="account")


@settings(max_examples=500, deadline=None)
@given(st.lists(rows(), max_size=8))
@example([list(GOOD)] * 3)
@example([[*GOOD[:2], "", "", *GOOD[4:]], list(GOOD)])
def test_columns_say_what_rows_say(table: list[list[str]]) -> None:
    one, many = RowReader(LAYOUT), ColumnReader(LAYOUT)
    lines = list(range(2, len(table) + 2))
    kept: list[int] = []
    contacts: list[Found] = []
    rejects: list[Reject] = []
    for line, values in zip(lines, table, strict=True):
        found, refused = one.read(line, values)
        rejects += refused
        if found is not None:
            kept.append(line)
            contacts.append(found)
    single = not any("\n" in cell for row in table for cell in row)
    plain = single and is_plain("\n".join(",".join(row) for row in table))
    of, read, refused = many.read_all(lines, table, plain=plain)
    assert of == kept
    assert told(read) == told(contacts)
    assert refused == rejects
    assert many.used == one.used


def test_a_layout_with_numbers_alone_is_read() -> None:
    reader = ColumnReader(Layout(("contact_id", "mobile"), "US"))
    lines, found, rejects = reader.read_all([2, 3], [["1", "+12125550101"], ["2", ""]], plain=True)
    assert ([each.identity for each in found], lines) == (["1"], [2])
    assert [reject.reason for reject in rejects] == ["no device to reach the contact on"]
