"""Whom to call now: goes through the contacts that are due, asks the rules about each, and stops where the
pacing does; claiming and calling are the dialer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ami_bridge.grants import Grants
from ami_bridge.pace import Held
from ami_bridge.preparation import Candidate
from strategies.contacts import Contact
from strategies.engine import advance
from strategies.state import ContactState, Dial, Move, SubCampaign, due_at
from strategies.store import Store

BATCH = 50  # contacts a look, one claim for all of them
DEEP = 800  # contacts a look where the first BATCH are held back by their pass: others may go ahead of them
DEEP_EVERY = 1.0  # seconds between two such looks


class Choice:
    """One per bridge; `new_id` makes the ids of attempts."""

    def __init__(self, store: Store, grants: Grants, new_id: Callable[[], str]) -> None:
        self._store, self._grants, self._new_id = store, grants, new_id
        self._deep_at: dict[str, float] = {}  # sub-campaign -> when more than a BATCH is looked at

    async def of(self, sub: SubCampaign, now: float) -> list[Candidate]:
        """Whom rules and pacing let call now, in their order, each with agent and channel granted.

        Everybody else whose moment it is not gets the next one. Who is only held back by the pacing stays
        as they are: nothing is written, and they keep their place.
        """
        chosen: list[Candidate] = []
        held: set[str] = set()
        limit = self._limit(sub, now)
        due = await self._store.due(sub.name, now, limit)
        for contact, state in due:
            move = advance(contact, state, sub, now)
            if not isinstance(move.step, Dial):
                await self._store.put(sub.name, contact.id, state.version, move, due_at(move.step, now))
            elif move.step.pass_name not in held:
                going, attempt = sub.campaign.find(move.step.pass_name), self._new_id()
                limited = self._grants.grant(attempt, sub, going, now)
                if limited is Held.CAMPAIGN:
                    break
                if limited is Held.PASS:
                    held.add(going.name)
                elif await self._told(sub, contact, state, move, now):
                    chosen.append(Candidate(attempt, contact, _after(state, move), move.step, going, now))
                else:
                    self._grants.give_back(attempt)
        self._look_deeper(sub, now, blocked=bool(held) and len(due) == limit, deep=limit == DEEP)
        return chosen

    async def _told(
        self, sub: SubCampaign, contact: Contact, state: ContactState, move: Move, now: float
    ) -> bool:
        """Whether the store has the ledger lines that led to a call, as passes passed over, before it; False
        if the contact's state has changed meanwhile."""
        if not move.lines:
            return True
        return await self._store.put(sub.name, contact.id, state.version, move, now)

    def _limit(self, sub: SubCampaign, now: float) -> int:
        return DEEP if sub.name in self._deep_at and self._deep_at[sub.name] <= now else BATCH

    def _look_deeper(self, sub: SubCampaign, now: float, *, blocked: bool, deep: bool) -> None:
        if not blocked:
            self._deep_at.pop(sub.name, None)
        elif deep or sub.name not in self._deep_at:
            self._deep_at[sub.name] = now + DEEP_EVERY


def _after(state: ContactState, move: Move) -> ContactState:
    """What the claim builds on: a state that was written has a new version, one that was not has the old."""
    return replace(move.state, version=state.version + bool(move.lines))
