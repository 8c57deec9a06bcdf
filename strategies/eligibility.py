"""Whether a pass takes a contact, and on which devices; when it may is left to `windows`.

Settled here, where the language leaves room: `accept` looks at how each pass *ended* for the contact, that
is its last result: who was busy and then answered was not busy. A pass that made no attempt has no result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from strategies.campaign import Accept, Campaign, Pass
from strategies.contacts import VOICE_KINDS, Contact, Device
from strategies.expressions import Expression, Names, campaign_vocabulary, compile_expression
from strategies.records import pass_before, record_of
from strategies.state import Case, ContactState
from strategies.vocabulary import (
    CONSENT_BASES,
    OPT_OUT,
    SUCCESS,
    VOICE,
    WRONG_PARTY,
    Medium,
    Refusal,
    Result,
)
from strategies.windows import local_date

_MESSAGES = frozenset({Result.SENT, Result.DELIVERED, Result.REPLIED, Result.UNDELIVERED})
_KINDS: Mapping[Medium, tuple[str, ...]] = {
    Medium.AVM: VOICE_KINDS,
    Medium.DIALER: VOICE_KINDS,
    Medium.TEXT: ("text",),
    Medium.EMAIL: ("email",),
}


def unfit(candidate: Pass, state: ContactState, case: Case) -> Refusal | None:
    """Why the pass does not take the contact, by devices and consent, the list filter, `accept` and `where`;
    None if it does."""
    if candidate.out:
        return Refusal.NOT_ELIGIBLE_NOW
    if not devices_of(candidate, case):
        lacks_consent = _on_accepted_lines(candidate, candidate.devices, case)
        return Refusal.NO_CONSENT if lacks_consent else Refusal.NO_DEVICE
    if not _accepted(candidate, state, case.campaign):
        return Refusal.NOT_ELIGIBLE_NOW
    conditions = _conditions(candidate, case)
    if conditions:
        names = names_of(state, case)
        if not all(one.holds(names) for one in conditions):
            return Refusal.NOT_ELIGIBLE_NOW
    return None


def missing_values(candidate: Pass, state: ContactState, case: Case) -> tuple[str, ...]:
    """The comparisons of filter and `where` that are false for this contact because a value is missing: what
    a line `skipped` tells beside its reason, so that they can be counted."""
    missing: list[str] = []
    names = names_of(state, case)
    for one in _conditions(candidate, case):
        if not one.holds(names, missing):
            break
    return tuple(dict.fromkeys(missing))


def _conditions(candidate: Pass, case: Case) -> list[Expression]:
    groups = tuple(case.campaign.groups)
    texts = (case.campaign.filter, candidate.where)
    return [condition(text, groups) for text in texts if text is not None]


def asks_of(candidate: Pass, contact: Contact, device: Device) -> str:
    """The consent without which the pass may not use a device. A line of unknown kind counts as one that asks
    for it."""
    line = contact.line_type(device) if candidate.medium in VOICE and candidate.asks_on else None
    return candidate.asks if line is None or line in candidate.asks_on else "none"


def _consents(candidate: Pass, device: Device, case: Case) -> bool:
    """Whether the contact gave the consent that is asked for: their own word, else what the campaign says of
    its lists' people."""
    basis = case.contact.consent.get("basis") or case.campaign.consent.get("basis", "none")
    asked = asks_of(candidate, case.contact, device)
    return CONSENT_BASES.index(basis) >= CONSENT_BASES.index(asked)


def keeps(campaign: Campaign, contact: Contact, missing: list[str] | None = None) -> bool:
    """Whether the campaign's filter keeps a contact of its lists. The text of every comparison that was false
    for want of a value is appended to `missing`."""
    if campaign.filter is None:
        return True
    found, asks_columns = _filter(campaign.filter, tuple(campaign.groups))
    asked = Attributes(contact) if asks_columns else contact.attributes
    return found.holds({"contact": asked, "attempts": 0, "attempts_today": 0}, missing)


@lru_cache(maxsize=1024)
def _filter(text: str, groups: tuple[str, ...]) -> tuple[Expression, bool]:
    """A filter, and whether it asks for a column that has a place of its own: most do not, and a million
    contacts are asked for their attributes alone."""
    found = condition(text, groups)
    return found, not found.attributes().isdisjoint(_COLUMNS)


class Attributes:
    """A contact's attributes, and the columns that have a place of their own, as expressions look them up."""

    __slots__ = ("_contact",)

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    def get(self, name: str) -> object:
        """The value of an attribute; None where the contact has none."""
        found = self._contact.attributes.get(name)
        if found is None and name in _COLUMNS:
            return getattr(self._contact, _COLUMNS[name])
        return found


_COLUMNS = {"contact_id": "id", "zone": "zone", "postal_code": "postal_code", "segment": "segment"}
OWN_COLUMNS = frozenset(_COLUMNS)
"""What an expression may ask of any contact, whatever the attributes of its list."""
_RESERVED = (SUCCESS, OPT_OUT, WRONG_PARTY)


@lru_cache(maxsize=4096)
def condition(text: str, groups: tuple[str, ...]) -> Expression:
    """A campaign's expression; the reserved groups may be named even where the campaign has none."""
    return compile_expression(text, names=campaign_vocabulary(frozenset((*groups, *_RESERVED))))


def names_of(state: ContactState, case: Case) -> Names:
    """What a campaign's expressions are evaluated over."""
    return {
        **case.campaign.groups,
        "contact": Attributes(case.contact),
        "last_result": state.last_result,
        "last_response": state.responses[-1] if state.responses else None,
        "any_response": state.responses,
        "attempts": state.attempts,
        "attempts_today": attempts_today(state, case.campaign, case.now),
    }


def attempts_today(state: ContactState, campaign: Campaign, now: float) -> int:
    """The attempts of the campaign's own day."""
    return state.attempts_today if state.day == local_date(campaign.zone, now).isoformat() else 0


def devices_of(candidate: Pass, case: Case) -> tuple[Device, ...]:
    """The devices a pass may use, in order; an address that stands there twice counts once."""
    found = ordered_devices(candidate, candidate.devices, case)
    return found[:1] if case.campaign.escalation == "none" else found


def ordered_devices(candidate: Pass, kinds: Sequence[str], case: Case) -> tuple[Device, ...]:
    """A contact's devices of these kinds (default: all of the pass's medium) that the pass accepts and may
    use by their consent, in the order the campaign escalates."""
    own = _on_accepted_lines(candidate, kinds, case)
    if candidate.asks != "none":
        own = [device for device in own if _consents(candidate, device, case)]
    if len(own) < 2:
        return tuple(own)
    if case.campaign.escalation != "per_contact":
        own.sort(key=lambda device: (kinds or _KINDS[candidate.medium]).index(device.kind))
    first: dict[str, Device] = {}
    for device in own:
        first.setdefault(device.address, device)
    return tuple(first.values())


def _on_accepted_lines(candidate: Pass, kinds: Sequence[str], case: Case) -> list[Device]:
    """The contact's devices of these kinds, on a line of a kind that the pass accepts."""
    wanted, lines, contact = kinds or _KINDS[candidate.medium], candidate.line_types, case.contact
    return [d for d in contact.devices if d.kind in wanted and (not lines or contact.line_type(d) in lines)]


def _accepted(candidate: Pass, state: ContactState, campaign: Campaign) -> bool:
    accept = candidate.accept
    if accept is None:
        return True
    results = _earlier_results(candidate, accept, state, campaign)
    if accept.match == "any":
        return any(result in accept.results for result in results)
    return all(any(r in wanted for r in results) for wanted in _by_medium(accept.results))


def _earlier_results(
    candidate: Pass, accept: Accept, state: ContactState, campaign: Campaign
) -> list[Result]:
    before = pass_before(campaign, candidate.name, state)
    if accept.source == "all_passes":
        ended = [r for r in state.records if r.name != candidate.name]
    else:
        record = record_of(state, before.name) if before is not None else None
        ended = [record] if record is not None else []
    return [record.results[-1] for record in ended if record.results]


def _by_medium(results: Sequence[Result]) -> list[list[Result]]:
    """The accepted results of calls, and those of messages: `match: all` asks for one of each kind named."""
    calls = [r for r in results if r not in _MESSAGES]
    messages = [r for r in results if r in _MESSAGES]
    return [kind for kind in (calls, messages) if kind]
