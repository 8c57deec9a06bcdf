"""Which rows of a file stand for a contact that an earlier row stood for; the contacts seen are kept on disk,
so that memory does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import repeat

CACHE = 16384  # KiB of what has been seen that stay in memory


class Seen:
    """The contacts of one file, by contact_id and debt.

    The same contact_id with another debt is a second contact, known as `ID/DEBT`; with the same debt, or
    without the attribute that tells two debts apart, it is a duplicate.
    """

    def __init__(self) -> None:
        self._kept = sqlite3.connect(
            "", isolation_level=None
        )  # a file of the system's, gone with the connection
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE}"):
            self._kept.execute(f"PRAGMA {setting}")
        self._kept.execute("CREATE TABLE first (id TEXT PRIMARY KEY, owed TEXT, turn INT) WITHOUT ROWID")
        self._kept.execute("CREATE TABLE further (id TEXT, owed TEXT, PRIMARY KEY (id, owed)) WITHOUT ROWID")
        self._kept.execute("BEGIN")
        self._add = self._kept.cursor().execute
        self._turn = 0

    def identities(self, given: Sequence[str], owed: Sequence[str]) -> Sequence[str | None]:
        """The ids many contacts get, None for duplicates; the same as one after the other.

        Most often nobody was seen before: that is tried first, and taken back where it is not so.
        """
        before, self._turn = self._kept.total_changes, self._turn + 1
        rows = zip(given, owed, repeat(self._turn), strict=False)
        self._kept.executemany("INSERT OR IGNORE INTO first VALUES (?, ?, ?)", rows)
        if self._kept.total_changes - before == len(given):
            return given
        self._kept.executemany(
            "DELETE FROM first WHERE id = ? AND turn = ?", zip(given, repeat(self._turn), strict=False)
        )
        return [self.identity(*one) for one in zip(given, owed, strict=True)]

    def identity(self, given: str, owed: str) -> str | None:
        """The id the contact gets, or None for a duplicate."""
        if self._add("INSERT OR IGNORE INTO first VALUES (?, ?, 0)", (given, owed)).rowcount == 1:
            return given
        if not owed or self._add("SELECT owed FROM first WHERE id = ?", (given,)).fetchone()[0] == owed:
            return None
        if self._add("INSERT OR IGNORE INTO further VALUES (?, ?)", (given, owed)).rowcount == 0:
            return None
        name = f"{given}/{owed}"
        return (
            name
            if self._add("INSERT OR IGNORE INTO first VALUES (?, '', 0)", (name,)).rowcount == 1
            else None
        )

    def close(self) -> None:
        """Forget them."""
        self._kept.close()
