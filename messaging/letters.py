"""What one message says, to whom, and by which addresses its answers come back; pure. Sending is left to the
gateways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from config.gateways import sender_of
from messaging.tokens import Tokens
from strategies.campaign import Pass
from strategies.contacts import Contact, Device
from strategies.templates import fill
from strategies.vocabulary import Medium

UNFOLDED = SMTP.clone(max_line_length=998)  # a link in a header that is folded is a broken link
BOUNCE, REPLY = "bounce+", "reply+"
UNSUBSCRIBE = "/unsubscribe/"  # path of the page, before the token
_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Text:
    """A text message: `number` in E.164, `key` the same for no other message."""

    key: str
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """An email as it goes to the mail server: `mail_from` is where it bounces to."""

    key: str
    mail_from: str
    to: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Return:
    """By which addresses answers come back. Without `domain`, mail is answered to the sender alone; without
    `public_url`, who wants no more has no page to say so."""

    sender: str
    tokens: Tokens
    domain: str | None = None
    public_url: str | None = None


class Unwritable(Exception):
    """This message cannot be written to this address: it is not one, or there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message is made of: the pass's words, whom they are for, and when (epoch seconds)."""

    attempt: str
    going: Pass
    contact: Contact
    device: Device
    at: float


def text_for(draft: Draft, back: Return) -> Text:
    """The text message of a pass. Raises Unwritable."""
    return Text(draft.attempt, draft.device.address, _said(draft, _attributes(draft, back)))


def letter_for(draft: Draft, back: Return) -> Letter:
    """The email of a pass. Raises Unwritable.

    The same attempt always has the same Message-ID, so that a repeat could be told.
    """
    attempt, attributes = draft.attempt, _attributes(draft, back)
    sender = sender_of(back.sender)
    message = EmailMessage(policy=SMTP)
    message["To"] = _recipient(draft.device)
    message["From"] = sender
    message["Subject"] = " ".join(fill(draft.going.subject or "", attributes).split())[:_SUBJECT]
    message["Date"] = format_datetime(datetime.fromtimestamp(draft.at, UTC))
    message["Message-ID"] = f"<{attempt}@{back.domain or sender.domain}>"
    if back.domain is not None:
        message["Reply-To"] = Address(sender.display_name, REPLY + back.tokens.of(attempt), back.domain)
    _add_unsubscribe(message, attempt, back)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_said(draft, attributes) + "\n", cte="quoted-printable")
    bounces = f"{BOUNCE}{back.tokens.of(attempt)}@{back.domain}" if back.domain else sender.addr_spec
    return Letter(attempt, bounces, draft.device.address, message.as_bytes(policy=UNFOLDED))


def _recipient(device: Device) -> Address:
    try:
        device.address.encode("ascii")
        return Address(addr_spec=device.address)
    except (ValueError, IndexError, MessageError) as error:
        raise Unwritable("the address is none that mail can be sent to") from error


def _said(draft: Draft, attributes: Mapping[str, str]) -> str:
    said = fill(draft.going.message or "", attributes)
    if not said:
        raise Unwritable("the message is empty for this contact")
    return said


def _add_unsubscribe(message: EmailMessage, attempt: str, back: Return) -> None:
    """RFC 2369 and, where there is a page, one click by RFC 8058."""
    ways = []
    if back.public_url is not None:
        ways.append(f"<{_page(back.public_url, attempt, back.tokens)}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if back.domain is not None:
        ways.append(f"<{_mail_to(attempt, back.tokens, back.domain)}>")
    if ways:
        message["List-Unsubscribe"] = ", ".join(ways)


def _attributes(draft: Draft, back: Return) -> dict[str, str]:
    """What a template may ask for: the list's columns, and the way out, which no column can stand for."""
    return {
        "contact_id": draft.contact.id,
        **draft.contact.attributes,
        "unsubscribe_url": _way_out(draft, back),
    }


def _way_out(draft: Draft, back: Return) -> str:
    """A page, or for an email an address to write to; nothing where there is neither."""
    attempt = draft.attempt
    if back.public_url is not None:
        return _page(back.public_url, attempt, back.tokens)
    if back.domain is None or draft.going.medium is not Medium.EMAIL:
        return ""
    return _mail_to(attempt, back.tokens, back.domain)


def _page(public_url: str, attempt: str, tokens: Tokens) -> str:
    return f"{public_url.rstrip('/')}{UNSUBSCRIBE}{tokens.of(attempt)}"


def _mail_to(attempt: str, tokens: Tokens, domain: str) -> str:
    return f"mailto:{REPLY}{tokens.of(attempt)}@{domain}?subject=unsubscribe"
