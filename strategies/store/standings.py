"""Everybody in a sub-campaign, a page at a time, for whoever asks how they all stand; nothing is written
here, and what a state means is left to the rules."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from redis.asyncio.client import Pipeline

from strategies.contacts import Contact
from strategies.state import ContactState
from strategies.store.codec import read_intent, read_plain, read_state
from strategies.store.people import People

PAGE = 1000  # states read at once

Standing = tuple[str, Contact | None, ContactState]


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a contact's turn is kept: `due` in epoch seconds, None where it waits for no moment."""

    name: str
    due: float | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One entry of what limits count of a person, at `mark` (a number, an address, the contact itself).

    `kind`: a call (`v`), a message (`m`), a call that never connected (`x`), a conversation with an agent
    (`c`) or a script (`s`); `here`: at that very address. `debt` is that of `debt_mark`, `*` for all.
    """

    mark: str
    at: float
    kind: str
    here: bool
    debt: str


_ENTRY = re.compile(r"(\d+)([a-zA-Z])(\S*)")


class Standings(People):
    """The states of a sub-campaign as they stand."""

    async def standings(self, sub: str) -> AsyncIterator[list[Standing]]:
        """Contact id, contact (None where its record was taken away) and state, in no order. Somebody may
        come twice if many are enrolled meanwhile."""
        cursor: int | None = None
        while cursor != 0:
            cursor, found = await self._command("HSCAN", self._keys.state(sub), cursor or 0, "COUNT", PAGE)
            if pairs := list(found.items()):
                yield await self._with_contacts(pairs)

    async def promised(self, sub: str) -> AsyncIterator[list[Standing]]:
        """The same of those alone who may have been promised a call: whoever waits for a moment of their own,
        for the run or a pass to go on, or is called just now. List work nobody has begun, and who is done,
        is not looked at."""
        keys = self._keys.of_sub(sub)
        for lane in (keys[1], keys[3], keys[4]):  # promised, parked, waking
            cursor: int | None = None
            while cursor != 0:
                cursor, found = await self._command("ZSCAN", lane, cursor or 0, "COUNT", PAGE)
                yield await self._standings_of(sub, [pair[0] for pair in found])
        yield await self._standings_of(sub, [contact.encode() for contact in await self._called(sub)])

    async def _called(self, sub: str) -> list[str]:
        """The contacts of the sub-campaign of whom an attempt is live."""
        names = [raw.decode() for raw in await self._command("SMEMBERS", self._keys.live)]

        def fill(pipe: Pipeline) -> None:
            for name in names:
                pipe.execute_command("HGET", self._keys.attempt(name), "intent")

        intents = [read_intent(raw) for raw in (await self._pipeline(fill) if names else []) if raw]
        return [intent.contact for intent in intents if intent.sub == sub]

    async def _standings_of(self, sub: str, ids: Sequence[bytes]) -> list[Standing]:
        states = await self._command("HMGET", self._keys.state(sub), *ids) if ids else []
        return await self._with_contacts([pair for pair in zip(ids, states, strict=True) if pair[1]])

    async def _with_contacts(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Standing]:
        raws = (
            await self._command("HMGET", self._keys.contacts, *(each for each, _ in pairs)) if pairs else []
        )
        known = iter(await self._contacts_of(raw for raw in raws if raw))
        return [
            (identity.decode(), next(known) if raw else None, read_state(state))
            for (identity, state), raw in zip(pairs, raws, strict=True)
        ]

    async def lane(self, sub: str, contact: str, list_index: int = 0) -> Lane | None:
        """Where this contact's turn is kept; None while an attempt is live, and when it is done."""
        keys = self._keys.of_sub(sub, list_index)
        names = ("promised", "due", "parked", "waking", "messages")
        lanes = dict(zip(names, keys[1:6], strict=True))
        scores = await self._pipeline(
            lambda pipe: [pipe.execute_command("ZSCORE", key, contact) for key in lanes.values()]
        )
        for name, score in zip(lanes, scores, strict=True):
            if score is not None:
                return Lane(name, None if name in {"parked", "waking"} else float(score))
        return None

    async def tried_lately(self, marks: Sequence[str]) -> list[Tried]:
        """What limits count at these marks, of the last eight days and over all campaigns."""
        logs = await self._command("HMGET", self._keys.calls, *marks) if marks else []
        return [
            Tried(mark, int(at) / 1000, kind.lower(), kind.isupper(), debt)
            for mark, log in zip(marks, logs, strict=True)
            if log
            for at, kind, debt in _ENTRY.findall(log.decode())
        ]

    async def tried_at(self, sub: str, addresses: Sequence[str]) -> dict[str, int]:
        """How often each address was tried in a sub-campaign, where it caps that."""
        tries = self._keys.of_sub(sub)[7]
        found = await self._command("HMGET", tries, *(f"={one}" for one in addresses)) if addresses else []
        return {one: int(count) for one, count in zip(addresses, found, strict=True) if count}

    async def busy_with(self, numbers: tuple[str, ...]) -> dict[str, str]:
        """Those of the numbers that are being called right now, each with the attempt."""
        if not numbers:
            return {}
        found = await self._command("HMGET", self._keys.busy, *numbers)
        return {number: raw.decode() for number, raw in zip(numbers, found, strict=True) if raw}

    async def moved_to(self, customer: str) -> dict[str, object]:
        """The segment a customer was moved to, with version and end; empty if to none."""
        raw = await self._command("HGET", self._keys.segments, customer)
        return read_plain(raw) if raw else {}
