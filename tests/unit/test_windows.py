"""Hours local to the contact, in every zone they may live in, right on days with a clock change."""

from datetime import date, time

import pytest
from engine_stage import a_campaign, a_contact, at, clock

from strategies.campaign import Pass, Window
from strategies.contacts import Contact, Device
from strategies.vocabulary import Medium
from strategies.windows import (
    closes,
    contact_zones,
    day_after_waiting,
    next_midnight,
    next_opening,
    next_time_of_day,
    open_now,
    open_seconds,
    pass_window,
    start_of,
)

NEW_YORK, LOS_ANGELES, BERLIN = "America/New_York", "America/Los_Angeles", "Europe/Berlin"
OFFICE = Window(time(9), time(17), ("mon", "tue", "wed", "thu", "fri"))


def test_a_window_is_open_from_its_first_minute_until_before_its_last():
    assert open_now(OFFICE, (NEW_YORK,), at("2025-03-03 09:00"))
    assert open_now(OFFICE, (NEW_YORK,), at("2025-03-03 16:59:59"))
    assert not open_now(OFFICE, (NEW_YORK,), at("2025-03-03 17:00"))
    assert not open_now(OFFICE, (NEW_YORK,), at("2025-03-02 10:00"))


def test_a_moment_must_be_inside_in_every_zone():
    zones = (NEW_YORK, LOS_ANGELES)
    assert not open_now(OFFICE, zones, at("2025-03-03 11:59"))
    assert open_now(OFFICE, zones, at("2025-03-03 12:00"))
    opening = next_opening(OFFICE, zones, at("2025-03-03 17:00"))
    assert opening == at("2025-03-04 12:00")


def test_windows_that_never_meet_never_open():
    assert next_opening(OFFICE, (NEW_YORK, "Asia/Tokyo"), at("2025-03-03 09:00")) is None
    assert next_opening(Window(days=()), (NEW_YORK,), at("2025-03-03 09:00")) is None


def test_a_window_may_last_to_midnight():
    evening = Window(time(20), time(0))
    assert open_now(evening, (NEW_YORK,), at("2025-03-03 23:59:59"))
    assert not open_now(evening, (NEW_YORK,), at("2025-03-04 00:00"))


@pytest.mark.parametrize(
    ("after", "opens"),
    [
        ("2025-03-30 00:30", "2025-03-30 09:00"),  # the clock goes forward at two
        ("2025-10-26 00:30", "2025-10-26 09:00"),  # and back at three
    ],
)
def test_a_day_with_a_clock_change_opens_by_the_wall_clock(after, opens):
    window = Window(time(9), time(20))
    assert next_opening(window, (BERLIN,), at(after, BERLIN)) == at(opens, BERLIN)


def test_an_opening_in_the_hour_that_is_skipped_is_the_end_of_the_gap():
    window = Window(time(2, 30), time(20))
    opening = next_opening(window, (BERLIN,), at("2025-03-30 00:00", BERLIN))
    assert opening is not None
    assert clock(opening, BERLIN) == "Sun 03:00:00"
    assert not open_now(window, (BERLIN,), opening - 1)


def test_an_opening_in_the_hour_that_comes_twice_opens_twice():
    window = Window(time(2, 30), time(20))
    first = next_opening(window, (BERLIN,), at("2025-10-26 00:00", BERLIN))
    assert first is not None
    assert open_now(window, (BERLIN,), first)
    second = next_opening(window, (BERLIN,), first + 1800)  # the clock has gone back to two
    assert second == first + 3600


def test_the_pass_window_is_the_intersection_of_law_campaign_and_pass():
    own = Pass("live", Medium.DIALER, days=("mon", "wed", "sat"), window=Window(time(10), time(22)))
    campaign = a_campaign(own, window=OFFICE, legal_window=Window(time(8), time(21)))
    assert pass_window(campaign, own) == Window(time(10), time(17), ("mon", "wed"))


def test_a_contacts_own_zone_goes_before_the_numbers_and_that_before_the_campaigns():
    campaign = a_campaign(zones=(NEW_YORK, LOS_ANGELES))
    chicago = Device("mobile", "+13125550100")
    assert contact_zones(a_contact(), chicago, campaign) == (NEW_YORK,)
    assert contact_zones(Contact("1", (chicago,)), chicago, campaign) == ("America/Chicago",)
    assert contact_zones(Contact("1", (chicago,), zone="Mars/Olympus"), chicago, campaign) == (
        "America/Chicago",
    )
    toll_free = Device("mobile", "+18005550100")
    assert contact_zones(Contact("1", (toll_free,)), toll_free, campaign) == (NEW_YORK, LOS_ANGELES)
    assert contact_zones(Contact("1", (toll_free,)), toll_free, a_campaign()) == (NEW_YORK,)


def test_a_message_goes_by_the_zone_of_the_contacts_number():
    mail = Device("email", "ada@example.org")
    contact = Contact("1", (mail, Device("mobile", "+13125550100")))
    assert contact_zones(contact, mail, a_campaign()) == ("America/Chicago",)
    assert contact_zones(Contact("1", (mail,)), mail, a_campaign()) == (NEW_YORK,)


@pytest.mark.parametrize(
    ("days", "wait", "day"),
    [
        (("mon", "wed", "fri"), 2, date(2025, 3, 7)),
        (("mon", "wed", "thu", "fri"), 2, date(2025, 3, 6)),
        (("mon",), 0, date(2025, 3, 3)),
        (("mon",), 1, date(2025, 3, 10)),
        ((), 1, None),
    ],
)
def test_days_to_wait_are_counted_in_allowed_days(days, wait, day):
    assert day_after_waiting(date(2025, 3, 3), wait, Window(days=days)) == day


def test_a_holiday_is_no_allowed_day_to_wait():
    window = Window(days=("mon", "wed", "fri"), holidays=("2025-03-05",))
    assert day_after_waiting(date(2025, 3, 3), 2, window) == date(2025, 3, 10)


@pytest.mark.parametrize(
    ("holidays", "opens"),
    [
        (("US",), "2025-07-07 09:00"),  # the Fourth is a Friday
        (("US", "2025-07-07"), "2025-07-08 09:00"),
        (("DE",), "2025-07-04 09:00"),
        ((), "2025-07-04 09:00"),
    ],
)
def test_a_holiday_is_closed_all_day(holidays, opens):
    window = Window(time(9), time(17), OFFICE.days, holidays)
    assert next_opening(window, (NEW_YORK,), at("2025-07-03 17:00")) == at(opens)


def test_holidays_of_a_part_of_a_country_are_its_own():
    lincoln = at("2025-02-12 10:00")  # kept in New York, not by the whole country
    assert not open_now(Window(holidays=("US-NY",)), (NEW_YORK,), lincoln)
    assert open_now(Window(holidays=("US",)), (NEW_YORK,), lincoln)


def test_two_mondays_that_are_holidays_close_a_pass_of_mondays_for_three_weeks():
    mondays = Window(time(9), time(17), ("mon",), ("2025-12-22", "2025-12-29"))
    assert next_opening(mondays, (NEW_YORK,), at("2025-12-15 17:00")) == at("2026-01-05 09:00")


@pytest.mark.parametrize(
    ("number", "postal_code", "zones"),
    [
        ("+12125550100", "10001", (NEW_YORK,)),
        ("+18005550100", "60601", ("America/Chicago",)),  # a toll-free number does not tell
        ("+12085550100", "83702", ("America/Denver", LOS_ANGELES)),  # Idaho has both, as its area code has
        ("+13125550100", "46320", ("America/Chicago",)),  # Indiana has two; the number says which
        ("+12125550100", "90001", (NEW_YORK, LOS_ANGELES)),  # they contradict: all the campaign's
        ("+12125550100", "no code", (NEW_YORK,)),
    ],
)
def test_postal_code_and_number_are_intersected(number, postal_code, zones):
    device = Device("mobile", number)
    contact = Contact("1", (device,), postal_code=postal_code)
    assert contact_zones(contact, device, a_campaign(zones=(NEW_YORK, LOS_ANGELES))) == zones


def test_a_canadian_postal_code_tells_the_province():
    toll_free = Device("mobile", "+18005550100")
    contact = Contact("1", (toll_free,), postal_code="R3C 4T3")
    assert contact_zones(contact, toll_free, a_campaign(country="CA")) == ("America/Winnipeg",)


def test_a_day_has_begun_when_it_has_in_every_zone():
    assert start_of(date(2025, 3, 4), (NEW_YORK, LOS_ANGELES)) == at("2025-03-04 00:00", LOS_ANGELES)
    assert next_midnight(NEW_YORK, at("2025-03-09 12:00")) == at("2025-03-10 00:00")


def test_a_window_closes_by_the_clock_of_the_zone_where_it_closes_first():
    window = Window(time(9, 0), time(20, 0))
    now = at("2026-07-15 12:00")
    assert closes(window, (NEW_YORK,), now) == at("2026-07-15 20:00")
    assert closes(window, ("America/Los_Angeles", NEW_YORK), now) == at("2026-07-15 20:00")


def test_a_window_that_has_no_closing_time_closes_at_midnight():
    now = at("2026-07-15 12:00")
    assert closes(Window(time(9, 0), time(0, 0)), (NEW_YORK,), now) == at("2026-07-16 00:00")


def test_an_hour_that_comes_twice_closes_at_its_first_time_and_then_at_its_second():
    window = Window(time(0, 0), time(1, 30))
    first, second = at("2026-11-01 00:30") + 3600, at("2026-11-01 00:30") + 2 * 3600
    assert closes(window, (NEW_YORK,), first - 60) == first
    assert closes(window, (NEW_YORK,), first + 60) == second


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2025-03-03 10:00", "2025-03-03 12:00", 2),
        ("2025-03-03 07:00", "2025-03-03 12:00", 3),
        ("2025-03-03 16:00", "2025-03-04 10:00", 2),
        ("2025-03-07 16:00", "2025-03-10 10:00", 2),
        ("2025-03-03 18:00", "2025-03-03 20:00", 0),
    ],
)
def test_the_time_a_window_is_open_between_two_moments(since, until, hours):
    assert open_seconds(OFFICE, (NEW_YORK,), at(since), at(until)) == hours * 3600


def test_a_night_with_a_clock_change_is_as_long_as_it_is():
    always = Window(time(0), time(0))
    assert open_seconds(always, (NEW_YORK,), at("2025-03-09 00:00"), at("2025-03-10 00:00")) == 23 * 3600
    assert open_seconds(always, (NEW_YORK,), at("2025-11-02 00:00"), at("2025-11-03 00:00")) == 25 * 3600


@pytest.mark.parametrize(
    ("now", "moment"),
    [
        ("2025-03-03 10:00", "2025-03-03 16:00"),
        ("2025-03-03 16:00", "2025-03-04 16:00"),
        ("2025-03-07 16:30", "2025-03-10 16:00"),  # not on a Saturday
    ],
)
def test_a_time_of_day_is_the_next_one_on_an_allowed_day(now, moment):
    assert next_time_of_day(time(16), OFFICE, NEW_YORK, at(now)) == at(moment)


def test_midnight_as_an_end_is_that_of_the_day():
    assert next_time_of_day(time(0), OFFICE, NEW_YORK, at("2025-03-03 10:00")) == at("2025-03-04 00:00")
