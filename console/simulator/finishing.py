"""How fast a pass that is to be through by a time of day has to go: people left over open time left, counted
as the simulation goes on; the arithmetic is left to `strategies.pacing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.pacing import finish_rate
from strategies.records import is_through
from strategies.state import ContactState
from strategies.windows import contact_zones, local_date, pass_window

AGAIN = 60.0  # seconds after which a rate is reckoned anew


class Finishing:
    """`names`: the passes that have, or may get, a time to be through by."""

    def __init__(self, names: Iterable[str], campaign: Campaign, contacts: Iterable[Contact]) -> None:
        self._campaign = campaign
        everybody = Counter(self._zones(contact) for contact in contacts)
        self._left = {name: Counter(everybody) for name in names}
        self._rates: dict[str, tuple[float, float]] = {}

    def moved(self, contact: Contact, before: ContactState, after: ContactState) -> None:
        """Count somebody out of the passes they are through with now."""
        for name, left in self._left.items():
            if _out(after, name) and not _out(before, name):
                left[self._zones(contact)] -= 1

    def rate(self, campaign: Campaign, going: Pass, now: float) -> float | None:
        """Calls a minute; None for a pass without such a time."""
        if going.pacing.finish_by is None:
            return None
        known = self._rates.get(going.name)
        if known is None or now >= known[0] + AGAIN:
            until = moment_of(going.pacing.finish_by, campaign.zone, now)
            left = {zones: people for zones, people in self._left[going.name].items() if people > 0}
            known = now, finish_rate(left, pass_window(campaign, going), until, now)
            self._rates[going.name] = known
        return known[1]

    def _zones(self, contact: Contact) -> tuple[str, ...]:
        return contact_zones(contact, contact.devices[0], self._campaign)


def moment_of(clock: time, zone: str, now: float) -> float:
    """When the clock of a zone shows this time next (epoch seconds)."""
    today = local_date(zone, now)
    days = (today, today + timedelta(days=1))
    moments = [datetime.combine(day, clock, ZoneInfo(zone)).timestamp() for day in days]
    return next(moment for moment in moments if moment > now)


def _out(state: ContactState, name: str) -> bool:
    return state.ended is not None or is_through(state, name)
