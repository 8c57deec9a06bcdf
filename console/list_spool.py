"""Contacts of a list on disk between reading its file and writing to the store, in blocks: the readers of the
file pack them, and nobody opens one who has nothing to change in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

import msgspec

from console.list_file import Piece
from console.list_rows import Found
from strategies.store.contact_codec import known_as, numbers_of, packed_record, with_columns
from strategies.store.contacts import Entry

BATCH = 400  # contacts given to the store at once, which writes them in one step: below ten milliseconds


class Block(msgspec.Struct, array_like=True, gc=False):
    """Contacts between reading and writing: ids, records with columns that are numbered later, their numbers
    as the index has them, and their lines in the file."""

    ids: list[str]
    records: list[bytes]
    numbers: list[tuple[str, ...]]
    lines: list[int] = []

    def at(self, places: Sequence[int]) -> Block:
        """Those at these places."""
        return Block(*([column[at] for at in places] for column in msgspec.structs.astuple(self)))

    def parts(self) -> Iterator[Block]:
        """All of them, as many at a time as are written at once."""
        for at in range(0, len(self.ids), BATCH):
            yield Block(*(column[at : at + BATCH] for column in msgspec.structs.astuple(self)))

    def pack(self) -> bytes:
        """As a spool keeps it: lines go beside it."""
        return _pack(Block(self.ids, self.records, self.numbers))

    def entries(self, columns: int) -> list[Entry]:
        """As the store takes them."""
        records = [with_columns(kept, columns) for kept in self.records]
        return list(zip(self.ids, records, self.numbers, strict=True))


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Block).decode
_unpack_lines = msgspec.msgpack.Decoder(list[int]).decode


class Spool:
    """Contacts on disk, in blocks."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, lines: Sequence[int], packed: bytes) -> None:
        """Keep a packed block, and its lines in the file."""
        for part in (_pack(lines), packed):
            self._file.write(len(part).to_bytes(8, "big") + part)

    def blocks(self) -> Iterator[Block]:
        """The blocks in the order kept."""
        self._file.seek(0)
        while lines := self._part():
            block = _unpack(self._part())
            block.lines = _unpack_lines(lines)
            yield block

    def _part(self) -> bytes:
        return self._file.read(int.from_bytes(self._file.read(8), "big"))


def packed(contacts: Sequence[Found]) -> bytes:
    """What to keep of the rows of a piece: a packed block, as yet without lines."""
    records = [packed_record(each.identity, 0, each.devices, each.values, each[4:]) for each in contacts]
    ids = [each.identity for each in contacts]
    return Block(ids, records, [numbers_of(each.devices) for each in contacts]).pack()


def kept(piece: Piece[bytes]) -> tuple[Sequence[int], bytes]:
    """Lines and block of the contacts of a piece: without duplicates, and under the ids they are known by."""
    if piece.known == piece.given:
        return piece.lines_of, piece.made
    block = _unpack(piece.made)
    for at, identity in enumerate(piece.known):
        if identity not in {None, block.ids[at]}:
            block.ids[at], block.records[at] = identity, known_as(block.records[at], identity)
    block.lines = piece.lines_of
    left = block.at([at for at, identity in enumerate(piece.known) if identity is not None])
    return left.lines, left.pack()
