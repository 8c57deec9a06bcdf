"""Contacts that go from one list to another, and part of a list that becomes one of its own, in the lists and
in every sub-campaign that is calling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.enrolling import members
from console.refusal import Reason, RefusedError
from strategies.contacts import Contact
from strategies.eligibility import OWN_COLUMNS, Attributes
from strategies.engine import OVER
from strategies.expressions import Expression, ExpressionError, Vocabulary, compile_expression
from strategies.state import SubCampaign

if TYPE_CHECKING:
    from strategies.store import Store


Places = Callable[[int], bool]
"""Whether the contact at this place of the list, from 0, is chosen."""


@dataclass(frozen=True, slots=True)
class NewList:
    """Where contacts go; `split`: the list is made for them, and attached where the first one is."""

    name: str
    split: bool = False


@dataclass(frozen=True, slots=True)
class Picked:
    """Whom of a list: those for whom `where` holds, who are named, or at these places; all if nothing is
    said."""

    where: str | None = None
    contacts: frozenset[str] = frozenset()
    places: Places | None = None


def by_share(share: float) -> Places:
    """That share of a list, spread evenly over it."""
    return lambda place: int((place + 1) * share) > int(place * share)


def every_nth(n: int) -> Places:
    """The nth, the 2nth, and so on."""
    return lambda place: (place + 1) % n == 0


async def picked(store: Store, list_name: str, pick: Picked) -> list[str]:
    """The contacts of the list that are meant, in its order. Raises RefusedError for an expression that is
    none, or names what nobody on the list has."""
    expression = _expression(pick.where)
    seen: set[str] = set()
    chosen: list[str] = []
    place = 0
    async for contacts in members(store, list_name):
        for contact in contacts:
            seen.update(contact.attributes)
            by_name = not pick.contacts or contact.id in pick.contacts
            by_place = pick.places is None or pick.places(place)
            if by_name and by_place and (expression is None or _holds(expression, contact)):
                chosen.append(contact.id)
            place += 1
    _refuse_unknown(expression, seen, list_name)
    return chosen


async def move_contacts(store: Store, list_name: str, to: str, contacts: Sequence[str], *, by: str) -> int:
    """These contacts are from now on on the other list, in every sub-campaign first; how many."""
    for sub in await _going(store):
        if list_name in sub.attached:
            await store.know_list(sub.name, to)
            await store.relist(sub.name, list_name, to, contacts, by=by)
    return await store.move_members(list_name, to, contacts)


async def split_off(store: Store, list_name: str, new: str, *, by: str) -> None:
    """Attach a new, empty list wherever the other one is, as that one is."""
    for sub in await _going(store):
        attachment = sub.attached.get(list_name)
        if attachment is not None and not attachment.detached:
            await store.attach(sub.name, new, (), weight=attachment.weight, paused=attachment.paused, by=by)


async def _going(store: Store) -> list[SubCampaign]:
    return [sub for sub in await store.open_subs() if sub.run_state not in OVER]


def _expression(where: str | None) -> Expression | None:
    if where is None:
        return None
    try:
        return compile_expression(where, names=Vocabulary((("contact", None),)))
    except ExpressionError as error:
        raise RefusedError("nothing was changed", [Reason(f"--where: {error}", "")]) from None


def _holds(expression: Expression, contact: Contact) -> bool:
    return expression.holds({"contact": Attributes(contact)})


def _refuse_unknown(expression: Expression | None, seen: set[str], list_name: str) -> None:
    unknown = expression.attributes() - seen - OWN_COLUMNS if expression is not None else frozenset()
    if unknown:
        raise RefusedError(
            "nothing was changed",
            [
                Reason(
                    f'--where uses contact.{name}, which no contact of the list "{list_name}" has',
                    f"there are: {', '.join(sorted(seen)) or 'none'}",
                )
                for name in sorted(unknown)
            ],
        )
