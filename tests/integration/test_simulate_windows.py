"""Hours, days and zones as whole days of a campaign show them."""

from __future__ import annotations

from simulated import ADA, BO, simulated

CALL = "- {name: call, medium: avm, script: hello%s}"


def test_the_window_holds_in_the_zone_of_each_contact() -> None:
    told = simulated(
        CALL % "",
        f"contact_id,mobile,zone\n1,{ADA},America/New_York\n2,{BO},America/Los_Angeles\n",
    )
    assert told.attempts == [
        "Mon 09:00:00 call 1 mobile no_answer",
        "Mon 12:00:00 call 2 mobile no_answer",
    ]


def test_a_person_whose_zone_nothing_tells_is_called_when_all_the_campaigns_zones_are_open() -> None:
    """A toll-free number lies nowhere: nine in Los Angeles is noon in New York."""
    told = simulated(
        CALL % "",
        "contact_id,mobile\n1,+18005550199\n",
        also="zones: [America/New_York, America/Los_Angeles]",
    )
    assert told.attempts == ["Mon 12:00:00 call 1 mobile no_answer"]


def test_what_does_not_fit_into_todays_window_is_done_tomorrow() -> None:
    told = simulated(
        CALL % ", retry: {no_answer: {after: [2h], then: same_device}}, window: {from: '18:00', to: '20:00'}",
        f"contact_id,mobile\n1,{ADA}\n",
        until="2026-03-04T00:00-05:00",
        also="limits: {attempts_per_contact: 3}",
    )
    assert told.attempts == [
        "Mon 18:00:00 call 1 mobile no_answer",
        "Tue 18:00:00 call 1 mobile no_answer",
    ]


def test_on_the_sunday_the_clock_changes_windows_open_by_the_new_time() -> None:
    """In New York on 8 March 2026 two o'clock is three o'clock: nine o'clock comes an hour sooner."""
    told = simulated(
        CALL % ", retry: {no_answer: {after: [1h], then: same_device}}, window: {from: '09:00', to: '10:00'}",
        f"contact_id,mobile\n1,{ADA}\n",
        begins="2026-03-07T08:00-05:00",
        until="2026-03-09T23:00-04:00",
    )
    assert [line["at"] for line in told.of("attempt_started")] == [
        "2026-03-07T09:00:00-05:00",
        "2026-03-08T09:00:00-04:00",
        "2026-03-09T09:00:00-04:00",
    ]


def test_a_pass_keeps_its_days() -> None:
    told = simulated(CALL % ", days: [wed]", f"contact_id,mobile\n1,{ADA}\n")
    assert told.attempts == ["Wed 09:00:00 call 1 mobile no_answer"]


def test_calls_start_no_faster_than_the_pass_and_the_campaign_allow() -> None:
    people = "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 320))
    by_pass = simulated(CALL % ", pacing: {method: rate, calls_per_minute: 90}", people)
    by_campaign = simulated(CALL % "", people, also="caps: {calls_per_second: 2}")
    minute = [one[:9] for one in by_pass.attempts].count("Mon 09:00")
    assert minute == 90
    seconds = [one[:12] for one in by_campaign.attempts]
    assert {seconds.count(one) for one in seconds} == {2}


def test_no_more_calls_are_up_than_the_campaign_has_channels() -> None:
    people = "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 230))
    told = simulated(CALL % "", people, also="caps: {channels: 10}")
    assert [one[:12] for one in told.attempts[::10]] == ["Mon 09:00:00", "Mon 09:00:30", "Mon 09:01:00"]
    assert len(told.attempts) == 30


def test_a_pass_with_a_time_to_be_through_by_spreads_its_calls_until_then() -> None:
    people = "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 320))
    told = simulated(CALL % ", pacing: {finish_by: '11:00'}", people)
    called = [one[4:9] for one in told.attempts]
    assert len(called) == 120
    assert called[0] == "09:00"
    assert "10:30" < called[-1] <= "11:00"
    assert 50 <= sum(one < "10:00" for one in called) <= 65


def test_a_time_to_be_through_by_is_of_the_next_day_on_which_the_pass_is_open() -> None:
    """On Friday from 17:00: three hours are left of it, and two of Monday's."""
    people = "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 300))
    told = simulated(
        CALL % ", pacing: {finish_by: '11:00'}, days: [mon, tue, wed, thu, fri]",
        people,
        begins="2026-03-06T17:00-05:00",
        until="2026-03-10T00:00-04:00",
    )
    days = [one[:3] for one in told.attempts]
    assert len(days) == 100
    assert 55 <= days.count("Fri") <= 65
    assert told.attempts[-1][:9] <= "Mon 11:00"
