"""In which order contacts are taken: those of a list, and those that are due at once; whether each may be
called is the engine's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.eligibility import Attributes, condition
from strategies.state import ContactState
from strategies.values import number_of

Standing = tuple[Contact, ContactState]
Rank = tuple[bool, float, str]


def ordered(campaign: Campaign, contacts: Iterable[Contact]) -> list[str]:
    """The ids by the campaign's sort keys (`-` descends); ties as they came, numbers and texts apart.

    Contacts that lack an attribute come after those that have it.
    """
    keys = [(place, key.startswith("-")) for place, key in enumerate(campaign.order)]
    ranked = [(_ranks(campaign, contact), contact.id) for contact in contacts]
    for place, descending in reversed(keys):
        have = [each for each in ranked if each[0][place] is not None]
        have.sort(key=lambda each: each[0][place] or (), reverse=descending)
        ranked = have + [each for each in ranked if each[0][place] is None]
    return [identity for _, identity in ranked]


def _ranks(campaign: Campaign, contact: Contact) -> tuple[Rank | None, ...]:
    """What a contact is sorted by, for each key."""
    groups = tuple(campaign.groups)
    keys = (condition(key.removeprefix("-"), groups) for key in campaign.order)
    return tuple(_rank(key.value({"contact": Attributes(contact)})) for key in keys)


def _rank(value: object) -> Rank | None:
    number = number_of(value)
    if number is not None:
        return False, float(number), ""
    return None if value is None else (True, 0.0, str(value))


def in_turn(due: Sequence[Standing], campaign: Campaign) -> list[Standing]:
    """Recoveries first, by what the contact is worth to the campaign, then the older loss; everybody else as
    they came.

    Nobody starves: `due` holds those who wait longest, and a recovery that others go before for all of its
    time to live ends with that reason.
    """
    lost = [each for each in due if each[1].recovery is not None]
    lost.sort(key=lambda each: (-worth(each[0], campaign), _since(each[1])))
    return [*lost, *(each for each in due if each[1].recovery is None)]


def promise_over(before: ContactState, after: ContactState) -> bool:
    """Whether a recovery or a callback has ended by this decision: that is told at once, though the contact's
    next call may be held back for long."""
    recovered = before.recovery is not None and after.recovery is None
    return recovered or (before.callback is not None and after.callback is None)


def worth(contact: Contact, campaign: Campaign) -> float:
    """What the campaign's first sort key says of a contact, where it puts the highest first: the same for all
    where it does not, least for whom it says nothing of."""
    if not campaign.order or not campaign.order[0].startswith("-"):
        return 0.0
    key = condition(campaign.order[0].removeprefix("-"), tuple(campaign.groups))
    number = number_of(key.value({"contact": Attributes(contact)}))
    return -inf if number is None else float(number)


def _since(state: ContactState) -> float:
    return state.recovery.not_before if state.recovery is not None else 0.0
