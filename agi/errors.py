"""Everything that can go wrong in an AGI session, as one tree: what we did wrong, what Asterisk did wrong,
and what merely happened to the call. Who catches what is left to the session's handler and to the server."""


class AgiError(Exception):
    """The root of this package's errors."""


class LocalProtocolError(AgiError):
    """We did wrong. Where it is about a command, nothing of that command reached Asterisk."""


class UnsafeValue(LocalProtocolError):
    """A value the dialplan would expand a second time: refuse it where it comes from."""


class UsageError(LocalProtocolError):
    """Asterisk did not know the command (510) or its arguments (520); the message holds its usage text."""


class RemoteProtocolError(AgiError):
    """The peer did wrong: it spoke no AGI, was out of step, or went past a size limit."""


class Refused(AgiError):
    """A session that is not let in; `reason` is a fixed word for logs and counters."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class ListenFailed(AgiError):
    """The address or the socket could not be listened on; the message says what to look at."""


class CommandFailed(AgiError):
    """Asterisk carried a command out without success while the channel was still up."""


class CommandTimeout(AgiError):
    """Asterisk owed an answer past the command's deadline; the session was closed."""


class HungUp(AgiError):
    """The call or the connection ended: nothing more can be asked of this channel."""


class DeadChannel(HungUp):
    """Asterisk answered 511: it noticed the hang-up before we did."""
