"""How fast a pass that is to be through by a time of day has to go: people left over open time left, counted
as the simulation goes on; the arithmetic is left to `strategies.pacing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.pacing import finish_rate
from strategies.records import is_through
from strategies.state import ContactState
from strategies.windows import contact_zones, next_time_of_day, pass_window

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
            window = pass_window(campaign, going)
            until = next_time_of_day(going.pacing.finish_by, window, campaign.zone, now)
            left = {zones: people for zones, people in self._left[going.name].items() if people > 0}
            known = now, finish_rate(left, window, until, now)
            self._rates[going.name] = known
        return known[1]

    def _zones(self, contact: Contact) -> tuple[str, ...]:
        return contact_zones(contact, contact.devices[0], self._campaign)


def _out(state: ContactState, name: str) -> bool:
    return state.ended is not None or is_through(state, name)
