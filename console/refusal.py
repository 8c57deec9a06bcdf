"""What the command line says when it does not do what was asked: message, reasons, and the mend of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

REFUSED = 1  # exit code; click gives 2 for a wrong option or argument


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way, and what to do about it."""

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}; {self.mend}" if self.mend else self.what


class RefusedError(Exception):
    """Nothing was changed: `message` in one line, `reasons` each with its mend."""

    def __init__(self, message: str, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = tuple(reasons)

    def document(self) -> dict[str, object]:
        """The refusal as `--json` prints it."""
        return {
            "refused": self.message,
            "reasons": [{"what": reason.what, "mend": reason.mend} for reason in self.reasons],
        }
