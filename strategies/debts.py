"""Which debt an attempt is about, where the law caps calls about one; counting them is left to the store."""

from __future__ import annotations

from strategies.campaign import Campaign
from strategies.contacts import Contact


def debt_of(contact: Contact, campaign: Campaign) -> str | None:
    """The value of the campaign's `debt` attribute, the contact's id without one; None where nothing caps."""
    if campaign.limits.debt_calls is None:
        return None
    named = contact.attributes.get(campaign.debt) if campaign.debt is not None else None
    return named or contact.id
