"""Whether a campaign may be started, with every reason why not.

Pure: what there is (lists, queues, gateways) comes in as `Ground`; the command reads it and acts upon it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from console.refusal import Reason
from strategies.campaign import Campaign
from strategies.eligibility import OWN_COLUMNS, condition
from strategies.numbers import normalise
from strategies.vocabulary import VOICE, Medium

Timeframe = tuple[float | None, float | None]
"""Not before, and no new attempts from; epoch seconds, None for no bound."""

GATEWAYS = {
    Medium.TEXT: 'text: {url: "https://...", body: {to: "{number}", text: "{text}"}}',
    Medium.EMAIL: 'email: {smtp: "smtp://127.0.0.1", from: "care@example.org"}',
}
DAY = 86_400.0
SHOWN = 12  # names listed in a message


@dataclass(frozen=True, slots=True)
class Ground:
    """What a start is judged against.

    `lists`: name to number of contacts; `attributes`: of each list to be used, the attributes that any of its
    contacts has; `queues`: the names of Asterisk's queues as the bridge last told them, None where it told
    nothing; `gateways`: the message media that can be carried; `trunk`: whether calls have a way out;
    `registries`: by country, the day its do-not-call registry was obtained, in epoch seconds.
    """

    lists: Mapping[str, int]
    attributes: Mapping[str, frozenset[str]]
    queues: frozenset[str] | None
    gateways: frozenset[Medium] = frozenset()
    trunk: bool = True
    registries: Mapping[str, float] = field(default_factory=dict)


def obstacles(
    campaign: Campaign, lists: Sequence[str], ground: Ground, *, now: float, timeframe: Timeframe
) -> tuple[Reason, ...]:
    """Every reason why the campaign cannot be started over these lists; times in epoch seconds."""
    return (
        *_lists(campaign, lists, ground),
        *in_the_files(campaign, trunk=ground.trunk, gateways=ground.gateways),
        *_queues(campaign, ground),
        *_attributes(campaign, lists, ground),
        *_registry(campaign, ground, now),
        *_timeframe(now, *timeframe),
    )


def in_the_files(
    campaign: Campaign, *, trunk: bool, gateways: frozenset[Medium] = frozenset()
) -> tuple[Reason, ...]:
    """Every reason that lies in campaign and settings themselves, whatever lists and queues there are."""
    return (*_caller_id(campaign), *_media(campaign, gateways), *_voice(campaign, trunk))


def over_lists(campaign: Campaign, lists: Sequence[str], ground: Ground) -> tuple[Reason, ...]:
    """Every reason why the campaign cannot go over these lists."""
    return (*_lists(campaign, lists, ground), *_attributes(campaign, lists, ground))


def _lists(campaign: Campaign, lists: Sequence[str], ground: Ground) -> Iterator[Reason]:
    if not lists:
        yield Reason(
            f"{campaign.name} names no list", "say --lists NAME, or write lists: [NAME] in the campaign"
        )
    for name in lists:
        if name not in ground.lists:
            yield Reason(
                f'there is no list "{name}"',
                f"import it: secondpass list import {name} FILE.csv ({_known(ground.lists)})",
            )
        elif not ground.lists[name]:
            yield Reason(
                f'the list "{name}" is empty', f"import into it: secondpass list import {name} FILE.csv"
            )


def _caller_id(campaign: Campaign) -> Iterator[Reason]:
    if not campaign.caller_id:
        yield Reason("there is no caller id", 'write caller_id: "+1..." in the campaign')
        return
    for number in (campaign.caller_id, *(one for own in campaign.caller_ids.values() for one in own)):
        if normalise(number, campaign.country) is None:
            yield Reason(
                f'the caller id "{number}" is no number of {campaign.country}',
                "write a number people can call back in the campaign",
            )


def _media(campaign: Campaign, gateways: frozenset[Medium]) -> Iterator[Reason]:
    for one in campaign.passes:
        if one.medium not in VOICE and one.medium not in gateways:
            yield Reason(
                f"pass {one.name} sends by {one.medium}, and settings.yaml names no gateway for it",
                f"add one under gateways: {GATEWAYS[one.medium]}, or take the pass {one.name} out",
            )


def _voice(campaign: Campaign, trunk: bool) -> Iterator[Reason]:
    if not trunk:
        yield Reason(
            "settings.yaml names no trunk to call by",
            'add one under asterisk: trunks: {carrier: {dial: "PJSIP/{number}@carrier", channels: 10}}',
        )
    for one in campaign.passes:
        if one.medium is Medium.AVM and one.script is None:
            yield Reason(f"the script of pass {one.name} is not there", "write it under scripts/")


def _queues(campaign: Campaign, ground: Ground) -> Iterator[Reason]:
    if ground.queues is None:
        yield Reason(
            "Asterisk's queues are not known, because no bridge has reached it",
            "start secondpass up, and see that its bridge logs in",
        )
    elif campaign.queue not in ground.queues:
        yield Reason(
            f'Asterisk has no queue "{campaign.queue}"',
            f"add it to queues.conf, or name another one as agents: ({_known(ground.queues)})",
        )


def _attributes(campaign: Campaign, lists: Sequence[str], ground: Ground) -> Iterator[Reason]:
    for name in lists:
        have = ground.attributes.get(name)
        if have is None:
            continue
        for where, text in expressions(campaign):
            for missing in sorted(attributes_of(campaign, text) - have):
                yield Reason(
                    f'{where} uses contact.{missing}, which no contact of the list "{name}" has',
                    f"correct the name in the campaign, or import the list with that column ({_known(have)})",
                )


def _registry(campaign: Campaign, ground: Ground, now: float) -> Iterator[Reason]:
    within, as_of = campaign.limits.registry_within, ground.registries.get(campaign.country)
    if within is None or (as_of is not None and now - as_of <= within):
        return
    known = "was not loaded" if as_of is None else f"is older than {within / DAY:.0f} days"
    yield Reason(
        f"the do-not-call registry of {campaign.country} {known}",
        f"load it: secondpass do-not-call registry load FILE --as-of DATE --country {campaign.country}",
    )


def _timeframe(now: float, starts: float | None, ends: float | None) -> Iterator[Reason]:
    if ends is not None and ends <= now:
        yield Reason("--until is past", "name a moment to come, such as 2030-01-31T18:00")
    if starts is not None and ends is not None and ends <= starts:
        yield Reason("--until is not after --from", "exchange them")


def expressions(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """Every expression over contacts, with the place it stands in."""
    if campaign.filter:
        yield "filter", campaign.filter
    for text in campaign.order:
        yield "order", text
    for one in campaign.passes:
        if one.where:
            yield f"pass {one.name}, where", one.where


def attributes_of(campaign: Campaign, text: str) -> frozenset[str]:
    """The contact's attributes an expression of this campaign uses, the columns aside that every list has."""
    return condition(text, tuple(campaign.groups)).attributes() - OWN_COLUMNS


def _known(names: object) -> str:
    listed = sorted(str(name) for name in names) if isinstance(names, Mapping | frozenset) else []
    more = ", ..." if len(listed) > SHOWN else ""
    return f"there are: {', '.join(listed[:SHOWN])}{more}" if listed else "there are none"
