"""The ledger's lines as the store writes them, each with what it adds to the figures; what counts as what
is left to `strategies.ledger`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from strategies.attempts import Intent, Outcome
from strategies.ledger import Counters, changes, from_figures
from strategies.messages import Notice
from strategies.store.codec import text
from strategies.vocabulary import Kind, Result
from strategies.windows import local_date

Line = Mapping[str, object]


def packed(lines: Iterable[Line], **common: object) -> list[list[Any]]:
    """Lines as the server's functions take them: text, and field, amount, field, amount. `common` goes into
    each."""
    whole = [
        {key: value for key, value in (common | dict(line)).items() if value is not None} for line in lines
    ]
    return [[text(line), [part for pair in added(line) for part in pair]] for line in whole]


def added(line: Line) -> list[tuple[str, int]]:
    """What a line adds to the figures, as field and amount."""
    return [(f"{name}:{key}", step) for name, key, step in changes(line)]


def counted(figures: Mapping[bytes, bytes]) -> Counters:
    """The counters kept beside the ledger, as a recount of it would give them."""
    split = ((name.decode().partition(":"), int(count)) for name, count in figures.items())
    return from_figures({(name, key): count for (name, _, key), count in split})


def started(intent: Intent, at: float, list_name: str | None, nth: int) -> Line:
    """The line of a claim that succeeded: the contact's nth attempt, who came from that list."""
    line = {"at": at, "kind": Kind.ATTEMPT_STARTED, **_of(intent), "list": list_name, "nth": nth}
    return {key: value for key, value in line.items() if value is not None}


def released(intent: Intent, reason: str, list_name: str | None, nth: int) -> Line:
    """The line of an attempt that was certainly never placed, and takes back that of its claim."""
    about = {"list": list_name, "nth": nth}
    return {"kind": Kind.ATTEMPT_RELEASED, **_of(intent), **about, "reason": reason}


def ended(intent: Intent, outcome: Outcome, zone: str) -> Line:
    """The line of an attempt's one result; `zone` is the campaign's, whose days a person who answered is
    counted by."""
    return {
        "kind": Kind.ATTEMPT_ENDED,
        **_of(intent),
        "result": outcome.result,
        "responses": outcome.responses or None,
        "reason": outcome.reason or None,
        "caller_id": intent.caller_id or None,
        "heard": outcome.heard,
        "amd": (intent.amd or None) if outcome.heard is not None else None,
        "live_at": outcome.live_at,
        "waited": outcome.waited,
        "day": None if outcome.live_at is None else local_date(zone, outcome.live_at).isoformat(),
    }


def reported(intent: Intent, was: Result, notice: Notice) -> Line:
    """The line of a result that was told after its attempt had ended."""
    return {
        "kind": Kind.ATTEMPT_REPORTED,
        **_of(intent),
        "was": was,
        "result": notice.result,
        "reason": notice.reason or None,
    }


def responded(intent: Intent, notice: Notice) -> Line:
    """The line of what a person said about a message after its attempt had ended."""
    return {"kind": Kind.RESPONDED, **_of(intent), "responses": notice.responses}


def noted(intent: Intent, response: str) -> Line:
    """The line of what an agent noted of a call after its end."""
    return {"kind": Kind.RESPONDED, **_of(intent), "responses": (response,)}


def _of(intent: Intent) -> dict[str, object]:
    return {
        "campaign": intent.sub,
        "pass": intent.pass_name,
        "contact": intent.contact,
        "device": intent.device.kind,
        "address": intent.device.address,
        "medium": intent.medium,
        "attempt": intent.attempt,
        "recovers": intent.recovers,
        "trigger": intent.trigger,
        "strategy": intent.strategy or None,
        "overrides": intent.overrides or None,
    }
