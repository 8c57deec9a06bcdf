"""What a mail that came in to one of our addresses says: a bounce, a complaint, a reply, or nothing to us.
Pure; whose address it was is told before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from messaging.gateway import clean
from strategies.messages import STOP, Notice, Words, response_to
from strategies.vocabulary import Medium, Result

_PERMANENT = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b|^\s*5[0-5]\d[ -]", re.MULTILINE)
_STOPPED = f"{Medium.EMAIL}_{STOP}"
_PARTS, _TEXT = 50, 20_000  # parts that are looked at, and characters of one
_ACTIONS = {"failed": Result.UNDELIVERED, "delivered": Result.DELIVERED}


def read_mail(content: bytes, attempt: str, sender: str, at: float, words: Words) -> Notice | None:
    """What a mail about the message of `attempt` says; None for one that says nothing: a delay, an automatic
    answer. `sender` is that of its envelope, empty for a bounce."""
    mail = BytesParser(policy=compat32).parsebytes(content)
    if (report := _status(mail)) is not None:
        result, reason = report
        return _report(attempt, at, result, reason) if result is not None else None
    if any(part.get_content_type() == "message/feedback-report" for part in _parts(mail)):
        return Notice("unsubscribe", at, Medium.EMAIL, attempt, responses=(_STOPPED,), reason="complaint")
    if not sender or _is_automatic(mail):
        return _undeclared(mail, attempt, at) if not sender else None
    response = response_to(_text(mail), Medium.EMAIL, words)
    if response_to(_header(mail, "Subject"), Medium.EMAIL, words) == _STOPPED:
        response = _STOPPED
    return Notice("reply", at, Medium.EMAIL, attempt, result=Result.REPLIED, responses=(response,))


def _report(attempt: str, at: float, result: Result, reason: str) -> Notice:
    return Notice("report", at, Medium.EMAIL, attempt, result=result, reason=clean(reason))


def _status(mail: Message) -> tuple[Result | None, str] | None:
    """Result and reason of a delivery status notification (RFC 3464); None for any other mail."""
    for part in _parts(mail):
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message) and (action := _header(block, "Action").lower()):
                said = f"{_header(block, 'Status')} {_header(block, 'Diagnostic-Code')}".strip()
                return _ACTIONS.get(action), said
        return None, ""
    return None


def _undeclared(mail: Message, attempt: str, at: float) -> Notice | None:
    """A bounce in plain words, as some servers write it: believed where it shows a permanent code."""
    found = _PERMANENT.search(_text(mail))
    if found is None or _header(mail, "Auto-Submitted").lower().startswith("auto-replied"):
        return None
    return _report(attempt, at, Result.UNDELIVERED, found[0].strip())


def _is_automatic(mail: Message) -> bool:
    """An answer no person wrote (RFC 3834, and what is used beside it)."""
    declared = _header(mail, "Auto-Submitted").lower() or "no"
    return declared != "no" or _header(mail, "Precedence").lower() in ("bulk", "junk", "auto_reply")


def _parts(mail: Message) -> Iterator[Message]:
    for place, part in enumerate(mail.walk()):
        if place >= _PARTS:
            return
        yield part


def _text(mail: Message) -> str:
    """The first plain text in it."""
    for part in _parts(mail):
        if part.get_content_type() != "text/plain" or part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return _decoded(payload[: 4 * _TEXT], part.get_content_charset("utf-8"))[:_TEXT]
    return ""


def _decoded(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")


def _header(mail: Message, name: str) -> str:
    return " ".join(str(mail.get(name, "")).split())
