"""Addresses of other machines, and the secrets they ask for, as the settings write them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from config.errors import ConfigError, ConfigErrors, shown
from config.scalars import Whole, at_least, wrong

FILE = Path("settings.yaml")


def _host(value: object) -> str:
    host = value if isinstance(value, str) else ""
    if not host or len(host) > 253 or not all(c.isalnum() or c in ".-:" for c in host):
        raise wrong(f"{shown(value)} is not a host", 'write an address or a name, such as "127.0.0.1"')
    return host


def url_with(schemes: tuple[str, ...]) -> BeforeValidator:
    """An address with one of these schemes, and no password in it."""

    def check(value: object) -> str:
        example = f"write an address such as {schemes[0]}://127.0.0.1"
        try:
            split = urlsplit(value if isinstance(value, str) else "")
            split.port  # noqa: B018 - reading it checks it
        except ValueError:
            raise wrong(f"{shown(value)} is not a URL", example) from None
        if split.scheme not in schemes or not (split.hostname or split.path):
            raise wrong(f"{shown(value)} is not a URL of {' or '.join(schemes)}", example)
        if split.password:
            raise wrong("holds a password", "name the environment variable that holds it instead")
        return str(value)

    return BeforeValidator(check)


Host = Annotated[str, BeforeValidator(_host)]
Port = Annotated[Whole, at_least(1, 65535)]


def secret_of(variable: str, path: str) -> str:
    """The secret in an environment variable, which the setting at `path` names. Raises ConfigErrors where the
    environment lacks it."""
    value = os.environ.get(variable)
    if not value:
        mend = f"set it to the secret before the start: export {variable}=..."
        raise ConfigErrors([ConfigError(FILE, None, None, path, f"the environment lacks {variable}", mend)])
    return value
