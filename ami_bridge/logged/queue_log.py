"""Asterisk's queue log, line by line; what a call's lines come to is left to `calls`.

A line is `EPOCH|CALL|QUEUE|AGENT|EVENT|FIELD|...`, the moment in whole seconds, cut off; the call is the
unique id of the caller's channel.
"""

from __future__ import annotations

from dataclasses import dataclass

ENTERED, CONNECTED, ABANDONED = "ENTERQUEUE", "CONNECT", "ABANDON"
LEFT_UNSERVED = frozenset({"EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW"})  # the queue gave the caller up
CALLER_FIELD = 1  # of ENTERQUEUE: the number the caller's network gave


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line. `at` in epoch seconds: the event was in the second that begins then."""

    at: float
    call: str
    queue: str
    agent: str
    event: str
    fields: tuple[str, ...] = ()


def queue_entry(line: str) -> QueueEntry | None:
    """The line as an entry; None for what is no whole line of a queue log."""
    moment, *words = line.rstrip("\r\n").split("|")
    if len(words) < 4 or not (moment.isascii() and moment.isdigit()):
        return None
    call, queue, agent, event, *fields = words
    return QueueEntry(float(moment), call, queue, agent, event, tuple(fields))


def moment_of_entry(line: str) -> float | None:
    """By what the log is in order."""
    moment = line.partition("|")[0]
    return float(moment) if moment.isascii() and moment.isdigit() else None
