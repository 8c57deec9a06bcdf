"""What becomes of a text or an email: what a gateway's answer comes to, which later word may change it, and
what a reply says; sending and hearing are left to `messaging`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from strategies.vocabulary import Medium, Result


class Fate(StrEnum):
    """What is known of a message after it was offered to a gateway."""

    ACCEPTED = "accepted"  # the gateway has it
    REFUSED = "refused"  # it will never take this one
    FAILED = "failed"  # it has not taken it, and may later
    NOT_SENT = "not_sent"  # nothing left us: the gateway is away, or does not take us for a customer
    UNKNOWN = "unknown"  # it may have it, or not


@dataclass(frozen=True, slots=True)
class Answer:
    """A gateway's answer. `id`: what it calls the message; `pause`: seconds in which nothing more is offered,
    where it said so itself."""

    fate: Fate
    reason: str = ""
    id: str = ""
    pause: float = 0.0


RESULTS: Mapping[Fate, Result] = {
    Fate.ACCEPTED: Result.SENT,
    Fate.REFUSED: Result.UNDELIVERED,
    Fate.FAILED: Result.FAILED,
    Fate.UNKNOWN: Result.UNKNOWN,
}
"""The result of an attempt by its fate; one that was not sent is none."""

AMENDED_BY: Mapping[Result, frozenset[Result]] = {
    Result.UNKNOWN: frozenset({Result.SENT, Result.DELIVERED, Result.UNDELIVERED, Result.REPLIED}),
    Result.FAILED: frozenset({Result.DELIVERED, Result.REPLIED}),
    Result.SENT: frozenset({Result.DELIVERED, Result.UNDELIVERED, Result.REPLIED}),
    Result.DELIVERED: frozenset({Result.UNDELIVERED, Result.REPLIED}),
    Result.UNDELIVERED: frozenset({Result.REPLIED}),
}
"""Which word that comes later changes a result: who replied has had it, whatever was said before."""


def amends(was: Result | None, result: Result | None) -> bool:
    """Whether a report of `result` changes an attempt whose result `was`."""
    return was is not None and result in AMENDED_BY.get(was, frozenset())


@dataclass(frozen=True, slots=True)
class Notice:
    """What came in about a message, or from a person: its delivery, a reply, an unsubscription.

    It is about the message of `attempt`, or the one the gateway calls `called`, or the last one to `address`.
    `at` in epoch seconds.
    """

    kind: Literal["report", "reply", "unsubscribe"]
    at: float
    medium: Medium
    attempt: str | None = None
    called: str | None = None
    address: str | None = None
    result: Result | None = None
    responses: tuple[str, ...] = ()
    reason: str = ""


STOP, HELP, OTHER = "stop", "help", "other"
Words = Mapping[str, Sequence[str]]
KNOWN: Words = {
    STOP: (
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "opt out",
        "optout",
    ),
    HELP: ("help", "info"),
}
"""Words that are always known; those of STOP as in 47 CFR 64.1200(a)(10)."""

_QUOTED = re.compile(r"^\s*(>|On .{3,200} wrote:|-----\s*Original Message|_{10,})", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$")
_LONGEST = 10_000  # characters of a reply that are looked at


def response_to(text: str, medium: Medium, words: Words) -> str:
    """The response a reply is: `text_X` or `email_X`, X a key of `words`, `stop`, `help`, or else `other`.

    X is what the reply says if its first line, or all of it, is one of X's phrases; and `stop` if it begins
    with STOP or UNSUBSCRIBE, whatever follows: to take a "stop" too many costs less than to miss one. What is
    quoted from our own message says nothing.
    """
    lines = [folded for line in _own_lines(text) if (folded := _folded(line))]
    said = {" ".join(lines), *lines[:1]}
    meanings = {STOP: [*KNOWN[STOP], *words.get(STOP, ())], HELP: [*KNOWN[HELP], *words.get(HELP, ())]}
    for name, phrases in (meanings | {n: list(p) for n, p in words.items() if n not in meanings}).items():
        if said & {_folded(phrase) for phrase in phrases}:
            return f"{medium}_{name}"
    if lines and lines[0].split()[0] in ("stop", "unsubscribe"):
        return f"{medium}_{STOP}"
    return f"{medium}_{OTHER}"


def _own_lines(text: str) -> Iterator[str]:
    """What the person wrote, without what they quote and their signature."""
    for line in text[:_LONGEST].splitlines():
        if _QUOTED.match(line) or _SIGNATURE.match(line):
            return
        yield line


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]+", " ", text.casefold()).split())


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A text that Asterisk is to send as SIP MESSAGE, before `until` (epoch seconds) or not at all."""

    attempt: str
    destination: str
    text: str
    until: float
    sender: str = ""
