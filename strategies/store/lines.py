"""The ledger's lines as the store writes them, each with what it adds to the figures; what counts as what
is left to `strategies.ledger`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from strategies.attempts import Intent, Outcome
from strategies.frozen import Record
from strategies.ledger import Counters, changes, from_figures
from strategies.messages import Notice
from strategies.store.codec import text
from strategies.vocabulary import Kind, Medium, Result
from strategies.windows import local_date

Line = Mapping[str, object]


class AttemptLine(Record, frozen=True, rename={"pass_name": "pass", "list_name": "list"}):
    """The line of an attempt that began or ended, as a record: of these two a simulation or a dialer writes
    more than of all others. What is None is not in the text."""

    at: float
    kind: Kind
    campaign: str = ""
    pass_name: str = ""
    contact: str | None = None
    device: str | None = None
    address: str | None = None
    medium: str | None = None
    attempt: str | None = None
    recovers: str | None = None
    trigger: str | None = None
    strategy: str | None = None
    overrides: tuple[str, ...] | None = None
    list_name: str | None = None
    nth: int | None = None
    result: Result | None = None
    responses: tuple[str, ...] | None = None
    reason: str | None = None
    caller_id: str | None = None
    heard: str | None = None
    amd: str | None = None
    live_at: float | None = None
    waited: float | None = None
    day: str | None = None

    def mapping(self) -> Line:
        """As other lines are."""
        told: dict[str, object] = msgspec.to_builtins(self)
        return told

    def packed(self) -> list[Any]:
        """As `packed` has other lines."""
        return [text(self), [part for pair in self.added() for part in pair]]

    def added(self) -> tuple[tuple[str, int], ...]:
        """What it adds to the figures, as field and amount."""
        nth = 1 if self.nth == 1 else None  # nor does it count whose attempt it was: most add what others do
        attempt = (self.kind, self.pass_name, self.medium, self.list_name, nth)
        return _added((*attempt, self.result, self.responses, self.live_at, self.waited, self.day))


_ADDING = ("kind", "pass", "medium", "list", "nth", "result", "responses", "live_at", "waited", "day")


@lru_cache(maxsize=1024)
def _added(said: tuple[object, ...]) -> tuple[tuple[str, int], ...]:
    """What a line adds that says so under the keys that add."""
    return tuple(added({key: word for key, word in zip(_ADDING, said, strict=True) if word is not None}))


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


def started(intent: Intent, at: float, list_name: str | None, nth: int) -> AttemptLine:
    """The line of a claim that succeeded: the contact's nth attempt, who came from that list."""
    return AttemptLine(at, Kind.ATTEMPT_STARTED, *_about(intent), list_name, nth)


def released(intent: Intent, reason: str, list_name: str | None, nth: int) -> Line:
    """The line of an attempt that was certainly never placed, and takes back that of its claim."""
    about = {"list": list_name, "nth": nth}
    return {"kind": Kind.ATTEMPT_RELEASED, **_of(intent), **about, "reason": reason}


def ended(intent: Intent, outcome: Outcome, list_name: str | None, zone: str) -> AttemptLine:
    """The line of an attempt's one result; `zone` is the campaign's, whose days a person who answered is
    counted by."""
    live_at = outcome.live_at
    return AttemptLine(
        outcome.at,
        Kind.ATTEMPT_ENDED,
        *_about(intent),
        list_name,
        None,
        outcome.result,
        outcome.responses or None,
        outcome.reason or None,
        intent.caller_id or None,
        outcome.heard,
        (intent.amd or None) if outcome.heard is not None else None,
        live_at,
        outcome.waited,
        None if live_at is None else local_date(zone, live_at).isoformat(),
    )


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


_ABOUT = (
    *("campaign", "pass", "contact", "device", "address", "medium", "attempt"),
    *("recovers", "trigger", "strategy", "overrides"),
)


def _about(
    intent: Intent,
) -> tuple[str, str, str, str, str, Medium, str, str | None, str | None, str | None, tuple[str, ...] | None]:
    """Whose attempt it is, in the order of `AttemptLine` from `campaign` to `overrides`."""
    device = intent.device
    return (
        intent.sub,
        intent.pass_name,
        intent.contact,
        device.kind,
        device.address,
        intent.medium,
        intent.attempt,
        intent.recovers,
        intent.trigger,
        intent.strategy or None,
        intent.overrides or None,
    )


def _of(intent: Intent) -> dict[str, object]:
    return dict(zip(_ABOUT, _about(intent), strict=True))
