"""The AMI protocol as a pure core: bytes to messages, actions to bytes; sockets and time are the link's.

A message is a block of `Name: value` lines ended by an empty line. A header is searched for when it is read:
an event nobody looks into costs one search for its name. A lone LF inside a value stays inside the value:
only CR LF ends a line here, as Asterisk itself writes it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ami_bridge.errors import ForbiddenText, ProtocolError

BANNER = b"Asterisk Call Manager/"
MAX_BANNER = 256
"""Bytes before the first line ends. Asterisk's banner has 29; a peer that exceeds this is not a manager."""

MAX_MESSAGE = 1_048_576
"""Bytes of one message. The longest we ask for is one channel's variables; a megabyte is a runaway peer."""

MAX_LINE = 1_022
"""Bytes of one line of an action: Asterisk reads into 1,024 with CR LF, and reads the rest as a new line."""

MAX_HEADERS = 120
"""Lines of one action: Asterisk keeps 128 (AST_MAX_MANHEADERS) and refuses a message with more."""

_END = b"\r\n\r\n"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,63}")
_ACTION_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EXPANDED = re.compile(r"[$\[\]{}(),;&|\"'\\]")
_RESERVED = frozenset({"action", "actionid", "variable"})


class Message:
    """One block from Asterisk. Header names match in any case; of a repeated one `get` gives the first."""

    __slots__ = ("_fields", "name", "raw")

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.raw = raw
        self._fields: dict[str, str] | None = None

    def get(self, header: str, default: str = "") -> str:
        """The value of a header, `default` where there is none; bytes that are not UTF-8 read as U+FFFD."""
        fields = self._fields
        if fields is None:
            (begins, length, small_begins), raw = _marks(header), self.raw
            at = raw.find(begins)
            if at >= 0:
                end = raw.find(b"\r\n", at + length)
                return str(raw[at + length : end if end >= 0 else None], "utf-8", "replace")
            small = raw.lower()
            if small_begins not in small and not small.startswith(small_begins[2:]):
                return default
            fields = self._fields = self._decode()
        value = fields.get(header)
        if value is not None:
            return value
        folded = header.lower()
        return next((text for name, text in fields.items() if name.lower() == folded), default)

    def get_all(self, header: str) -> list[str]:
        """Every value of a header that may be repeated (`ChanVariable`, `Output`), in order."""
        folded = header.lower()
        return [value for name, value in self.pairs() if name.lower() == folded]

    def assignments(self, header: str) -> dict[str, str]:
        """A repeated `NAME=value` header (`ChanVariable`) as a dict."""
        parted = (value.partition("=") for value in self.get_all(header))
        return {name: value for name, sign, value in parted if sign}

    def pairs(self) -> Iterator[tuple[str, str]]:
        """All headers as they came; lines without a colon are passed over."""
        for line in self.raw.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon and name:
                yield name, value.removeprefix(" ")

    @property
    def action_id(self) -> str:
        return self.get("ActionID")

    def _decode(self) -> dict[str, str]:
        lines = self.raw.decode("utf-8", "replace").split("\r\n")
        lines.reverse()  # the later entry wins in a dict: so the first header of a name does
        try:
            return dict([line.split(": ", 1) for line in lines])
        except ValueError:
            return dict(reversed(list(self.pairs())))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, {len(self.raw)} bytes>"


class Event(Message):
    """Something that happened; `name` is the event's name."""

    __slots__ = ()


class Reply(Message):
    """The answer to an action; `name` is its `Response`."""

    __slots__ = ()

    @property
    def success(self) -> bool:
        return self.name in {"Success", "Follows", "Goodbye"}

    @property
    def text(self) -> str:
        return self.get("Message")

    @property
    def output(self) -> list[str]:
        """The lines of a command's output: always a list, of none, one or many."""
        return self.get_all("Output")


class MessageReader:
    """Cuts Asterisk's bytes into messages, however they were split on the way.

    With `wanted` given, events of other names are counted in `skipped` and dropped undecoded, except those
    that carry an ActionID, which may be part of a list somebody asked for. Blocks that are neither event nor
    reply are counted in `unreadable`.
    """

    def __init__(self, wanted: Iterable[str] | None = None) -> None:
        self.version: str | None = None
        self.skipped = 0
        self.unreadable = 0
        self._names = None if wanted is None else {name.encode(): name for name in wanted}
        self._rest = bytearray()

    def feed(self, received: bytes) -> list[Message]:
        """The messages that are complete with these bytes, in the order sent.

        Raises ProtocolError when the peer is not a manager, or a message exceeds MAX_MESSAGE: the stream
        cannot be read on from there.
        """
        searched = max(0, len(self._rest) - len(_END) + 1)
        self._rest += received
        if self.version is None:
            if not self._read_banner():
                return []
            searched = 0
        blocks: list[bytes] = []
        if self._rest.find(_END, searched) >= 0:
            *blocks, rest = bytes(self._rest).split(_END)
            self._rest = bytearray(rest)
        if len(self._rest) >= MAX_MESSAGE + len(_END) or any(len(block) > MAX_MESSAGE for block in blocks):
            raise ProtocolError(f"a message longer than {MAX_MESSAGE} bytes")
        return [message for block in blocks if (message := self._message(block)) is not None]

    def _read_banner(self) -> bool:
        end = self._rest.find(b"\r\n")
        line = bytes(self._rest[: end if end >= 0 else MAX_BANNER + 1])
        begun = line.startswith(BANNER) or (end < 0 and BANNER.startswith(line))
        if not begun or len(line) > MAX_BANNER:
            raise ProtocolError("the peer is not an Asterisk manager: check the host and port")
        if end < 0:
            return False
        self.version = line[len(BANNER) :].decode("ascii", "replace")
        del self._rest[: end + 2]
        return True

    def _message(self, block: bytes) -> Message | None:
        if block.startswith(b"Event: "):
            end = block.find(b"\r\n")
            key = block[7:end] if end >= 0 else block[7:]
            if self._names is None:
                return Event(key.decode("utf-8", "replace"), block)
            name = self._names.get(key)
            if name is not None:
                return Event(name, block)
            if b"\r\nActionID: " in block:
                return Event(key.decode("utf-8", "replace"), block)
            self.skipped += 1
            return None
        if block.startswith(b"Response: "):
            return Reply(block[10:].partition(b"\r\n")[0].decode("utf-8", "replace"), block)
        self.unreadable += bool(block)
        return None


SETS = "Setvar"
"""The action that takes its one variable in two headers."""


def encode_action(
    action: str,
    headers: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
    *,
    action_id: str,
) -> bytes:
    """One action as bytes, or ForbiddenText: nothing is ever stripped or shortened to make it fit.

    A value may hold any text but control characters; a channel variable's value also none of the characters
    by which Asterisk would expand it or cut it in two (`$ { } [ ] ( ) , ; & |`, quotes and backslash).
    """
    lines = [
        _line("Action", _matching(_NAME, action, "an action's name")),
        _line("ActionID", _matching(_ACTION_ID, action_id, "an ActionID")),
    ]
    for name, value in headers.items():
        if _header_name(name).lower() in _RESERVED:
            raise ForbiddenText(f"the header {name} is the link's own: give it by its argument")
        lines.append(_line(name, value))
    for name, value in (variables or {}).items():
        _variable_name(name)
        if _EXPANDED.search(value):
            raise ForbiddenText(f"the channel variable {name} holds a character that Asterisk would expand")
        if action == SETS:
            lines += [_line("Variable", name), _line("Value", value)]
        else:
            lines.append(_line("Variable", f"{name}={value}"))
    if len(lines) > MAX_HEADERS:
        raise ForbiddenText(f"{action} has {len(lines)} headers; Asterisk takes {MAX_HEADERS}")
    return b"\r\n".join(lines) + _END


def clean(text: str, limit: int = 120) -> str:
    """A peer's text made fit for a log or an error: printable, and cut."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


@lru_cache(maxsize=256)
def _marks(header: str) -> tuple[bytes, int, bytes]:
    """How a line with this header begins as Asterisk writes it, in how many bytes, and in small letters."""
    name = header.encode()
    return b"\r\n%b: " % name, len(name) + 4, b"\r\n%b:" % name.lower()


@lru_cache(maxsize=256)
def _header_name(name: str) -> str:
    return _matching(_NAME, name, "a header's name")


@lru_cache(maxsize=256)
def _variable_name(name: str) -> str:
    return _matching(_VARIABLE, name, "a channel variable's name")


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ForbiddenText(f"{clean(text, 40)!r} cannot be {what}")
    return text


def _line(name: str, value: str) -> bytes:
    if _CONTROL.search(value):
        raise ForbiddenText(f"the value of {name} holds a control character")
    try:
        line = f"{name}: {value}".encode()
    except UnicodeEncodeError:
        raise ForbiddenText(f"the value of {name} is not text that UTF-8 can carry") from None
    if len(line) > MAX_LINE:
        raise ForbiddenText(f"{name} has {len(line)} bytes; Asterisk reads {MAX_LINE} of a line")
    return line
