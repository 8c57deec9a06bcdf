"""Which debt an attempt is about."""

from dataclasses import replace

from engine_stage import a_campaign, a_contact

from strategies.campaign import Limits, Pass
from strategies.debts import debt_of
from strategies.vocabulary import Medium

CAPPED = replace(
    a_campaign(Pass("calls", Medium.AVM)), debt="account", limits=Limits(debt_calls=7, debt_within=604_800.0)
)


def test_the_attribute_of_the_campaign_names_the_debt():
    assert debt_of(replace(a_contact("mobile"), attributes={"account": "A-77"}), CAPPED) == "A-77"


def test_without_it_a_contact_has_one_debt():
    contact = a_contact("mobile")
    assert debt_of(contact, CAPPED) == contact.id
    assert debt_of(contact, replace(CAPPED, debt=None)) == contact.id


def test_where_nothing_caps_calls_about_a_debt_there_is_none():
    assert debt_of(a_contact("mobile"), replace(CAPPED, limits=Limits())) is None
