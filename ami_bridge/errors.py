"""What can go wrong in the bridge; says nothing of what a caller does about it."""


class BridgeError(Exception):
    """Anything this package raises on purpose; the message names the mend."""


class AmiError(BridgeError):
    """Anything the AMI link raises."""


class ProtocolError(AmiError):
    """The peer did wrong: it is not an Asterisk manager, or sends without end."""


class ForbiddenText(AmiError, ValueError):
    """We did wrong: a name or value that would become something else on the wire. Nothing was sent."""


class ActionNotAllowed(AmiError):
    """We did wrong: an action, header or context this plugin never sends. Nothing was sent."""


class NotConnected(AmiError):
    """There is no logged-in link. Nothing was sent."""


class LoginRefused(AmiError):
    """Asterisk refused our user or secret."""


class UnsafeAsterisk(AmiError):
    """Asterisk is too old, or of unknown age, to be trusted with an Originate."""


class ActionRefused(AmiError):
    """Asterisk read the action and answered with an error; `text` is its message, cleaned."""

    def __init__(self, action: str, text: str) -> None:
        super().__init__(f"Asterisk refused {action}: {text}")
        self.action = action
        self.text = text


class OutcomeUnknown(AmiError):
    """The action was sent, and whether Asterisk did it is not known. Ask a snapshot; never just repeat it."""

    def __init__(self, action: str, why: str) -> None:
        super().__init__(f"{action} was sent but not answered: {why}")
        self.action = action
        self.why = why
