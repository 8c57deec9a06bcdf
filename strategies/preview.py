"""What a campaign would do with the people of its lists, before anything runs: whom the filter keeps, whom
the first passes take, and why not the others. Limits and do-not-call lists are looked at by each claim, not
here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.eligibility import condition, devices_of, keeps, missing_values, unfit
from strategies.engine import enter
from strategies.numbers import allowed
from strategies.state import Case, SubCampaign
from strategies.vocabulary import VOICE, Refusal, RunState


@dataclass(slots=True)
class Taken:
    """What one pass does with the people that the filter keeps: `takes`, and how many not by which reason."""

    takes: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)


@dataclass(slots=True)
class Preview:
    """`contacts` in all, `kept` by the filter, and by each first pass's name what it does with those.

    `missing`: comparisons of filter and `where` that were false for want of a value, each with how many
    contacts it was false of; `attributes`: the attributes that were wanting.
    """

    contacts: int = 0
    kept: int = 0
    passes: dict[str, Taken] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)


def empty(campaign: Campaign) -> Preview:
    """The preview of nobody yet."""
    return Preview(passes={one.name: Taken() for one in first_passes(campaign)})


def look_at(
    told: Preview, campaign: Campaign, people: Iterable[Contact], countries: Collection[str], now: float
) -> None:
    """Add what would become of these people; `countries` may be called, `now` in epoch seconds."""
    sub = SubCampaign(campaign.name, campaign, (), RunState.RUNNING, created=now)
    for contact in people:
        _look(told, Case(contact, sub, now), countries)


def first_passes(campaign: Campaign) -> list[Pass]:
    """The pass people come into first, and those that open with it."""
    row = [one for one in campaign.passes if one.recovery is None and one.start != "with"]
    names = {one.name for one in row[:1]}
    while beside := {p.name for p in campaign.passes if p.beside in names} - names:
        names |= beside
    return [one for one in campaign.passes if one.name in names]


def _look(told: Preview, case: Case, countries: Collection[str]) -> None:
    told.contacts += 1
    missing: list[str] = []
    if keeps(case.campaign, case.contact, missing):
        told.kept += 1
        for one in first_passes(case.campaign):
            refusal = _refusal(one, case, countries)
            if refusal is None:
                told.passes[one.name].takes += 1
            else:
                told.passes[one.name].refused[refusal] += 1
            if refusal is Refusal.NOT_ELIGIBLE_NOW:
                missing += missing_values(one, enter(), case)
    told.missing.update(set(missing))
    told.attributes.update(_wanting(set(missing), case))


def _refusal(one: Pass, case: Case, countries: Collection[str]) -> Refusal | None:
    devices = devices_of(one, case)
    if one.medium in VOICE and devices and not any(allowed(d.address, countries) for d in devices):
        return Refusal.NOT_ALLOWED_NUMBER
    return unfit(one, enter(), case)


def _wanting(missing: set[str], case: Case) -> set[str]:
    """The attributes named in these comparisons that the contact does not have."""
    groups = tuple(case.campaign.groups)
    named: set[str] = set()
    for text in missing:
        named |= condition(text, groups).attributes()
    return {name for name in named if case.contact.attributes.get(name) is None}


def figures(told: Preview) -> Mapping[str, object]:
    """The preview in values that JSON knows."""
    return {
        "contacts": told.contacts,
        "kept": told.kept,
        "passes": {
            name: {"takes": one.takes, "refused": dict(one.refused.most_common())}
            for name, one in told.passes.items()
        },
        "missing": dict(told.missing.most_common()),
        "missing_attributes": dict(told.attributes.most_common()),
    }
