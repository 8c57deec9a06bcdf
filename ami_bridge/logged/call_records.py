"""Asterisk's call records as `dialplan/cdr_secondpass.conf` has them written, line by line; what they come to
together with the queue log is left to `calls`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.variables import Next
from strategies.attempts import Fact, FactName, phase_of
from strategies.call_states import Phase
from strategies.vocabulary import Medium

COLUMNS = ("uniqueid", "start", "answer", "end", "disposition", "src", "record", "heard", "next", "served")
ANSWERED = "ANSWERED"  # a disposition
NOBODY_DECIDED = frozenset({"", Next.UNDECIDED})  # where the answered call went, as its record has it


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose call it was: what the bridge gave it to be written into its record."""

    tenant: str
    medium: str
    sub: str
    pass_name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the machine detection said, and when (epoch seconds)."""

    at: float
    status: str
    cause: str

    @property
    def is_person(self) -> bool:
        """Whether it means a person, to the rules that judge a call whose events are heard."""
        return phase_of([Fact(FactName.CLASSIFIED, self.at, self.status, self.cause)]) is Phase.PERSON


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that is over; moments in epoch seconds. `origin` None: none of ours, or nobody answered it.
    `next`: where the server had the answered call go. `served`: when a member of the queue was there, where
    the queue tells it."""

    call: str
    start: float
    answer: float | None
    end: float
    disposition: str
    number: str = ""
    origin: Origin | None = None
    verdict: Verdict | None = None
    next: str = ""
    served: float | None = None

    @property
    def is_live(self) -> bool:
        """Whether a person answered a call that was for an agent: who went on to one, and who was taken for
        a person when nobody decided about the call."""
        if self.origin is None or self.origin.medium != Medium.DIALER:
            return False
        if self.next in NOBODY_DECIDED:
            return self.verdict is not None and self.verdict.is_person
        return self.next == Next.AGENT


def origin_word(origin: Origin) -> str:
    """As it stands in a record: names of ours, none of which has a slash."""
    return "/".join((origin.tenant, origin.medium, origin.sub, origin.pass_name))


def call_record(line: str) -> CallRecord | None:
    """The line as a record; None for what is no whole line of such a file."""
    row = next(csv.reader([line.rstrip("\r\n")]), [])
    if len(row) != len(COLUMNS):
        return None
    call, start, answer, end, disposition, number, record, heard, going, served = row
    begun, over = _moment(start), _moment(end)
    if not call or begun is None or over is None:
        return None
    told = _origin(record), _verdict(heard), going, _moment(served)
    return CallRecord(call, begun, _moment(answer) or None, over, disposition, number, *told)


def moment_of_record(line: str) -> float | None:
    """By what the file is in order: a record is written when its call is over."""
    record = call_record(line)
    return None if record is None else record.end


def joined(one: CallRecord | None, other: CallRecord) -> CallRecord:
    """One record of a call of which there are several: Asterisk writes one for each telephone it rang."""
    if one is None:
        return other
    answers = [answer for answer in (one.answer, other.answer) if answer is not None]
    return replace(
        one,
        start=min(one.start, other.start),
        answer=min(answers, default=None),
        end=max(one.end, other.end),
        disposition=ANSWERED if ANSWERED in {one.disposition, other.disposition} else other.disposition,
        origin=one.origin or other.origin,
        verdict=one.verdict or other.verdict,
        next=one.next or other.next,
        served=one.served or other.served,
    )


def _moment(text: str) -> float | None:
    whole, _, part = text.partition(".")
    digits = whole + part
    return float(text) if whole and digits.isascii() and digits.isdigit() else None


def _origin(word: str) -> Origin | None:
    parts: Sequence[str] = word.split("/")
    if len(parts) != 5 or not all(parts) or not parts[3].isdecimal():
        return None
    tenant, medium, campaign, number, pass_name = parts
    return Origin(tenant, medium, f"{campaign}/{number}", pass_name)


def _verdict(text: str) -> Verdict | None:
    moment, _, rest = text.partition("/")
    at, (status, _, cause) = _moment(moment), rest.partition("/")
    return None if at is None or not status else Verdict(at, status, cause)
