"""Before anything runs: whom the filter keeps, whom the first passes take, why not the others, and which
values are wanting."""

from __future__ import annotations

from dataclasses import replace

from engine_stage import MONDAY, a_campaign, a_contact

from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact, Device
from strategies.preview import Preview, empty, figures, look_at
from strategies.vocabulary import Medium, Refusal

CALL = Pass("call", Medium.AVM, devices=("mobile",), where="contact.score > 5")
NOTE = Pass("note", Medium.TEXT, start="with", beside="call")
LATER = Pass("later", Medium.DIALER)


def told(campaign: Campaign, *people: Contact) -> Preview:
    found = empty(campaign)
    look_at(found, campaign, people, ("US",), MONDAY)
    return found


def one(number: int, *kinds: str, **attributes: str) -> Contact:
    return replace(a_contact(*kinds, **attributes), id=str(number))


def test_the_filter_and_the_first_pass_are_told_apart() -> None:
    campaign = a_campaign(CALL, LATER, filter="contact.balance >= 50")
    found = told(campaign, one(1, score="9"), one(2, score="1"), one(3, balance="10"), one(4, "email"))
    assert (found.contacts, found.kept) == (4, 3)
    assert list(found.passes) == ["call"]
    assert found.passes["call"].takes == 1
    assert found.passes["call"].refused == {Refusal.NOT_ELIGIBLE_NOW: 1, Refusal.NO_DEVICE: 1}


def test_a_pass_that_opens_with_the_first_is_told_too() -> None:
    found = told(a_campaign(CALL, NOTE, LATER), one(1, "mobile", "text", score="9"), one(2, score="9"))
    assert {name: taken.takes for name, taken in found.passes.items()} == {"call": 2, "note": 1}


def test_values_that_are_wanting_are_counted_by_comparison_and_by_attribute() -> None:
    campaign = a_campaign(CALL, filter='contact.balance >= 50 and contact.state == "NY"')
    found = told(campaign, one(1), one(2, state="NY"), one(3, state="CA"), one(4, state="NY", score="9"))
    assert found.missing == {"contact.state == 'NY'": 1, "contact.score > 5": 1}
    assert found.attributes == {"state": 1, "score": 1}


def test_a_number_of_another_country_and_a_consent_not_given_are_reasons() -> None:
    london, given = Device("mobile", "+442079460000"), {"basis": "written"}
    abroad = Contact("1", (london,), attributes={"score": "9"}, consent=given)
    asking = replace(CALL, asks="written")
    found = told(a_campaign(asking), abroad, one(2, score="9"))
    assert found.passes["call"].refused == {Refusal.NOT_ALLOWED_NUMBER: 1, Refusal.NO_CONSENT: 1}


def test_a_preview_is_told_in_values_that_json_knows() -> None:
    assert figures(told(a_campaign(CALL), one(1), one(2, score="9"))) == {
        "contacts": 2,
        "kept": 2,
        "passes": {"call": {"takes": 1, "refused": {"not_eligible_now": 1}}},
        "missing": {"contact.score > 5": 1},
        "missing_attributes": {"score": 1},
    }
