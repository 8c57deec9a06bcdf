"""Asterisk's side of an AGI session for tests: what it sends at its opening, how it reads a command, and a
peer that answers the commands of a session from a list."""

import asyncio
import contextlib
from collections.abc import Sequence

ENVIRONMENT = b"""agi_network: yes
agi_network_script: segment
agi_request: agi://127.0.10.4:4573/segment
agi_channel: PJSIP/carrier-0000002a
agi_language: en
agi_type: PJSIP
agi_uniqueid: 1793310000.42
agi_version: 22.10.1
agi_callerid: +12025550142
agi_calleridname: Zo\xc3\xab "Z" O'Neill
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 5000
agi_rdnis: unknown
agi_context: secondpass-segment
agi_extension: s
agi_priority: 5
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140201230964416
agi_arg_1: s3cret
agi_arg_2: HUMAN
agi_arg_3: HUMAN-800-600

"""

SHORT_ENVIRONMENT = b"agi_network_script: segment\nagi_arg_1: s3cret\n\n"

# As Asterisk 22.10.1 answers a DATABASE GET without arguments.
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"Retrieves an entry in the Asterisk database for a given <replaceable>family</replaceable> and "
    b"<replaceable>key</replaceable>.\n"
    b"Returns <literal>0</literal> if <replaceable>key</replaceable> is not set.\n"
    b"Example return code: 200 result=1 (testvariable)\n"
    b"520 End of proper usage.\n"
)

# What a session on 22.10.1 answered to: SET VARIABLE, GET VARIABLE of two lines and of none, WAIT FOR DIGIT,
# an unknown command, STREAM FILE of a missing file, CHANNEL STATUS, VERBOSE, WAIT FOR DIGIT with a hang-up in
# it, CHANNEL STATUS, and SET VARIABLE on the dead channel.
RECORDED = (
    b"200 result=1\n200 result=1 (one\ntwo)\n200 result=0\n200 result=0\n510 Invalid or unknown command\n"
    b"200 result=-1 endpos=0\n200 result=6\n200 result=1\n200 result=-1\nHANGUP\n"
    b"511 Command Not Permitted on a dead channel or intercept routine\n200 result=1\nHANGUP\n"
)


def asterisk_reads(line: str) -> list[str]:
    """The arguments Asterisk makes of a command line, character by character as `parse_args` of res_agi.c."""
    arguments: list[str] = []
    quoted = escaped = False
    whitespace = True
    for character in line:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and whitespace:
                arguments.append("")
                whitespace = False
        elif character in " \t" and not quoted and not escaped:
            whitespace = True
        elif character == "\\" and not escaped:
            escaped = True
        else:
            if whitespace:
                arguments.append("")
                whitespace = False
            arguments[-1] += character
            escaped = False
    return arguments


class Peer:
    """One connection to the server under test, from Asterisk's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, opening: bytes = ENVIRONMENT, *, source: str = "127.0.0.1") -> "Peer":
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        peer = cls(reader, writer)
        peer.send(opening)
        return peer

    def send(self, answer: bytes) -> None:
        self._writer.write(answer)

    def half_close(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    async def command(self) -> list[str]:
        """The next command's words; empty at the end of the session."""
        line = await asyncio.wait_for(self._reader.readline(), 5)
        return asterisk_reads(line.decode().rstrip("\n"))

    async def serve(self, answers: Sequence[bytes]) -> list[list[str]]:
        """Answer one command after the other; returns what was asked, to the end of session or answers."""
        asked = []
        for answer in answers:
            words = await self.command()
            if not words:
                break
            asked.append(words)
            self.send(answer)
        return asked

    async def ended(self) -> bytes:
        """What came until the server closed."""
        try:
            return await asyncio.wait_for(self._reader.read(), 5)
        except ConnectionError:
            return b""
        finally:
            await self.close()

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
