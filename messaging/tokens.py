"""Tokens that stand for one message in addresses and links: nobody else can make one; what they are used for
is left to who writes and who listens."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

_ATTEMPT = re.compile(r"sp-([0-9a-f]{26})")
_TOKEN = re.compile(r"([0-9a-f]{26})([0-9a-f]{24})")
_LENGTH = 24  # hexadecimal digits of the signature, 96 bits; with a prefix a local part stays under 64 bytes
SECRET_BYTES = 32


class Tokens:
    """Makes and reads tokens. They survive being folded to lower case, as mail servers do to addresses."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, attempt: str) -> str:
        """The token of an attempt's message."""
        found = _ATTEMPT.fullmatch(attempt)
        if found is None:
            raise ValueError(f"{attempt!r} is no attempt")
        return found[1] + self._signature(found[1])

    def attempt(self, token: str) -> str | None:
        """The attempt a token stands for; None for one we have not made."""
        found = _TOKEN.fullmatch(token.lower())
        if found is None or not hmac.compare_digest(self._signature(found[1]), found[2]):
            return None
        return f"sp-{found[1]}"

    def _signature(self, identity: str) -> str:
        return hmac.new(self._secret, identity.encode(), sha256).hexdigest()[:_LENGTH]


def kept_secret(data_dir: Path) -> bytes:
    """The secret of this installation's tokens, made at the first use; links work as long as it is kept."""
    file = data_dir / "messages.secret"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(secrets.token_bytes(SECRET_BYTES))
    except FileExistsError:
        pass
    found = file.read_bytes()
    if len(found) != SECRET_BYTES:
        raise ValueError(f"{file} is damaged: remove it; links in messages sent before work no more")
    return found
