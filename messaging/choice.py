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
from strategies.engine import advance, claimed, refused
from strategies.numbers import allowed
from strategies.state import ContactState, Dial, Move, SubCampaign, Wait, due_at
from strategies.store import Claim, Put, Store
from strategies.vocabulary import VOICE, Medium, Refusal
from strategies.windows import closes, contact_zones, pass_window

BATCH = 200  # contacts a look, one claim for all of them
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

    async def of(self, sub: SubCampaign, now: float) -> list[Candidate]:
        """Whom the rules, the rates and the gateways' room let write to now.

        Who may be sent nothing now is put where the rules say. Who is only held back, by the rate of their
        pass or a gateway that is away, gets a later moment, so that nobody else stands behind them.
        """
        chosen, elsewhere = list[Candidate](), list[Put]()
        taken, held = dict.fromkeys(self._carriers, 0), Counter[str]()
        for contact, state in await self._store.due(sub.name, now, BATCH, "messages"):
            move = advance(contact, state, sub, now)
            going = sub.campaign.find(move.step.pass_name) if isinstance(move.step, Dial) else None
            if going is None or going.medium not in self._carriers:
                elsewhere.append(_put_back(contact, state, move, going, now))
                continue
            carrier = self._carriers[going.medium]
            full = taken[going.medium] >= carrier.free(now)
            if full or not self._rates.take(sub, going, now):
                held[going.name] += 1
                later = self._later(sub, going, carrier, now, full=full) if held[going.name] > KEPT else None
                if later is not None:
                    waits = replace(move, step=Wait(later, "pacing"))
                    elsewhere.append(Put(contact.id, state.version, waits, later))
                continue
            one = await self._candidate(sub, contact, state, move, going, now)
            if one is not None:
                taken[going.medium] += 1
                chosen.append(one)
        await self._store.put_many(sub.name, elsewhere)
        return chosen

    def _later(
        self, sub: SubCampaign, going: Pass, carrier: Carrier[Any], now: float, *, full: bool
    ) -> float | None:
        """The moment for somebody held back by the pass's rate, or by a gateway that rests; None while the
        gateway is only busy."""
        if not full:
            return self._rates.slot(sub, going, now, KEPT)
        return carrier.rests_until if carrier.rests_until > now else None

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
        zones = contact_zones(contact, dial.device, sub.campaign)
        return Claim(
            intent=Intent(
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
            ),
            contact=contact,
            state=claimed(state, dial, attempt, now, sub),
            expected_version=state.version,
            allowed=going.medium is Medium.EMAIL or allowed(dial.device.address, self._countries),
            open_until=closes(pass_window(sub.campaign, going), zones, now),
            asks=going.asks,
            plan=sub.plan,
            plan_until=sub.plan_until,
        )


def _put_back(contact: Contact, state: ContactState, move: Move, going: Pass | None, now: float) -> Put:
    """A contact with nothing to be sent: for who calls, for later where its medium has no gateway, or
    done."""
    if going is not None and going.medium not in VOICE:
        move = replace(move, step=Wait(now + NO_GATEWAY_AGAIN, "no_gateway"))
    return Put(contact.id, state.version, move, due_at(move.step, now))
