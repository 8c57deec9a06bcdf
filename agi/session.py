"""One conversation with Asterisk about one call: commands in order, each with its own answer and a deadline.
The bytes are left to the protocol, the socket to the server, what to say to the handler."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NewType

from agi.admission import Opening
from agi.errors import (
    AgiError,
    CommandFailed,
    CommandTimeout,
    DeadChannel,
    HungUp,
    LocalProtocolError,
    RemoteProtocolError,
    UsageError,
)
from agi.protocol import Hangup, Reply, clean, encode_command, encode_set_variable, encode_set_variables

Digit = NewType("Digit", str)

# Longer than any prompt; the dialplan's own limit of a script ends a call before.
PLAYBACK_DEADLINE = 300.0
# Asterisk answers with a digit's character code.
_DIGITS = {str(ord(digit)): Digit(digit) for digit in "0123456789*#ABCDabcd"}


class AgiSession:
    """A FastAGI session.

    `hung_up` turns true as soon as Asterisk says HANGUP or closes, whatever the handler is doing then. A
    command under way still gets its own answer; the next one raises HungUp and is not sent.

    Every command raises: LocalProtocolError (nothing was sent), HungUp or its DeadChannel, UsageError,
    CommandFailed, CommandTimeout, RemoteProtocolError. After the last two the session is over.
    """

    def __init__(
        self,
        opening: Opening,
        *,
        write: Callable[[bytes], None],
        close: Callable[[], None],
        abort: Callable[[], None],
        deadline: float = 5.0,
    ) -> None:
        self.script: str = opening.script
        self.environment: Mapping[str, str] = opening.environment
        self.arguments: Sequence[str] = opening.arguments
        self.hung_up = False
        self._write = write
        self._close = close
        self._abort = abort
        self._deadline = deadline
        self._owed = False
        self._waiter: asyncio.Future[Reply] | None = None
        self._over: AgiError | None = None

    async def command(self, name: str, *arguments: str | int, deadline: float | None = None) -> Reply:
        """Send one command and return Asterisk's answer to it, always one with code 200.

        `deadline` is in seconds; past it the session is closed, because the answer could still come and be
        taken for another command's.
        """
        return await self._ask(name, encode_command(name, *arguments), deadline)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; raises UnsafeValue for a value the dialplan would expand again."""
        await self._set(name, encode_set_variable(name, value))

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Set all of these or, where one is refused, none: it is one command, which needs func_strings."""
        await self._set(" ".join(values), encode_set_variables(values))

    async def get_variable(self, name: str) -> str | None:
        """The value of a variable or function, cut by Asterisk at 1,023 bytes; None where it is not set."""
        reply = await self.command("GET VARIABLE", name)
        return (reply.data or "") if reply.result == "1" else None

    async def stream_file(
        self, path: str, escape_digits: str = "", offset: int = 0, *, deadline: float = PLAYBACK_DEADLINE
    ) -> Digit | None:
        """Play the sound file `path` (no extension) from the sample `offset` on.

        Returns the digit of `escape_digits` that stopped it, None at its end. Raises CommandFailed when the
        file cannot be played; Asterisk then says AGISTATUS=FAILURE after the session, however that goes on.
        """
        reply = await self.command("STREAM FILE", path, escape_digits, offset, deadline=deadline)
        return await self._digit(reply, f"STREAM FILE {clean(path)}")

    async def wait_for_digit(self, milliseconds: int) -> Digit | None:
        """The next digit pressed within `milliseconds`, None when none was."""
        if milliseconds < 0:
            raise LocalProtocolError(
                "WAIT FOR DIGIT needs a time of 0 ms or more; a negative one waits for ever"
            )
        deadline = milliseconds / 1000 + self._deadline
        reply = await self.command("WAIT FOR DIGIT", milliseconds, deadline=deadline)
        return await self._digit(reply, "WAIT FOR DIGIT")

    async def verbose(self, message: str, level: int = 1) -> None:
        """Write a line to the Asterisk console."""
        await self.command("VERBOSE", message, level)

    def close(self) -> None:
        """End the session: the dialplan goes on at once, and the handler may still do what no caller need
        wait for, within the server's limit of the time after a hang-up."""
        if self._over is None:
            self._over = LocalProtocolError("the handler has closed the session; ask before that")
        self._close()

    def deliver(self, event: Reply | Hangup) -> None:
        """Take the next event from the peer. Raises RemoteProtocolError for an answer nobody asked for."""
        if isinstance(event, Hangup):
            self.hung_up = True
            return
        if not self._owed:
            raise RemoteProtocolError(f"an answer ({event.code}) to no command")
        self._owed = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(event)

    def lost(self, error: AgiError) -> None:
        """The connection is gone because of `error`; whoever waits for an answer is told at once."""
        self.hung_up = True
        if self._over is None:
            self._over = error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._over)

    async def _set(self, name: str, line: bytes) -> None:
        reply = await self._ask("SET VARIABLE", line)
        if reply.result != "1":
            raise CommandFailed(f"SET VARIABLE {name} answered {clean(reply.result)!r}")

    async def _ask(self, name: str, line: bytes, deadline: float | None = None) -> Reply:
        if self._waiter is not None:
            raise LocalProtocolError(
                f"{name} was asked while another command waits for its answer; await that first"
            )
        self._raise_if_over()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._deadline if deadline is None else deadline, self._expire, name)
        try:
            if self._owed:
                # A command whose caller gave up. Speaking now would stop a playback without any answer.
                await self._answer(loop)
                self._raise_if_over()
            self._write(line)
            self._owed = True
            return self._checked(name, await self._answer(loop))
        finally:
            timer.cancel()

    def _expire(self, name: str) -> None:
        self.lost(CommandTimeout(f"no answer to {name} within its deadline"))
        self._abort()

    async def _answer(self, loop: asyncio.AbstractEventLoop) -> Reply:
        self._waiter = loop.create_future()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def _raise_if_over(self) -> None:
        if self._over is not None:
            raise self._over
        if self.hung_up:
            raise HungUp("the caller has hung up")

    def _checked(self, name: str, reply: Reply) -> Reply:
        if reply.code == 200:
            return reply
        if reply.code == 511:
            self.hung_up = True
            raise DeadChannel(f"{name}: the channel was hung up")
        if reply.code in (510, 520):
            raise UsageError(f"{name}: {clean(reply.data or '', 200)}")
        raise CommandFailed(f"{name} answered {reply.code} {clean(reply.data or '')}")

    async def _digit(self, reply: Reply, what: str) -> Digit | None:
        if reply.result == "0":
            return None
        if reply.result == "-1":
            await self._explain_failure(what)
        if reply.result not in _DIGITS:
            raise RemoteProtocolError(f"{what} answered {clean(reply.result)!r}, which is no digit")
        return _DIGITS[reply.result]

    async def _explain_failure(self, what: str) -> None:
        """Tell a hang-up from a failure of the command: Asterisk says -1 to both."""
        self._raise_if_over()
        status = await self.command("CHANNEL STATUS")
        if status.result == "-1":
            raise HungUp("the channel is gone")
        raise CommandFailed(f"{what}: Asterisk could not do it though the call is up; does the file exist?")
