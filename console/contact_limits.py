"""How the limits of a campaign stand for one contact, in words: what the claim counts, told to a person;
keeping them is the claim's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.moments import local_moment
from strategies.contacts import Contact
from strategies.debts import debt_of
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from strategies.store import Store
    from strategies.store.standings import Tried

SPOKEN = frozenset({"c", "s"})  # kinds of entries that tell of a conversation


async def limits(store: Store, sub: SubCampaign, contact: Contact, now: float) -> dict[str, str]:
    """Every limit of the campaign that has something to say about the contact; name to how it stands."""
    from strategies.store.claims import marks_of

    addresses = list(dict.fromkeys(device.address for device in contact.devices))
    tried = await store.tried_lately(marks_of(contact) + [one for one in addresses if "@" in one])
    barred = await store.suppressed(addresses, sub.campaign.name)
    told = {f"do-not-call of the campaign, {address}": why for address, why in barred.items()}
    told |= await _registered(store, sub, addresses)
    told |= _at_numbers(sub, await store.tried_at(sub.name, addresses), tried, now)
    return told | _about_debt(sub, contact, tried, now)


async def _registered(store: Store, sub: SubCampaign, addresses: Sequence[str]) -> dict[str, str]:
    country, found = sub.campaign.country, {}
    if sub.campaign.limits.registry_within is None:
        return {}
    for address in addresses:
        if address.startswith("+") and await store.registered(country, address):
            found[f"registry of {country}"] = f"{address} stands in it"
    return found


def _at_numbers(
    sub: SubCampaign, tries: dict[str, int], tried: Sequence[Tried], now: float
) -> dict[str, str]:
    """The caps per number, where there are any."""
    from strategies.store.claims import midnight

    caps, found = sub.campaign.limits, {}
    if caps.attempts_per_number is not None:
        for address, count in tries.items():
            found[f"attempts at {address}"] = f"{count} of {caps.attempts_per_number}"
    if caps.attempts_per_number_per_day is not None:
        today = midnight(now, sub.campaign.zone)
        here = [one.mark for one in tried if one.here and one.kind not in SPOKEN and one.at >= today]
        for address in dict.fromkeys(here):
            found[f"today at {address}"] = f"{here.count(address)} of {caps.attempts_per_number_per_day}"
    return found


def _about_debt(sub: SubCampaign, contact: Contact, tried: Sequence[Tried], now: float) -> dict[str, str]:
    """Calls about the debt the campaign is about, and the silence after a conversation."""
    from strategies.store.claims import debt_mark

    caps, debt = sub.campaign.limits, debt_of(contact, sub.campaign)
    if debt is None or caps.debt_calls is None:
        return {}
    about = debt_mark(debt)
    calls = {
        mark: sum(
            one.mark == mark and one.kind == "v" and one.debt == about and one.at >= now - caps.debt_within
            for one in tried
        )
        for mark in {one.mark for one in tried}
    }
    days = f"{caps.debt_within / 86_400:g} days"
    found = {"calls about the debt": f"{max(calls.values(), default=0)} of {caps.debt_calls} in {days}"}
    spoken = max((one.at for one in tried if one.kind in SPOKEN and one.debt in {"*", about}), default=None)
    if spoken is not None and now <= spoken + caps.debt_silence:
        until = local_moment(spoken + caps.debt_silence, sub.campaign.zone)
        found["left in peace after a conversation"] = f"until {until}"
    return found
