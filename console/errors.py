"""Which errors of the packages below end in one clear message and no traceback, and how each is told."""

from __future__ import annotations

from console.refusal import Reason, RefusedError

STORE_MEND = (
    "see that the server of redis.url in settings.yaml runs, and that the variable named by redis.secret_env "
    "holds its password; redis: {url: null} runs a built-in one"
)


def expected() -> tuple[type[Exception], ...]:
    """The errors a person can mend. Called once something was raised: nobody else pays for the imports."""
    from agi.errors import AgiError
    from ami_bridge.errors import BridgeError
    from config.errors import ConfigErrors
    from messaging.errors import MessagingError
    from models.errors import ModelError
    from strategies.store.errors import StoreError

    return (RefusedError, ConfigErrors, StoreError, ModelError, AgiError, BridgeError, MessagingError)


def told(error: Exception) -> RefusedError:
    """The error as a refusal: what happened and the mend."""
    from config.errors import ConfigErrors
    from strategies.store.errors import StoreUnavailable

    if isinstance(error, RefusedError):
        return error
    if isinstance(error, ConfigErrors):
        count = f"{len(error.errors)} error{'s' if len(error.errors) > 1 else ''}"
        reasons = [Reason(str(found).removesuffix(f"; {found.mend}"), found.mend) for found in error.errors]
        return RefusedError(f"{count} in the configuration; nothing was changed", reasons)
    if isinstance(error, StoreUnavailable):
        return RefusedError(str(error), [Reason("nothing works without the store", STORE_MEND)])
    return RefusedError(str(error))
