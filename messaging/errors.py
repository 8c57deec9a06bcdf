"""What can go wrong in messaging, as its callers see it."""


class MessagingError(Exception):
    """Anything this package raises on purpose; the message names the mend."""


class MessengerRefused(MessagingError):
    """The messenger does not start, or may not go on."""
