"""What the machine detection said of whoever answered, and how often agents found it wrong; which way a call
goes by it is told elsewhere.

An agent who is connected to a machine notes it, and that alone can be measured: whether somebody who was hung
up on, or was left a message, was a person, no agent can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from strategies.vocabulary import Kind, Result

CORRECTION = "agent_machine"  # disposition: a machine was put through as a person
UNSURE = "UNSURE-"  # before the AMDCAUSE of a verdict that the campaign has taken for a machine
AFTERWARDS = 7 * 86_400.0  # seconds after a call in which what its agent notes is counted
CONFIDENCE = 1.959964  # standard deviations: 95 of a hundred such intervals hold the true rate


class Heard(StrEnum):
    """What is known of who, or what, answered."""

    PERSON = "person"
    NOT_SURE = "not_sure"
    SILENCE = "silence"
    MACHINE = "machine"
    FAX = "fax"
    NOT_ASKED = "not_asked"  # the campaign detects nothing


_BY_STATUS: Mapping[str, Heard] = {
    "HUMAN": Heard.PERSON,
    "NOTSURE": Heard.NOT_SURE,
    "MACHINE": Heard.MACHINE,
    "FAX": Heard.FAX,
    "OFF": Heard.NOT_ASKED,
}


def heard(status: str, cause: str) -> Heard | None:
    """By app_amd's verdict (AMDSTATUS, AMDCAUSE) as it was noted; None for somebody who hung up before it."""
    if cause.removeprefix(UNSURE).startswith("INITIALSILENCE"):
        return Heard.SILENCE
    return Heard.NOT_SURE if cause.startswith(UNSURE) else _BY_STATUS.get(status)


@dataclass(frozen=True, slots=True)
class Measured:
    """One campaign under one set of settings. `heard`: verdicts; `connected`: calls put through to an agent,
    of which in `noted` the agent noted anything, and in `machines` that it was a machine."""

    campaign: str
    settings: str
    heard: Mapping[str, int]
    connected: int
    noted: int
    machines: int

    @property
    def rate(self) -> float:
        """Machines among the calls put through."""
        return self.machines / self.connected if self.connected else 0.0


def measured(lines: Iterable[Mapping[str, object]]) -> list[Measured]:
    """By campaign and settings, from ledger lines in their order.

    A line `attempt_ended` with `heard` tells one verdict; one line `responded` or several what an agent noted
    after the call, within AFTERWARDS.
    """
    tally = Tally()
    for line in lines:
        tally.add(line)
    return tally.rows()


Place = tuple[str, str]
"""A campaign and its settings."""


@dataclass(slots=True)
class _Call:
    """One that was put through to an agent."""

    place: Place
    at: float
    noted: bool = False
    machine: bool = False


class Tally:
    """Counts as lines come; calls put through are remembered for AFTERWARDS."""

    def __init__(self) -> None:
        self._verdicts: dict[Place, Counter[str]] = {}
        self._calls: Counter[Place] = Counter()
        self._noted: Counter[Place] = Counter()
        self._machines: Counter[Place] = Counter()
        self._recent: dict[str, _Call] = {}  # attempt -> the call, the oldest first

    def add(self, line: Mapping[str, object]) -> None:
        """One line of the ledger, of whatever kind."""
        attempt = str(line.get("attempt"))
        if line.get("kind") == Kind.ATTEMPT_ENDED and line.get("heard") is not None:
            self._ended(attempt, line)
        if line.get("kind") in (Kind.ATTEMPT_ENDED, Kind.RESPONDED) and attempt in self._recent:
            self._said(self._recent[attempt], line.get("responses"))

    def rows(self) -> list[Measured]:
        """By campaign and settings."""
        return [
            Measured(*place, dict(heard), self._calls[place], self._noted[place], self._machines[place])
            for place, heard in sorted(self._verdicts.items())
        ]

    def _ended(self, attempt: str, line: Mapping[str, object]) -> None:
        place = str(line.get("campaign", "")).rpartition("/")[0], str(line.get("amd", ""))
        self._verdicts.setdefault(place, Counter())[str(line["heard"])] += 1
        if line.get("result") == Result.CONNECTED_AGENT:
            at = float(str(line.get("at", 0)))
            self._calls[place] += 1
            self._recent[attempt] = _Call(place, at)
            while self._recent[oldest := next(iter(self._recent))].at < at - AFTERWARDS:
                del self._recent[oldest]

    def _said(self, call: _Call, responses: object) -> None:
        """What an agent noted counts once, however often it is told."""
        told = responses if isinstance(responses, list | tuple) else ()
        if not call.noted and any(str(one).startswith("agent_") for one in told):
            call.noted = True
            self._noted[call.place] += 1
        if not call.machine and CORRECTION in told:
            call.machine = True
            self._machines[call.place] += 1


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a rate, at CONFIDENCE; (0, 1) of nothing.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not of:
        return 0.0, 1.0
    z2, rate = CONFIDENCE**2, hits / of
    middle = (rate + z2 / (2 * of)) / (1 + z2 / of)
    half = CONFIDENCE * sqrt(rate * (1 - rate) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)
