"""Takes a person away everywhere: who is meant, in which order, and what is told of it; each part is done by
the store and by `ledger_archive`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.ledger_files import archive_of
from console.refusal import Reason, RefusedError
from strategies.contacts import Contact
from strategies.erasure import pseudonymised
from strategies.numbers import normalise
from strategies.recovery import concluded
from strategies.state import ContactState, Ended, Move, SubCampaign
from strategies.vocabulary import Kind, RecoveryEnd

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

ERASED = "erased"
NOTES = (
    "a keyed hash of each address stays: whoever comes back by an import is put on do-not-call at once",
    "backups made before still hold the person: make a new one and remove them",
    "files that lists were imported from, recordings and Asterisk's own records are not ours to erase",
)
JOURNAL = "the server's journal still names the person until it is next written anew: redis-cli BGREWRITEAOF"
Entry = tuple[str, dict[str, Any]]


async def erase(
    store: Store, loaded: Project, *, contact: str | None, number: str | None, by: str
) -> dict[str, Any]:
    """Erase one contact, or everybody with a number. Safe to repeat. Raises RefusedError, and nothing was
    changed, where nobody is meant or somebody of them is being called."""
    people = await _meant(store, loaded, contact, number)
    busy = {mark for one in people for mark in await store.busy_with((*one.numbers(), f"@{one.id}"))}
    if busy:
        raise _being_called()
    subs, lists = await store.subs(), list(await store.lists())
    files = archive_of(loaded)
    with files.alone():
        ended = [await _end(store, one, subs) for one in people]
        shared = await _shared(store, people)
        for one in people:
            names = [(sub.name, sub.campaign.name) for sub in subs]
            if not await store.forget(one, names, lists, keep=shared):
                raise _being_called()
        change, attempts, calls = await _changing(store, people, shared)
        lines = await store.rewrite_ledger(change)
        archived = files.rewrite(change) if files.folder.exists() and files.files() else 0
    own = {device.address for one in people for device in one.devices} - set(shared)
    await store.forget_attempts(sorted(attempts), sorted(own))
    examples = await store.forget_examples(calls)
    for one in people:
        await store.changed("person_erased", by=by, old=await store.pseudonym(one.id), new=None)
    notes = NOTES if await store.compact() else (*NOTES, JOURNAL)
    return {
        "removed": {
            "contacts": len(people),
            "addresses": len(own),
            "places in sub-campaigns": sum(ended),
            "lines of the ledger without their name": lines + archived,
            "attempts of the last day": len(attempts),
            "calls that models learn from": examples,
        },
        "notes": [*notes, *(f"{address} stays: somebody else has it too" for address in shared)],
    }


async def _meant(store: Store, loaded: Project, contact: str | None, number: str | None) -> Sequence[Contact]:
    if contact is not None:
        found = [one] if (one := await store.contact(contact)) is not None else []
        what = f'contact "{contact}"'
    else:
        countries = loaded.settings.numbers.countries
        clean = normalise(number or "", countries[0] if len(countries) == 1 else "")
        found = await store.contacts(await store.contacts_of_number(clean)) if clean else []
        what = f'contact with the number "{number}"'
    if not found:
        reason = Reason(
            f"there is no {what}", "secondpass list show tells the lists; write +1... for a number"
        )
        raise RefusedError("nobody was erased; nothing was changed", [reason])
    return found


def _being_called() -> RefusedError:
    reason = Reason("the person is being called right now", "try again in a few minutes")
    return RefusedError("not erased", [reason])


async def _end(store: Store, contact: Contact, subs: Sequence[SubCampaign]) -> int:
    """End the contact wherever it has not ended, so that every figure stays right; in how many
    sub-campaigns it was."""
    places = 0
    for sub in subs:
        state = await store.state(sub.name, contact.id)
        if state is None:
            continue
        places += 1
        if state.live is not None:
            raise _being_called()
        if state.ended is None and not await store.put(
            sub.name, contact.id, state.version, _over(state), None
        ):
            raise _being_called()
    return places


def _over(state: ContactState) -> Move:
    state, lines = concluded(state, RecoveryEnd.CALLED_OFF, ERASED)
    line = {"kind": Kind.CONTACT_ENDED, "reason": ERASED}
    return Move(replace(state, ended=ERASED), Ended(ERASED), (*lines, line))


async def _shared(store: Store, people: Sequence[Contact]) -> list[str]:
    """Numbers that somebody has who is not to be erased."""
    ids = {one.id for one in people}
    numbers = dict.fromkeys(number for one in people for number in one.numbers())
    return [number for number in numbers if set(await store.contacts_of_number(number)) - ids]


async def _changing(
    store: Store, people: Sequence[Contact], shared: Sequence[str]
) -> tuple[Any, set[str], set[str]]:
    """What becomes of a line, and the attempts and the decided calls it meets on the way."""
    ids = {one.id: await store.pseudonym(one.id) for one in people}
    addresses = {
        device.address: await store.pseudonym(device.address) for one in people for device in one.devices
    }
    everywhere = {address: name for address, name in addresses.items() if address not in shared}
    attempts: set[str] = set()
    calls: set[str] = set()

    def change(entry: Entry) -> Entry:
        identity, line = entry
        mine = line.get("contact") in ids
        if mine and isinstance(attempt := line.get("attempt"), str):
            attempts.add(attempt)
        if line.get("customer") in ids and isinstance(call := line.get("interaction"), str):
            calls.add(call)
        return identity, pseudonymised(line, ids, addresses if mine else everywhere)

    return change, attempts, calls
