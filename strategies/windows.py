"""When somebody may be reached: hours local to the contact, allowed days, days to wait; summer time right.

A moment is open if in *every* zone the contact may live in its wall clock lies in the window, on a day of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from strategies.campaign import DAYS, Campaign, Pass, Window
from strategies.contacts import Contact, Device
from strategies.numbers import zones_of_number

HORIZON = 15  # days: windows repeat weekly, so what has not opened by then never does
END_OF_DAY = time(0, 0)  # as a closing time: midnight


def pass_window(campaign: Campaign, candidate: Pass) -> Window:
    """The hours and days of one pass: legal, the campaign's and its own, intersected."""
    return _intersection(campaign.legal_window, campaign.window, candidate.window, candidate.days)


@lru_cache(maxsize=1024)
def _intersection(legal: Window, campaign: Window, own: Window | None, days: tuple[str, ...]) -> Window:
    windows = [w for w in (legal, campaign, own) if w is not None]
    closes = [w.closes for w in windows if w.closes != END_OF_DAY]
    return Window(
        opens=max(w.opens for w in windows),
        closes=min(closes, default=END_OF_DAY),
        days=tuple(d for d in DAYS if d in days and all(d in w.days for w in windows)),
    )


def contact_zones(contact: Contact, device: Device, campaign: Campaign) -> tuple[str, ...]:
    """The zones a person may be in: their own if the list says, else the number's, else all the campaign's.

    A message has no number of its own: the contact's first number stands for it. Zones that do not exist are
    passed over. Postal codes tell nothing here: there is no table of them.
    """
    if contact.zone is not None and _exists(contact.zone):
        return (contact.zone,)
    number = device.address if device.kind != "email" else next(iter(contact.numbers()), "")
    zones = tuple(filter(_exists, zones_of_number(number))) if number else ()
    return zones or tuple(filter(_exists, campaign.zones)) or (campaign.zone,)


def open_now(window: Window, zones: Sequence[str], now: float) -> bool:
    """Whether the window is open in every zone at `now` (epoch seconds)."""
    return all(_is_open(window, datetime.fromtimestamp(now, ZoneInfo(zone))) for zone in zones)


def next_opening(window: Window, zones: Sequence[str], now: float) -> float | None:
    """The first moment from `now` on that is open in every zone; None if the zones' windows never meet."""
    moment, horizon = now, now + HORIZON * 86400
    while moment <= horizon:
        later = _next_in_all(window, zones, moment)
        if later is None:
            return None
        if later == moment:
            return moment
        moment = later
    return None


def closes(window: Window, zones: Sequence[str], now: float) -> float:
    """When the window, open at `now`, first closes in a zone, midnight at the latest (epoch seconds)."""
    return min(_closing(window, zone, now) for zone in zones)


def _closing(window: Window, zone: str, now: float) -> float:
    if window.closes == END_OF_DAY:
        return next_midnight(zone, now)
    local = datetime.combine(local_date(zone, now), window.closes, ZoneInfo(zone))
    moments = sorted(
        (local.timestamp(), local.replace(fold=1).timestamp())
    )  # two where the clock is put back
    return next((moment for moment in moments if moment > now), moments[-1])


def _next_in_all(window: Window, zones: Sequence[str], moment: float) -> float | None:
    """The latest of each zone's own next opening: nothing before it can be open in all."""
    latest = moment
    for zone in zones:
        opening = _next_in_zone(window, zone, moment)
        if opening is None:
            return None
        latest = max(latest, opening)
    return latest


def _next_in_zone(window: Window, zone: str, moment: float) -> float | None:
    info = ZoneInfo(zone)
    local = datetime.fromtimestamp(moment, info)
    if _is_open(window, local):
        return moment
    for ahead in range(HORIZON):
        day = local.date() + timedelta(days=ahead)
        for opening in _openings(window, day, info):
            if opening >= moment and _is_open(window, datetime.fromtimestamp(opening, info)):
                return opening
    return None


def _openings(window: Window, day: date, info: ZoneInfo) -> Iterator[float]:
    """The moments of a day at which the wall clock shows the opening time: one, two, or the end of a gap."""
    first = datetime.combine(day, window.opens, info)
    early, late = first.timestamp(), first.replace(fold=1).timestamp()
    if early > late:  # the clock jumps over the opening time: it opens at the jump
        yield _jump(late, early, info)
        return
    yield early
    if late != early:
        yield late


def _jump(before: float, after: float, info: ZoneInfo) -> float:
    """The second at which the offset from UTC changes between two moments."""
    low, high = int(before), int(after)
    old = datetime.fromtimestamp(low, info).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, info).utcoffset() == old:
            low = middle
        else:
            high = middle
    return float(high)


def _is_open(window: Window, local: datetime) -> bool:
    clock = local.time()
    closed = window.closes != END_OF_DAY and clock >= window.closes
    return DAYS[local.weekday()] in window.days and clock >= window.opens and not closed


def local_date(zone: str, now: float) -> date:
    """The date on the calendar of a zone."""
    return datetime.fromtimestamp(now, ZoneInfo(zone)).date()


def start_of(day: date, zones: Iterable[str]) -> float:
    """The moment from which it is this day in every one of the zones."""
    return max(datetime.combine(day, time(0, 0), ZoneInfo(zone)).timestamp() for zone in zones)


def next_midnight(zone: str, now: float) -> float:
    """When the next day begins in a zone."""
    return start_of(local_date(zone, now) + timedelta(days=1), (zone,))


def day_after_waiting(ended_on: date, wait_days: int, allowed: Sequence[str]) -> date | None:
    """The `wait_days`th allowed day after a date; the date itself for 0; None if no day is allowed."""
    day = ended_on
    if wait_days and not allowed:
        return None
    for _ in range(wait_days):
        day += timedelta(days=1)
        while DAYS[day.weekday()] not in allowed:
            day += timedelta(days=1)
    return day


@lru_cache(maxsize=1024)
def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
