"""States with hours of their own: whom they hold for, and that no call is decided or claimed outside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import phonenumbers
import pytest
from engine_stage import Story, a_campaign, a_contact, at, clock
from phonenumbers import geocoder

from config.presets import preset_for
from strategies.campaign import Pass
from strategies.contacts import Device
from strategies.state import Case, Dial
from strategies.state_hours import hours_of
from strategies.store.claims import decided
from strategies.vocabulary import Medium

PRESET = preset_for("telemarketing", "US")
CALL = Pass("call", Medium.DIALER)
SELLS = a_campaign(CALL, legal_window=PRESET.window, window=PRESET.window, states=PRESET.states)
NEW_YORK, MIAMI, BIRMINGHAM = "+12125550101", "+13055550101", "+12055550101"
NAMES = {
    "AL": "Alabama",
    "FL": "FL",
    "LA": "Louisiana",
    "MD": "Maryland",
    "MS": "Mississippi",
    "OK": "Oklahoma",
    "WA": "Washington",
}


def who(number: str, postal_code: str | None = None, **attributes: str):
    return replace(
        a_contact(**attributes), devices=(Device("mobile", number),), zone=None, postal_code=postal_code
    )


@pytest.mark.parametrize(
    ("contact", "closes", "sundays"),
    [
        (who(NEW_YORK), time(21), True),
        (who(NEW_YORK, "10001"), time(21), True),
        (who(MIAMI), time(20), True),
        (who(NEW_YORK, "33101"), time(20), True),  # has moved and kept the number
        (who(MIAMI, "35203"), time(20), False),  # both hold: who lives where is not known
        (who(MIAMI, "33101", state="NY"), time(21), True),  # the list knows
        (who(NEW_YORK, state="al"), time(20), False),
        (who(BIRMINGHAM), time(20), False),
        (who(NEW_YORK, "3310"), time(20), True),  # badly written, and Florida's all the same
        (who(NEW_YORK, "??"), time(21), True),
    ],
)
def test_the_strictest_hours_of_the_states_somebody_may_live_in_hold(contact, closes, sundays) -> None:
    hours = hours_of(SELLS, CALL, contact, contact.devices[0])
    assert (hours.opens, hours.closes, "sun" in hours.days) == (time(8), closes, sundays)


def test_nobody_in_florida_is_called_to_be_sold_something_after_eight_in_the_evening() -> None:
    def calls(contact) -> str:
        story = Story(SELLS, contact=replace(contact, zone="America/New_York"))
        story.now = at("2025-03-03 20:30")
        assert isinstance(story.until_dial(), Dial)
        return clock(story.now)

    assert calls(who(NEW_YORK)) == "Mon 20:30:00"
    assert calls(who(MIAMI)) == "Tue 08:00:00"


def test_a_claim_holds_until_the_states_hours_end() -> None:
    contact = replace(who(MIAMI), zone="America/New_York")
    story = Story(SELLS, contact=contact, now=at("2025-03-03 19:59"))
    dial = story.until_dial()
    assert isinstance(dial, Dial)
    case = Case(contact, story.sub, story.now)
    claim = decided(story.start(dial), case, story.state, dial, ("US",))
    assert claim.open_until == at("2025-03-03 20:00")


def test_calls_that_sell_nothing_keep_the_hours_of_the_country() -> None:
    assert preset_for("service", "US").states == {}
    assert preset_for("debt_collection", "US").states == {}


@pytest.mark.parametrize("state", NAMES)
def test_every_area_code_is_of_its_state_and_every_state_has_its_source(state: str) -> None:
    for code in PRESET.states[state].area_codes:
        place = geocoder.description_for_number(phonenumbers.parse(f"+1{code}5550100"), "en")
        assert NAMES[state] in place or place == "Florida", code
    assert any(text.startswith(f"{state}: ") for text in PRESET.sources)
