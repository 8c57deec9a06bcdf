"""Where a CSV file may be cut: behind a whole row, which a line break within quotes is not the end of."""

from __future__ import annotations

import csv
import re


def rows_end(block: bytes, separator: str) -> int:
    """Where the last whole row of a block ends, which begins with a row; 0 if it holds no whole row.

    Where there is a quote, only reading the rows tells: a line break may be part of a value, and a quote
    within a value that is not quoted is a letter like any other.
    """
    if b'"' not in block:
        return block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1
    if _quotes_within_lines(block, separator):
        return block.rfind(b"\n") + 1
    lines = block.splitlines(keepends=True)
    if not lines[-1].endswith(b"\n"):
        lines.pop()
    text = (line.decode("utf-8", "surrogateescape") for line in lines)
    reader, end = csv.reader(text, delimiter=separator, strict=True), 0
    try:
        for _ in reader:
            end = reader.line_num
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            end = len(lines)  # whoever reads the piece will say so
    return sum(len(line) for line in lines[:end])


def _quotes_within_lines(block: bytes, separator: str) -> bool:
    """Whether every quote surely belongs to a value that is in quotes from its first letter to its last, on
    one line: then every line is a row. Found without reading the rows, for most files are like that.

    The first quote of such a block opens a value, since no line break and no separator before it was in
    quotes; and so does the first one after that value.
    """
    between = re.escape(separator.encode())
    value = rb'"(?:(?<=\n")|(?<=%b"))[^"\n]*(?:""[^"\n]*)*"(?=\r?\n|%b)' % (between, between)
    whole = block.rfind(b"\n") + 1
    quoted = re.findall(value, b"\n" + block[:whole])
    return whole > 0 and block.count(b'"', 0, whole) == sum(each.count(b'"') for each in quoted)
