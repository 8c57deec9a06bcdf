"""A list's file cut into pieces: whatever is in it, the rows are those of one reader over the whole file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console import list_file
from console.list_cut import rows_end
from console.list_duplicates import Seen
from console.list_file import ListFile, as_found, numbered, open_list, pieces, read
from console.list_rows import ListFileError

HEADER = "contact_id,mobile,note\n"
GOOD = "+12125550101"


def opened(tmp_path: Path, text: str | bytes, separator: str = ",") -> ListFile:
    file = tmp_path / "list.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_list(file, {}, country="US", debt=None, separator=separator)


def contacts(listed: ListFile, processes: int = 1) -> list[tuple[int, str, str | None]]:
    """Line, id and note of everybody."""
    return [
        (line, identity, found.values[0])
        for piece in numbered(pieces(listed, as_found, processes=processes))
        for line, identity, found in zip(piece.lines_of, piece.known, piece.made, strict=True)
        if identity is not None
    ]


def many(rows: int) -> str:
    """Rows of which every third has quotes, line breaks or quotes that are letters."""
    notes = ('"a, ""b"""', '5" pipe', '"two\nlines"', "plain", "", '" spaced "')
    return HEADER + "".join(f"C{n},{GOOD},{notes[n % len(notes)]}\n" for n in range(rows))


@pytest.mark.parametrize("size", [64, 100, 999, 1 << 20])
def test_pieces_of_any_size_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    listed = opened(tmp_path, many(300))
    monkeypatch.setattr(list_file, "SIZE", size)
    found = contacts(listed)
    assert [identity for _, identity, _ in found] == [f"C{n}" for n in range(300) if n % 6 != 2]
    assert found[1] == (3, "C1", '5" pipe')
    assert found[2] == (6, "C3", "plain")  # the row before took two lines
    rejects = [r for piece in pieces(listed, as_found) for r in piece.rejects]
    assert {(r.column, r.row % 7) for r in rejects} == {("note", 4)}


def test_several_processes_keep_the_files_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_file, "SIZE", 2000)
    monkeypatch.setattr(list_file, "ALONE", 0)
    listed = opened(tmp_path, many(600))
    assert contacts(listed, processes=2) == contacts(listed)


fields = st.text(st.sampled_from('a",\n\r é'), max_size=6)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(fields, min_size=1, max_size=3), min_size=1, max_size=6), st.integers(0, 40))
@example([['5" a'], ["b"]], 1)
def test_a_block_ends_where_a_row_ends(rows: list[list[str]], cut: int) -> None:
    """What comes before the end and after it reads as the whole does."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    whole = written.getvalue()
    block = whole.encode()[: len(whole.encode()) - cut] if cut else whole.encode()
    end = rows_end(block, ",")
    head, tail = whole.encode()[:end].decode(), whole.encode()[end:].decode()
    assert [*parsed(head), *parsed(tail)] == parsed(whole)


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_a_quote_within_a_value_is_a_letter() -> None:
    assert rows_end(b'1,5" pipe\n2,"a\nb', ",") == len(b'1,5" pipe\n')


def test_a_separator_beyond_ascii_is_one(tmp_path: Path) -> None:
    text = HEADER.replace(",", "¦") + f'1¦{GOOD}¦"x¦y"\n'
    assert contacts(opened(tmp_path, text, "¦")) == [(2, "1", "x¦y")]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (HEADER.replace("\n", "\r\n") + f"1,{GOOD},a\r\n2,{GOOD},b\r\n", 2),
        (HEADER.replace("\n", "\r") + f"1,{GOOD},a\r2,{GOOD},b\r", 2),
        (HEADER + f"1,{GOOD},a\n\n\n2,{GOOD},b", 2),
        ('"contact_id","mobile","note"\n' + f'"1","{GOOD}","a"\n', 1),
        ("\ufeff" + HEADER + f"1,{GOOD},a\n", 1),
    ],
)
def test_line_ends_and_marks_of_other_systems_are_read(tmp_path: Path, text: str, count: int) -> None:
    assert len(contacts(opened(tmp_path, text))) == count


def test_nul_bytes_refuse_their_row_alone(tmp_path: Path) -> None:
    found = list(read(opened(tmp_path, HEADER + f"1,{GOOD},a\0b\n2,{GOOD},c\n").path, {}, **AS_IT_IS))
    assert [row.contact is None for row in found] == [True, False]
    assert "control character" in found[0].rejects[0].reason


AS_IT_IS: dict[str, object] = {"country": "US", "debt": None, "separator": ","}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f"1,{GOOD},{'x' * 10_000_000}\n2,{GOOD},b\n", "after line 1"),  # a cell of 10 MB
        (f'1,{GOOD},"{"x" * 10_000_000}"\n', "after line 1"),
        (f'1,{GOOD},"never closed\n' + f"2,{GOOD},b\n" * 100_000, "is no CSV"),
        (f"1,{GOOD},a\n" * 5 + '1,"+1212"x,b\n', "line 7 is no CSV"),
    ],
)
def test_a_file_that_would_eat_all_memory_is_refused(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ListFileError) as caught:
        contacts(opened(tmp_path, HEADER + body))
    assert said in caught.value.message


def test_what_is_no_text_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    body = (HEADER + f"1,{GOOD},a\n" * 50_000).encode() + b"2,+12125550101,J\xfcrgen\n"
    with pytest.raises(ListFileError, match="not UTF-8"):
        contacts(opened(tmp_path, body))


def test_a_header_that_is_never_closed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListFileError, match="line 1 is no CSV"):
        opened(tmp_path, '"contact_id,mobile\n' + "1,2\n" * 10)


def test_debts_of_one_person_are_told_apart_and_names_never_clash() -> None:
    seen = Seen()
    given = [("1", "A"), ("1", "A"), ("1", "B"), ("1", ""), ("1", "B"), ("1/B", ""), ("2", ""), ("2", "A")]
    assert [seen.identity(*one) for one in given] == ["1", None, "1/B", None, None, None, "2", "2/A"]
    seen.close()
