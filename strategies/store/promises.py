"""Promises calls to people, and calls promises off, in the store: for the command line, and for callers who
would rather be called back than wait; what may be promised is the rules' to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from strategies.attempts import Fact, FactName, Intent
from strategies.callbacks import Unkept, Wish
from strategies.contacts import Contact, Device
from strategies.engine import call_back, call_off
from strategies.frozen import replace
from strategies.state import Callback, ContactState, Move, SubCampaign, due_at
from strategies.store.store import Store
from strategies.vocabulary import CALL_AGAIN, RunState
from strategies.windows import local_date

Standing = tuple[Contact, ContactState]
CALLERS = "callers"  # the list of those whom nothing but their call told of


async def promise(
    store: Store, sub: SubCampaign, contact_id: str, wish: Wish, clock: Callable[[], float]
) -> Callback | Unkept | None:
    """Promise a call to a contact of the sub-campaign, in the place of every other that was promised to
    people with a number of theirs; None if the contact is not in it."""
    while (standing := await _standing(store, sub, contact_id)) is not None:
        contact, state = standing
        now = clock()
        move = call_back(contact, state, sub, wish, now)
        if isinstance(move, Unkept):
            return move
        if await _kept(store, sub, standing, move, now):
            await _call_off_others(store, sub, contact, clock)
            return move.state.callback
    return None


async def promise_from(
    store: Store, sub: SubCampaign, intent: Intent, wish: Wish, clock: Callable[[], float]
) -> Callback | Unkept | None:
    """Promise the person of an attempt another call: while it is up, by its agent's note, which its end turns
    into the promise; else as `promise`."""
    standing = await _standing(store, sub, intent.contact)
    if standing is None or standing[1].live != intent.attempt:
        return await promise(store, sub, intent.contact, wish, clock)
    (contact, state), now = standing, clock()
    move = call_back(contact, replace(state, live=None), sub, wish, now)
    if isinstance(move, Unkept):
        return move
    word, when = CALL_AGAIN.removeprefix("agent_"), f"{round(wish.at)} {wish.agent}".strip()
    await store.add_fact(intent.attempt, Fact(FactName.DISPOSITION, now, word, when))
    return move.state.callback


class Promised(NamedTuple):
    """Where a caller's place is kept."""

    sub: str
    contact: str


async def promise_caller(
    store: Store, queue: str, number: str, since: float, clock: Callable[[], float]
) -> Promised | None:
    """Promise a call to whoever waits in an inbound queue since then (epoch seconds), and keep their place:
    in the first running sub-campaign that recovers this queue's callers. Somebody unknown enters it for this
    call alone. None where there is no such sub-campaign, or no call may be promised."""
    wish = Wish(clock(), "caller", address=number, place=since)
    subs = [sub for sub in await store.open_subs() if _is_for(sub, queue)]
    subs.sort(key=lambda sub: (-sub.campaign.priority, sub.created))
    known = await store.contacts_of_number(number)
    for sub in subs:
        for identity in known:
            if isinstance(await promise(store, sub, identity, wish, clock), Callback):
                return Promised(sub.name, identity)
    return await _promise_stranger(store, subs[0], wish, clock) if subs and not known else None


def _is_for(sub: SubCampaign, queue: str) -> bool:
    """Whether a sub-campaign runs that recovers the callers of this queue."""
    of_queue = (going for going in sub.campaign.passes if going.recovery and going.recovery.queue == queue)
    return sub.run_state is RunState.RUNNING and any(not going.out for going in of_queue)


async def _promise_stranger(
    store: Store, sub: SubCampaign, wish: Wish, clock: Callable[[], float]
) -> Promised | None:
    """Enter a number nobody has, through with every pass, and with the promise from the first moment on. To
    be called is what they asked for: that is the consent there is."""
    now = clock()
    day = local_date(sub.campaign.zone, now).isoformat()
    consent = {"basis": "express", "source": "asked to be called back", "date": day}
    who = Contact(
        f"caller-{wish.address.removeprefix('+')}", (Device("mobile", wish.address),), consent=consent
    )
    move = call_back(who, ContactState(pass_index=len(sub.campaign.passes)), sub, wish, now)
    if isinstance(move, Unkept):
        return None
    await store.import_contacts(CALLERS, [who])
    await store.attach(sub.name, CALLERS, (), by=wish.by)
    sub = await store.known_sub(sub.name)
    entering = replace(move.state, list=sub.attached[CALLERS].index)
    if not await store.enrol(sub, [who.id], entering):
        return None
    for line in move.lines:
        await store.append({**line, "campaign": sub.name, "contact": who.id}, at=now)
    return Promised(sub.name, who.id)


async def cancel(
    store: Store, sub: SubCampaign, contact_id: str, reason: str, clock: Callable[[], float]
) -> bool:
    """Call a promise off; False if there is none, or the call is being made."""
    while (standing := await _standing(store, sub, contact_id)) is not None:
        now = clock()
        move = call_off(*standing, sub, reason, now)
        if move is None:
            return False
        if await _kept(store, sub, standing, move, now):
            return True
    return False


async def _call_off_others(
    store: Store, sub: SubCampaign, contact: Contact, clock: Callable[[], float]
) -> None:
    """One call for one number, however often it was asked for."""
    for other in await store.open_subs():
        for identity in await _sharing(store, contact.numbers()):
            if (other.name, identity) != (sub.name, contact.id):
                await cancel(store, other, identity, "asked_again", clock)


async def _sharing(store: Store, numbers: Iterable[str]) -> list[str]:
    found = [identity for number in numbers for identity in await store.contacts_of_number(number)]
    return list(dict.fromkeys(found))


async def _standing(store: Store, sub: SubCampaign, contact_id: str) -> Standing | None:
    contact, state = await store.contact(contact_id), await store.state(sub.name, contact_id)
    return None if contact is None or state is None else (contact, state)


async def _kept(store: Store, sub: SubCampaign, standing: Standing, move: Move, now: float) -> bool:
    contact, state = standing
    return await store.put(sub.name, contact.id, state.version, move, due_at(move.step, now))
