"""Wishes to dial, and what the server needs to grant or refuse them in one step; granting is left to
`functions/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from strategies.attempts import Intent
from strategies.contacts import Contact
from strategies.eligibility import asks_of
from strategies.engine import claimed
from strategies.frozen import Record
from strategies.numbers import allowed
from strategies.state import Case, ContactState, Dial, SubCampaign
from strategies.state_hours import hours_of
from strategies.store import lines
from strategies.store.codec import record_text, stand, text
from strategies.store.keys import Keys
from strategies.store.turns import lane_of
from strategies.vocabulary import CONSENT_BASES, VOICE
from strategies.windows import closes, contact_zones


class Claim(Record, frozen=True):
    """A wish to dial. `state`: what the contact's state becomes; `expected_version`: of the state it was
    decided on.

    `allowed`: the number is on the allow list. `open_until`: when the person's window closes (epoch seconds).
    `asks`: the consent the pass asks for. `owed_since`: when the person was lost, or promised this call; 0
    for any other call. `plan`, `plan_until`: of the sub-campaign it was decided by.
    """

    intent: Intent
    contact: Contact
    state: ContactState
    expected_version: int
    allowed: bool = True
    open_until: float | None = None
    asks: str = "none"
    owed_since: float = 0.0
    plan: int = 0
    plan_until: float | None = None


def decided(intent: Intent, case: Case, state: ContactState, dial: Dial, countries: tuple[str, ...]) -> Claim:
    """The wish to make this attempt, to call or to write, as the rules judged it in `case`.

    `state` is the one it was decided on, `countries` the allow list, which holds for numbers alone.
    """
    sub, device = case.sub, dial.device
    going = sub.campaign.find(dial.pass_name)
    zones = contact_zones(case.contact, device, sub.campaign)
    return Claim(
        intent=intent,
        contact=case.contact,
        state=claimed(state, dial, intent.attempt, intent.at, sub),
        expected_version=state.version,
        allowed=device.kind == "email" or allowed(device.address, countries),
        open_until=closes(hours_of(sub.campaign, going, case.contact, device), zones, case.now),
        asks=asks_of(going, case.contact, device),
        owed_since=dial.owed_since,
        plan=sub.plan,
        plan_until=sub.plan_until,
    )


def marks_of(contact: Contact, dialled: str | None = None) -> list[str]:
    """What a person is locked and counted by: every number, the address dialled, and the contact itself."""
    own = contact.numbers()
    also = () if dialled is None or dialled in own else (dialled,)
    return [*own, *also, f"@{contact.id}"]


def debt_mark(debt: str | None) -> str:
    """A debt as one short word; empty for none."""
    return blake2b(debt.encode(), digest_size=6).hexdigest() if debt is not None else ""


class Undo(Record, frozen=True):
    """What the end of an attempt, or its release, has to take back of its claim."""

    at: str  # the moment of its entries in the logs, in milliseconds
    kind: str
    debt: str
    dialled: str
    marks: tuple[str, ...]
    addresses: tuple[str, ...]
    lane: str
    list: int
    list_name: str | None
    nth: int  # which attempt of the contact it was
    per_contact: bool  # whether it was counted so
    per_number: bool


read_undo = msgspec.json.Decoder(Undo).decode


@dataclass(slots=True)
class Batch:
    """Claims as the server takes them: in columns, with what several share told once, in `groups`, `words`
    and `adds`. Places count from one, as the server does."""

    now: float
    keys: Keys
    groups: list[dict[str, object]] = field(default_factory=list)
    group_keys: list[str] = field(default_factory=list)
    adds: dict[tuple[tuple[str, int], ...], int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
    _group_of: dict[tuple[object, ...], int] = field(default_factory=dict)

    def group(self, claim: Claim, sub: SubCampaign) -> int:
        """The place of the claim's sub-campaign, list and plan."""
        index, known = claim.state.list, (sub.name, claim.state.list, claim.plan, claim.plan_until)
        if known not in self._group_of:
            self.groups.append({**_shared(sub, self.now), "list": str(index), **_plan(claim)})
            self.group_keys += [
                *self.keys.of_sub(sub.name, index),
                self.keys.do_not_call_of(sub.campaign.name),
                self.keys.registry(sub.campaign.country),
            ]
            self._group_of[known] = len(self.groups)
        return self._group_of[known]

    def count(self, line: lines.AttemptLine) -> int:
        """The place of what a ledger line adds to the figures."""
        return self.adds.setdefault(line.added(), len(self.adds) + 1)

    def places(self, words: Iterable[str]) -> list[int]:
        """The places of words, each of which is told once."""
        known = self.words
        return [known.setdefault(word, len(known) + 1) for word in words]


Wanted = tuple[Claim, SubCampaign, str | None]
"""A claim, its sub-campaign, and the name of the list its contact came from."""


def packed(wanted: Sequence[Wanted], keys: Keys, now: float) -> tuple[list[str], dict[str, Any]]:
    """Keys and arguments of the claims."""
    batch = Batch(now, keys)
    rows = [_row(batch, *each) for each in wanted]
    columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    shared = {"now": now, "groups": batch.groups, "adds": list(batch.adds), "words": list(batch.words)}
    attempts = [keys.attempt(claim.intent.attempt) for claim, *_ in wanted]
    return [*batch.group_keys, *attempts], {**shared, **columns}


_COLUMNS = (
    *(
        "group",
        "attempt",
        "contact",
        "version",
        "person",
        "locks",
        "dialled",
        "kind",
        "allowed",
        "open_until",
    ),
    *("asks", "owed_since", "debt", "stand", "body", "intent", "undo", "line", "counts"),
)


def _row(batch: Batch, claim: Claim, sub: SubCampaign, list_name: str | None) -> tuple[object, ...]:
    intent, contact, state = claim.intent, claim.contact, claim.state
    marks = marks_of(contact, intent.device.address)
    addresses = [device.address for device in contact.devices]
    person = batch.places(dict.fromkeys([*marks, *addresses]))
    line = lines.started(intent, batch.now, list_name, state.attempts)
    kind, debt = "v" if intent.medium in VOICE else "m", debt_mark(intent.debt)
    undo = Undo(
        f"{batch.now * 1000:.0f}",
        kind,
        debt,
        intent.device.address,
        tuple(marks),
        tuple(addresses),
        lane_of(state, intent.medium),
        state.list,
        list_name,
        state.attempts,
        sub.campaign.limits.attempts_per_contact is not None,
        sub.campaign.limits.attempts_per_number is not None,
    )
    return (
        batch.group(claim, sub),
        intent.attempt,
        contact.id,
        claim.expected_version,
        person,
        len(marks),
        batch.words[intent.device.address],
        kind,
        claim.allowed,
        claim.open_until or False,
        CONSENT_BASES.index(claim.asks),
        claim.owed_since,
        debt,
        stand(state, sub.campaign),
        record_text(state),
        record_text(intent),
        text(undo),
        text(line),
        batch.count(line),
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
        "lockout": limits.abandon_lockout,
        "registry_within": limits.registry_within,
    }


def _plan(claim: Claim) -> Mapping[str, object]:
    return {"plan": claim.plan, "plan_until": claim.plan_until}


@lru_cache(maxsize=1024)
def midnight(now: float, zone: str) -> float:
    """The beginning of the day that `now` lies in, in this zone; epoch seconds."""
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()
