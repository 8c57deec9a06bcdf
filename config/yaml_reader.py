"""Reads one YAML file into plain data and remembers where each value stood; the models say what they mean.

The scalars are those of YAML 1.2's core schema (`12:30`, `NO` and `2024-01-01` are text). Two things are
text because they are codes and not quantities: digits with a leading zero (`02134`) and digits after a plus
sign (`+12125550100`). Keys are always text, as written: `{1: agent}` has the key "1".
Duplicate keys, tags, several documents in one file, deep nesting and aliases that multiply are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from config.errors import ConfigError, ConfigErrors, Path_, path_text, shown

MAX_BYTES = 1_000_000  # four hundred times the largest campaign seen; ten megabytes take seconds to check
MAX_DEPTH = 40  # the grammar itself goes nine deep
MAX_VALUES = 200_000  # aliases count as what they stand for

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_OTHER_BASE = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+|(?<=[0-9])\.|(?<=[0-9])(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?"
)

Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its data, and for each path the line and column (from 1) it begins at."""

    file: Path
    data: object
    positions: Mapping[Path_, Position] = field(repr=False)
    excused: frozenset[Path_] = frozenset()  # places at which a fault is none here

    def position(self, path: Path_) -> Position | tuple[None, None]:
        """Where the path stands, or the nearest thing around it that the file has."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return None, None

    def error(self, path: Path_, message: str, mend: str = "") -> ConfigError:
        """An error at that path of this file."""
        line, column = self.position(path)
        return ConfigError(self.file, line, column, path_text(path), message, mend)


def read(file: Path) -> Document:
    """The file's data. Raises ConfigErrors for what cannot be read."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise _whole(
            file, f"cannot be read: {error.strerror}", "check the path and its permissions"
        ) from None
    return parse(raw, file)


def parse(raw: bytes, file: Path) -> Document:
    """The data of the bytes of `file`. Raises ConfigErrors with the place of what is no YAML."""
    if len(raw) > MAX_BYTES:
        raise _whole(file, f"is larger than {MAX_BYTES:,} bytes", "split it; people belong in a list")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = raw.count(b"\n", 0, error.start) + 1, error.start - raw.rfind(b"\n", 0, error.start)
        mend = "save the file with the encoding UTF-8"
        raise ConfigErrors([ConfigError(file, line, column, "", "is not UTF-8 text", mend)]) from None
    if control := _NOT_YAML.search(text):
        before = text[: control.start()]
        place = (before.count("\n") + 1, control.start() - before.rfind("\n"))
        message = f"holds the control character U+{ord(control[0]):04X}"
        raise ConfigErrors([ConfigError(file, *place, "", message, "remove it")])
    return _Builder(file, text).document()


def scalar(text: str) -> object:
    """What a plain scalar stands for: nothing, a truth value, a number, or the text itself."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def _whole(file: Path, message: str, mend: str) -> ConfigErrors:
    return ConfigErrors([ConfigError(file, None, None, "", message, mend)])


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value an alias may stand for, and how many values it holds."""

    value: object
    size: int


class _Builder:
    """Builds data from the parser's events, so that depth and size are known before memory is spent."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._loader = yaml.CSafeLoader(text)
        self._positions: dict[Path_, Position] = {}
        self._anchors: dict[str, _Anchored] = {}
        self._values = 0
        self._errors: list[ConfigError] = []

    def document(self) -> Document:
        try:
            data = self._stream()
        except yaml.MarkedYAMLError as error:
            raise ConfigErrors([*self._errors, _syntax_error(self._file, error)]) from None
        finally:
            self._loader.dispose()
        if self._errors:
            raise ConfigErrors(self._errors)
        return Document(self._file, data, self._positions)

    def _stream(self) -> object:
        self._next()
        data = None
        if not self._loader.check_event(yaml.StreamEndEvent):
            self._next()
            data = self._value((), self._next())
            self._next()
        if not self._loader.check_event(yaml.StreamEndEvent):
            raise self._stop(self._next(), (), "a second document begins here", "keep one document per file")
        return data

    def _next(self) -> yaml.Event:
        event = self._loader.get_event()
        assert event is not None  # noqa: S101 - only after the stream's end, which is never asked for
        return event

    def _value(self, path: Path_, event: yaml.Event) -> object:
        self._positions.setdefault(path, _position(event))
        self._count(path, event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(path, event)
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag not in (None, "!"):
            raise self._stop(
                event, path, f"the tag {shown(tag)} is not allowed", "write the value without it"
            )
        before = self._values
        value = self._untagged(path, event)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, self._values - before + 1)
        return value

    def _untagged(self, path: Path_, event: yaml.Event) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return scalar(event.value) if event.implicit[0] else event.value
        if len(path) >= MAX_DEPTH:
            raise self._stop(event, path[:3], f"is nested more than {MAX_DEPTH} deep", "close the brackets")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _alias(self, path: Path_, event: yaml.AliasEvent) -> object:
        name = event.anchor or ""
        anchored = self._anchors.get(name)
        if anchored is None:
            raise self._stop(
                event, path, f"no &{name} stands above", "define it before its use, or quote the text"
            )
        self._count(path, event, anchored.size)
        return anchored.value

    def _sequence(self, path: Path_) -> list[object]:
        values: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value((*path, len(values)), event))
        return values

    def _mapping(self, path: Path_) -> dict[str, object]:
        values: dict[str, object] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(path, event)
            here = (*path, key)
            if key in lines:
                message = (
                    f"{shown(key)} is written twice, in line {lines[key]} and line {_position(event)[0]}"
                )
                self._errors.append(self._wrong(event, here, message, "keep one of the two"))
            lines.setdefault(key, _position(event)[0])
            self._positions.setdefault(here, _position(event))
            values[key] = self._value(here, self._next())
        return values

    def _key(self, path: Path_, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop(event, path, "a key must be a word", "quote the text if it begins with { [ or *")
        self._count(path, event, 1)
        return str(event.value)

    def _count(self, path: Path_, event: yaml.Event, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise self._stop(event, path[:3], f"holds more than {MAX_VALUES:,} values", "write less")

    def _stop(self, event: yaml.Event, path: Path_, message: str, mend: str) -> ConfigErrors:
        return ConfigErrors([*self._errors, self._wrong(event, path, message, mend)])

    def _wrong(self, event: yaml.Event, path: Path_, message: str, mend: str) -> ConfigError:
        return ConfigError(self._file, *_position(event), path_text(path), message, mend)


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _syntax_error(file: Path, error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    problem = " ".join(part for part in (error.context, error.problem) if part)
    return ConfigError(file, line, column, "", f"is not YAML: {shown(problem, 120)}", _mend_of(problem))


def _mend_of(problem: str) -> str:
    """What usually mends the parser's complaint."""
    if "\\t" in problem or "token" in problem:
        return "indent by spaces, and quote text that begins with @ ` % & * ! | > { or ["
    if "mapping values" in problem:
        return "quote text that holds a colon and a space"
    if "alias" in problem or "anchor" in problem:
        return 'quote text that begins with * or &, such as "*"'
    return "check the indentation, the brackets and the quotes of this line and the one before"
