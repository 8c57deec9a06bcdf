"""What is wrong with the files, told so that the user can mend it: one error per mistake, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Key = str | int
Path_ = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One mistake: `line` and `column` count from 1 and are None where a whole file or directory is meant.

    `path` is the key's place in the file (`strategy.passes[1].retry.busy`), empty for the file itself.
    """

    file: Path
    line: int | None
    column: int | None
    path: str
    message: str
    mend: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        told = f"{self.message}; {self.mend}" if self.mend else self.message
        return clean(f"{place} {self.path}: {told}" if self.path else f"{place}: {told}")


class ConfigErrors(Exception):
    """Every mistake that was found, in the order of the files and of their lines."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda e: (str(e.file), e.line or 0, e.column or 0, e.path)))
        super().__init__("\n".join(str(error) for error in self.errors))


def path_text(path: Path_) -> str:
    """A path as people write it: keys by dots, places in a list in brackets."""
    text = ""
    for key in path:
        name = f"[{key}]" if isinstance(key, int) else clean(key)[:40]
        text += f".{name}" if text and isinstance(key, str) else name
    return text


def clean(text: str) -> str:
    """The text without characters that a terminal would act upon."""
    return "".join(c if c.isprintable() else "?" for c in text)


def shown(value: object, limit: int = 60) -> str:
    """A value as the user may have written it, short and without control characters."""
    text = f'"{value}"' if isinstance(value, str) else _as_yaml(value)
    return clean(text if len(text) <= limit else text[: limit - 1] + "…")


def _as_yaml(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    return str(value)
