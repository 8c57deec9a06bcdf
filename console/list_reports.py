"""A CSV file of what an import has to tell row by row, written beside it and put in its place at the end."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from console.refusal import Reason, RefusedError

REJECTS = ("row", "column", "reason", "value", "refused")
DUPLICATES = ("row", "contact_id", "what", "number", "lists", "contacts")


class Report:
    """Rows for the file `path`. `what` they are; `mend` is what to do where it cannot be written."""

    def __init__(self, path: Path, columns: Sequence[str], *, what: str, mend: str) -> None:
        self.path = path
        self.rows = 0
        self._what = what
        self._mend = mend
        self._kept = tempfile.TemporaryFile(mode="w+", encoding="utf-8", newline="")  # noqa: SIM115 - see close
        self._writer = csv.writer(self._kept)
        self._writer.writerow(columns)

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows."""
        for row in rows:
            self.rows += 1
            self._writer.writerow(row)

    def keep(self) -> None:
        """Write the file; one of an earlier import does not stay where there is nothing to tell. Raises
        RefusedError."""
        try:
            if not self.rows:
                self.path.unlink(missing_ok=True)
                return
            self._kept.seek(0)
            with self.path.open("w", encoding="utf-8", newline="") as file:
                shutil.copyfileobj(self._kept, file)
        except OSError as error:
            raise RefusedError(
                f"the {self._what} cannot be written to {self.path} ({error.strerror}); nothing was changed",
                [Reason("they go into a file of their own", self._mend)],
            ) from None

    def close(self) -> None:
        """Let go of what was not kept."""
        self._kept.close()
