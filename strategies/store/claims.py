"""A wish to dial, and what the server needs to grant or refuse it in one step; granting is left to
`functions/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from strategies.attempts import Intent
from strategies.contacts import Contact
from strategies.state import ContactState, SubCampaign
from strategies.store import lines
from strategies.store.codec import record_text
from strategies.store.keys import Keys
from strategies.store.turns import standing


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish to dial. `state`: what the contact's state becomes; `expected_version`: of the state it was
    decided on.

    `allowed`: the number is on the allow list. `open_until`: when the person's window closes (epoch seconds).
    """

    intent: Intent
    contact: Contact
    state: ContactState
    expected_version: int
    allowed: bool = True
    open_until: float | None = None


def keys_of(keys: Keys, claim: Claim) -> tuple[str, ...]:
    """The keys of one claim, in the order the server takes them."""
    sub = keys.of_sub(claim.intent.sub, claim.state.list)
    return (keys.attempt(claim.intent.attempt), *sub, *keys.calls_of(claim.contact.numbers()))


def wanted(claim: Claim, sub: SubCampaign, now: float) -> dict[str, object]:
    """One claim as the server takes it, with the caps of its campaign."""
    intent, contact, limits = claim.intent, claim.contact, sub.campaign.limits
    return {
        "attempt": intent.attempt,
        "sub": intent.sub,
        "contact": contact.id,
        "list": claim.state.list,
        "version": claim.expected_version,
        "now": now,
        "numbers": contact.numbers(),
        "addresses": list(dict.fromkeys(device.address for device in contact.devices)),
        "allowed": claim.allowed,
        "open_until": claim.open_until,
        "per_contact": limits.attempts_per_contact,
        "per_day": limits.attempts_per_day,
        "day_from": _midnight(now, sub.campaign.zone),
        "intent": record_text(intent),
        "lines": lines.packed([lines.started(intent)], at=now),
        **standing(claim.state, sub.campaign),
    }


def _midnight(now: float, zone: str) -> float:
    """The beginning of the day that `now` lies in, in this zone; epoch seconds."""
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()
