"""What Asterisk's own records say of one call: the facts of an attempt, a caller who was lost; pure.

The queue log cuts moments to whole seconds. Of the second an event was in, the begin is taken for the wait to
have begun, and the end for it to be over: a wait is never told shorter than it was, and exactly where a queue
has the moment written into the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ami_bridge.call_facts import HANGS_UP_WITHIN
from ami_bridge.logged.call_records import ANSWERED, CallRecord, Verdict
from ami_bridge.logged.queue_log import ABANDONED, CALLER_FIELD, CONNECTED, ENTERED, LEFT_UNSERVED, QueueEntry
from config.variables import Next
from strategies.attempts import Fact, FactName
from strategies.vocabulary import Medium

SECOND = 1.0
RANG_OUT = 1.0  # seconds short of the ring time at which nobody can be said to have let it ring
_UNANSWERED = {"BUSY": "BUSY", "CONGESTION": "CONGESTION"}  # disposition -> DialStatus


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """Everything written of one call, the queue log's lines in their order; `record` None: it is not over, or
    Asterisk died with it."""

    call: str
    entries: tuple[QueueEntry, ...] = ()
    record: CallRecord | None = None

    def first(self, *events: str) -> QueueEntry | None:
        """The first line of one of these events."""
        return next((entry for entry in self.entries if entry.event in events), None)

    def last(self, *events: str) -> QueueEntry | None:
        """The last one."""
        return next((entry for entry in reversed(self.entries) if entry.event in events), None)


def facts_of(logged: LoggedCall, medium: Medium, ring: float) -> list[Fact]:
    """The facts of an attempt of ours, in their order; without an end where its end is not known for sure.

    Of a script nothing is written, so how it ended cannot be told from its record alone: such a call has an
    end here only if it came to a queue. Nor can why nobody answered, but for the network's word, and for a
    telephone that rang its time (`ring` seconds) out.
    """
    return list(_facts(logged, medium, ring))


def _facts(logged: LoggedCall, medium: Medium, ring: float) -> Iterator[Fact]:
    record = logged.record
    if record is not None and record.disposition != ANSWERED:
        yield from _not_answered(record, ring)
        return
    if record is not None and record.answer is not None:
        yield Fact(FactName.ANSWERED, record.answer)
        if record.verdict is not None:
            status, cause = _taken_for(record.verdict, record.next)
            yield Fact(FactName.CLASSIFIED, record.verdict.at, status, cause)
    yield from _in_queue(logged)
    if record is not None and (logged.entries or medium is Medium.DIALER):
        yield Fact(FactName.HUNG_UP, max([record.end, *(entry.at + SECOND for entry in logged.entries)]))


def _taken_for(verdict: Verdict, going: str) -> tuple[str, str]:
    """A campaign may have somebody unsure taken for a machine; where the call went tells it."""
    return ("MACHINE", "") if going == Next.MACHINE else (verdict.status, verdict.cause)


def _in_queue(logged: LoggedCall) -> Iterator[Fact]:
    if (entered := logged.first(ENTERED)) is not None:
        yield Fact(FactName.QUEUE_JOINED, entered.at, entered.queue)
    if (connected := logged.first(CONNECTED)) is not None and not _led_away(logged):
        served = None if logged.record is None else logged.record.served
        yield Fact(FactName.AGENT_CONNECTED, served or connected.at + SECOND, connected.agent)
    elif logged.record is not None and logged.record.served is not None:
        yield Fact(FactName.AGENT_CONNECTED, logged.record.served)  # the one agent of a callback: no queue
    elif (left := logged.last(ABANDONED, *LEFT_UNSERVED)) is not None:
        if left.event == ABANDONED and hung_up_in_queue(logged):
            yield Fact(FactName.QUEUE_ABANDONED, left.at + SECOND, left.queue)
        else:
            yield Fact(FactName.NO_AGENT, left.at + SECOND)


def _led_away(logged: LoggedCall) -> bool:
    """Whether the person was led from the queue in the moment in which an agent answered: then the dialplan
    has the log say ABANDON after CONNECT."""
    told = [entry.event for entry in logged.entries if entry.event in (ENTERED, CONNECTED, ABANDONED)]
    return (CONNECTED, ABANDONED) in pairwise(told)


def _not_answered(record: CallRecord, ring: float) -> Iterator[Fact]:
    status = _UNANSWERED.get(record.disposition, "")
    if record.disposition == "NO ANSWER" and record.end - record.start >= ring - RANG_OUT:
        status = "NOANSWER"
    if status:
        yield Fact(FactName.DIAL_ENDED, record.end, status)
        yield Fact(FactName.HUNG_UP, record.end)


def hung_up_in_queue(logged: LoggedCall) -> bool:
    """Whether the caller left the queue by hanging up: the log says ABANDON of those too whom we led on,
    but their call went on."""
    left, record = logged.last(ABANDONED), logged.record
    if left is None or record is None or logged.first(CONNECTED) is not None:
        return False
    return record.end <= left.at + SECOND + HANGS_UP_WITHIN


def caller_number(logged: LoggedCall) -> str:
    """The number the network gave, of a call that came in."""
    entered = logged.first(ENTERED)
    told = entered.fields[CALLER_FIELD] if entered and len(entered.fields) > CALLER_FIELD else ""
    return told or (logged.record.number if logged.record else "")
