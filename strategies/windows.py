"""When somebody may be reached: hours local to the contact, allowed days, days to wait; summer time right.

A moment is open if in *every* zone the contact may live in its wall clock lies in the window, on a day of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from strategies.campaign import DAYS, Campaign, Pass, Window
from strategies.contacts import Contact, Device
from strategies.holiday_calendars import is_holiday
from strategies.numbers import zones_of_number
from strategies.postal_zones import zones_of_postal_code

YEARS = range(1971, 2200)  # of moments that are written: beyond them some calendar or clock ends
HORIZON = 15  # days: windows repeat weekly, so what has not opened by then never does
FESTIVE_HORIZON = 100  # days, where holidays close it: longer than any run of them
END_OF_DAY = time(0, 0)  # as a closing time: midnight


def pass_window(campaign: Campaign, candidate: Pass) -> Window:
    """The hours and days of one pass: legal, the campaign's and its own, intersected."""
    return _intersection(
        campaign.legal_window, campaign.window, candidate.window, candidate.days, candidate.holidays
    )


@lru_cache(maxsize=1024)
def _intersection(
    legal: Window, campaign: Window, own: Window | None, days: tuple[str, ...], holidays: tuple[str, ...]
) -> Window:
    windows = [w for w in (legal, campaign, own) if w is not None]
    closes = [w.closes for w in windows if w.closes != END_OF_DAY]
    return Window(
        opens=max(w.opens for w in windows),
        closes=min(closes, default=END_OF_DAY),
        days=tuple(d for d in DAYS if d in days and all(d in w.days for w in windows)),
        holidays=holidays,
    )


def contact_zones(contact: Contact, device: Device, campaign: Campaign) -> tuple[str, ...]:
    """The zones a person may be in: their own if the list says, else those that both their postal code and
    their number allow, or the one that tells; else all the campaign's, also where the two contradict.

    A message has no number of its own: the contact's first number stands for it. Zones that do not exist are
    passed over.
    """
    if contact.zone is not None and _exists(contact.zone):
        return (contact.zone,)
    number = device.address if device.kind != "email" else next(iter(contact.numbers()), "")
    by_number = tuple(filter(_exists, zones_of_number(number))) if number else ()
    by_code = zones_of_postal_code(contact.postal_code or "", campaign.country)
    if by_number and by_code:
        zones = tuple(z for z in by_code if any(_same_clock(z, other) for other in by_number))
    else:
        zones = by_number or by_code
    return zones or tuple(filter(_exists, campaign.zones)) or (campaign.zone,)


@lru_cache(maxsize=4096)
def _same_clock(a: str, b: str) -> bool:
    """Whether two names stand for one wall clock, as Chicago and Winnipeg: in winter and in summer."""
    moments = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    return all(
        moment.astimezone(ZoneInfo(a)).utcoffset() == moment.astimezone(ZoneInfo(b)).utcoffset()
        for moment in moments
    )


def open_now(window: Window, zones: Sequence[str], now: float) -> bool:
    """Whether the window is open in every zone at `now` (epoch seconds)."""
    return all(_is_open(window, datetime.fromtimestamp(now, ZoneInfo(zone))) for zone in zones)


@lru_cache(maxsize=4096)
def next_opening(window: Window, zones: tuple[str, ...], now: float) -> float | None:
    """The first moment from `now` on that is open in every zone; None if the zones' windows never meet."""
    moment, horizon = now, now + _horizon(window) * 86400
    while moment <= horizon:
        later = _next_in_all(window, zones, moment)
        if later is None:
            return None
        if later == moment:
            return moment
        moment = later
    return None


@lru_cache(maxsize=4096)
def closes(window: Window, zones: tuple[str, ...], now: float) -> float:
    """When the window, open at `now`, first closes in a zone, midnight at the latest (epoch seconds)."""
    return min(_closing(window, zone, now) for zone in zones)


def open_seconds(window: Window, zones: tuple[str, ...], now: float, until: float) -> float:
    """How long the window is open in every zone between two moments (epoch seconds)."""
    total, moment = 0.0, next_opening(window, zones, now)
    while moment is not None and moment < until:
        end = min(closes(window, zones, moment), until)
        total += end - moment
        moment = next_opening(window, zones, end)
    return total


def next_time_of_day(of_day: time, window: Window, zone: str, now: float) -> float:
    """The next moment after `now` at which it is that time in a zone, on an allowed day of the window; of the
    next day if no day is allowed."""
    today = local_date(zone, now)
    days = [today + timedelta(days=n) for n in range(_horizon(window) + 1)]
    moments = [
        (day, start_of(day + timedelta(days=1), (zone,)))
        if of_day == END_OF_DAY
        else (day, datetime.combine(day, of_day, ZoneInfo(zone)).timestamp())
        for day in days
    ]
    ahead = [(day, moment) for day, moment in moments if moment > now]
    return next((moment for day, moment in ahead if _allowed(window, day)), ahead[0][1])


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
    for ahead in range(_horizon(window)):
        day = local.date() + timedelta(days=ahead)
        if not _allowed(window, day):
            continue
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
    return _allowed(window, local.date()) and clock >= window.opens and not closed


def _allowed(window: Window, day: date) -> bool:
    """Whether it is a weekday of the window, and no holiday."""
    return DAYS[day.weekday()] in window.days and not is_holiday(window.holidays, day)


def _horizon(window: Window) -> int:
    return FESTIVE_HORIZON if window.holidays else HORIZON


@lru_cache(maxsize=4096)
def local_date(zone: str, now: float) -> date:
    """The date on the calendar of a zone."""
    return datetime.fromtimestamp(now, ZoneInfo(zone)).date()


def start_of(day: date, zones: Iterable[str]) -> float:
    """The moment from which it is this day in every one of the zones."""
    return max(datetime.combine(day, time(0, 0), ZoneInfo(zone)).timestamp() for zone in zones)


def epoch_of(written: datetime, zone: str) -> float:
    """Epoch seconds of a moment that somebody wrote, local to the zone where it has no offset. Raises
    ValueError for a year outside YEARS."""
    if written.year not in YEARS:
        raise ValueError(f"the year {written.year} is not reckoned with")
    return (written if written.tzinfo else written.replace(tzinfo=ZoneInfo(zone))).timestamp()


def next_midnight(zone: str, now: float) -> float:
    """When the next day begins in a zone."""
    return start_of(local_date(zone, now) + timedelta(days=1), (zone,))


def day_after_waiting(ended_on: date, wait_days: int, window: Window) -> date | None:
    """The `wait_days`th allowed day after a date, by weekdays and holidays; the date itself for 0; None if no
    day is allowed."""
    day = ended_on
    for _ in range(wait_days):
        ahead = (day + timedelta(days=n) for n in range(1, _horizon(window) + 1))
        found = next((one for one in ahead if _allowed(window, one)), None)
        if found is None:
            return None
        day = found
    return day


@lru_cache(maxsize=1024)
def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
