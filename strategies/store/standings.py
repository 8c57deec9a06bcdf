"""Everybody in a sub-campaign, a page at a time, for whoever asks how they all stand; nothing is written
here, and what a state means is left to the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from strategies.contacts import Contact
from strategies.state import ContactState
from strategies.store.codec import read_plain, read_state
from strategies.store.people import People

PAGE = 1000  # states read at once


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a contact's turn is kept: `due` in epoch seconds, None where it waits for no moment."""

    name: str
    due: float | None


class Standings(People):
    """The states of a sub-campaign as they stand."""

    async def standings(self, sub: str) -> AsyncIterator[list[tuple[str, Contact | None, ContactState]]]:
        """Contact id, contact (None where its record was taken away) and state, in no order. Somebody may
        come twice if many are enrolled meanwhile."""
        cursor: int | None = None
        while cursor != 0:
            cursor, found = await self._command("HSCAN", self._keys.state(sub), cursor or 0, "COUNT", PAGE)
            if pairs := list(found.items()):
                ids = [identity for identity, _ in pairs]
                raws = await self._command("HMGET", self._keys.contacts, *ids)
                known = iter(await self._contacts_of(raw for raw in raws if raw))
                yield [
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
