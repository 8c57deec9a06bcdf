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
    """By campaign and settings, from ledger lines in any order.

    A line `attempt_ended` with `heard` tells one verdict, and `responded` what an agent noted after the call,
    once for each attempt.
    """
    tally = Tally()
    for line in lines:
        tally.add(line)
    return tally.rows()


class Tally:
    """Counts as lines come. What is kept grows with the calls put through, of which it remembers the id."""

    def __init__(self) -> None:
        self._verdicts: Counter[tuple[str, str, str]] = Counter()
        self._connected: dict[str, tuple[str, str]] = {}  # attempt -> campaign, settings
        self._noted: set[str] = set()
        self._machines: set[str] = set()

    def add(self, line: Mapping[str, object]) -> None:
        """One line of the ledger, of whatever kind."""
        if line.get("kind") not in (Kind.ATTEMPT_ENDED, Kind.RESPONDED):
            return
        attempt, said = str(line.get("attempt")), line.get("responses")
        by_agent = (
            {str(one) for one in said if str(one).startswith("agent_")} if isinstance(said, list) else set()
        )
        if by_agent:
            self._noted.add(attempt)
        if CORRECTION in by_agent:
            self._machines.add(attempt)
        if line.get("kind") == Kind.ATTEMPT_ENDED and line.get("heard") is not None:
            place = str(line.get("campaign", "")).rpartition("/")[0], str(line.get("amd", ""))
            self._verdicts[*place, str(line["heard"])] += 1
            if line.get("result") == Result.CONNECTED_AGENT:
                self._connected[attempt] = place

    def rows(self) -> list[Measured]:
        """By campaign and settings."""
        calls, noted, machines = (
            Counter[tuple[str, str]](),
            Counter[tuple[str, str]](),
            Counter[tuple[str, str]](),
        )
        for attempt, place in self._connected.items():
            calls[place] += 1
            noted[place] += attempt in self._noted
            machines[place] += attempt in self._machines
        rows: dict[tuple[str, str], dict[str, int]] = {}
        for (campaign, settings, verdict), count in self._verdicts.items():
            rows.setdefault((campaign, settings), {})[verdict] = count
        return [
            Measured(*place, verdicts, calls[place], noted[place], machines[place])
            for place, verdicts in sorted(rows.items())
        ]


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
