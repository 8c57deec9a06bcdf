"""The AGI wire format as a pure core: bytes in, events out; words in, one command line out. Sockets,
deadlines and the meaning of an answer are left to the session.

Source of the format: res_agi.c and app AGI of Asterisk 22.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agi.errors import LocalProtocolError, RemoteProtocolError, UnsafeValue

# Asterisk cuts a longer line and reads its rest as the next command: 22.10 after 8,191 bytes, older ones
# after 2,047. No command of ours needs more.
MAX_COMMAND = 1_900
# About 26 headers and at most 127 arguments, a channel variable holding at most 4,096 bytes in practice.
MAX_ENVIRONMENT = 65_536
MAX_ENVIRONMENT_LINES = 200
# The longest honest answer is a variable's value or a usage text, both a few kilobytes.
MAX_REPLY = 65_536

_COMMAND = re.compile(r"[A-Z]+(?: [A-Z]+)*")
_HEADER = re.compile(r"^(agi_[a-z0-9_]+): (.*)$", re.MULTILINE)
_REPLY = re.compile(r"([1-9]\d\d)(?: (.*))?", re.DOTALL | re.ASCII)
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(.*)", re.DOTALL)
_ENDPOS = re.compile(r" endpos=(\d{1,18})(?!\d)", re.ASCII)
_USAGE_END = "520 End of proper usage."
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}")
_EXPANDED = frozenset('${}[],&;|()\\"')


@dataclass(frozen=True, slots=True)
class Environment:
    """The headers Asterisk opens a session with, in its order, arguments (`agi_arg_N`) included."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command.

    `result` is what follows `result=` ("" when there is none), `data` the text in parentheses or None,
    `endpos` the position in samples of a playback. For a code other than 200 `data` is the whole text,
    for a 520 its usage lines.
    """

    code: int
    result: str
    data: str | None = None
    endpos: int | None = None


@dataclass(frozen=True, slots=True)
class Hangup:
    """The line HANGUP: it comes between answers, in the middle of a session and again at its end."""


Event = Environment | Reply | Hangup


def encode_command(name: str, *arguments: str | int) -> bytes:
    """One command line: `name` as it stands, every argument in quotes with `"` and `\\` escaped.

    Raises LocalProtocolError for a name that is no AGI command, for control characters (a newline would begin
    a second command) and for a line of more than MAX_COMMAND bytes.
    """
    if not _COMMAND.fullmatch(name):
        raise LocalProtocolError(f"{name!r} is not an AGI command name; write its words in capitals")
    line = " ".join((name, *(quoted(str(argument)) for argument in arguments)))
    try:
        encoded = line.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(
            f"an argument of {name} holds a lone surrogate; decode it properly"
        ) from error
    if len(encoded) > MAX_COMMAND:
        raise LocalProtocolError(
            f"{name} with its arguments is {len(encoded)} bytes long; Asterisk would cut it, send at most "
            f"{MAX_COMMAND}"
        )
    return encoded + b"\n"


def encode_set_variable(name: str, value: str) -> bytes:
    """The command that sets the channel variable `name`.

    Raises LocalProtocolError as `encode_command`, for a name that is no plain variable's (a function's, say),
    and UnsafeValue for a value the dialplan would expand again.
    """
    return encode_command("SET VARIABLE", _variable(name), plain(value))


def encode_set_variables(values: Mapping[str, str]) -> bytes:
    """The command that sets all of these, by ARRAY() of func_strings; raises as `encode_set_variable`.

    ARRAY() takes a hundred of them, split at commas, and no plain value holds one.
    """
    names = ",".join(map(_variable, values))
    return encode_command("SET VARIABLE", f"ARRAY({names})", ",".join(map(plain, values.values())))


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise LocalProtocolError(f"{clean(name)!r} is not a channel variable's name")
    return name


def quoted(argument: str) -> str:
    """`argument` in quotes, read back by AGI as the same text; LocalProtocolError on control characters."""
    if not argument.isprintable() and any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in argument):
        raise LocalProtocolError(f"an argument holds a control character: {clean(argument)!r}; remove it")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def plain(value: str) -> str:
    """`value` itself if the dialplan may expand it again without harm; raises UnsafeValue otherwise.

    A variable's value is substituted into later dialplan lines, where `${...}`, `$[...]` and the separators
    of arguments have a meaning.
    """
    if not _EXPANDED.isdisjoint(value):
        raise UnsafeValue(
            f"{clean(value)!r} holds a character the dialplan expands; take it out at its source"
        )
    return value


def clean(text: str, limit: int = 80) -> str:
    """What a peer wrote, fit for a log line: printable characters only, at most `limit` of them."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class AgiReader:
    """Cuts the bytes of one session into events; where the reads fell makes no difference."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._started = False
        self._lines: list[str] = []
        self._held = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take `chunk` and return the events it completes.

        The iterator raises RemoteProtocolError where the bytes stop making sense; nothing can be read after.
        """
        self._buffer += chunk
        return self._events()

    def _events(self) -> Iterator[Event]:
        if not self._started:
            block = self._take(b"\n\n", MAX_ENVIRONMENT)
            if block is None:
                return
            self._started = True
            yield _environment(block)
        while (line := self._take(b"\n", MAX_REPLY)) is not None:
            event = self._line(line.decode(errors="replace"))
            if event is not None:
                yield event

    def _take(self, end: bytes, limit: int) -> bytes | None:
        """The bytes up to `end`, looking only where it can newly be; None while it has not come."""
        found = self._buffer.find(end, self._searched)
        if (found if found >= 0 else len(self._buffer)) > limit:
            raise RemoteProtocolError(f"more than {limit} bytes without the end of a line")
        if found < 0:
            self._searched = max(0, len(self._buffer) - len(end) + 1)
            return None
        taken = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        self._searched = 0
        return taken

    def _line(self, line: str) -> Event | None:
        if self._lines:
            return self._continued(line)
        if line == "HANGUP":
            return Hangup()
        if line.startswith("520-") or _is_open_value(line):
            self._hold(line)
            return None
        return _reply(line)

    def _continued(self, line: str) -> Event | None:
        """A further line of a usage text, or of a value that holds newlines."""
        self._hold(line)
        usage = self._lines[0].startswith("520-")
        # The usage text need not end with a newline of its own, so the closing words may stand behind it.
        if not line.endswith(_USAGE_END if usage else ")"):
            return None
        text = "\n".join(self._lines)
        self._lines, self._held = [], 0
        return Reply(520, "", text[4:].removesuffix(_USAGE_END).strip()) if usage else _reply(text)

    def _hold(self, line: str) -> None:
        self._lines.append(line)
        self._held += len(line) + 1
        if self._held > MAX_REPLY:
            raise RemoteProtocolError(f"an answer of more than {MAX_REPLY} characters")


def _environment(block: bytes) -> Environment:
    lines = block.count(b"\n") + 1
    if lines > MAX_ENVIRONMENT_LINES:
        raise RemoteProtocolError(f"an environment of {lines} lines; at most {MAX_ENVIRONMENT_LINES}")
    text = block.decode(errors="replace")
    headers: dict[str, str] = dict(_HEADER.findall(text))
    if len(headers) != lines:
        # A doubled name or a stray line means that some value held a newline: whose word counts is unknown.
        raise RemoteProtocolError(f"not an AGI environment: {clean(text)!r}")
    return Environment(headers)


def _is_open_value(line: str) -> bool:
    """A value in parentheses of which only the first line has come."""
    return line.startswith("200 result=") and " (" in line and ")" not in line


def _reply(line: str) -> Reply | None:
    """The answer in `line`; None for a provisional one (1xx), which the real one follows."""
    match = _REPLY.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(f"not an AGI answer: {clean(line)!r}")
    code, text = int(match[1]), match[2] or ""
    if code < 200:
        return None
    parts = _RESULT.match(text)
    if code != 200 or parts is None:
        return Reply(code, "", text)
    endpos = _ENDPOS.search(parts[3])
    return Reply(code, parts[1], parts[2], int(endpos[1]) if endpos else None)
