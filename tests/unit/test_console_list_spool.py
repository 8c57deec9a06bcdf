"""What stands on disk between reading a list and writing it: everybody once, by their id, with their line."""

from __future__ import annotations

import io
from pathlib import Path

from console.list_file import numbered, open_list, pieces
from console.list_spool import Block, Spool, kept, packed
from strategies.store.contact_codec import read_record

HEADER = "contact_id,account,mobile,text\n"
ROWS = """\
1,A,+12125550101,+12125550101
2,A,+12125550102,
1,B,+12125550101,

1,A,+12125550101,
3,A,nonsense,
4,A,2125550104,+12125550105
"""


def spooled(tmp_path: Path, text: str) -> list[Block]:
    file = tmp_path / "list.csv"
    file.write_text(HEADER + text)
    spool = Spool(io.BytesIO())
    for piece in numbered(pieces(open_list(file, {}, country="US", debt="account", separator=","), packed)):
        spool.add(*kept(piece))
    return list(spool.blocks())


def test_second_debts_have_an_id_of_their_own_and_duplicates_are_gone(tmp_path: Path) -> None:
    (block,) = spooled(tmp_path, ROWS)
    assert list(zip(block.lines, block.ids, strict=True)) == [(2, "1"), (3, "2"), (4, "1/B"), (8, "4")]
    assert block.numbers[0] == ("12125550101",)  # one number, though two devices
    assert block.numbers[3] == ("12125550104", "12125550105")
    found = [read_record(record, {7: ("account",)}) for _, record, _ in block.entries(7)]
    assert [contact.id for contact in found] == block.ids
    assert found[2].attributes == {"account": "B"}


def test_a_block_is_written_in_parts(tmp_path: Path) -> None:
    (block,) = spooled(tmp_path, "".join(f"{n},A,+12125550101,\n" for n in range(1200)))
    parts = list(block.parts())
    assert [len(part.ids) for part in parts] == [400, 400, 400]
    assert [part.lines[0] for part in parts] == [2, 402, 802]
