"""Wishes to dial, and what the server needs to grant or refuse them in one step; granting is left to
`functions/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from strategies.attempts import Intent
from strategies.contacts import Contact
from strategies.state import ContactState, SubCampaign
from strategies.store import lines
from strategies.store.codec import record_text, stand, text
from strategies.store.keys import Keys
from strategies.store.turns import lane_of
from strategies.vocabulary import CONSENT_BASES, VOICE


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish to dial. `state`: what the contact's state becomes; `expected_version`: of the state it was
    decided on.

    `allowed`: the number is on the allow list. `open_until`: when the person's window closes (epoch seconds).
    `asks`: the consent the pass asks for. `plan`, `plan_until`: of the sub-campaign it was decided by.
    """

    intent: Intent
    contact: Contact
    state: ContactState
    expected_version: int
    allowed: bool = True
    open_until: float | None = None
    asks: str = "none"
    plan: int = 0
    plan_until: float | None = None


def marks_of(contact: Contact, dialled: str | None = None) -> list[str]:
    """What a person is locked and counted by: every number, the address dialled, and the contact itself."""
    own = contact.numbers()
    also = () if dialled is None or dialled in own else (dialled,)
    return [*own, *also, f"@{contact.id}"]


def debt_mark(debt: str | None) -> str:
    """A debt as one short word; empty for none."""
    return blake2b(debt.encode(), digest_size=6).hexdigest() if debt is not None else ""


@dataclass(slots=True)
class Batch:
    """Claims as the server takes them: in columns, with what several share told once, in `groups` and
    `adds`."""

    now: float
    groups: list[dict[str, object]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    adds: list[list[tuple[str, int]]] = field(default_factory=list)
    _group_of: dict[tuple[object, ...], int] = field(default_factory=dict)
    _adds_of: dict[tuple[object, ...], int] = field(default_factory=dict)

    def group(self, claim: Claim, sub: SubCampaign, keys: Keys) -> int:
        """The number of the claim's sub-campaign, list and plan, which gets the next one if it is new."""
        index, known = claim.state.list, (sub.name, claim.state.list, claim.plan, claim.plan_until)
        if known not in self._group_of:
            self.groups.append({**_shared(sub, self.now), "list": str(index), **_plan(claim)})
            self.keys += [
                *keys.of_sub(sub.name, index),
                keys.do_not_call_of(sub.campaign.name),
                keys.registry(sub.campaign.country),
            ]
            self._group_of[known] = len(self.groups)
        return self._group_of[known]

    def count(self, claim: Claim, list_name: str | None, line: lines.Line) -> int:
        """The number of what this claim's ledger line adds to the figures."""
        intent, nth = claim.intent, claim.state.attempts == 1
        known = (intent.sub, intent.pass_name, intent.medium, list_name, nth)
        if known not in self._adds_of:
            self.adds.append(lines.added(line))
            self._adds_of[known] = len(self.adds)
        return self._adds_of[known]


Wanted = tuple[Claim, SubCampaign, str | None]
"""A claim, its sub-campaign, and the name of the list its contact came from."""


def packed(wanted: Sequence[Wanted], keys: Keys, now: float) -> tuple[list[str], dict[str, Any]]:
    """Keys and arguments of the claims."""
    batch = Batch(now)
    rows = [_row(batch, each, keys) for each in wanted]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(_COLUMNS)}
    arguments = {"now": now, "groups": batch.groups, "adds": batch.adds, **columns}
    attempts = [keys.attempt(claim.intent.attempt) for claim, *_ in wanted]
    return [*batch.keys, *attempts], arguments


_COLUMNS = (
    *("group", "attempt", "contact", "version", "marks", "addresses", "dialled", "kind", "lane", "allowed"),
    *("open_until", "asks", "debt", "stand", "body", "intent", "about", "line", "counts"),
)


def _row(batch: Batch, wanted: Wanted, keys: Keys) -> tuple[object, ...]:
    claim, sub, list_name = wanted
    intent, contact, state = claim.intent, claim.contact, claim.state
    line = lines.started(intent, batch.now, list_name, state.attempts)
    return (
        batch.group(claim, sub, keys),
        intent.attempt,
        contact.id,
        claim.expected_version,
        marks_of(contact, intent.device.address),
        list(dict.fromkeys(device.address for device in contact.devices)),
        intent.device.address,
        "v" if intent.medium in VOICE else "m",
        lane_of(state, intent.medium),
        claim.allowed,
        claim.open_until or False,
        CONSENT_BASES.index(claim.asks),
        debt_mark(intent.debt),
        stand(state, sub.campaign),
        record_text(state),
        record_text(intent),
        lines.about(state.list, list_name, state.attempts),
        text(line),
        batch.count(claim, list_name, line),
    )


def _shared(sub: SubCampaign, now: float) -> dict[str, object]:
    """What all claims of a sub-campaign are judged by."""
    limits = sub.campaign.limits
    return {
        "sub": sub.name,
        "ends": sub.ends,
        "country": sub.campaign.country,
        "basis": sub.campaign.consent.get("basis", "none"),
        "per_contact": limits.attempts_per_contact,
        "per_day": limits.attempts_per_day,
        "per_number": limits.attempts_per_number,
        "per_number_day": limits.attempts_per_number_per_day,
        "day_from": midnight(now, sub.campaign.zone),
        "debt_calls": limits.debt_calls,
        "debt_within": limits.debt_within,
        "debt_silence": limits.debt_silence,
        "registry_within": limits.registry_within,
    }


def _plan(claim: Claim) -> Mapping[str, object]:
    return {"plan": claim.plan, "plan_until": claim.plan_until}


@lru_cache(maxsize=1024)
def midnight(now: float, zone: str) -> float:
    """The beginning of the day that `now` lies in, in this zone; epoch seconds."""
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()
