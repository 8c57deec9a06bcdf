"""Whom to call now: goes through the contacts that are due, asks the rules about each, and stops where the
pacing does; claiming and calling are the dialer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ami_bridge.answer_chances import AnswerChances
from ami_bridge.grants import Grants, Wish
from ami_bridge.pace import Held
from ami_bridge.preparation import Candidate
from ami_bridge.previews import Previews, is_preview
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.engine import advance
from strategies.precedence import in_turn, promise_over
from strategies.state import ContactState, Dial, Move, SubCampaign, due_at
from strategies.store import Put, Store
from strategies.vocabulary import VOICE

BATCH = 100  # contacts a look, one claim for all of them: a look takes ten turns of the store, however few
DEEP = 800  # contacts a look where the first BATCH are held back by their pass: others may go ahead of them
DEEP_EVERY = 1.0  # seconds between two such looks


class Choice:
    """One per bridge; `new_id` makes the ids of attempts."""

    def __init__(
        self,
        store: Store,
        grants: Grants,
        previews: Previews,
        chances: AnswerChances,
        new_id: Callable[[], str],
    ) -> None:
        self._store, self._grants, self._previews, self._new_id = store, grants, previews, new_id
        self._chances = chances
        self._deep_at: dict[str, float] = {}  # sub-campaign -> when more than a BATCH is looked at

    async def of(self, sub: SubCampaign, now: float) -> list[Candidate]:
        """Whom rules and pacing let call now, in their order, each with agent and channel granted.

        Everybody else whose moment it is goes where they belong: to the messenger, to a later moment, to
        their end, back into the line of their list where what they were promised is over. Who is only held
        back by the pacing stays as they are: nothing is written, and they keep their place.
        """
        chosen: list[Candidate] = []
        elsewhere: list[Put] = []
        held: set[str] = set()
        waits = False
        limit = self._limit(sub, now)
        due = await self._store.due(sub.name, now, limit)
        for contact, state in in_turn(due, sub.campaign):
            move = advance(contact, state, sub, now)
            call = call_of(move, sub)
            if call is None or promise_over(state, move.state):
                elsewhere.append(Put(contact.id, state.version, move, due_at(move.step, now)))
            elif call[1].name not in held:
                (dial, going), attempt, agent = call, self._new_id(), ""
                if is_preview(going, dial):
                    accepted = self._previews.agent_for(sub, contact, going, dial, now)
                    if accepted is None:
                        continue
                    agent = accepted
                said = self._chances.of(contact, state, sub, going, now)
                limited = self._grants.grant(Wish(attempt, sub, going, contact.id, dial.callback, said), now)
                if limited is Held.CAMPAIGN:
                    break
                waits = waits or limited is not None
                if limited is Held.PASS:
                    held.add(going.name)
                elif limited is None and await self._told(sub, contact, state, move, now):
                    leg = self._grants.leg_of(attempt)
                    chosen.append(
                        Candidate(attempt, contact, _after(state, move), dial, going, now, agent, leg)
                    )
                elif limited is None:
                    self._grants.give_back(attempt)
        await self._store.put_many(sub.name, elsewhere)
        await self._previews.show()
        self._look_deeper(sub, now, blocked=waits and len(due) == limit, deep=limit == DEEP)
        return chosen

    async def route(self, sub: SubCampaign, now: float) -> None:
        """What `of` does for those who are not to be called, while nobody may be: they go where they belong,
        and who is to be called keeps their place."""
        limit = self._limit(sub, now)
        due = await self._store.due(sub.name, now, limit)
        moves = [(contact, state, advance(contact, state, sub, now)) for contact, state in due]
        elsewhere = [
            Put(contact.id, state.version, move, due_at(move.step, now))
            for contact, state, move in moves
            if call_of(move, sub) is None or promise_over(state, move.state)
        ]
        await self._store.put_many(sub.name, elsewhere)
        self._look_deeper(sub, now, blocked=not elsewhere and len(due) == limit, deep=limit == DEEP)

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


def call_of(move: Move, sub: SubCampaign) -> tuple[Dial, Pass] | None:
    """The call a move leads to, and its pass; None where it leads to none, or to a message."""
    if not isinstance(move.step, Dial):
        return None
    going = sub.campaign.find(move.step.pass_name)
    return (move.step, going) if going.medium in VOICE else None


def _after(state: ContactState, move: Move) -> ContactState:
    """What the claim builds on: a state that was written has a new version, one that was not has the old."""
    return replace(move.state, version=state.version + 1) if move.lines else move.state
