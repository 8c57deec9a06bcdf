"""What can go wrong with the store, as its callers see it; the library's own exceptions never leave this
package."""


class StoreError(Exception):
    """Anything the store refuses or cannot do; the message names the mend where there is one."""


class StoreUnavailable(StoreError):
    """The server cannot be reached or takes no writes now. A write that raised this may still have happened:
    nothing may be dialled on the strength of it, and `live()` tells, once the store is back, what it left."""


class NotDurable(StoreUnavailable):
    """The claims were written, but the disk did not confirm them in time: none of them may be dialled."""


class StoreUnfit(StoreError):
    """The server answers but must not be used: too old, without a journal, or allowed to forget."""


class StaleState(StoreError):
    """The contact's state was written by somebody else since it was read: read it again and decide again."""
