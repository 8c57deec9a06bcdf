"""What stands in the way of a campaign's start, each reason with its mend, and the order of its contacts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.launch import Ground, obstacles
from strategies.campaign import Campaign, Limits, Pass
from strategies.contacts import Contact
from strategies.precedence import ordered
from strategies.script import Script
from strategies.vocabulary import Medium

REMINDER = Campaign(
    name="reminder",
    purpose="debt_collection",
    country="US",
    caller_id="+12125550100",
    queue="collections",
    passes=(
        Pass("calls", Medium.AVM, script=Script("hello", "start", {})),
        Pass("again", Medium.DIALER, where="contact.balance > 200"),
    ),
    zone="America/New_York",
    filter="contact.balance >= 50",
    order=("-contact.balance",),
    groups={"promised": ("pressed_1",)},
)
GROUND = Ground(
    lists={"march": 3, "empty": 0},
    attributes={"march": frozenset({"balance", "first_name"})},
    queues=frozenset({"collections", "service"}),
)
NOW = 1_700_000_000.0


def reasons(
    campaign: Campaign = REMINDER,
    lists: tuple[str, ...] = ("march",),
    ground: Ground = GROUND,
    timeframe: tuple[float | None, float | None] = (None, None),
) -> list[str]:
    return [str(reason) for reason in obstacles(campaign, lists, ground, now=NOW, timeframe=timeframe)]


def test_a_campaign_with_list_queue_and_caller_id_may_start() -> None:
    assert reasons() == []


@pytest.mark.parametrize(
    ("found", "said", "mend"),
    [
        (reasons(lists=("april",)), 'no list "april"', "secondpass list import april FILE.csv"),
        (reasons(lists=("empty",)), '"empty" is empty', "secondpass list import empty"),
        (reasons(lists=()), "names no list", "--lists NAME"),
        (reasons(replace(REMINDER, caller_id="")), "no caller id", 'caller_id: "+1..."'),
        (reasons(replace(REMINDER, caller_id="12")), '"12" is no number of US', "people can call back"),
        (
            reasons(replace(REMINDER, caller_ids={"+1212": ("12",)})),
            '"12" is no number of US',
            "people can call back",
        ),
        (reasons(replace(REMINDER, queue="sales")), 'no queue "sales"', "queues.conf"),
        (reasons(ground=replace(GROUND, queues=None)), "no bridge has reached it", "secondpass up"),
        (reasons(ground=replace(GROUND, trunk=False)), "no trunk", "PJSIP/{number}@carrier"),
        (reasons(replace(REMINDER, passes=(Pass("calls", Medium.AVM),))), "script of pass calls", "scripts/"),
        (reasons(timeframe=(None, NOW - 1)), "--until is past", "to come"),
        (reasons(timeframe=(NOW + 9, NOW + 5)), "--until is not after --from", "exchange"),
    ],
)
def test_each_obstacle_names_its_mend(found: list[str], said: str, mend: str) -> None:
    (only,) = found
    assert said in only
    assert mend in only


def test_a_message_pass_needs_a_gateway() -> None:
    texting = replace(REMINDER, passes=(*REMINDER.passes, Pass("last_word", Medium.TEXT)))
    assert "pass last_word sends by text" in reasons(texting)[0]
    assert reasons(texting, ground=replace(GROUND, gateways=frozenset({Medium.TEXT}))) == []


def test_attributes_no_contact_has_are_named_with_their_place() -> None:
    ground = replace(GROUND, attributes={"march": frozenset({"first_name"})})
    places = [reason.split(" uses ")[0] for reason in reasons(ground=ground)]
    assert places == ["filter", "order", "pass again, where"]


def test_all_reasons_come_at_once() -> None:
    assert len(reasons(replace(REMINDER, caller_id="", queue="x"), lists=("april", "empty"))) == 4


def contact(identity: str, **attributes: str) -> Contact:
    return Contact(identity, (), attributes=attributes)


def test_contacts_are_ordered_by_number_descending_and_ties_by_import() -> None:
    people = [contact("a", balance="9"), contact("b"), contact("c", balance="100"), contact("d", balance="9")]
    assert ordered(REMINDER, people) == ["c", "a", "d", "b"]


def test_the_first_key_counts_most() -> None:
    campaign = replace(REMINDER, order=("contact.city", "-contact.balance"))
    people = [
        contact("a", city="Reno", balance="1"),
        contact("b", city="Boston", balance="1"),
        contact("c", city="Boston", balance="20"),
    ]
    assert ordered(campaign, people) == ["c", "b", "a"]


def test_texts_descend_too_and_who_lacks_the_attribute_comes_last() -> None:
    campaign = replace(REMINDER, order=("-contact.city",))
    people = [contact("a", city="Boston"), contact("b"), contact("c", city="Reno")]
    assert ordered(campaign, people) == ["c", "a", "b"]


def test_who_sells_needs_a_fresh_registry() -> None:
    selling = replace(REMINDER, limits=Limits(registry_within=31 * 86_400.0))
    (said,) = reasons(selling)
    assert "registry of US was not loaded" in said
    assert "secondpass do-not-call registry load FILE" in said
    (said,) = reasons(selling, ground=replace(GROUND, registries={"US": NOW - 32 * 86_400}))
    assert "older than 31 days" in said
    assert reasons(selling, ground=replace(GROUND, registries={"US": NOW - 31 * 86_400})) == []
