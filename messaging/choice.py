"""Who is written to now, and what: goes through the contacts whose message may be sent, asks the rules about
each, and writes the message; pure but for the store it reads and puts back to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from messaging.carrier import Carrier
from messaging.letters import Draft, Unwritable
from messaging.rates import Rates
from strategies.attempts import Intent
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.engine import advance, refused
from strategies.state import Case, ContactState, Dial, Move, SubCampaign, Wait, due_at
from strategies.store import Claim, Put, Store, decided
from strategies.vocabulary import VOICE, Medium, Refusal

BATCH = 200  # contacts a deep look, one claim for all of them
DEEP_EVERY = 1.0  # seconds between two deep looks; others go no deeper than there is room
KEPT = 20  # contacts of a pass that wait where they are though they are held back: nobody stands behind more
NO_GATEWAY_AGAIN = 300.0  # seconds until a contact is looked at again for whose medium there is no gateway


@dataclass(frozen=True, slots=True)
class Candidate:
    """A claim to be asked for, and the message that is sent if it is granted."""

    claim: Claim
    message: Any
    carrier: Carrier[Any]


class Choice:
    """One per messenger. `new_id` makes attempt ids."""

    def __init__(
        self,
        store: Store,
        carriers: Mapping[Medium, Carrier[Any]],
        countries: tuple[str, ...],
        new_id: Callable[[], str],
    ) -> None:
        self._store, self._carriers, self._countries, self._new_id = store, carriers, countries, new_id
        self._rates = Rates()
        self._deep_at: dict[str, float] = {}  # sub-campaign -> when the next deep look is due
        self._standing: dict[str, int] = {}  # sub-campaign -> how many stand at the front, held back

    async def of(self, sub: SubCampaign, now: float) -> list[Candidate]:
        """Whom the rules, the rates and the gateways' room let write to now.

        Who may be sent nothing now is put where the rules say. Who is only held back, by the rate of their
        pass or a gateway that is away, gets a later moment, so that nobody else stands behind them.
        """
        chosen, elsewhere = list[Candidate](), list[Put]()
        taken, held = dict.fromkeys(self._carriers, 0), Counter[str]()
        limit = self._limit(sub, now)
        due = await self._store.due(sub.name, now, limit, "messages") if limit else []
        for contact, state in due:
            move = advance(contact, state, sub, now)
            going = sub.campaign.find(move.step.pass_name) if isinstance(move.step, Dial) else None
            if going is None or going.medium not in self._carriers:
                elsewhere.append(_put_back(contact, state, move, going, now))
                continue
            carrier = self._carriers[going.medium]
            if taken[going.medium] >= carrier.free(now) and carrier.rests_until <= now:
                continue  # only busy: there is room again in a moment
            if carrier.rests_until > now or not self._rates.take(sub, going, now):
                held[going.name] += 1
                if held[going.name] > KEPT:
                    elsewhere.append(self._put_off(sub, contact, state, move, going, now))
                continue
            one = await self._candidate(sub, contact, state, move, going, now)
            if one is not None:
                taken[going.medium] += 1
                chosen.append(one)
        await self._store.put_many(sub.name, elsewhere)
        if due:
            self._standing[sub.name] = sum(min(KEPT, count) for count in held.values())
        return chosen

    def _limit(self, sub: SubCampaign, now: float) -> int:
        """How many contacts to look at: as many as there is room for, and now and then many."""
        if now >= self._deep_at.get(sub.name, 0.0):
            self._deep_at[sub.name] = now + DEEP_EVERY
            return BATCH
        free = sum(carrier.free(now) for carrier in self._carriers.values())
        return min(BATCH, free + self._standing.get(sub.name, 0)) if free else 0

    def _put_off(  # noqa: PLR0913, PLR0917  who, and what was decided
        self,
        sub: SubCampaign,
        contact: Contact,
        state: ContactState,
        move: Move,
        going: Pass,
        now: float,
    ) -> Put:
        """Somebody held back by a gateway that rests, or by the pass's rate, comes when that is over."""
        rests_until = self._carriers[going.medium].rests_until
        later = rests_until if rests_until > now else self._rates.slot(sub, going, now, KEPT)
        return Put(contact.id, state.version, replace(move, step=Wait(later, "pacing")), later)

    async def _candidate(  # noqa: PLR0913, PLR0917  who, and what was decided
        self,
        sub: SubCampaign,
        contact: Contact,
        state: ContactState,
        move: Move,
        going: Pass,
        now: float,
    ) -> Candidate | None:
        """The claim with its message; None if something comes first: lines to be told, or that no message
        can be written."""
        dial = move.step
        assert isinstance(dial, Dial)  # noqa: S101  the caller has looked
        if move.lines:
            await self._store.put(sub.name, contact.id, state.version, move, now)
            return None
        attempt = self._new_id()
        try:
            message = self._carriers[going.medium].write(Draft(attempt, going, contact, dial.device, now))
        except Unwritable:
            turned = refused(contact, state, sub, Refusal.NO_DEVICE, now)
            await self._store.put(sub.name, contact.id, state.version, turned, due_at(turned.step, now))
            return None
        carrier = self._carriers[going.medium]
        return Candidate(self._claim(sub, contact, move.state, dial, going, attempt, now), message, carrier)

    def _claim(  # noqa: PLR0913, PLR0917  everything a claim says
        self,
        sub: SubCampaign,
        contact: Contact,
        state: ContactState,
        dial: Dial,
        going: Pass,
        attempt: str,
        now: float,
    ) -> Claim:
        intent = Intent(
            attempt=attempt,
            sub=sub.name,
            contact=contact.id,
            pass_name=going.name,
            medium=going.medium,
            device=dial.device,
            queue="",
            caller_id="",
            at=now,
            strategy=sub.campaign.version,
            overrides=sub.overrides,
        )
        return decided(intent, Case(contact, sub, now), state, dial, self._countries)


def _put_back(contact: Contact, state: ContactState, move: Move, going: Pass | None, now: float) -> Put:
    """A contact with nothing to be sent: for who calls, for later where its medium has no gateway, or
    done."""
    if going is not None and going.medium not in VOICE:
        move = replace(move, step=Wait(now + NO_GATEWAY_AGAIN, "no_gateway"))
    return Put(contact.id, state.version, move, due_at(move.step, now))
