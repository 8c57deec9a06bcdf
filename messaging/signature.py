"""Whether a webhook comes from who shares the secret, and just now; pure."""

from __future__ import annotations

import hmac
from hashlib import sha256


def fault_of(  # noqa: PLR0913  a request has these parts
    *, secret: str, body: bytes, signature: str, timestamp: str, now: float, within: float
) -> str | None:
    """Why a request is not believed; None if it is.

    The signature is the hexadecimal HMAC-SHA256 of `TIMESTAMP.BODY` (a prefix `sha256=` may stand before it);
    the timestamp, in epoch seconds, may be `within` seconds from `now` on either side. The comparison takes
    the same time for every wrong signature.
    """
    given = signature.removeprefix("sha256=").lower()
    wanted = hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        return "signature"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return "timestamp"
    return None if abs(now - int(timestamp)) <= within else "timestamp"
