"""The gateways that carry text and email, as the settings write them, and where their answers come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.addresses import Host, Port, secret_of, url_with
from config.errors import shown
from config.scalars import (
    Attribute,
    Duration,
    EnvironmentName,
    Line,
    Strict,
    Whole,
    at_least,
    lasting,
    word_of,
    wrong,
)
from strategies.vocabulary import Medium

REPORTED_WITHIN = 60.0  # seconds a text's attempt waits for its delivery report where a webhook is set up
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_PLACE = re.compile(r"\{([a-z_]*)\}")
PLACES = frozenset({"number", "text", "attempt", "from", "secret"})


def _filled(value: object) -> str:
    text = value if isinstance(value, str) else ""
    unknown = sorted(set(_PLACE.findall(text)) - PLACES)
    if not text or not text.isprintable() or unknown:
        what = f"asks for {{{unknown[0]}}}" if unknown else f"{shown(value)} is not a text of one line"
        raise wrong(what, f"write places as {', '.join(f'{{{name}}}' for name in sorted(PLACES))}")
    return text


def _header_value(value: object) -> str:
    text = _filled(value)
    if "{text}" in text or not text.isascii():
        raise wrong(f"{shown(value)} cannot stand in a header", "put the text into the body")
    return text


def _header(value: object) -> str:
    if not isinstance(value, str) or _HEADER.fullmatch(value) is None:
        raise wrong(f"{shown(value)} is no header's name", "write one such as X-Signature")
    return value


def _body(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise wrong(f"{shown(value)} is not a mapping", 'write it as {to: "{number}", text: "{text}"}')
    _check_values(value)
    return value


def _check_values(value: object) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise wrong(f"{shown(name)} is no field's name", "quote it")
            _check_values(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner)
    elif isinstance(value, str):
        _filled(value)
    elif not isinstance(value, int | float | bool):
        raise wrong(f"{shown(value)} cannot be sent", "write a text, a number, true or false")


def sender_of(text: str) -> Address:
    """A sender as an address: `care@example.org` or `Care <care@example.org>`. Raises ValueError."""
    try:
        found: tuple[Address, ...] = SMTP.header_factory("From", text).addresses
    except (MessageError, IndexError) as error:
        raise ValueError(str(error)) from error
    if len(found) != 1 or not found[0].username or not found[0].domain:
        raise ValueError("it is not one address")
    return found[0]


def _sender(value: object) -> str:
    try:
        sender_of(value if isinstance(value, str) and value.isprintable() else "")
    except ValueError:
        mend = 'write one such as "Care <care@example.org>"'
        raise wrong(f"{shown(value)} is not an email address", mend) from None
    return str(value)


def _sip(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if not text.startswith("pjsip:") or text.count("{number}") != 1 or not text.isprintable():
        mend = 'write one such as "pjsip:PJSIP/{number}@carrier"'
        raise wrong(f"{shown(value)} is not where a SIP MESSAGE goes", mend)
    return text


def _file(value: object) -> Path:
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise wrong(f"{shown(value)} is no file", "write its path")
    return Path(value)


HeaderValue = Annotated[str, BeforeValidator(_header_value)]
HeaderName = Annotated[str, BeforeValidator(_header)]
Connections = Annotated[Whole, at_least(1, 100)]
Patience = Annotated[Duration, lasting(1, 300)]
Reported = Annotated[Duration, lasting(0, 7200)]
Words = tuple[Line, ...]


class Listen(Strict):
    """Where mail for us comes in: bounces and replies, on addresses of our own making."""

    host: Host = "127.0.0.1"
    """The address it listens on."""
    port: Port = 8025
    """Its port."""


class Web(Strict):
    """Where reports and replies of the text gateway come in, and the page to unsubscribe is served.

    `public_url`: how the world reaches it; without one, no link to unsubscribe is a web page."""

    host: Host = "127.0.0.1"
    """The address it listens on."""
    port: Port = 8090
    """Its port."""
    public_url: Annotated[str, url_with(("https", "http"))] | None = None
    """How the world reaches it."""


class EmailGateway(Strict):
    """The mail server that takes our messages. `smtps` speaks TLS from the start; with `smtp`, `auto` uses
    TLS where the server offers it, and insists on it for a login."""

    smtp: Annotated[str, url_with(("smtp", "smtps"))]
    """The mail server."""
    sender: Annotated[str, BeforeValidator(_sender)] = Field(alias="from")
    """Whom messages come from."""
    bounce_domain: Host | None = None
    """The domain whose mail is brought to `listen`."""
    username: Line | None = None
    """The name of the login."""
    secret_env: EnvironmentName | None = None
    """The environment variable that holds its password."""
    starttls: Annotated[
        Literal["auto", "required", "off"], word_of(("auto", "required", "off"), "auto, required or off")
    ] = "auto"
    """Whether TLS is used with `smtp`."""
    ca: Annotated[Path, BeforeValidator(_file)] | None = None
    """The certificates to trust in place of the system's."""
    connections: Connections = 4
    """How many at once."""
    timeout: Patience = 30.0
    """How long an answer is waited for."""
    report_within: Reported = 0.0
    """How long an attempt waits for its report."""
    listen: Listen | None = None
    """Where mail for us comes in."""

    @model_validator(mode="after")
    def _whole(self) -> EmailGateway:
        if (self.username is None) is not (self.secret_env is None):
            raise wrong("a login is a name and a secret", "write both username and secret_env, or neither")
        if self.username is not None and self.starttls == "off" and self.smtp.startswith("smtp:"):
            raise wrong("the password would go over the network in the clear", "write starttls: required")
        if self.listen is not None and self.bounce_domain is None:
            raise wrong("nothing can come in", "write bounce_domain, the domain whose mail is brought here")
        return self

    def secret(self) -> str | None:
        """The password of the login. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "gateways.email.secret_env") if self.secret_env else None


class Accepted(Strict):
    """How the gateway's answer tells that it took a message: a status of 2xx, and these fields if named.

    Fields are paths into its JSON, such as `messages.0.id`; `when` maps a path to the values that mean yes.
    """

    id: Line = "message_id"
    """The field with the gateway's own id of the message."""
    reason: Line = "error"
    """The field that says why not."""
    when: dict[Line, Words] = Field(default_factory=dict)
    """Which values of which fields mean yes."""


class Webhook(Strict):
    """Reports and replies: how they are signed, and what their fields are called (paths, as in `accepted`).

    The signature is the hexadecimal HMAC-SHA256 of the timestamp, a full stop and the body, under the secret.
    """

    secret_env: EnvironmentName
    """The environment variable that holds the secret of the signature."""
    signature: HeaderName = "X-Signature"
    """The header with the signature."""
    timestamp: HeaderName = "X-Timestamp"
    """The header with its moment."""
    within: Annotated[Duration, lasting(1, 3600)] = 300.0
    """How old a signed message may be."""
    id: Line = "message_id"
    """The field with the message's id."""
    status: Line = "status"
    """The field with what became of it."""
    reason: Line = "error"
    """The field that says why."""
    sender: Line = Field("from", alias="from")
    """Of a reply: the field with its sender."""
    text: Line = "text"
    """Of a reply: the field with its text."""
    delivered: Words = ("delivered",)
    """What the status says of a message that arrived."""
    undelivered: Words = ("undelivered", "failed", "rejected", "expired")
    """What it says of one that did not."""

    def secret(self) -> str:
        """What the gateway signs with. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "gateways.text.webhook.secret_env")


class TextGateway(Strict):
    """Who takes our text messages: a web address (`url`), or Asterisk by SIP MESSAGE (`sip`).

    In url, headers and body {number}, {text}, {attempt}, {from} and {secret} are filled in. A secret that no
    header asks for goes as `Authorization: Bearer`. `report_within` (0s; 60s with a webhook): how long an
    attempt waits for its delivery report before it ends as `sent`.
    """

    url: Annotated[str, url_with(("http", "https")), BeforeValidator(_filled)] | None = None
    """The web address that takes messages."""
    sip: Annotated[str, BeforeValidator(_sip)] | None = None
    """In place of url: where a SIP MESSAGE goes."""
    sender: Line | None = Field(None, alias="from")
    """Whom messages come from."""
    method: Annotated[str, word_of(("POST", "PUT", "GET"), "a method")] = "POST"
    """How the web address is asked."""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    """Headers to send."""
    format: Annotated[Literal["form", "json"], word_of(("form", "json"), "form or json")] = "form"
    """How the body is written."""
    body: Annotated[dict[str, Any], BeforeValidator(_body)] = Field(default_factory=dict)
    """The fields of the body."""
    secret_env: EnvironmentName | None = None
    """The environment variable that holds what the gateway knows us by."""
    accepted: Accepted = Accepted()
    """How its answer tells that it took a message."""
    connections: Connections = 8
    """How many at once."""
    timeout: Patience = 15.0
    """How long an answer is waited for."""
    report_within: Reported | None = None
    """How long an attempt waits for its delivery report."""
    webhook: Webhook | None = None
    """How reports and replies come in."""
    answers: dict[Attribute, Line] = Field(default_factory=dict)
    """What is written back to a reply, by its word: {stop: "You get no more.", help: "..."}; once a day."""

    @model_validator(mode="after")
    def _whole(self) -> TextGateway:
        if (self.url is None) is (self.sip is None):
            raise wrong("names no way out, or two", 'write url: "https://..." or sip: "pjsip:..."')
        if self.sip is not None and self.webhook is not None:
            raise wrong("SIP MESSAGE has no webhook", "remove it")
        nested = any(isinstance(value, dict | list) for value in self.body.values())
        if self.format == "form" and nested:
            raise wrong("a form has no fields within fields", "write format: json")
        return self

    def secret(self) -> str | None:
        """What the gateway knows us by. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "gateways.text.secret_env") if self.secret_env else None

    def waits(self) -> float:
        """Seconds an accepted message's attempt waits for its delivery report."""
        if self.report_within is not None:
            return self.report_within
        return REPORTED_WITHIN if self.webhook is not None else 0.0


class Gateways(Strict):
    """Who sends messages for us, and what replies mean: `replies` maps a word X of `text_X` and `email_X` to
    what people write for it. `stop` is always known, and ends everything."""

    email: EmailGateway | None = None
    """The mail server."""
    text: TextGateway | None = None
    """The text gateway."""
    web: Web | None = None
    """Where reports, replies and unsubscriptions come in."""
    replies: dict[Attribute, Words] = Field(default_factory=dict)
    """A word X of text_X and email_X, to what people write for it."""

    @model_validator(mode="after")
    def _whole(self) -> Gateways:
        if self.text is not None and self.text.webhook is not None and self.web is None:
            raise wrong("the webhook is served nowhere", "write web: {host: 127.0.0.1, port: 8090}")
        return self

    def media(self) -> frozenset[Medium]:
        """The media that can be carried."""
        there = {Medium.EMAIL: self.email, Medium.TEXT: self.text}
        return frozenset(medium for medium, gateway in there.items() if gateway is not None)

    def check_secrets(self) -> None:
        """Raises ConfigErrors where the environment lacks a secret that a gateway needs."""
        for gateway in (self.email, self.text, self.text.webhook if self.text is not None else None):
            if gateway is not None:
                gateway.secret()
