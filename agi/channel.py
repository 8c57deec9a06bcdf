"""What a handler that only sets variables sees of a call, whichever way the call came in: over FastAGI or
over the local socket. Playing, reading digits and the rest are the FastAGI session's alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol


class Channel(Protocol):
    """One call at the moment its dialplan asks us."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Asterisk's headers (`agi_callerid`, `agi_uniqueid`, ...) without the `agi_arg_N`."""

    @property
    def arguments(self) -> Sequence[str]:
        """What the dialplan passed behind the token."""

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable. Raises LocalProtocolError for what must not be set, HungUp if too late."""

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Set all of these or none; raises as `set_variable`."""

    def close(self) -> None:
        """Let the call go on. Nothing more can be asked of it, but the handler may still do what nobody need
        wait for."""


ChannelHandler = Callable[[Channel], Awaitable[None]]
