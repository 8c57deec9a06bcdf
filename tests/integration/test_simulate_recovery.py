"""Who was lost is reached again: triggers, guards and ends of recovery, as whole days show them."""

from __future__ import annotations

import pytest
from simulated import ADA, BO, Told, simulated

HOME = "+12125550111"
ONE = f"contact_id,mobile,home\n1,{ADA},{HOME}\n"
REACHED = [{"result": "connected_agent", "talk": "60s"}]
LOST = [{"result": "hangup_in_script", "after": "6s"}]


def rescued(carrier: dict[str, object], *, rescue: str = "", call: str = "", **more: object) -> Told:
    """One person with two devices, an automated pass, and a dialer pass that recovers it."""
    return simulated(
        f"""
        - {{name: call, medium: avm, script: hello, devices: [mobile, home]{call}}}
        - {{name: rescue, medium: dialer, recovers: call, triggers: [hangup_in_script, not_connected,
            no_input, abandoned_in_queue, asked_for_agent_but_lost]{rescue}}}
        """,
        ONE,
        carrier,
        **more,  # type: ignore[arg-type]
    )


def test_who_hangs_up_in_the_script_is_called_on_the_next_device_after_the_delay() -> None:
    told = rescued({ADA: LOST, HOME: REACHED})
    assert told.attempts == [
        "Mon 09:00:00 call 1 mobile hangup_in_script",
        "Mon 09:00:36 rescue 1 home connected_agent",
    ]
    triggered, started = told.of("recovery_triggered")[0], told.of("attempt_started")[1]
    assert triggered["recovers"] == started["recovers"] == told.of("attempt_started")[0]["attempt"]
    assert triggered["trigger"] == triggered["reason"] == "hangup_in_script"
    assert [(line["result"], line["reason"]) for line in told.of("recovery_ended")] == [
        ("reached", "reached")
    ]
    assert told.ended == {"1": "connected_agent"}


def test_a_first_device_that_was_given_up_is_followed_by_the_next_one_at_once_with_an_agent() -> None:
    told = rescued({ADA: ["busy"], HOME: REACHED}, call=", retry: {busy: {after: [5m]}}")
    assert told.attempts == [
        "Mon 09:00:00 call 1 mobile busy",
        "Mon 09:05:01 call 1 mobile busy",
        "Mon 09:05:02 rescue 1 home connected_agent",
    ]


def test_a_result_with_several_meanings_has_its_most_specific_trigger() -> None:
    told = rescued({ADA: ["abandoned_in_queue"], HOME: REACHED})
    assert [line["trigger"] for line in told.of("recovery_triggered")] == ["asked_for_agent_but_lost"]


def test_who_heard_the_script_and_said_nothing_gave_no_input() -> None:
    told = rescued({ADA: ["delivered_person"], HOME: REACHED})
    assert [line["trigger"] for line in told.of("recovery_triggered")] == ["no_input"]


@pytest.mark.parametrize(
    "entry",
    [
        {"result": "hangup_in_script", "responses": ["pressed_8"]},
        {"result": "delivered_no_success", "responses": ["pressed_9"], "after": "4s"},
        {"result": "delivered_person", "responses": ["pressed_1"]},
        "machine_hangup",
    ],
    ids=["opt-out", "wrong person", "success", "machine"],
)
def test_nobody_is_recovered_after(entry: object) -> None:
    told = rescued({ADA: [entry], HOME: REACHED})
    assert told.of("recovery_triggered") == []
    assert [line["pass"] for line in told.of("attempt_started")] == ["call"]


def test_a_recovery_waits_for_a_free_agent_and_expires_without_one() -> None:
    told = rescued({ADA: LOST, HOME: REACHED}, agents=0)
    [over] = told.of("recovery_ended")
    assert (over["result"], over["at"][11:19]) == ("expired", "09:15:06")
    assert told.ended == {"1": "no_pass_left"}


def test_a_recovery_expires_at_its_moment_though_the_next_pass_waits_for_an_agent_too() -> None:
    told = simulated(
        """
        - {name: call, medium: avm, script: hello, devices: [mobile]}
        - {name: rescue, medium: dialer, recovers: call, triggers: [hangup_in_script], devices: [home]}
        - {name: live, medium: dialer, devices: [mobile]}
        """,
        f"contact_id,mobile,home\n1,{ADA},{HOME}\n",
        {ADA: LOST},
        agents=0,
    )
    [over] = told.of("recovery_ended")
    assert (over["result"], over["at"][11:19]) == ("expired", "09:15:06")
    assert told.ended == {}


def test_an_agent_is_busy_for_the_talk_and_the_wrap_up() -> None:
    """Two people are lost together; one agent."""
    told = simulated(
        """
        - {name: call, medium: avm, script: hello, devices: [mobile]}
        - {name: rescue, medium: dialer, recovers: call, triggers: [hangup_in_script], devices: [home]}
        """,
        f"contact_id,mobile,home\n1,{ADA},{HOME}\n2,{BO},+12125550112\n",
        {ADA: LOST, BO: LOST, HOME: REACHED, "+12125550112": REACHED},
        agents=1,
        also="wrap_up: 15s",
    )
    assert told.attempts[2:] == [
        "Mon 09:00:36 rescue 1 home connected_agent",
        "Mon 09:01:51 rescue 2 home connected_agent",
    ]


@pytest.mark.parametrize(("per_day", "recovered"), [(1, 1), (2, 2)])
def test_a_person_is_recovered_so_often_a_day_and_no_more(per_day: int, recovered: int) -> None:
    """Every call is hung up in the script; each retry is a new loss."""
    told = simulated(
        f"""
        - {{name: call, medium: avm, script: hello}}
        - {{name: rescue, medium: dialer, recovers: call, triggers: [hangup_in_script], per_day: {per_day}}}
        - {{name: again, medium: avm, script: hello, start: contact}}
        - {{name: rescue_again, medium: dialer, recovers: again, triggers: [hangup_in_script],
            per_day: {per_day}}}
        """,
        f"contact_id,mobile\n1,{ADA}\n",
        {ADA: [LOST[0], "no_answer", LOST[0], "no_answer"]},
    )
    assert len(told.of("recovery_triggered")) == recovered


def test_a_recovery_that_cannot_be_made_before_its_time_is_over_ends_with_its_window() -> None:
    """Lost at five to eight in the evening; nobody is called after eight."""
    told = rescued(
        {ADA: LOST, HOME: REACHED}, begins="2026-03-02T19:59:50-05:00", until="2026-03-03T08:00-05:00"
    )
    assert told.attempts == ["Mon 19:59:50 call 1 mobile hangup_in_script"]
    assert [line["result"] for line in told.of("recovery_ended")] == ["expired"]
