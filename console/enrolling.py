"""Whom a list brings into a campaign: read from the store in steps, filtered and put in order; whether the
campaign may go over the list is left to `launch`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.eligibility import keeps
from strategies.precedence import ordered

if TYPE_CHECKING:
    from strategies.store import Store

STEP = 2000  # contacts read at once


@dataclass(frozen=True, slots=True)
class Entering:
    """Those of a list's contacts that the campaign's filter keeps, in its order, and the attributes that any
    contact of the list has."""

    contacts: tuple[str, ...]
    attributes: frozenset[str]


async def entering(store: Store, campaign: Campaign, list_name: str) -> Entering:
    """Whom a list brings in. Where the campaign has no order of its own, no more than their ids is kept."""
    attributes: set[str] = set()
    kept: list[Contact] = []
    ids: list[str] = []
    async for contacts in members(store, list_name):
        attributes.update(*(contact.attributes for contact in contacts))
        fitting = [contact for contact in contacts if keeps(campaign, contact)]
        if campaign.order:
            kept += fitting
        else:
            ids += [contact.id for contact in fitting]
    return Entering(tuple(ordered(campaign, kept) if campaign.order else ids), frozenset(attributes))


async def members(store: Store, list_name: str) -> AsyncIterator[list[Contact]]:
    """The contacts of a list in its order, some at a time."""
    ids = await store.list_members(list_name)
    for at in range(0, len(ids), STEP):
        yield await store.contacts(ids[at : at + STEP])
