"""What counts as an abandoned call, and in which period: a person answered a call of a dialer pass, and no
agent was there in time. The calls are told by the ledger, the share allowed by the campaign's preset.

The clock starts with the end of the person's greeting (the machine detection's verdict less the silence it
waited for), or where the preset says so with the answer. A person who said nothing, or never stopped, is
known for one by the verdict only. Who hung up before their two seconds were over counts too: the rate errs
to the strict side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

PATIENCE = 2.0  # seconds: 16 CFR 310.4(b)(4)(iii), 47 CFR 64.1200(a)(7)
DAY = 86_400.0
FROM_GREETING, FROM_ANSWER = "greeting", "answer"
CLOCKS = (FROM_GREETING, FROM_ANSWER)  # what the PATIENCE counts from: the end of the greeting, or the answer
_CONNECTED = "connected_agent"


def greeting_over(verdict: float, cause: str) -> float:
    """When the person's greeting had ended (epoch seconds), by the moment of app_amd's verdict and its
    AMDCAUSE: `HUMAN-SILENCE-...` in milliseconds."""
    kind, _, rest = cause.partition("-")
    silence = rest.partition("-")[0]
    if kind != "HUMAN" or not (silence.isascii() and silence.isdigit()):
        return verdict
    return verdict - min(10_000, int(silence)) / 1000


def is_live(line: Mapping[str, object]) -> bool:
    """Whether a ledger line `attempt_ended` is of a call that a person answered, to be led to an agent."""
    return line.get("live_at") is not None


def is_abandoned(line: Mapping[str, object]) -> bool:
    """Whether that person was not with an agent within PATIENCE; of a call whose end nobody knows, too."""
    if not is_live(line):
        return False
    waited = line.get("waited")
    return line.get("result") != _CONNECTED or not isinstance(waited, int | float) or waited > PATIENCE


@dataclass(frozen=True, slots=True)
class Share:
    """People who answered, and those of them abandoned."""

    live: int = 0
    abandoned: int = 0

    @property
    def rate(self) -> float:
        """As a fraction; 0 where nobody answered."""
        return self.abandoned / self.live if self.live else 0.0


@dataclass(frozen=True, slots=True)
class Period:
    """From the day `first` to the day `last`, both in it, as the campaign's zone has them."""

    first: date
    last: date


def period_of(day: date, begun: date, days: int) -> Period:
    """The one of successive periods of so many days, the first of which begins with `begun`, that `day` lies
    in."""
    whole = (day - begun).days // days
    first = begun + timedelta(days=whole * days)
    return Period(first, first + timedelta(days=days - 1))


def share_of(
    period: Period, live: Iterable[Mapping[str, int]], abandoned: Iterable[Mapping[str, int]]
) -> Share:
    """The share of a period, from sums by day (`2030-01-31`) of each of a campaign's sub-campaigns."""
    return Share(_within(period, live), _within(period, abandoned))


def _within(period: Period, sums: Iterable[Mapping[str, int]]) -> int:
    first, last = period.first.isoformat(), period.last.isoformat()
    return sum(count for each in sums for day, count in each.items() if first <= day <= last)


class Kept(StrEnum):
    """What became of a person who answered, as a report on abandonment tells it."""

    CONNECTED = "connected"  # with an agent in time
    LATE = "connected_late"
    MESSAGE = "message"  # heard the abandon message
    MESSAGE_LATE = "message_late"  # which began after PATIENCE
    HUNG_UP = "hung_up"  # before either
    UNKNOWN = "unknown"  # nobody saw the end


def kept(line: Mapping[str, object]) -> Kept:
    """What a line of a live answer says became of the person."""
    result, waited = line.get("result"), line.get("waited")
    if result == "unknown":
        return Kept.UNKNOWN
    if not isinstance(waited, int | float):
        return Kept.HUNG_UP
    if result == _CONNECTED:
        return Kept.LATE if waited > PATIENCE else Kept.CONNECTED
    return Kept.MESSAGE_LATE if waited > PATIENCE else Kept.MESSAGE
